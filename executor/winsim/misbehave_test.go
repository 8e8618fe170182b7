package winsim_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

const receiveAction = shellNS + "/Receive"

func TestEveryMisbehaviour(t *testing.T) {
	status := func(want int, part string) func(*testing.T, *answer, error) {
		return func(t *testing.T, a *answer, err error) {
			if err != nil || a.status != want || !strings.Contains(a.raw, part) {
				t.Errorf("got %+v, %v", a, err)
			}
		}
	}
	for _, test := range []struct {
		name  string
		act   winsim.Act
		after bool
		check func(*testing.T, *answer, error)
		next  uint32 // the fault of the Receive after it; 0: it gets the output
	}{
		{"a fault", winsim.Fault(170), false, status(500, `Code="170"`), 0},
		{"a fault after the effect", winsim.Fault(170), true, status(500, `Code="170"`), 2150858843},
		{"a fault without WSManFault", winsim.WMIFault(2150859175), false, status(500, `error_Code>2150859175<`), 0},
		{"a page of html", winsim.Status(503), false, status(503, "<h2>Service Unavailable</h2>"), 0},
		{"a status after the effect", winsim.Status(502), true, status(502, "<h2>Bad Gateway</h2>"), 2150858843},
		{"garbage", winsim.Garbage(), false, status(200, "garbage &"), 0},
		{"XML that is not SOAP", winsim.NotSOAP(), false, status(200, "<catalog>"), 0},
		{"an empty body", winsim.Empty(), false, func(t *testing.T, a *answer, err error) {
			if err != nil || a.status != 200 || a.raw != "" || a.header.Get("Content-Type") != "application/soap+xml;charset=UTF-8" {
				t.Errorf("got %+v, %v", a, err)
			}
		}, 0},
		{"a huge body", winsim.Huge(3 << 20), false, func(t *testing.T, a *answer, err error) {
			if err != nil || len(a.raw) < 3<<20 || a.soap.Action != shellNS+"/ReceiveResponse" {
				t.Errorf("got %d bytes, %v", len(a.raw), err)
			}
		}, 0},
		{"output of its own", winsim.Flood(1000), false, func(t *testing.T, a *answer, err error) {
			if err != nil || len(a.stream(t, "stdout")) != 1000 || a.done() {
				t.Errorf("got %+v, %v", a, err)
			}
		}, 0},
		{"an answer in pieces", winsim.Split(7), false, status(200, "Done"), 2150858843},
		{"an answer byte by byte", winsim.Dribble(300, time.Microsecond), false, status(200, "Done"), 2150858843},
		{"a delayed operation", winsim.Delay(time.Microsecond), false, status(200, "Done"), 2150858843},
		{"a delayed answer", winsim.Delay(time.Microsecond), true, status(200, "Done"), 2150858843},
		{"another time of day", winsim.Skew(-time.Hour), false, func(t *testing.T, a *answer, err error) {
			if err != nil || a.header.Get("Date") != "Sun, 01 Mar 2026 08:00:00 GMT" {
				t.Errorf("got %+v, %v", a, err)
			}
		}, 2150858843},
		{"a reset before the operation", winsim.Reset(0), false, reset, 0},
		{"a reset after the operation", winsim.Reset(0), true, reset, 2150858843},
		{"a reset within the answer", winsim.Reset(600), true, func(t *testing.T, a *answer, err error) {
			if a == nil || a.status != 200 || !strings.HasPrefix(a.raw, "<s:Envelope") {
				t.Errorf("no beginning of an answer: %+v", a)
			}
			if err == nil {
				t.Error("no error")
			}
		}, 2150858843},
	} {
		for _, scheme := range []string{"https", "http"} {
			t.Run(test.name+" over "+scheme, func(t *testing.T) {
				server := start(t, basic(winsim.Config{
					PlainHTTP: scheme == "http", AllowUnencrypted: true,
					Clock: noonClock{time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
				}))
				c := newClient(t, server)
				shell := c.create()
				command := c.command(shell, "hostname")
				eventually(t, server, func(s winsim.Stats) bool { return s.Processes == 0 })
				server.Misbehave(winsim.Rule{Op: winsim.OpReceive, After: test.after, Do: test.act})
				a, err := c.try(receiveAction, shell, receiveBody(command))
				test.check(t, a, err)
				next := c.receive(shell, command)
				if next.fault() != test.next || test.next == 0 && next.stream(t, "stdout") != "AADC01\r\n" {
					t.Errorf("the next receive: %d %s", next.status, next.raw)
				}
				log := server.Exchanges()
				if n := len(log); log[n-2].Rule == "" || log[n-1].Rule != "" {
					t.Errorf("log: %+v", log[n-2:])
				}
			})
		}
	}
}

func reset(t *testing.T, _ *answer, err error) {
	t.Helper()
	// A TLS client may see the break as an end of file in the middle of a record.
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want a reset", err)
	}
}

// noonClock shows one time for ever; its timers run.
type noonClock struct{ now time.Time }

func (c noonClock) Now() time.Time { return c.now }

func (noonClock) AfterFunc(d time.Duration, f func()) func() {
	timer := time.AfterFunc(d, f)
	return func() { timer.Stop() }
}

func TestARuleSpoilsTheRequestsItNames(t *testing.T) {
	server := start(t, basic(winsim.Config{Quotas: winsim.Quotas{MaxShellsPerUser: 100}}))
	server.Misbehave(winsim.Rule{Op: winsim.OpCreate, Nth: 2, Times: 2, Do: winsim.Fault(5)})
	c := newClient(t, server)
	codes := func(n int) (got []uint32) {
		for range n {
			got = append(got, c.createWith(createBody).fault())
		}
		return got
	}
	if got := codes(5); got[0] != 0 || got[1] != 5 || got[2] != 5 || got[3] != 0 || got[4] != 0 {
		t.Errorf("the second and third were to fail: %v", got)
	}
	server.Misbehave(winsim.Rule{Times: winsim.Always, Do: winsim.Fault(170)})
	if got := codes(3); got[0] != 170 || got[1] != 170 || got[2] != 170 {
		t.Errorf("all were to fail: %v", got)
	}
	server.Behave()
	if got := codes(1); got[0] != 0 {
		t.Errorf("none was to fail: %v", got)
	}
	if s := server.Stats(); s.ShellsEver != 4 || s.Faults[5] != 2 || s.Faults[170] != 3 || s.Requests[winsim.OpCreate] != 9 {
		t.Errorf("%+v", s)
	}
}

func TestUnauthorizedLastsUntilBehave(t *testing.T) {
	server := start(t, basic(winsim.Config{}))
	c := newClient(t, server)
	shell := c.create()
	server.Misbehave(winsim.Rule{Op: winsim.OpCommand, Do: winsim.Unauthorized()})
	for _, a := range []*answer{c.commandAnswer(shell, "ver"), c.delete(shell)} {
		if a.status != http.StatusUnauthorized || a.raw != "" || a.header.Get("WWW-Authenticate") != `Basic realm="WSMAN"` {
			t.Errorf("got %+v", a)
		}
	}
	if got, want := server.Stats().Logons[user], (winsim.Logons{Succeeded: 2, Failed: 1}); got != want {
		t.Errorf("logons %+v, want %+v", got, want)
	}
	server.Behave()
	if a := c.delete(shell); a.status != http.StatusOK {
		t.Errorf("after Behave: %d %s", a.status, a.raw)
	}
}

func TestSilence(t *testing.T) {
	for _, test := range []struct {
		name   string
		rule   winsim.Rule
		shells int
	}{
		{"of a connection, before TLS", winsim.Rule{Op: winsim.OpConnect, Do: winsim.Silent()}, 0},
		{"of a request without effect", winsim.Rule{Op: winsim.OpCreate, Do: winsim.Silent()}, 0},
		{"of a request with effect", winsim.Rule{Op: winsim.OpCreate, After: true, Do: winsim.Silent()}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, basic(winsim.Config{}))
			server.Misbehave(test.rule)
			c := newClient(t, server)
			ctx, cancel := context.WithCancel(t.Context())
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(first(c.message("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", "", createBody))))
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth(c.user, c.password)
			failed := make(chan error, 1)
			go func() {
				response, err := c.http.Do(request)
				if err == nil {
					_ = response.Body.Close()
				}
				failed <- err
			}()
			eventually(t, server, func(winsim.Stats) bool {
				log := server.Exchanges()
				return len(log) == 1 && log[0].Rule == "silent"
			})
			select {
			case err := <-failed:
				t.Errorf("an answer came: %v", err)
			default:
			}
			cancel()
			if err := <-failed; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if a := c.createWith(createBody); a.status != http.StatusOK {
				t.Errorf("the next: %d %s", a.status, a.raw)
			}
			if n := server.Stats().ShellsEver; n != test.shells+1 {
				t.Errorf("%d shells, want %d", n, test.shells+1)
			}
		})
	}
}

func first(a, _ string) string { return a }

func TestASilentConnectionEndsWithItsClient(t *testing.T) {
	server := start(t, winsim.Config{})
	server.Misbehave(winsim.Rule{Op: winsim.OpConnect, Times: winsim.Always, Do: winsim.Silent()})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, server, func(s winsim.Stats) bool { return s.OpenConnections == 1 })
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, server, func(s winsim.Stats) bool { return s.OpenConnections == 0 })
}

func TestAConnectionIsResetAtOnce(t *testing.T) {
	server := start(t, basic(winsim.Config{}))
	server.Misbehave(winsim.Rule{Op: winsim.OpConnect, Do: winsim.Reset(0)})
	c := newClient(t, server)
	_, err := c.try("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", "", createBody)
	reset(t, nil, err)
	c.create()
}

func TestSilenceForAWhileGoesByTheServersClock(t *testing.T) {
	clock := winsim.NewManualClock(time.Now())
	server := start(t, basic(winsim.Config{Clock: clock}))
	server.Misbehave(winsim.Rule{Op: winsim.OpCreate, After: true, Do: winsim.Delay(time.Minute)})
	c := newClient(t, server)
	answers := make(chan *answer, 1)
	go func() { answers <- c.createWith(createBody) }()
	eventually(t, server, func(s winsim.Stats) bool { return s.Pausing == 1 && s.Shells == 1 })
	clock.Advance(time.Minute)
	if a := <-answers; a.status != http.StatusOK {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

func TestAClientThatDoesNotWaitGetsNothingAndDoesNothing(t *testing.T) {
	server := start(t, basic(winsim.Config{Clock: winsim.NewManualClock(time.Now())}))
	server.Misbehave(winsim.Rule{Op: winsim.OpCreate, Do: winsim.Delay(time.Minute)})
	c := newClient(t, server)
	failed := make(chan error, 1)
	conn := make(chan net.Conn, 1)
	transport := c.http.Transport.(*http.Transport)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled, err := (&net.Dialer{}).DialContext(ctx, network, address)
		conn <- dialled
		return dialled, err
	}
	go func() {
		_, err := c.try("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", "", createBody)
		failed <- err
	}()
	eventually(t, server, func(s winsim.Stats) bool { return s.Pausing == 1 })
	_ = (<-conn).Close()
	if err := <-failed; err == nil {
		t.Error("an answer came")
	}
	eventually(t, server, func(s winsim.Stats) bool { return s.OpenConnections == 0 && s.Pausing == 0 })
	if s := server.Stats(); s.ShellsEver != 0 {
		t.Errorf("%+v", s)
	}
}
