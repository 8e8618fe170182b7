package winrm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// domainController stands for the accounts of a domain: it knows the right password and counts logons.
type domainController struct {
	password string
	refuses  string // a server that refuses whatever the password
	logons   int
}

// try does what a run does with a gate: admission, logon, settlement. It tells whether a logon took place.
func (d *domainController) try(t *testing.T, gate winrm.Gate, server, password string) (winrm.Outcome, error) {
	t.Helper()
	settle, err := gate.Admit(t.Context(), winrm.Logon{Identity: `corp\svc`, Server: server, Password: secret(password)})
	if err != nil {
		return winrm.Unknown, err
	}
	d.logons++
	outcome := winrm.Refused
	if password == d.password && server != d.refuses {
		outcome = winrm.Accepted
	}
	return outcome, settle(t.Context(), outcome)
}

// TestLockout tells stories of logons. Each step is "server password", answered by yes, no or held; or a word for
// something else that happens.
func TestLockout(t *testing.T) {
	for name, story := range map[string][]string{
		"a right password goes on working":                      {"a right yes", "b right yes", "a right yes"},
		"a wrong password is tried once":                        {"a wrong no", "a wrong held", "b wrong held"},
		"a restart forgets nothing":                             {"a wrong no", "restart", "a wrong held", "b wrong held"},
		"a changed password is tried again":                     {"a wrong no", "a right yes", "b right yes"},
		"a second wrong password is tried once as well":         {"a wrong no", "a worse no", "b worse held", "b wrong held"},
		"going back to a refused password does not try it":      {"a wrong no", "a right yes", "a wrong held", "b wrong held"},
		"two servers with different passwords keep their truth": {"a right yes", "b wrong no", "a right yes", "b wrong held", "a right yes"},
		"an operator's check gives one more logon":              {"a wrong no", "check", "b wrong no", "a wrong held"},
		"a check after the account is in order":                 {"a wrong no", "check", "fix wrong", "b wrong yes", "a wrong yes"},
		"a proven password is held where it is refused":         {"a right yes", "refuse b", "b right no", "b right held", "a right yes", "c right yes"},
		"a held server stays held over a restart":               {"a right yes", "refuse b", "b right no", "restart", "b right held", "a right yes"},
		"a check frees a held server":                           {"a right yes", "refuse b", "b right no", "check", "refuse -", "b right yes", "a right yes"},
		"a ledger that loses a refusal":                         {"save fails", "a wrong lost", "a wrong held", "b wrong held", "save works", "a wrong held"},
		"a ledger that cannot be read":                          {"load fails", "a right unreadable", "load works", "a right yes"},
	} {
		t.Run(name, func(t *testing.T) {
			book := newLedger()
			gate := winrm.NewLockout(book)
			dc := &domainController{password: "right"}
			logons := 0
			for i, step := range story {
				words := strings.Fields(step)
				switch words[0] {
				case "restart":
					gate = winrm.NewLockout(book)
				case "check":
					if err := gate.Check(t.Context(), `corp\svc`); err != nil {
						t.Fatal(err)
					}
				case "fix":
					dc.password = words[1]
				case "refuse":
					dc.refuses = words[1]
				case "save":
					book.fail(nil, map[string]error{"fails": errDisk}[words[1]])
				case "load":
					book.fail(map[string]error{"fails": errDisk}[words[1]], nil)
				default:
					outcome, err := dc.try(t, gate, words[0], words[1])
					if got := answer(outcome, err); got != words[2] {
						t.Errorf("step %d, %s: got %s (%v)", i, step, got, err)
					}
					if words[2] != "held" && words[2] != "unreadable" {
						logons++
					}
				}
			}
			if dc.logons != logons {
				t.Errorf("%d logons, want %d", dc.logons, logons)
			}
		})
	}
}

var errDisk = errors.New("disk full")

func answer(outcome winrm.Outcome, err error) string {
	_, held := errors.AsType[*winrm.HeldError](err)
	switch {
	case held:
		return "held"
	case errors.Is(err, errDisk) && outcome == winrm.Unknown:
		return "unreadable"
	case err != nil:
		return "lost"
	case outcome == winrm.Accepted:
		return "yes"
	default:
		return "no"
	}
}

// TestLockoutTakesTurns checks who waits for whom.
func TestLockoutTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := winrm.NewLockout(newLedger())
		logon := winrm.Logon{Identity: "svc", Server: "a", Password: secret("right")}
		settle, err := gate.Admit(t.Context(), logon)
		if err != nil {
			t.Fatal(err)
		}
		other := logon
		other.Identity = "other"
		if _, err := gate.Admit(t.Context(), other); err != nil {
			t.Errorf("another identity: %v", err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		impatient := make(chan error, 1)
		go func() {
			_, err := gate.Admit(ctx, logon)
			impatient <- err
		}()
		admitted := make(chan winrm.Outcome, 2)
		for range 2 {
			go func() {
				settle, err := gate.Admit(t.Context(), logon)
				if err != nil {
					t.Error(err)
				}
				admitted <- winrm.Accepted
				if err := settle(t.Context(), winrm.Unknown); err != nil { // no answer: the turn passes on
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if len(admitted) != 0 {
			t.Error("admitted while another logon was being tried")
		}
		cancel(errStop)
		if err := <-impatient; err != errStop { //nolint:errorlint // the cause as it is
			t.Errorf("got %v, want %v", err, errStop)
		}
		if err := settle(t.Context(), winrm.Unknown); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(admitted) != 2 {
			t.Errorf("%d admitted, want both in turn", len(admitted))
		}
	})
}

// TestRefusalOutlivesTheRun settles with a context that has ended.
func TestRefusalOutlivesTheRun(t *testing.T) {
	book := newLedger()
	gate := winrm.NewLockout(book)
	logon := winrm.Logon{Identity: "svc", Server: "a", Password: secret("wrong")}
	settle, err := gate.Admit(t.Context(), logon)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := settle(ctx, winrm.Refused); err != nil {
		t.Error(err)
	}
	if _, err := winrm.NewLockout(book).Admit(t.Context(), logon); err == nil {
		t.Error("admitted after a refusal")
	}
}

// TestProvenSecretWritesNothing keeps the everyday case off the ledger's disk.
func TestProvenSecretWritesNothing(t *testing.T) {
	book := newLedger()
	gate := winrm.NewLockout(book)
	dc := &domainController{password: "right"}
	for i := range 10 {
		if outcome, err := dc.try(t, gate, fmt.Sprint("server", i), "right"); err != nil || outcome != winrm.Accepted {
			t.Fatal(outcome, err)
		}
	}
	if book.saves != 1 {
		t.Errorf("%d saves, want 1", book.saves)
	}
}

// TestFortyServers lets forty servers try one password at once, on the wire.
func TestFortyServers(t *testing.T) {
	const servers = 40
	for _, w := range ways {
		for text, want := range map[string]struct {
			logons winsim.Logons
			held   int64
			kinds  int64
		}{
			"wrong":  {winsim.Logons{Failed: 1}, servers - 1, 1},
			password: {winsim.Logons{Succeeded: map[winrm.Auth]int{winrm.AuthBasic: 6 * servers, winrm.AuthNTLM: servers}[w.auth]}, 0, 0},
		} {
			t.Run(w.name+" "+text, func(t *testing.T) {
				server := newServer(t, w, func(c *winsim.Config) { c.Quotas.MaxShellsPerUser = servers })
				book := newLedger()
				gate := winrm.NewLockout(book)
				var held, refused atomic.Int64
				var runs sync.WaitGroup
				for i := range servers {
					runner := newRunnerWith(t, gate, server, w, func(c *winrm.Config) {
						c.Server = fmt.Sprintf("aadc%02d", i)
						c.Password = secret(text)
					})
					runs.Go(func() {
						err := runner.Run(t.Context(), []byte("print one\n"), drop)
						if err == nil {
							return
						}
						got := failed(t, err)
						switch got.Kind {
						case executor.FailureHeld:
							held.Add(1)
						case executor.FailureCredentials:
							refused.Add(1)
						default:
							t.Errorf("got %+v", got)
						}
						if strings.Contains(err.Error(), text) {
							t.Errorf("the password stands in %q", err)
						}
					})
				}
				runs.Wait()
				stats := empty(t, server)
				if held.Load() != want.held || refused.Load() != want.kinds || stats.Logons[w.username] != want.logons {
					t.Errorf("%d held, %d refused, %+v", held.Load(), refused.Load(), stats.Logons)
				}
				for _, record := range book.records {
					if strings.Contains(string(record.Hash), text) || len(record.Hash) != 32 || len(record.Salt) != 16 {
						t.Errorf("kept %+v", record)
					}
				}
			})
		}
	}
}
