//go:build unix

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Build builds the program, with build tags if there are some, and returns its path in dir.
func Build(ctx context.Context, dir string, tags ...string) (string, error) {
	path := filepath.Join(dir, "adsyncbot")
	args := []string{"build", "-tags", strings.Join(tags, ","), "-o", path, "github.com/adsyncbot/adsyncbot/cmd/adsyncbot"}
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil { //nolint:gosec // our own words
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// Process is one running adsyncbot.
type Process struct {
	// Log is what it writes to standard error.
	Log Journal
	// Ended is closed when it has ended; after that Err tells how, and At when.
	Ended chan struct{}
	Err   error
	At    time.Time

	cmd *exec.Cmd
}

// Journal keeps what a process writes, from its beginning. It is safe for use at the same time.
type Journal struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

// Write implements io.Writer.
func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes.Write(p)
}

func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes.String()
}

// StartProcess starts the program at path in dir, with env beside the environment of this process.
func StartProcess(path, dir string, env []string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(path, args...), Ended: make(chan struct{})} //nolint:gosec,noctx // the program that Build built; it ends by Stop or Kill
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Dir = dir
	p.cmd.Stderr = &p.Log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the program: %w", err)
	}
	go func() {
		p.Err = p.cmd.Wait()
		p.At = time.Now()
		close(p.Ended)
	}()
	return p, nil
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive reports whether it has not ended.
func (p *Process) Alive() bool {
	select {
	case <-p.Ended:
		return false
	default:
		return true
	}
}

// Kill is kill -9.
func (p *Process) Kill() { p.Signal(syscall.SIGKILL) }

// Signal sends a signal; to a process that has ended it does nothing.
func (p *Process) Signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended
}

// Killed reports whether the process ended by kill -9.
func (p *Process) Killed() bool {
	e, ok := errors.AsType[*exec.ExitError](p.Err)
	if !ok {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Stop ends the process as an operator does, and kills it when ctx ends before.
func (p *Process) Stop(ctx context.Context) error {
	if !p.Alive() {
		return nil
	}
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.Ended:
	case <-ctx.Done():
		p.Kill()
		<-p.Ended
		return errors.New("SIGTERM does not end the program")
	}
	if p.Err != nil {
		return fmt.Errorf("SIGTERM ended the program with %w", p.Err)
	}
	return nil
}
