package winrm_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

var errStop = errors.New("somebody said stop")

// TestRequests counts what goes over the wire: it is what a run costs the server.
func TestRequests(t *testing.T) {
	for name, test := range map[string]struct {
		way           way
		first, second int // HTTP requests of the first and of the second run
		logons        int // after both
	}{
		"basic presents the password with every request": {basicTLS, 6, 6, 12},
		"ntlm logs a connection on once":                 {ntlmTLS, 7, 6, 1},
		"sealed messages wait for the key of the logon":  {sealed, 8, 6, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, test.way)
			runner := newRunner(t, server, test.way)
			for i, want := range []int{test.first, test.first + test.second} {
				if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
					t.Fatal(err)
				}
				if got := server.Stats().HTTPRequests; got != want {
					t.Errorf("%d requests after run %d, want %d", got, i+1, want)
				}
			}
			stats := empty(t, server)
			logons := stats.Logons[test.way.username]
			if logons != (winsim.Logons{Succeeded: test.logons}) || stats.Connections != 1 {
				t.Errorf("%+v on %d connections, want %d successful logons on one", logons, stats.Connections, test.logons)
			}
			var order []winsim.Op
			for _, exchange := range server.Exchanges() {
				if exchange.Op != "" {
					order = append(order, exchange.Op)
				}
				if exchange.Op == winsim.OpCommand && exchange.CommandLine != executor.CommandLine {
					t.Errorf("started %q, want %q", exchange.CommandLine, executor.CommandLine)
				}
			}
			run := []winsim.Op{
				winsim.OpCreate, winsim.OpCommand, winsim.OpSend, winsim.OpReceive, winsim.OpSignal, winsim.OpDelete,
			}
			if want := slices.Concat(run, run); !slices.Equal(order, want) {
				t.Errorf("got %v, want %v", order, want)
			}
		})
	}
}

// TestCancelAtEveryStep ends the context in the middle of each request.
func TestCancelAtEveryStep(t *testing.T) {
	for _, w := range ways {
		for _, op := range []winsim.Op{
			winsim.OpCreate, winsim.OpCommand, winsim.OpSend, winsim.OpReceive, winsim.OpSignal, winsim.OpDelete,
		} {
			t.Run(w.name+" "+string(op), func(t *testing.T) {
				clock := winsim.NewManualClock(time.Now())
				server := newServer(t, w, func(c *winsim.Config) { c.Clock = clock })
				runner := newRunner(t, server, w)
				ctx, cancel := context.WithCancelCause(t.Context())
				server.Misbehave(winsim.Rule{Op: op, Do: winsim.Delay(time.Second)})
				go func() {
					await(t, server, func(s winsim.Stats) bool { return s.Pausing == 1 })
					cancel(errStop)
					if op == winsim.OpCreate { // its answer is waited for; the others break off
						clock.Advance(time.Second)
					}
				}()
				err := runner.Run(ctx, []byte("print one\n"), drop)
				ended := op == winsim.OpSignal || op == winsim.OpDelete // the script has run: that is the truth
				if ended && err != nil || !ended && err != errStop {    //nolint:errorlint // the cause as it is
					t.Errorf("got error %v", err)
				}
				empty(t, server)
			})
		}
	}
}

// TestNoLogonIsRepeated is the lock-out rule on the wire: one wrong password is one logon, whatever the run.
func TestNoLogonIsRepeated(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w)
			runner := newRunner(t, server, w, func(c *winrm.Config) { c.Password = secret("wrong") })
			got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop))
			if got.Kind != executor.FailureCredentials || got.Started {
				t.Errorf("got %+v, want credentials, not started", got)
			}
			for range 3 {
				got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop))
				if got.Kind != executor.FailureHeld || got.Started {
					t.Errorf("got %+v, want held, not started", got)
				}
			}
			stats := server.Stats()
			if logons := stats.Logons[w.username]; logons != (winsim.Logons{Failed: 1}) || stats.ShellsEver != 0 {
				t.Errorf("%+v and %d shells, want one failed logon and none", logons, stats.ShellsEver)
			}
		})
	}
}

// TestNoBasicFallback lets a server offer nothing but Basic to a Runner that was told NTLM, and the other way round.
func TestNoBasicFallback(t *testing.T) {
	for w, offered := range map[way]winsim.Scheme{
		basicTLS: winsim.Negotiate,
		ntlmTLS:  winsim.Basic,
		sealed:   winsim.Basic,
	} {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w, func(c *winsim.Config) { c.Schemes = []winsim.Scheme{offered} })
			runner := newRunner(t, server, w)
			got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop))
			if got.Kind != executor.FailureCredentials || got.Detail == "" {
				t.Errorf("got %+v, want credentials with a detail", got)
			}
			stats := server.Stats()
			if stats.HTTPRequests != 1 || len(stats.Requests) != 0 || slices.Collect(maps.Values(stats.Logons)) != nil {
				t.Errorf("got %+v, want one request and no logon", stats)
			}
		})
	}
}
