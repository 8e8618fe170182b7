//go:build unix

package crash

import (
	"context"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

// start starts the program and waits until Slack can reach it.
func (s *scene) start() {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	before := s.Slack.Snapshot().Opened
	p, err := e2e.StartProcess(path, s.dir, s.env, "serve", "--log-level", "debug", "--log-format", "text")
	if err != nil {
		s.t.Fatal(err)
	}
	s.processes = append(s.processes, p)
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	go func() { // it may be struck before it is connected
		select {
		case <-p.Ended:
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
	if err != nil && p.Alive() {
		s.t.Fatalf("the program does not connect: %v", err)
	}
}

// stop ends a process as an operator does.
func (s *scene) stop(p *e2e.Process) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	return p.Stop(ctx)
}

// logs shows what every process logged, for a strike that went wrong.
func (s *scene) logs(t *testing.T) {
	for i, p := range s.processes {
		t.Logf("process %d, alive %t:\n%s", i, p.Alive(), strings.TrimSpace(p.Log.String()))
	}
}
