package winrm_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// TestDribbling answers a byte at a time, and never in time: what counts is the whole answer, not that something comes.
func TestDribbling(t *testing.T) {
	for op, want := range map[winsim.Op]struct {
		kind executor.Failure
		sent []winsim.Op
		left int
	}{
		create:  {executor.FailureUnreachable, []winsim.Op{create}, 1},
		command: {executor.FailureLost, []winsim.Op{create, command, remove}, 0},
		send:    {executor.FailureLost, []winsim.Op{create, command, send, signal, signal, remove}, 0},
	} {
		for _, w := range ways {
			t.Run(string(op)+" over "+w.name, func(t *testing.T) {
				server := newServer(t, w)
				runner := newRunnerWith(t, openGate{}, server, w, func(c *winrm.Config) { c.RequestTimeout = time.Second })
				server.Misbehave(winsim.Rule{Op: op, Do: winsim.Dribble(1, 10*time.Millisecond)})
				got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop))
				if got.Kind != want.kind || got.Started != (op != create) {
					t.Errorf("got %+v, want %s", got, want.kind)
				}
				await(t, server, func(s winsim.Stats) bool { return s.Pausing == 0 && s.Shells == want.left })
				if sent := operations(server); !slices.Equal(sent, want.sent) {
					t.Errorf("sent %v, want %v", sent, want.sent)
				}
			})
		}
	}
}

// TestOutputWithoutEnd lets a program write for ever: the receiver of the lines, or the context, ends it, and nothing
// of it stays.
func TestOutputWithoutEnd(t *testing.T) {
	const enough = 20000 // lines of 16 bytes: five answers of 64 KiB
	for _, w := range ways {
		for name, stop := range map[string]func(context.CancelCauseFunc) error{
			"a receiver that has had enough": func(context.CancelCauseFunc) error { return errStop },
			"a context that ends":            func(cancel context.CancelCauseFunc) error { cancel(errStop); return nil },
		} {
			t.Run(name+" over "+w.name, func(t *testing.T) {
				server := newServer(t, w)
				runner := newRunner(t, server, w)
				server.Misbehave(winsim.Rule{Op: receive, Times: winsim.Always, Do: winsim.Flood(64 << 10)})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				lines := 0
				err := runner.Run(ctx, []byte("print one\n"), func([]byte) error {
					if lines++; lines == enough {
						return stop(cancel)
					}
					return nil
				})
				if !errors.Is(err, errStop) {
					t.Errorf("got error %v", err)
				}
				if got := empty(t, server).Requests[receive]; got != 5 {
					t.Errorf("%d Receives, want 5", got)
				}
			})
		}
	}
}

// TestOneLineWithoutEnd stops at the limit of a line.
func TestOneLineWithoutEnd(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w, func(c *winsim.Config) {
				c.PowerShell = func(ctx context.Context, p winsim.Process) int {
					for ctx.Err() == nil {
						if _, err := io.WriteString(p.Stdout, "no end"); err != nil {
							break
						}
					}
					return 0
				}
			})
			got := failed(t, newRunner(t, server, w).Run(t.Context(), nil, drop))
			if got.Kind != executor.FailureProtocol || !got.Started {
				t.Errorf("got %+v, want protocol", got)
			}
			empty(t, server)
		})
	}
}

// TestWrongClock talks to servers whose clock is far off: NTLM takes the server's time, and nothing else looks at it.
func TestWrongClock(t *testing.T) {
	for _, w := range ways {
		for _, off := range []time.Duration{-20 * 365 * 24 * time.Hour, -time.Hour, 24 * time.Hour} {
			t.Run(fmt.Sprint(w.name, " ", off), func(t *testing.T) {
				server := newServer(t, w, func(c *winsim.Config) { c.Clock = winsim.NewManualClock(time.Now().Add(off)) })
				server.Misbehave(winsim.Rule{Op: winsim.OpAny, Times: winsim.Always, Do: winsim.Skew(-3 * off)})
				if err := newRunner(t, server, w).Run(t.Context(), []byte("print one\n"), drop); err != nil {
					t.Error(err)
				}
				empty(t, server)
			})
		}
	}
}

// TestOneMegabyteOfInput sends a script that takes many messages, and counts them.
func TestOneMegabyteOfInput(t *testing.T) {
	text := make([]byte, 1<<19)
	_, _ = rand.Read(text)
	script := []byte(hex.EncodeToString(text))
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			var got []byte
			server := newServer(t, w, func(c *winsim.Config) {
				c.PowerShell = func(_ context.Context, p winsim.Process) int {
					got, _ = io.ReadAll(p.Stdin)
					return 0
				}
			})
			if err := newRunner(t, server, w).Run(t.Context(), script, drop); err != nil {
				t.Fatal(err)
			}
			stats := empty(t, server)
			if !slices.Equal(got, script) {
				t.Errorf("%d bytes arrived, want these %d", len(got), len(script))
			}
			// 96 KiB in each of eleven messages; the other five, and the logon: none, one or two requests.
			before := map[way]int{basicTLS: 5, ntlmTLS: 6, sealed: 7}[w]
			receives := stats.Requests[receive] - 1
			if want := before + 11 + receives; stats.Requests[send] != 11 || stats.HTTPRequests != want {
				t.Errorf("%d Sends in %d requests, want 11 in %d", stats.Requests[send], stats.HTTPRequests, want)
			}
		})
	}
}

// TestForgottenLogon lets a server forget between two runs who a connection belongs to, as a restart of its service
// does: the next run logs on anew, once, and sends nothing twice that has been done.
func TestForgottenLogon(t *testing.T) {
	server := newServer(t, sealed)
	man := newBetween(t, server)
	runner := newRunner(t, server, sealed, man.url)
	if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
		t.Fatal(err)
	}
	man.meddle(func(n int, a *httpAnswer) {
		if n == 1 {
			status(400)(a)
		}
	})
	if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
		t.Errorf("after the service has forgotten the logon: %v", err)
	}
	stats := server.Stats()
	// The second run's first message has opened a shell, because only its answer was changed here.
	if stats.HTTPRequests != 8+1+8 || stats.Logons[domain] != (winsim.Logons{Succeeded: 2}) || stats.Connections != 2 || stats.Shells != 1 {
		t.Errorf("got %+v", stats)
	}
	man.clear()
}

// lateTimers is the context of a process that was frozen: its time is over, and no timer has said so.
type lateTimers struct {
	context.Context

	until time.Time
}

func (l lateTimers) Deadline() (time.Time, bool) { return l.until, true }

func TestNoCommandIsSentWhenTheTimeIsOver(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w)
			runner := newRunner(t, server, w)
			err := runner.Run(lateTimers{t.Context(), time.Now()}, []byte("echo no"), drop)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want that the time is over", err)
			}
			if n := empty(t, server).Requests[winsim.OpCommand]; n != 0 {
				t.Errorf("%d commands, want none", n)
			}
		})
	}
}
