package jobs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func failure(kind executor.Failure, started bool) error {
	return &executor.RunError{Kind: kind, Server: "aadc01", Op: "test", Started: started}
}

func times(n int, s step, rest ...step) []step {
	out := make([]step, 0, n+len(rest))
	for range n {
		out = append(out, s)
	}
	return append(out, rest...)
}

func TestCycle(t *testing.T) {
	refused := func(c executor.Code) error { return &executor.Refusal{Code: c, On: "contoso.com"} }
	for _, tc := range []struct {
		name         string
		policy       executor.Policy
		ready        []error
		hold         bool
		start        []step
		follow       []step
		verdict      executor.Verdict
		code         executor.Code
		origin       executor.Origin
		told, starts int
	}{
		{
			name:   "a delta that succeeds",
			start:  []step{{look: accepted(), takes: 5 * time.Second}},
			follow: []step{{look: running(), takes: 12 * time.Second}, {look: done(executor.Succeeded)}},

			verdict: executor.Succeeded, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name:    "one that was running already is taken",
			start:   []step{{look: executor.Look{Adopted: true, Policy: executor.Initial, Follow: executor.FollowState{Seen: true}}}},
			follow:  []step{{look: done(executor.Errors)}},
			verdict: executor.Errors, origin: executor.Adopted, told: 0, starts: 1,
		},
		{
			name:    "an accepted start whose slice broke off is followed, not repeated",
			start:   []step{{look: accepted(), err: failure(executor.FailureLost, true)}},
			follow:  []step{{look: done(executor.Succeeded)}},
			verdict: executor.Succeeded, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name:    "a lost reply is looked up on the next try",
			start:   []step{{err: failure(executor.FailureLost, true)}, {look: executor.Look{Adopted: true, Policy: executor.Delta}}},
			follow:  []step{{look: done(executor.Succeeded)}},
			verdict: executor.Succeeded, origin: executor.Adopted, told: 0, starts: 2,
		},
		{
			name:    "a busy connector is waited for",
			start:   times(3, step{err: refused(executor.CodeConnectorBusy)}, step{look: accepted()}),
			follow:  []step{{look: done(executor.Succeeded)}},
			verdict: executor.Succeeded, origin: executor.Started, told: 1, starts: 4,
		},
		{
			name:    "a connector that stays busy for five minutes ends it",
			start:   []step{{err: refused(executor.CodeConnectorBusy)}},
			verdict: executor.NotStarted, code: executor.CodeTooLate, starts: 31,
		},
		{
			name:    "a maintenance of somebody else is not overridden",
			start:   []step{{err: refused(executor.CodeDisabled)}},
			verdict: executor.NotStarted, code: executor.CodeDisabled, starts: 1,
		},
		{
			name:    "a refused logon is tried once",
			start:   []step{{err: failure(executor.FailureCredentials, false)}},
			verdict: executor.NotStarted, code: executor.CodeUnreachable, starts: 1,
		},
		{
			name:    "a server that stays down is told after two minutes",
			start:   []step{{err: failure(executor.FailureUnreachable, false)}},
			verdict: executor.NotStarted, code: executor.CodeTooLate, starts: 12,
		},
		{
			name:    "a server that comes back in time is told to start",
			start:   times(6, step{err: failure(executor.FailureUnreachable, false)}, step{look: accepted()}),
			follow:  []step{{look: done(executor.Succeeded)}},
			verdict: executor.Succeeded, origin: executor.Started, told: 1, starts: 7,
		},
		{
			name:    "a message that can never be posted starts nothing",
			ready:   []error{errNotInChannel},
			verdict: executor.NotStarted, code: executor.CodeUndeliverable,
		},
		{
			name:    "a message that does not get out for two minutes starts nothing",
			hold:    true,
			verdict: executor.NotStarted, code: executor.CodeTooLate,
		},
		{
			name:    "an accepted start that is never seen is unknown, not a success",
			start:   []step{{look: accepted()}},
			follow:  []step{{look: executor.Look{}, takes: 12 * time.Second}},
			verdict: executor.Unknown, code: executor.CodeNeverSeen, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name:    "following a delta stops after an hour",
			start:   []step{{look: accepted()}},
			follow:  []step{{look: running(), takes: time.Second}},
			verdict: executor.Unknown, code: executor.CodeStoppedFollow, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name: "following a full stops after a day", policy: executor.Initial,
			start:   []step{{look: accepted()}},
			follow:  []step{{look: running(), takes: time.Second}},
			verdict: executor.Unknown, code: executor.CodeStoppedFollow, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name:    "a server that is lost while it is followed is looked at again",
			start:   []step{{look: accepted()}},
			follow:  times(20, step{err: failure(executor.FailureUnreachable, false)}, step{look: done(executor.Warnings)}),
			verdict: executor.Warnings, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name:    "a server that stays lost is unknown",
			start:   []step{{look: accepted()}},
			follow:  []step{{err: failure(executor.FailureUnreachable, false)}},
			verdict: executor.Unknown, code: executor.CodeUnreachable, origin: executor.Started, told: 1, starts: 1,
		},
		{
			name:    "a start that may have happened on a server that stays lost is unknown",
			start:   []step{{err: failure(executor.FailureLost, true)}},
			verdict: executor.Unknown, code: executor.CodeUnreachable,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Config{})
				w.server.start, w.server.follow = tc.start, tc.follow
				w.teller.ready, w.teller.hold = tc.ready, tc.hold
				if tc.policy == "" {
					tc.policy = executor.Delta
				}
				out := w.ask(t, tc.policy, "C1")
				c := w.run(t, out.Cycle.ID)
				if c.Result.Verdict != tc.verdict || c.Result.Code != tc.code {
					t.Errorf("ended %s (%s), want %s (%s)", c.Result.Verdict, c.Result.Code, tc.verdict, tc.code)
				}
				if c.Origin != tc.origin && tc.origin != "" {
					t.Errorf("origin %s, want %s", c.Origin, tc.origin)
				}
				if w.server.told != tc.told {
					t.Errorf("the server was told to start %d times, want %d", w.server.told, tc.told)
				}
				if tc.starts > 0 && len(w.server.starts) != tc.starts {
					t.Errorf("%d start slices, want %d", len(w.server.starts), tc.starts)
				}
			})
		})
	}
}

func TestAServerThatAnswersTooLateIsNeverStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.server.start = []step{
			{err: failure(executor.FailureUnreachable, false), takes: 59 * time.Second},
			{look: accepted(), takes: 59 * time.Second}, // it would accept at two minutes and eight seconds
			{err: &executor.Refusal{Code: executor.CodeTooLate}},
		}
		c := w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)
		if c.Result.Verdict != executor.NotStarted || c.Result.Code != executor.CodeTooLate {
			t.Errorf("ended %s (%s), want not started, too late", c.Result.Verdict, c.Result.Code)
		}
		if last := w.server.starts[len(w.server.starts)-1]; !last.LookOnly {
			t.Error("the last slice could have started a cycle; it must only look")
		}
	})
}

// A replica that freezes between the intent and the start finds the cycle taken over when it goes on, and maybe over.
func TestAStartThatAnotherSliceHasTakenOverIsBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		out := w.ask(t, executor.Delta, "C1")
		w.server.start = []step{
			{
				before: func() {
					if _, _, err := w.store.Stamp(t.Context(), out.Cycle.ID); err != nil {
						t.Error(err)
					}
				},
				notes: []executor.Look{{Baseline: executor.Baseline{ServerTime: time.Now()}}},
				takes: time.Second, look: accepted(),
			},
			{look: executor.Look{Adopted: true, Policy: executor.Delta}},
		}
		w.server.follow = []step{{look: done(executor.Succeeded)}}
		c := w.run(t, out.Cycle.ID)
		if c.Result.Verdict != executor.Succeeded || c.Origin != executor.Adopted || w.server.told != 0 || len(w.server.starts) != 2 {
			t.Errorf("%s, %s, %d starts of %d tries; want an adopted one that succeeded, and none of 2", c.Result.Verdict, c.Origin, w.server.told, len(w.server.starts))
		}
	})
}

func TestTheBaselineIsStoredWhileTheSliceRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		at := time.Now().UTC().Truncate(time.Millisecond)
		w.server.start = []step{
			{notes: []executor.Look{{Baseline: executor.Baseline{ServerTime: at}}}, err: failure(executor.FailureLost, true)},
			{look: executor.Look{Adopted: true, Policy: executor.Delta}},
		}
		w.server.follow = []step{{look: done(executor.Succeeded)}}
		w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)
		second := w.server.starts[1]
		if !second.Baseline.ServerTime.Equal(at) || second.SinceIntent <= 0 {
			t.Errorf("the retry was told %+v, want the baseline of the first try and the time since", second)
		}
	})
}

func TestTheSlicesOfALongCycleAreFarApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		w.server.start = []step{{look: accepted(), takes: 8 * time.Second}}
		// Six hours: two minutes of watching, then every half minute for an hour, then every two minutes.
		begin := time.Now()
		w.server.follow = []step{{look: running(), takes: 2 * time.Second}}
		id := w.ask(t, executor.Initial, "C1").Cycle.ID
		go func() {
			<-time.After(6 * time.Hour)
			w.server.mu.Lock()
			w.server.follow = []step{{look: done(executor.Succeeded)}}
			w.server.mu.Unlock()
		}()
		w.run(t, id)
		if n := len(w.server.follows) + len(w.server.starts); n > 330 {
			t.Errorf("%d processes in %s", n, time.Since(begin))
		}
	})
}
