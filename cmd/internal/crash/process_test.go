//go:build unix

package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// process is one running adsyncbot.
type process struct {
	cmd   *exec.Cmd
	log   journal
	ended chan struct{}
	err   error     // how it ended, once it has
	at    time.Time // and when
}

// journal keeps what a process logs.
type journal struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes.String()
}

// start starts the program and waits until Slack can reach it.
func (s *scene) start() {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	before := s.Slack.Snapshot().Opened
	p := &process{cmd: exec.Command(path, "serve", "--log-level", "debug", "--log-format", "text"), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), s.env...)
	p.cmd.Dir = s.dir
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.processes = append(s.processes, p)
	go func() {
		p.err = p.cmd.Wait()
		p.at = time.Now()
		close(p.ended)
	}()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	go func() { // it may be struck before it is connected
		select {
		case <-p.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	err = s.Slack.Wait(ctx, func(now slacksim.Snapshot) bool {
		for _, socket := range now.Sockets {
			if socket.ID > before && socket.Ready {
				return true
			}
		}
		return false
	})
	if err != nil && p.alive() {
		s.t.Fatalf("the program does not connect: %v", err)
	}
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill is kill -9.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

func (p *process) signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended
}

// killed reports whether the process ended by kill -9.
func (p *process) killed() bool {
	e, ok := errors.AsType[*exec.ExitError](p.err)
	if !ok {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// stop ends the process as an operator does.
func (p *process) stop() error {
	if !p.alive() {
		return nil
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
		<-p.ended
		return errors.New("SIGTERM does not end the program")
	}
	if p.err != nil {
		return fmt.Errorf("SIGTERM ended the program with %w", p.err)
	}
	return nil
}

// logs shows what every process logged, for a strike that went wrong.
func (s *scene) logs(t *testing.T) {
	for i, p := range s.processes {
		t.Logf("process %d, alive %t:\n%s", i, p.alive(), strings.TrimSpace(p.log.String()))
	}
}
