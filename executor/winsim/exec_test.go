//go:build unix

package winsim_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// script writes a program that stands in for PowerShell.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "powershell")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExecRunsARealProgram(t *testing.T) {
	path := script(t, `echo "$*"; echo "$A $B"; tr a-z A-Z; echo trouble >&2; exit 5`)
	server := start(t, basic(winsim.Config{PowerShell: winsim.Exec(path, func() []string { return []string{"A=one", "PATH=" + os.Getenv("PATH")} })}))
	c := newClient(t, server)
	shell := c.createWith(`<rsp:Shell><rsp:Environment><rsp:Variable Name="B">two</rsp:Variable></rsp:Environment></rsp:Shell>`).soap.Selector
	command := c.command(shell, `powershell.exe -NoLogo "a  b" -Command -`)
	c.send(shell, command, "script\n", true)
	stdout, stderr, exit := c.output(shell, command)
	if stdout != "-NoLogo a  b -Command -\none two\nSCRIPT\n" || stderr != "trouble\n" || exit != 5 {
		t.Errorf("%q, %q, exit %d", stdout, stderr, exit)
	}
}

func TestExecEndsThoughItsInputStaysOpen(t *testing.T) {
	server := start(t, basic(winsim.Config{PowerShell: winsim.Exec(script(t, "exit 0"), os.Environ)}))
	c := newClient(t, server)
	shell := c.create()
	if _, _, exit := c.output(shell, c.command(shell, powershell)); exit != 0 {
		t.Errorf("exit %d", exit)
	}
}

func TestExecKillsTheWholeTree(t *testing.T) {
	fifo := script(t, "sleep 600 & echo $! ; wait")
	server := start(t, basic(winsim.Config{PowerShell: winsim.Exec(fifo, os.Environ)}))
	c := newClient(t, server)
	shell := c.create()
	child := strings.TrimSpace(c.receive(shell, c.command(shell, powershell)).stream(t, "stdout"))
	if a := c.delete(shell); a.status != http.StatusOK {
		t.Fatalf("delete: %d %s", a.status, a.raw)
	}
	eventually(t, server, func(s winsim.Stats) bool { return s.Processes == 0 })
	// The child held the output open, so that its end is part of the program's; a zombie without a parent may remain.
	if b, err := os.ReadFile("/proc/" + child + "/cmdline"); err == nil && len(b) > 0 {
		t.Errorf("process %s still runs: %q", child, b)
	}
}

func TestExecOfNothingFails(t *testing.T) {
	server := start(t, basic(winsim.Config{PowerShell: winsim.Exec("/nonexistent", os.Environ)}))
	c := newClient(t, server)
	shell := c.create()
	if _, stderr, exit := c.output(shell, c.command(shell, powershell)); exit != 1 || !strings.Contains(stderr, "/nonexistent") {
		t.Errorf("%q, exit %d", stderr, exit)
	}
}
