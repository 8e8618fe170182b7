package jobs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// scheduled is a request of a schedule, as often as one asks.
func scheduled() executor.Request {
	r := request(executor.Delta, "C9")
	r.ID, r.Asker = uuid.Must(uuid.NewV7()), executor.Asker{Way: executor.FromSchedule, Team: "T1", User: "morning"}
	return r
}

func TestSchedulesKeepToTheIntervalAndPeopleNeedNot(t *testing.T) {
	person := func() executor.Request { return request(executor.Delta, "C1") }
	allowed := func(d time.Duration) step {
		l := done(executor.Succeeded)
		l.Accepted = true
		if d > 0 {
			l.Preflight = executor.Preflight{LastCycle: time.Unix(0, 0), Allowed: d}
		}
		return step{look: l}
	}
	for _, tt := range []struct {
		name          string
		first, second func() executor.Request
		start         step
		after         time.Duration
		starts        int
	}{
		{"a schedule soon after a schedule", scheduled, scheduled, allowed(0), 20 * time.Minute, 1},
		{"a schedule in time after a schedule", scheduled, scheduled, allowed(0), 30 * time.Minute, 2},
		{"a server that allows more", scheduled, scheduled, allowed(10 * time.Minute), 12 * time.Minute, 2},
		{"a server that allows less", scheduled, scheduled, allowed(time.Hour), 40 * time.Minute, 1},
		{"a schedule soon after a person", person, scheduled, allowed(0), time.Minute, 2},
		{"a person soon after a schedule", scheduled, person, allowed(0), time.Minute, 2},
		{"a schedule soon after one that never started", scheduled, scheduled, step{err: &executor.Refusal{Code: executor.CodeDisabled}}, time.Minute, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Config{})
				defer w.close()
				w.server.start = []step{tt.start}
				ask := func(r executor.Request) executor.Cycle {
					r.AskedAt = time.Now()
					out, err := w.queue.Ask(t.Context(), r, "")
					if err != nil {
						t.Fatal(err)
					}
					return w.run(t, out.Cycle.ID)
				}
				ask(tt.first())
				<-time.After(tt.after)
				c := ask(tt.second())
				if len(w.server.starts) != tt.starts {
					t.Errorf("%d starts, want %d", len(w.server.starts), tt.starts)
				}
				if soon := c.Result.Code == executor.CodeTooSoon; soon != (tt.starts == 1) {
					t.Errorf("ended with %q", c.Result.Code)
				}
			})
		})
	}
}
