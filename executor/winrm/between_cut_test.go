package winrm_test

import (
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// TestCutAtEveryByte breaks the connection after every number of bytes, in each direction: of the logon and the opening
// of a shell all of them, of a whole run those of a coarse grid. A run then fails with a typed error after a bounded
// number of requests, or succeeds because all that matters had passed.
func TestCutAtEveryByte(t *testing.T) {
	server := newServer(t, sealed, func(c *winsim.Config) { c.Quotas.MaxShellsPerUser = 1 << 20 })
	var requests, answers int // bytes up to the answer to Create, and of a whole run
	var opening struct{ requests, answers int }
	man := newBetween(t, server)
	man.meddle(func(n int, a *httpAnswer) {
		answers += 200 + len(a.body) // more than the headers are long
		if n == created {
			opening.requests, opening.answers = man.heard.Len(), answers
		}
		requests = man.heard.Len()
	})
	runner := newRunnerWith(t, openGate{}, server, sealed, man.url)
	if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
		t.Fatal(err)
	}
	runner.Close()
	man.meddle(nil)
	const grid = 97
	runs, succeeded := 0, 0
	try := func(in, out int) {
		man.mu.Lock()
		man.cutIn, man.cutOut = in, out
		man.mu.Unlock()
		before := server.Stats()
		runner := newRunnerWith(t, openGate{}, server, sealed, man.url)
		err := runner.Run(t.Context(), []byte("print one\n"), drop)
		runner.Close()
		await(t, server, func(s winsim.Stats) bool { return s.OpenConnections == 0 }) // all is counted
		runs++
		if err == nil {
			succeeded++
		} else if got := failed(t, err); got.Kind != executor.FailureUnreachable && got.Kind != executor.FailureLost && got.Kind != executor.FailureProtocol {
			t.Errorf("cut after %d and %d: %v", in, out, err)
		}
		after := server.Stats()
		// A run's eight, and what a clean-up on a new connection takes: a logon, two signals and a Delete.
		if n := after.HTTPRequests - before.HTTPRequests; n > 8+5 {
			t.Errorf("cut after %d and %d: %d requests", in, out, n)
		}
		if n := after.Logons[domain].Succeeded - before.Logons[domain].Succeeded; n > 2 || after.Logons[domain].Failed > 0 {
			t.Errorf("cut after %d and %d: %d logons, %d failed", in, out, n, after.Logons[domain].Failed)
		}
		if n := after.Shells - before.Shells; n > 1 {
			t.Errorf("cut after %d and %d: %d shells left", in, out, n)
		}
	}
	step := func(n, all int) int {
		if testing.Short() || n > all {
			return grid
		}
		return 1
	}
	for n := 1; n < requests; n += step(n, opening.requests) {
		try(n, 0)
	}
	for n := 1; n < answers; n += step(n, opening.answers) {
		try(0, n)
	}
	t.Logf("%d runs, %d of them succeeded", runs, succeeded)
	if succeeded > runs/4 {
		t.Errorf("%d of %d runs succeeded: the connection was hardly cut", succeeded, runs)
	}
	man.clear()
}
