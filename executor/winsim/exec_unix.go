//go:build unix

package winsim

import (
	"os"
	"os/exec"
	"syscall"
)

// ownTree makes the process the head of a process group, so that killTree finds its children.
func ownTree(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killTree(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) }
