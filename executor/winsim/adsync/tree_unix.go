//go:build unix

package adsync

import (
	"os/exec"
	"syscall"
)

// killTree lets the end of the command's context end the process with all that it has started.
func killTree(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
