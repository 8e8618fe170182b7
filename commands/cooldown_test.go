package commands

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestACoolDown(t *testing.T) {
	// The handler's clock stands at 09:41:40.
	cycle := func(ago time.Duration, change func(*executor.Cycle)) executor.Cycle {
		c := executor.Cycle{
			ID: id(8), Server: "aadc01", Policy: executor.Delta, Origin: executor.Started, Phase: executor.PhaseEnded,
			Intent: nine41.Add(-ago), Result: executor.Result{Verdict: executor.Succeeded},
		}
		if change != nil {
			change(&c)
		}
		return c
	}
	const deltas, forced = "delta", "delta force"
	for _, tt := range []struct {
		name, commands, text string
		coolDown             time.Duration
		past                 executor.Cycle
		live                 bool
		mine                 bool // the past cycle is the one that this very command led to
		asks                 bool
		rule, says           string
	}{
		{"off by default", deltas, "delta aadc01", 0, cycle(time.Minute, nil), false, false, true, "grants[0]", "is queued"},
		{"within it", deltas, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, nil), false, false, false, "grants[0]", "The next one may start at 09:47 UTC; nothing was started"},
		{"its end", deltas, "delta aadc01", 4 * time.Minute, cycle(4*time.Minute, nil), false, false, true, "grants[0]", "is queued"},
		{"the names are this channel's", deltas, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, nil), false, false, false, "grants[0]", "asked by someone in another channel"},
		{"who may not force is told whom to ask", deltas, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, nil), false, false, false, "grants[0]", "ask #identity"},
		{"who may force is told how", forced, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, nil), false, false, false, "grants[0]", "/adsync delta aadc01 force because …"},
		{"forced", forced, "delta aadc01 force because a new starter waits", 10 * time.Minute, cycle(4*time.Minute, nil), false, false, true, "grants[0], force", "is queued"},
		{"forced without the grant", deltas, "delta aadc01 force because I want", 10 * time.Minute, cycle(4*time.Minute, nil), false, false, false, string(NoCommandRule), "{channel: C1, commands: [force], servers: [aadc01]}"},
		{"forced with nothing to override", forced, "delta aadc01 force because I want", 0, cycle(4*time.Minute, nil), false, false, false, "grants[0]", "has nothing to override"},
		{"a live cycle is joined", deltas, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, nil), true, false, true, "grants[0]", "is queued"},
		{"a cycle of somebody else does not count", deltas, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, func(c *executor.Cycle) { c.Origin = executor.Adopted }), false, false, true, "grants[0]", "is queued"},
		{"nor one that never started", deltas, "delta aadc01", 10 * time.Minute, cycle(4*time.Minute, func(c *executor.Cycle) { c.Result.Verdict = executor.NotStarted }), false, false, true, "grants[0]", "is queued"},
		{"nor the one of this command before a crash", deltas, "delta aadc01", 10 * time.Minute, cycle(0, nil), false, true, true, "grants[0]", "is queued"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Snapshot{
				Team: "T1", Contact: "#identity", Servers: []ServerInfo{{Name: "aadc01"}},
				Grants: []Grant{{Name: "grants[0]", Channel: "C1", Commands: strings.Fields(tt.commands), Servers: []string{"aadc01"}, CoolDown: tt.coolDown}},
			}
			asker := request(executor.FromSlack, "U9ZOE", "C7", tt.past.Intent)
			if tt.mine {
				asker.ID = id(1)
			}
			w := &world{
				outcome:  executor.Outcome{Cycle: executor.Cycle{ID: id(7), Server: "aadc01", Policy: executor.Delta, Phase: executor.PhaseQueued}},
				past:     map[string][]executor.Cycle{"aadc01": {tt.past}},
				requests: map[uuid.UUID][]executor.Request{id(8): {asker}},
			}
			if tt.live {
				w.live = []executor.Cycle{{ID: id(9), Server: "aadc01", Policy: executor.Delta, Phase: executor.PhaseFollowing}}
			}
			a, err := w.handler(s).Handle(t.Context(), input(member("C1"), tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if said := (Plain{}).Answer(a); !strings.Contains(said, tt.says) || strings.Contains(said, "U9ZOE") {
				t.Errorf("said\n%s\nwant %q", said, tt.says)
			}
			if asked := len(w.asked) == 1; asked != tt.asks {
				t.Errorf("asked for: %t, want %t", asked, tt.asks)
			}
			decision := Allowed
			if tt.rule == string(NoCommandRule) {
				decision = Denied
			}
			if e := w.recorded[0]; e.Decision != decision || e.Rule != tt.rule {
				t.Errorf("recorded %s by %q, want %q", e.Decision, e.Rule, tt.rule)
			}
		})
	}
}

func TestACoolDownThatCannotBeReadStartsNothing(t *testing.T) {
	s := &Snapshot{
		Team: "T1", Servers: []ServerInfo{{Name: "aadc01"}},
		Grants: []Grant{{Name: "grants[0]", Channel: "C1", Commands: []string{"delta"}, Servers: []string{"aadc01"}, CoolDown: time.Hour}},
	}
	w := &world{readErr: errors.New("disk gone")}
	a, err := w.handler(s).Handle(t.Context(), input(member("C1"), "delta"))
	if err != nil {
		t.Fatal(err)
	}
	if said := (Plain{}).Answer(a); len(w.asked) != 0 || !strings.Contains(said, "Nothing was started") {
		t.Errorf("asked for %d, said\n%s", len(w.asked), said)
	}
}
