package jobs

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// audited returns the audit as lines, in its order.
func (w *world) audited(t *testing.T) []string {
	t.Helper()
	var lines []string
	err := w.store.Audit(t.Context(), time.Time{}, time.Time{}, func(e store.Recorded) error {
		lines = append(lines, strings.Join([]string{e.Who, e.Where, e.What, e.Decision, e.Rule, e.Result}, "|"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.VerifyAudit(t.Context(), nil); err != nil {
		t.Error(err)
	}
	return lines
}

func TestWhatBecomesOfACycleIsRecordedOnce(t *testing.T) {
	adopted := executor.Look{Adopted: true, Policy: executor.Initial, Follow: executor.FollowState{Seen: true}}
	for _, tc := range []struct {
		name   string
		start  []step
		follow []step
		want   []string
	}{
		{
			name:   "one that we start",
			start:  []step{{look: accepted(), err: failure(executor.FailureLost, true)}},
			follow: []step{{look: running()}, {err: failure(executor.FailureLost, false)}, {look: running()}, {look: done(executor.Warnings)}},
			want:   []string{"UANN|C1|delta|started|grants[0]|", "UANN|C1|delta|ended|grants[0]|warnings", "UANN|C2|delta|ended|grants[0]|warnings"},
		},
		{
			name:   "one that we adopt",
			start:  []step{{look: adopted}},
			follow: []step{{look: done(executor.Failed)}},
			want:   []string{"UANN|C1|full|adopted|grants[0]|", "UANN|C1|delta|ended|grants[0]|failed", "UANN|C2|delta|ended|grants[0]|failed"},
		},
		{
			name:  "one that ends in its first slice",
			start: []step{{look: func() executor.Look { l := done(executor.Succeeded); l.Accepted = true; return l }()}},
			want:  []string{"UANN|C1|delta|started|grants[0]|", "UANN|C1|delta|ended|grants[0]|succeeded", "UANN|C2|delta|ended|grants[0]|succeeded"},
		},
		{
			name:  "one that is refused",
			start: []step{{err: &executor.Refusal{Code: executor.CodeDisabled}}},
			want:  []string{"UANN|C1|delta|ended|grants[0]|not_started: " + string(executor.CodeDisabled), "UANN|C2|delta|ended|grants[0]|not_started: " + string(executor.CodeDisabled)},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Config{})
				w.server.start, w.server.follow = tc.start, tc.follow
				out := w.ask(t, executor.Delta, "C1")
				<-time.After(time.Second)
				w.ask(t, executor.Delta, "C2")
				w.run(t, out.Cycle.ID)
				if got := w.audited(t); !slices.Equal(got, tc.want) {
					t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
				}
			})
		})
	}
}

// What is asked for in Slack is recorded where it is decided; nobody decides on the others.
func TestARequestThatNeedsNoDecisionIsRecordedWithItsCycle(t *testing.T) {
	w := newWorld(t, Config{})
	ask := func(way executor.Way, p executor.Policy, reason string) {
		t.Helper()
		r := request(p, "")
		r.Asker, r.Rule, r.Reason = executor.Asker{Way: way, User: "root@host"}, "terminal", reason
		for range 2 { // asked again, it is recorded once
			if _, err := w.queue.Ask(t.Context(), r, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask(executor.FromSlack, executor.Delta, "")
	ask(executor.FromTerminal, executor.Delta, "a test")
	ask(executor.FromSchedule, executor.Initial, "")
	want := []string{
		"root@host||delta aadc01 because a test|allowed|terminal|joined",
		"root@host||full aadc01|allowed|terminal|refused: " + string(executor.CodeOtherPolicy),
	}
	if got := w.audited(t); !slices.Equal(got, want) {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
