//go:build !unix

package winsim

import (
	"os"
	"os/exec"
)

func ownTree(*exec.Cmd) {}

// killTree kills the process alone: here its children have no group to be found by.
func killTree(p *os.Process) error { return p.Kill() }
