package executor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// told is a server of a situation that is told something.
type told struct {
	*executor.Executor

	model *adsync.Model
}

func tell(t *testing.T, situation string, on func(*adsync.Model) program, change func(*adsync.Settings)) told {
	t.Helper()
	s, ok := adsync.Find(situation)
	if !ok {
		t.Fatalf("no situation %q", situation)
	}
	m := s.New(adsync.NewSimulatedClock(epoch()), change)
	return told{withAdmin(on(m)), m}
}

func (s told) status(t *testing.T) executor.Status {
	t.Helper()
	st, err := s.Status(t.Context(), "aadc01")
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// stops stops the cycle that runs, after another one that does not.
func stops(t *testing.T, on func(*adsync.Model) program, language, culture string) {
	t.Helper()
	s := tell(t, "running delta", on, func(s *adsync.Settings) { s.Language, s.Culture, s.Automatic = language, culture, false })
	began := s.status(t).NextStart
	got, err := s.Stop(t.Context(), "aadc01", began.Add(-time.Minute))
	if err != nil || got.Accepted || !got.Runs(began) || !s.status(t).InProgress {
		t.Fatalf("told to stop the cycle before: %+v, %v", got, err)
	}
	got, err = s.Stop(t.Context(), "aadc01", began)
	if err != nil || !got.Accepted || !got.ReadBack || got.Runs(began) || got.InProgress || !got.Enabled || got.AcceptedAt.Before(epoch()) {
		t.Errorf("told to stop it: %+v, %v", got, err)
	}
	if got, err := s.Stop(t.Context(), "aadc01", began); err != nil || got.Accepted || !got.Read {
		t.Errorf("told again: %+v, %v", got, err)
	}
}

// switches switches the scheduler off and on.
func switches(t *testing.T, on func(*adsync.Model) program, language, culture string) {
	t.Helper()
	s := tell(t, "ok", on, func(s *adsync.Settings) { s.Language, s.Culture, s.Rights = language, culture, adsync.Admins })
	for _, enabled := range []bool{false, true} {
		got, err := s.Switch(t.Context(), "aadc01", enabled)
		if err != nil || !got.Accepted || !got.ReadBack || got.Enabled != enabled || got.Was == enabled {
			t.Errorf("switched to %t: %+v, %v", enabled, got, err)
		}
		if got, err := s.Switch(t.Context(), "aadc01", enabled); err != nil || got.Accepted || !got.Read || got.Enabled != enabled || got.Was != enabled {
			t.Errorf("switched to %t again: %+v, %v", enabled, got, err)
		}
	}
}

func TestWhatAServerIsTold(t *testing.T) {
	t.Run("stop", func(t *testing.T) { stops(t, answers, "FullLanguage", "en-US") })
	t.Run("switch", func(t *testing.T) { switches(t, answers, "FullLanguage", "en-US") })
}

func TestWhatAServerIsToldInPowerShell(t *testing.T) {
	on := shell(t)
	cases := 0
	for _, language := range []string{"FullLanguage", "ConstrainedLanguage"} {
		for _, culture := range []string{"en-US", "de-DE", "ja-JP"} {
			t.Run(strings.Join([]string{"stop", language, culture}, " "), func(t *testing.T) { stops(t, on, language, culture) })
			t.Run(strings.Join([]string{"switch", language, culture}, " "), func(t *testing.T) { switches(t, on, language, culture) })
			cases += 2
		}
	}
	t.Logf("%d cases", cases)
}

func TestWhatAServerRefusesToBeTold(t *testing.T) {
	for _, test := range []struct {
		situation string
		switches  executor.Code
		stops     executor.Code
	}{
		{"ok", executor.CodeNoRights, ""}, // no operator may change a setting; there is nothing to stop
		{"browse only", executor.CodeNoRights, ""},
		{"no rights", executor.CodeNoRights, executor.CodeNoRights},
		{"service stopped", executor.CodeServiceStopped, executor.CodeServiceStopped},
		{"service missing", executor.CodeServiceMissing, executor.CodeServiceMissing},
		{"module missing", executor.CodeModuleMissing, executor.CodeModuleMissing},
		{"cloud settings unreadable", executor.CodeCloudSettings, executor.CodeCloudSettings},
	} {
		t.Run(test.situation, func(t *testing.T) {
			s := tell(t, test.situation, answers, nil)
			switched, err := s.Switch(t.Context(), "aadc01", false)
			if code := refusedFor(t, err); code != test.switches || switched.Accepted {
				t.Errorf("the switch: refused with %q, want %q; %+v", code, test.switches, switched)
			}
			stopped, err := s.Stop(t.Context(), "aadc01", epoch())
			if code := refusedFor(t, err); code != test.stops || stopped.Accepted {
				t.Errorf("the stop: refused with %q, want %q; %+v", code, test.stops, stopped)
			}
		})
	}
	t.Run("stop without the right", func(t *testing.T) {
		s := tell(t, "running delta", answers, func(s *adsync.Settings) { s.Rights = adsync.Browse })
		_, err := s.Stop(t.Context(), "aadc01", s.status(t).NextStart)
		if code := refusedFor(t, err); code != executor.CodeNoRights {
			t.Errorf("refused with %q", code)
		}
	})
}

// refusedFor is why a server has refused; empty when it has not.
func refusedFor(t *testing.T, err error) executor.Code {
	t.Helper()
	refusal, ok := errors.AsType[*executor.Refusal](err)
	switch {
	case ok:
		return refusal.Code
	case err != nil:
		t.Fatal(err)
	}
	return ""
}
