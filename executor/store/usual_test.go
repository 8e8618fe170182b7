package store

import (
	"maps"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestUsualRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		imported := executor.Step{Connector: "contoso.com", Profile: "Delta Import"}
		exported := executor.Step{Connector: "contoso.com - AAD", Profile: "Export"}
		n := 0
		// ends ends a delta whose import and export took so long.
		ends := func(verdict executor.Verdict, took ...time.Duration) {
			t.Helper()
			n++
			out, _, err := tryAsk(ctx, s, request(t, "aadc01", executor.Delta))
			check(t, err)
			c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
			check(t, err)
			began := morning.Add(time.Duration(n) * 30 * time.Minute)
			c.ReadsFrom, c.Phase, c.EndedAt, c.Result.Verdict = began, executor.PhaseEnded, began.Add(time.Minute), verdict
			for i, step := range []executor.Step{imported, exported}[:len(took)] {
				c.Runs = append(c.Runs, executor.Run{
					Connector: step.Connector, Profile: step.Profile, Verdict: verdict, Start: began, End: began.Add(took[i]),
				})
			}
			_, err = s.SaveCycle(ctx, c, stamp)
			check(t, err)
		}
		c := executor.Cycle{ID: newID(t), Server: "aadc01", Policy: executor.Delta}
		want := func(usual map[executor.Step]time.Duration) {
			t.Helper()
			got, err := s.UsualRuns(ctx, c)
			check(t, err)
			if !maps.Equal(got, usual) {
				t.Errorf("usual %v, want %v", got, usual)
			}
		}
		want(nil)
		ends(executor.Succeeded, 8*time.Second, 30*time.Second)
		ends(executor.Errors, 4*time.Second, 20*time.Second)
		ends(executor.Failed, time.Second, time.Second) // how long a run takes that fails tells nothing
		want(nil)                                       // two are not usual yet
		ends(executor.Succeeded, 6*time.Second)
		want(map[executor.Step]time.Duration{imported: 6 * time.Second})
		ends(executor.Succeeded, 9*time.Second, 40*time.Second)
		want(map[executor.Step]time.Duration{imported: 7 * time.Second, exported: 30 * time.Second})
		for i := range 30 { // seen by the way, without runs: they do not take the place of those that tell something
			if _, err := s.Observe(ctx, "aadc01", ran(2000+30*i)); err != nil {
				t.Fatal(err)
			}
		}
		want(map[executor.Step]time.Duration{imported: 7 * time.Second, exported: 30 * time.Second})
		for range 20 {
			ends(executor.Succeeded, 100*time.Millisecond, 2*time.Second)
		}
		want(map[executor.Step]time.Duration{imported: 100 * time.Millisecond, exported: 2 * time.Second})
		c.Policy = executor.Initial
		want(nil)
		c.Policy, c.Server = executor.Delta, "aadc02"
		want(nil)
	})
}
