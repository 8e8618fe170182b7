package executor

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestWhatAStartIsGiven(t *testing.T) {
	for _, test := range []struct {
		name  string
		order StartOrder
		want  map[string]any
	}{
		{"the first try of a delta", StartOrder{Policy: Delta}, map[string]any{"policy": "Delta", "adopt": "any", "since_seconds": 0., "since_utc": "", "look_seconds": 8., "history": "probe"}},
		{"a full", StartOrder{Policy: Initial}, map[string]any{"policy": "Initial", "adopt": "initial", "since_seconds": 0., "since_utc": "", "look_seconds": 8., "history": "probe"}},
		{"a retry never reaches before the intent", StartOrder{Policy: Delta, SinceIntent: 12900 * time.Millisecond}, map[string]any{"policy": "Delta", "adopt": "any", "since_seconds": 12., "since_utc": "", "look_seconds": 8., "history": "probe"}},
		{"a retry that has a baseline", StartOrder{Policy: Delta, SinceIntent: 12 * time.Second, Baseline: Baseline{ServerTime: at(7)}}, map[string]any{"policy": "Delta", "adopt": "any", "since_seconds": 12., "since_utc": o(7), "look_seconds": 8., "history": "probe"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &player{lines: script(refused("connector_busy", "contoso.com", ""))}
			_, _ = executorOver(p).Start(t.Context(), "aadc01", test.order, nil) // the refusal is not the point
			got := p.parameters(t)
			if len(got) != len(test.want) {
				t.Errorf("parameters %v", got)
			}
			for key, want := range test.want {
				if got[key] != want {
					t.Errorf("%s is %v, want %v", key, got[key], want)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	const busy = "System.InvalidOperationException: Connector: contoso.com is busy."
	for _, test := range []struct {
		name  string
		order StartOrder
		line  string
		want  Code // empty: adopted
		on    string
	}{
		{"pre-flight's own word stands", StartOrder{Policy: Delta}, refused("scheduler_disabled", "", ""), CodeDisabled, ""},
		{"a busy connector of the pre-flight", StartOrder{Policy: Delta}, refused("connector_busy", "contoso.com", ""), CodeConnectorBusy, "contoso.com"},
		{"the server's text is classified", StartOrder{Policy: Delta}, refused("", "", busy), CodeConnectorBusy, "contoso.com"},
		{"a text that nobody knows", StartOrder{Policy: Delta}, refused("", "", "Nein."), CodeOther, ""},
		{"a full while another cycle runs", StartOrder{Policy: Initial}, refused("already_running", "", ""), CodeOtherPolicy, ""},
		{"a full's retry cannot tell whose cycle runs", StartOrder{Policy: Initial, SinceIntent: 9 * time.Second}, refused("already_running", "", ""), CodeRunning, ""},
		{"a full that came second", StartOrder{Policy: Initial}, refused("", "", "A sync cycle has already being requested."), CodeRequested, ""},
		{"a delta that came second follows the first", StartOrder{Policy: Delta}, refused("", "", "A sync cycle has already being requested."), "", ""},
		{"a delta that was overtaken follows", StartOrder{Policy: Delta}, refused("", "", "Sync is already running. Cannot start a new run till this one completes."), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			look, err := executorOver(&player{lines: script(scheduler(false, 600), running(), test.line)}).Start(t.Context(), "aadc01", test.order, nil)
			if test.want == "" {
				if err != nil || !look.Adopted || look.Accepted || look.Follow.Seen || !look.ReadsFrom.Equal(at(0)) || look.Baseline.NextStart != at(600) {
					t.Errorf("%+v, %v; want an adopted cycle that has not been seen yet", look, err)
				}
				return
			}
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Code != test.want || refusal.On != test.on {
				t.Errorf("error %v, want %s on %q", err, test.want, test.on)
			}
			if look.Accepted || look.Adopted {
				t.Error("something is to be followed")
			}
		})
	}
}

func TestARefusalIsCertainThoughTheRestIsLost(t *testing.T) {
	lines := script(refused("scheduler_suspended", "", ""))
	_, err := executorOver(&player{lines: lines[:2], fail: &RunError{Kind: FailureLost, Started: true}}).Start(t.Context(), "aadc01", StartOrder{Policy: Delta}, nil)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != CodeSuspended {
		t.Errorf("error %v", err)
	}
}

func TestAdoption(t *testing.T) {
	for _, test := range []struct {
		name      string
		scheduler string
		line      string
		readsFrom time.Time
		policy    Policy
	}{
		{"of a cycle whose beginning stands in the log", scheduler(true, 0), adopted("in_progress", o(-90), "Initial"), at(-90), Initial},
		{"of one that the log does not know: its next start is its beginning", scheduler(true, -60), adopted("in_progress", "", ""), at(-60), ""},
		{"of one that nobody dates: nothing is claimed", scheduler(true, 600), adopted("in_progress", "", ""), time.Time{}, ""},
		{"of one that has started since our intent", scheduler(false, 1800), adopted("since", o(-20), "Delta"), at(-20), Delta},
	} {
		t.Run(test.name, func(t *testing.T) {
			look, err := executorOver(&player{lines: script(test.scheduler, running(), test.line)}).Start(t.Context(), "aadc01", StartOrder{Policy: Delta}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !look.Adopted || look.Accepted || !look.Follow.Seen || !look.ReadsFrom.Equal(test.readsFrom) || look.Policy != test.policy {
				t.Errorf("%+v", look)
			}
		})
	}
}

func TestAnAcceptedRetryIsComparedWithTheStateBeforeIt(t *testing.T) {
	order := StartOrder{Policy: Delta, SinceIntent: time.Minute, Baseline: Baseline{ServerTime: at(-60), NextStart: at(-30)}}
	look, err := executorOver(&player{lines: script(scheduler(false, 600), running(), accepted())}).Start(t.Context(), "aadc01", order, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Baseline{ServerTime: at(0), NextStart: at(600)}); look.Baseline != want {
		t.Errorf("baseline %+v, want %+v", look.Baseline, want)
	}
}

func TestALookBackStartsNothing(t *testing.T) {
	begin := func(s int, policy string) string {
		return trace(1, s, "Import/Sync/Export cycle started ("+policy+").")
	}
	order := StartOrder{Policy: Delta, SinceIntent: time.Minute, LookOnly: true}
	full := order
	full.Policy = Initial
	based := order
	based.Baseline = Baseline{ServerTime: at(-50), NextStart: at(-10)}
	for _, test := range []struct {
		name  string
		order StartOrder
		lines []string
		want  string // "adopted", "too late", or "not known"
	}{
		{"a cycle since the intent is taken", order, []string{scheduler(true, 0), begin(-30, "Delta"), events(1)}, "adopted"},
		{"one of before is not", order, []string{scheduler(true, 0), begin(-61, "Delta"), events(1)}, "too late"},
		{"a delta is none for a full", full, []string{scheduler(true, 0), begin(-30, "Delta"), events(1)}, "too late"},
		{"a full is", full, []string{scheduler(true, 0), begin(-30, "Initial"), events(1)}, "adopted"},
		{"none", order, []string{scheduler(false, 600), events(0)}, "too late"},
		{"without the log, a cycle in progress since then", order, []string{scheduler(true, -20)}, "adopted"},
		{"without the log, a next start that has moved", based, []string{scheduler(false, 1800)}, "adopted"},
		{"without the log, nothing is certain", order, []string{scheduler(false, 600)}, "not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &player{lines: script(test.lines...)}
			look, err := executorOver(p).Start(t.Context(), "aadc01", test.order, nil)
			if got := p.script[:len("& { # adsyncbot status")]; got != "& { # adsyncbot status" {
				t.Errorf("the script begins with %q", got)
			}
			var refusal *Refusal
			got := "not known"
			switch {
			case err == nil && look.Adopted && look.Follow.Seen:
				got = "adopted"
			case errors.As(err, &refusal) && refusal.Code == CodeTooLate:
				got = "too late"
			}
			if got != test.want {
				t.Errorf("%s (%v), want %s", got, err, test.want)
			}
		})
	}
}

func TestAStartSeesTheCyclesBefore(t *testing.T) {
	past := func(s int, message string) string {
		return fmt.Sprintf(`{"t":"past","at":%q,"message":%q}`, o(s), message)
	}
	p := &player{lines: script(
		`{"t":"service","status":"Running"}`, `{"t":"module","version":"2.6.92.0","by":"name"}`, scheduler(false, 600), running(), accepted(), events(0),
		past(-7000, "Import/Sync/Export cycle completed (Delta)."),
		past(-3600, "Scheduler::SchedulerThreadMain : Started a new sync cycle run."), past(-3600, "Import/Sync/Export cycle started (Initial)."),
		past(-3000, "Import/Sync/Export cycle completed (Initial)."),
		past(-1800, "Import/Sync/Export cycle started (Delta)."), past(-1700, "Import/Sync/Export cycle completed (Delta)."),
		past(-60, "Import/Sync/Export cycle started (Delta)."),
	)}
	look, err := executorOver(p).Start(t.Context(), "aadc01", StartOrder{Policy: Delta}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// One that has no beginning in the log, and one without an end, are none.
	want := []SeenCycle{{Policy: Initial, Start: at(-3600), End: at(-3000)}, {Policy: Delta, Start: at(-1800), End: at(-1700)}}
	if !slices.Equal(look.Before, want) {
		t.Errorf("before: %+v, want %+v", look.Before, want)
	}
}
