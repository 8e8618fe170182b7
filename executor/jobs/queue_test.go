package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// working runs the queue until the test is over or stop is called.
func (w *world) working(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.queue.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// ended waits for a cycle's end on the store.
func (w *world) ended(t *testing.T, c executor.Cycle) executor.Cycle {
	t.Helper()
	for {
		now, err := w.store.Cycle(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !now.Live() {
			return now
		}
		if err := wait(t.Context(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQueueWorksACycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.server.start = []step{{look: accepted(), takes: 5 * time.Second}}
		w.server.follow = times(3, step{look: running(), takes: 12 * time.Second}, step{look: done(executor.Succeeded)})
		stop := w.working(t)
		out := w.ask(t, executor.Delta, "C1")
		if c := w.ended(t, out.Cycle); c.Result.Verdict != executor.Succeeded {
			t.Errorf("ended %s, want succeeded", c.Result.Verdict)
		}
		if w.server.told != 1 || len(w.server.follows) != 4 {
			t.Errorf("%d starts and %d looks, want 1 and 4", w.server.told, len(w.server.follows))
		}
		// The next request for the same server gets a cycle of its own at once.
		w.server.start = []step{{look: accepted()}}
		again := w.ask(t, executor.Delta, "C1")
		if again.Joined || again.Cycle.ID == out.Cycle.ID {
			t.Error("the next request was taken for the one that has ended")
		}
		w.ended(t, again.Cycle)
		stop()
	})
}

func TestAskedTwiceIsStartedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.server.start = []step{{look: accepted()}}
		w.server.follow = []step{{look: done(executor.Succeeded), takes: time.Second}}
		stop := w.working(t)
		r := request(executor.Delta, "C1")
		var out executor.Outcome
		for range 3 {
			var err error
			if out, err = w.queue.Ask(t.Context(), r, ""); err != nil {
				t.Fatal(err)
			}
		}
		joined := w.ask(t, executor.Delta, "C2")
		if !joined.Joined || joined.Cycle.ID != out.Cycle.ID {
			t.Errorf("a second delta did not join: %+v", joined)
		}
		refused := w.ask(t, executor.Initial, "C1")
		if refused.Refused == nil || refused.Refused.ID != out.Cycle.ID {
			t.Errorf("a full joined a delta: %+v", refused)
		}
		w.ended(t, out.Cycle)
		after, err := w.queue.Ask(t.Context(), r, "")
		if err != nil || after.Cycle.ID != out.Cycle.ID {
			t.Errorf("asked again after the end: %+v, %v", after, err)
		}
		if w.server.told != 1 {
			t.Errorf("%d starts, want 1", w.server.told)
		}
		stop()
	})
}

func TestAStopHandsTheCycleOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "adsyncbot.db")
		first := openWorld(t, path, Config{})
		first.server.start = []step{{look: accepted()}}
		first.server.follow = []step{{look: running(), takes: 12 * time.Second}}
		stop := first.working(t)
		out := first.ask(t, executor.Delta, "C1")
		<-time.After(5 * time.Second) // in the middle of a slice
		stop()
		first.close()

		second := openWorld(t, path, Config{})
		second.server.follow = []step{{look: done(executor.Errors)}}
		stop = second.working(t)
		c := second.ended(t, out.Cycle)
		stop()
		if c.Result.Verdict != executor.Errors || c.Origin != executor.Started {
			t.Errorf("ended %s (%s), want errors of a cycle of ours", c.Result.Verdict, c.Origin)
		}
		if first.server.told+second.server.told != 1 {
			t.Errorf("%d starts, want 1", first.server.told+second.server.told)
		}
	})
}

func TestALostJobIsMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.server.start = []step{{look: accepted()}}
		w.server.follow = []step{{look: done(executor.Succeeded)}}
		out := w.ask(t, executor.Delta, "C1")
		if _, err := w.store.SQLDB().ExecContext(t.Context(), "DELETE FROM river_job"); err != nil {
			t.Fatal(err)
		}
		stop := w.working(t)
		if c := w.ended(t, out.Cycle); c.Result.Verdict != executor.Succeeded {
			t.Errorf("ended %s, want succeeded", c.Result.Verdict)
		}
		stop()
	})
}
