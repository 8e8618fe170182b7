package jobs

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// simulated is a simulated server without any wire between. What it prints is read when its process has ended.
type simulated struct{ model *adsync.Model }

// Run implements executor.Runner.
func (s simulated) Run(ctx context.Context, script []byte, line func([]byte) error) error {
	var stdout, stderr bytes.Buffer
	if code := adsync.Answers(s.model)(ctx, bytes.NewReader(script), &stdout, &stderr); code != 0 {
		return fmt.Errorf("exit code %d: %s", code, &stderr)
	}
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, executor.MaxLine)
	for lines.Scan() {
		if err := line(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// TestWhatACycleCostsItsServer follows whole cycles in simulated time and counts what the server had to do for us.
func TestWhatACycleCostsItsServer(t *testing.T) {
	const (
		scheduler = "Get-ADSyncScheduler" // and its settings, which stand in the cloud
		spacing   = 10 * time.Second
	)
	for _, tt := range []struct {
		name   string
		policy executor.Policy
		each   time.Duration // of the six runs
		starts int           // of PowerShell, at most
		lists  int           // of the connectors: in the first slice and in the last one
	}{
		{"a delta of two minutes", executor.Delta, 19 * time.Second, 14, 2},
		{"a delta of half an hour", executor.Delta, 5 * time.Minute, 75, 2},
		{"a full of six hours", executor.Initial, time.Hour, 300, 2},
		{"a full of twenty hours", executor.Initial, 200 * time.Minute, 730, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := adsync.New(adsync.WallClock{}, adsync.DefaultSettings())
				m.Plan(adsync.Outcome{Takes: tt.each})
				w := newWorld(t, Config{})
				defer w.close()
				counting := &counted{Executor: executor.New(map[string]executor.Runner{"aadc01": simulated{m}}, slog.New(slog.DiscardHandler))}
				w.queue.cycles.executor = counting
				before := len(m.Calls(adsync.Process))
				c := w.run(t, w.ask(t, tt.policy, "C1").Cycle.ID)
				if c.Result.Verdict != executor.Succeeded || len(c.Runs) != 6 || m.Starts() != 1 {
					t.Fatalf("%d starts, %d runs, %+v", m.Starts(), len(c.Runs), c.Result)
				}
				starts := len(m.Calls(adsync.Process)) - before
				if starts != counting.n || starts > tt.starts {
					t.Errorf("%d starts of PowerShell in %d slices, want one in each and no more than %d", starts, counting.n, tt.starts)
				}
				asked := m.Calls(scheduler)
				for i := 1; i < len(asked); i++ {
					if gap := asked[i].Sub(asked[i-1]); gap < spacing {
						t.Errorf("%s was called again after %s", scheduler, gap)
					}
				}
				if n := len(m.Calls("Get-ADSyncConnector")); n != tt.lists {
					t.Errorf("the connectors were listed %d times, want %d", n, tt.lists)
				}
				ran := c.EndedAt.Sub(c.ReadsFrom).Round(time.Second)
				t.Logf("%s: %d starts of PowerShell, %d calls of %s", ran, starts, len(asked), scheduler)
			})
		})
	}
}

// counted counts the slices that reach the server.
type counted struct {
	Executor

	n int
}

func (s *counted) Start(ctx context.Context, server string, o executor.StartOrder, note func(executor.Look)) (executor.Look, error) {
	s.n++
	return s.Executor.Start(ctx, server, o, note)
}

func (s *counted) Follow(ctx context.Context, server string, o executor.FollowOrder, note func(executor.Look)) (executor.Look, error) {
	s.n++
	return s.Executor.Follow(ctx, server, o, note)
}
