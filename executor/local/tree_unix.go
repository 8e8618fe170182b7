//go:build unix

package local

import (
	"os"
	"os/exec"
	"syscall"
)

// tree is a process group.
type tree struct{ group int }

// prepare makes the command the head of a process group of its own; Ctrl-C on our terminal does not reach it.
func prepare(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func hold(head *os.Process) (tree, error) { return tree{group: head.Pid}, nil }

// kill ends every process of the group. That the group is empty already is as good.
func (t tree) kill() { _ = syscall.Kill(-t.group, syscall.SIGKILL) }

func (tree) close() {}

// powerShell is what Windows PowerShell would be called here: there is none, and starting it says so.
func powerShell() string { return "powershell.exe" }
