package executor_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// retries are second tries, on a server whose cycle began ten seconds ago, and a first one of a full.
func retries(t *testing.T, on func(*adsync.Model) program) {
	const own = 20 * time.Second // since our intent
	noted := executor.Baseline{ServerTime: epoch().Add(-5 * time.Second), NextStart: epoch().Add(-time.Second)}
	for _, test := range []struct {
		name    string
		running adsync.Policy // of the cycle
		over    bool          // it has ended
		order   executor.StartOrder
		want    executor.Code          // empty: adopted
		starts  int                    // of ours that the server took
		since   func(*adsync.Settings) // what has changed on the server since
	}{
		{"a delta takes the delta that runs", adsync.Delta, false, executor.StartOrder{Policy: executor.Delta}, "", 0, nil},
		{"a full takes the full that runs", adsync.Initial, false, executor.StartOrder{Policy: executor.Initial}, "", 0, nil},
		{"a full does not take a delta", adsync.Delta, false, executor.StartOrder{Policy: executor.Initial}, executor.CodeOtherPolicy, 0, nil},
		{"a retry takes the delta that is over", adsync.Delta, true, executor.StartOrder{Policy: executor.Delta, SinceIntent: 10 * time.Minute}, "", 0, nil},
		{"a retry goes by its baseline", adsync.Delta, true, executor.StartOrder{Policy: executor.Delta, SinceIntent: time.Second, Baseline: noted}, "", 0, nil},
		{"a retry does not take what began before its intent", adsync.Delta, true, executor.StartOrder{Policy: executor.Delta, SinceIntent: own}, "", 1, nil},
		{"a full's retry does not take a delta that is over", adsync.Delta, true, executor.StartOrder{Policy: executor.Initial, SinceIntent: 10 * time.Minute}, "", 1, nil},
		{"too late, and its cycle is there", adsync.Delta, true, executor.StartOrder{Policy: executor.Delta, SinceIntent: 10 * time.Minute, LookOnly: true}, "", 0, nil},
		{"too late, and there is none", adsync.Delta, true, executor.StartOrder{Policy: executor.Delta, SinceIntent: own, LookOnly: true}, executor.CodeTooLate, 0, nil},
		{
			"a scheduler that was switched off meanwhile does not hide the cycle of the first try", adsync.Delta, true,
			executor.StartOrder{Policy: executor.Delta, SinceIntent: 10 * time.Minute},
			"", 0, func(s *adsync.Settings) { s.Enabled = false },
		},
		{
			"nor does a service that was stopped", adsync.Delta, true,
			executor.StartOrder{Policy: executor.Delta, SinceIntent: 10 * time.Minute},
			"", 0, func(s *adsync.Settings) { s.Service = adsync.ServiceStopped },
		},
		{
			"a scheduler that is switched off, and there was no first try", adsync.Delta, true,
			executor.StartOrder{Policy: executor.Delta, SinceIntent: own},
			executor.CodeDisabled, 0, func(s *adsync.Settings) { s.Enabled = false },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := adsync.NewSimulatedClock(epoch())
			m := adsync.New(clock, adsync.DefaultSettings())
			m.Begin(test.running)
			clock.Advance(10 * time.Second)
			if test.over {
				clock.Advance(2 * time.Minute)
			}
			if test.since != nil {
				m.Set(test.since)
			}
			e := executor.New(map[string]executor.Runner{"aadc01": on(m)}, slog.New(slog.DiscardHandler))
			look, err := e.Start(t.Context(), "aadc01", test.order, nil)
			var refusal *executor.Refusal
			switch {
			case test.want != "":
				if !errors.As(err, &refusal) || refusal.Code != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
			case err != nil:
				t.Error(err)
			case test.starts == 0:
				if !look.Adopted || !look.ReadsFrom.Equal(epoch()) || look.Policy != executor.Policy(test.running) {
					t.Errorf("%+v", look)
				}
			default:
				if !look.Accepted || look.Adopted {
					t.Errorf("%+v", look)
				}
			}
			if n := m.Starts(); n != test.starts {
				t.Errorf("%d starts, want %d", n, test.starts)
			}
		})
	}
}

func TestRetries(t *testing.T) { retries(t, answers) }

func TestRetriesInPowerShell(t *testing.T) { retries(t, shell(t)) }
