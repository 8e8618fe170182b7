package jobs

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func (w *world) act(t *testing.T, a executor.Act) executor.Act {
	t.Helper()
	out, err := w.queue.Act(t.Context(), a, "")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func aStop() executor.Act {
	return executor.Act{
		ID: uuid.Must(uuid.NewV7()), Kind: executor.StopAct, Server: "aadc01", Rule: "grants[0]", AskedAt: time.Now(),
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "UBEN"},
		Audience: executor.Audience{Team: "T1", Channel: "C2"},
	}
}

// settle works an act to its end and returns it.
func (w *world) settle(t *testing.T, id uuid.UUID) executor.Act {
	t.Helper()
	for {
		next, done, err := w.queue.acts.slice(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			break
		}
		if err := wait(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	a, err := w.store.Act(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// follows brings a delta of ours as far as that a cycle that began at a time is followed.
func (w *world) follows(t *testing.T, began time.Time) executor.Cycle {
	t.Helper()
	seen := running()
	seen.Follow.Cycle = began
	w.server.start, w.server.follow = []step{{look: accepted()}}, []step{{look: seen}}
	id := w.ask(t, executor.Delta, "C1").Cycle.ID
	for range 5 {
		if _, _, err := w.queue.cycles.slice(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	c, err := w.store.Cycle(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Follow.Cycle.Equal(began) {
		t.Fatalf("the cycle is followed as %+v", c.Follow)
	}
	return c
}

// runs is how a fake server's scheduler stands: the beginning of what it runs, or zero.
type runs []time.Time

func (s *runs) next() time.Time {
	began := (*s)[0]
	if len(*s) > 1 {
		*s = (*s)[1:]
	}
	return began
}

func standing(s *runs, err error) func(context.Context, string) (executor.Status, error) {
	return func(context.Context, string) (executor.Status, error) {
		if err != nil {
			return executor.Status{}, err
		}
		began := s.next()
		return executor.Status{
			Server: "aadc01", At: time.Now(), Service: "Running", Scheduled: true, Enabled: true,
			InProgress: !began.IsZero(), NextStart: began,
		}, nil
	}
}

func TestStop(t *testing.T) {
	idle := time.Time{}
	first := time.Date(2026, 3, 2, 9, 40, 0, 0, time.UTC)
	second := first.Add(4 * time.Minute)
	type reply struct {
		runs time.Time // as it is read back
		gone bool      // not read back
		none bool      // what was meant does not run: nothing was done
		err  error
	}
	for _, tc := range []struct {
		name    string
		ours    time.Time   // when our cycle began that is followed; zero for none
		looks   []time.Time // the last one repeats
		lookErr error
		replies []reply // the last one repeats
		result  executor.ActResult
		code    executor.Code
		told    int
	}{
		{name: "nothing runs", looks: []time.Time{idle}, result: executor.StopIdle},
		{name: "one that the server began by itself", looks: []time.Time{first}, replies: []reply{{runs: idle}}, result: executor.StopDone, told: 1},
		{name: "one of ours", ours: first, looks: []time.Time{first}, replies: []reply{{runs: idle}}, result: executor.StopDone, told: 1},
		{
			name: "the scheduler begins the next one at once", ours: first, looks: []time.Time{first},
			replies: []reply{{runs: second}}, result: executor.StopDone, told: 1,
		},
		{
			name: "ours has ended, unseen as yet, and the next one runs: that one was not meant", ours: first,
			looks: []time.Time{second}, result: executor.StopOver,
		},
		{name: "ours has ended and none runs", ours: first, looks: []time.Time{idle}, result: executor.StopOver},
		{
			name: "it ends between our look and the stop", looks: []time.Time{first}, replies: []reply{{none: true}},
			result: executor.StopOver, told: 1,
		},
		{
			name: "it stops after a while", looks: []time.Time{first, first, first, idle}, replies: []reply{{runs: first}},
			result: executor.StopDone, told: 1,
		},
		{
			name: "the server takes it, and the cycle goes on", looks: []time.Time{first}, replies: []reply{{runs: first}},
			result: executor.StopGoesOn, told: 1,
		},
		{
			name: "a lost reply is told again, about the same cycle", looks: []time.Time{first, idle},
			replies: []reply{{err: failure(executor.FailureLost, true)}, {runs: idle}}, result: executor.StopDone, told: 2,
		},
		{
			name: "told again, it finds the cycle gone: who ended it is not claimed", looks: []time.Time{first},
			replies: []reply{{err: failure(executor.FailureLost, true)}, {none: true}}, result: executor.StopGone, told: 2,
		},
		{
			name: "what has not reached the server counts as no try", looks: []time.Time{first},
			replies: []reply{{err: failure(executor.FailureUnreachable, false)}, {none: true}}, result: executor.StopOver, told: 2,
		},
		{
			name: "an answer that broke off after it was taken is not told again", looks: []time.Time{first, idle},
			replies: []reply{{gone: true, err: failure(executor.FailureLost, true)}}, result: executor.StopDone, told: 1,
		},
		{
			name: "a server that never answers again", looks: []time.Time{first},
			replies: []reply{{err: failure(executor.FailureLost, true)}}, result: executor.ActUnknown, code: executor.CodeUnreachable, told: 48,
		},
		{
			name: "a server that cannot be reached is told nothing", lookErr: failure(executor.FailureUnreachable, false),
			result: executor.ActUnreached, code: executor.CodeUnreachable,
		},
		{
			name: "a refused logon is not tried again", lookErr: failure(executor.FailureCredentials, false),
			result: executor.ActUnreached, code: executor.CodeUnreachable,
		},
		{
			name: "a missing right", looks: []time.Time{first}, replies: []reply{{err: &executor.Refusal{Code: executor.CodeNoRights}}},
			result: executor.ActRefused, code: executor.CodeNoRights, told: 1,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Config{})
				defer w.close()
				var about uuid.UUID
				if !tc.ours.IsZero() {
					about = w.follows(t, tc.ours).ID
				}
				looks, replies := runs(tc.looks), tc.replies
				w.server.status = standing(&looks, tc.lookErr)
				var told []time.Time
				w.server.stop = func(began time.Time) (executor.Scheduled, error) {
					told = append(told, began)
					r := replies[0]
					if len(replies) > 1 {
						replies = replies[1:]
					}
					if r.none || r.err != nil && !r.gone {
						return executor.Scheduled{At: time.Now(), Read: r.none, Enabled: true}, r.err
					}
					return executor.Scheduled{
						At: time.Now(), Read: true, Enabled: true, Accepted: true, AcceptedAt: time.Now(), ReadBack: !r.gone,
						InProgress: !r.runs.IsZero(), NextStart: r.runs,
					}, r.err
				}
				asked := w.act(t, aStop())
				if asked.About != about {
					t.Errorf("it is about %s, want %s", asked.About, about)
				}
				a := w.settle(t, asked.ID)
				if a.Result != tc.result || a.Code != tc.code {
					t.Errorf("it ended as %q %q, want %q %q", a.Result, a.Code, tc.result, tc.code)
				}
				if len(told) != tc.told {
					t.Errorf("the server was told %d times, want %d", len(told), tc.told)
				}
				for _, began := range told {
					if !began.Equal(first) {
						t.Errorf("the server was told to stop the cycle of %s, want %s", began, first)
					}
				}
				if len(w.teller.acts) != 1 || w.teller.acts[0].Result != tc.result {
					t.Errorf("people were told %+v", w.teller.acts)
				}
			})
		})
	}
}

func TestAStopOfACycleThatHasNotBegunTellsTheServerNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		defer w.close()
		c := w.ask(t, executor.Delta, "C1").Cycle
		asked := w.act(t, aStop())
		ended := w.run(t, c.ID)
		if ended.Result.Verdict != executor.NotStarted || ended.Result.Code != executor.CodeCancelled {
			t.Errorf("the cycle ended as %+v", ended.Result)
		}
		if a := w.settle(t, asked.ID); a.Result != executor.StopUnstarted || a.About != c.ID {
			t.Errorf("the stop ended as %+v", a)
		}
		if len(w.server.starts) != 0 {
			t.Errorf("%d starts", len(w.server.starts))
		}
	})
}

func TestAStopAskedTwiceIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		defer w.close()
		w.server.status = standing(&runs{{}}, nil)
		a := aStop()
		w.act(t, a)
		w.settle(t, a.ID)
		if again := w.act(t, a); again.Live() || again.Result != executor.StopIdle {
			t.Errorf("asked again, it is %+v", again)
		}
		// A slice that died before it counted comes again: people are told the same, which the outbox knows.
		if _, done, err := w.queue.acts.slice(t.Context(), a.ID); err != nil || !done {
			t.Errorf("done %t, %v", done, err)
		}
		if n := len(w.teller.acts); n != 2 || w.teller.acts[0].Version != w.teller.acts[1].Version {
			t.Errorf("%d tellings", n)
		}
	})
}
