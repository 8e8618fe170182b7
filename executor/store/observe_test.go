package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// ran is a cycle that began so many minutes after the morning on the server and took two.
func ran(minute int) executor.SeenCycle {
	start := morning.Add(time.Duration(minute)*time.Minute + 123456700)
	return executor.SeenCycle{Policy: executor.Delta, Start: start, End: start.Add(2 * time.Minute)}
}

func TestACycleByItselfIsObservedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		later := ran(0) // the log of the last day may begin between its two marks
		later.Start = later.Start.Add(time.Second)
		for _, tt := range []struct {
			name   string
			server string
			seen   executor.SeenCycle
			want   bool
		}{
			{"the first time", "aadc01", ran(0), true},
			{"again", "aadc01", ran(0), false},
			{"again, with a later mark", "aadc01", later, false},
			{"on another server", "aadc02", ran(0), true},
			{"the next one", "aadc01", ran(30), true},
			{"an older one", "aadc01", ran(-30), true},
			{"one that still runs", "aadc01", executor.SeenCycle{Start: ran(60).Start}, false},
			{"one without a beginning", "aadc01", executor.SeenCycle{End: ran(60).End}, false},
		} {
			if n, err := s.Observe(ctx, tt.server, tt.seen); err != nil || n != stored(tt.want) {
				t.Errorf("%s: stored %d, %v", tt.name, n, err)
			}
		}
		history, err := s.History(ctx, "aadc01", 10)
		check(t, err)
		if len(history) != 3 {
			t.Fatalf("%d cycles in the history, want 3", len(history))
		}
		c := history[1]
		if c.Origin != executor.Observed || c.Policy != executor.Delta || c.Result.Verdict != executor.Unknown || c.Result.Source != executor.FromNothing {
			t.Errorf("observed %+v", c)
		}
		if !c.ReadsFrom.Equal(ran(0).Start) || !c.EndedAt.Equal(ran(0).End.Truncate(time.Millisecond)) {
			t.Errorf("it ran from %s to %s", c.ReadsFrom, c.EndedAt)
		}
		if n := count(t, s, `SELECT COUNT(*) FROM messages`); n != 0 {
			t.Errorf("%d messages for cycles that nobody asked for", n)
		}
		if _, live, err := s.LiveCycle(ctx, "aadc01"); live || err != nil {
			t.Errorf("an observed cycle lives: %v", err)
		}
	})
}

func TestADayOfCyclesIsObservedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		_, err := s.Observe(ctx, "aadc01", ran(30))
		check(t, err)
		day := []executor.SeenCycle{ran(0), ran(30), ran(60), ran(60), {Start: ran(90).Start}}
		if n, err := s.Observe(ctx, "aadc01", day...); n != 2 || err != nil {
			t.Errorf("%d were new, %v; want the first and the third", n, err)
		}
		history, err := s.History(ctx, "aadc01", 10)
		check(t, err)
		if len(history) != 3 || !history[0].ReadsFrom.Equal(ran(60).Start) {
			t.Errorf("the history holds %+v", history)
		}
	})
}

// stored is how many Observe stores of one.
func stored(want bool) int {
	if want {
		return 1
	}
	return 0
}

func TestACycleThatTenSeeAtOnceIsObservedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		var wg sync.WaitGroup
		var stored atomic.Int64
		for range 10 {
			wg.Go(func() {
				n, err := s.Observe(t.Context(), "aadc01", ran(0))
				if err != nil {
					t.Error(err)
				}
				stored.Add(int64(n))
			})
		}
		wg.Wait()
		if n := stored.Load(); n != 1 {
			t.Errorf("stored %d times", n)
		}
	})
}

func TestOursIsNeverObserved(t *testing.T) {
	start, end := ran(0).Start, ran(0).End
	before, during, after := start.Add(-2*time.Second), start.Add(time.Minute), end.Add(time.Second)
	for _, tt := range []struct {
		name   string
		change func(c *executor.Cycle)
		want   bool // observed
	}{
		{"one that we started", func(c *executor.Cycle) {
			c.Intent, c.ReadsFrom, c.Phase, c.EndedAt = before, before, executor.PhaseEnded, end
			c.Result.Verdict = executor.Succeeded
		}, false},
		{"one that we adopted, since nobody knows when", func(c *executor.Cycle) {
			c.Origin, c.Intent, c.Phase, c.EndedAt = executor.Adopted, during, executor.PhaseEnded, end
			c.Baseline.ServerTime, c.Result.Verdict = during, executor.Succeeded
		}, false},
		{"one whose end we have not seen yet", func(c *executor.Cycle) {
			c.Intent, c.ReadsFrom, c.Phase = before, before, executor.PhaseFollowing
		}, false},
		{"one that was just told to start", func(c *executor.Cycle) {
			c.Intent, c.Phase, c.Baseline.ServerTime = before, executor.PhaseStarting, before
		}, false},
		{"one that was just told to start, the server's clock not known", func(c *executor.Cycle) {
			c.Intent, c.Phase = before, executor.PhaseStarting
		}, false},
		{"one that was lost from sight", func(c *executor.Cycle) {
			c.Intent, c.Phase, c.Baseline.ServerTime = before, executor.PhaseEnded, before
			c.EndedAt, c.Result.Verdict = end.Add(time.Hour), executor.Unknown
		}, false},
		{"the one before ours", func(c *executor.Cycle) {
			c.Intent, c.ReadsFrom, c.Phase = after, after, executor.PhaseFollowing
		}, true},
		{"the one after ours", func(c *executor.Cycle) {
			c.Intent, c.ReadsFrom, c.Phase = start.Add(-time.Minute), start.Add(-time.Minute), executor.PhaseEnded
			c.EndedAt, c.Result.Verdict = start.Add(-time.Second), executor.Succeeded
		}, true},
		{"while ours is queued", func(*executor.Cycle) {}, true},
		{"while ours was refused", func(c *executor.Cycle) {
			c.Intent, c.Phase, c.Baseline.ServerTime = during, executor.PhaseEnded, during
			c.EndedAt, c.Result.Verdict = during, executor.NotStarted
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				ctx := t.Context()
				out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
				c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
				check(t, err)
				tt.change(&c)
				_, err = s.SaveCycle(ctx, c, stamp)
				check(t, err)
				if got, err := s.Observe(ctx, "aadc01", ran(0)); err != nil || got != stored(tt.want) {
					t.Errorf("observed %d, %v, want %t", got, err, tt.want)
				}
				if got, err := s.Observe(ctx, "aadc02", ran(0)); err != nil || got != 1 {
					t.Errorf("on another server: observed %d, %v", got, err)
				}
			})
		})
	}
}
