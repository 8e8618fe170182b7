package adsync

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is when the tests' clocks begin; not a round minute, so that no timer of the scheduler is due at once.
var epoch = time.Date(2026, time.November, 24, 9, 0, 30, 0, time.UTC)

// in returns a server in the named situation, and its clock.
func in(t testing.TB, situation string, change ...func(*Settings)) (*Model, *SimulatedClock) {
	t.Helper()
	s, ok := Find(situation)
	if !ok {
		t.Fatalf("there is no situation %q", situation)
	}
	clock := NewSimulatedClock(epoch)
	return s.New(clock, func(set *Settings) {
		for _, c := range change {
			c(set)
		}
	}), clock
}
