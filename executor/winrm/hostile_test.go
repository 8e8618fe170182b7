package winrm_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// The requests that a run sends, in the order it sends them.
const (
	create  = winsim.OpCreate
	command = winsim.OpCommand
	send    = winsim.OpSend
	receive = winsim.OpReceive
	signal  = winsim.OpSignal
	remove  = winsim.OpDelete
)

// TestHostileAnswers spoils one answer of a run in every way, with both ways to log on, and looks at what is said, what
// was sent and what is left.
func TestHostileAnswers(t *testing.T) {
	var (
		whole    = []winsim.Op{create, command, send, receive, signal, remove}
		only     = func(ops ...winsim.Op) []winsim.Op { return ops }
		cleaned  = only(signal, signal, remove) // ctrl_c, terminate, Delete
		received = slices.Concat(whole[:4], cleaned)
	)
	for name, test := range map[string]struct {
		op      winsim.Op
		do      winsim.Act
		kind    executor.Failure // empty: the run succeeds
		code    uint32
		started bool
		sent    []winsim.Op
		left    int // shells that stay until their idle time is over
	}{
		"Create answered by nothing":        {create, winsim.Empty(), executor.FailureProtocol, 0, false, only(create), 0},
		"Create answered by garbage":        {create, winsim.Garbage(), executor.FailureProtocol, 0, false, only(create), 0},
		"Create answered by other XML":      {create, winsim.NotSOAP(), executor.FailureProtocol, 0, false, only(create), 0},
		"Create answered by two megabytes":  {create, winsim.Huge(2 << 20), executor.FailureProtocol, 0, false, only(create), 0},
		"Create answered by a front end":    {create, winsim.Status(404), executor.FailureProtocol, 0, false, only(create), 0},
		"Create while WinRM is stopped":     {create, winsim.Status(503), executor.FailureUnreachable, 0, false, only(create), 0},
		"Create forbidden":                  {create, winsim.Status(403), executor.FailureAccess, 0, false, only(create), 0},
		"Create redirected":                 {create, winsim.Status(302), executor.FailureProtocol, 0, false, only(create), 0},
		"Create denied":                     {create, winsim.Fault(5), executor.FailureAccess, 5, false, only(create), 0},
		"too many shells":                   {create, winsim.WMIFault(2150859173), executor.FailureQuota, 2150859173, false, only(create), 0},
		"an unheard-of fault":               {create, winsim.Fault(4711), executor.FailureFault, 4711, false, only(create), 0},
		"Create reset before its answer":    {create, winsim.Reset(0), executor.FailureUnreachable, 0, false, only(create), 0},
		"Create reset in its answer":        {create, winsim.Reset(300), executor.FailureUnreachable, 0, false, only(create), 1},
		"Create unanswered":                 {create, winsim.Silent(), executor.FailureUnreachable, 0, false, only(create), 0},
		"Create in small pieces":            {create, winsim.Split(7), "", 0, false, whole, 0},
		"process start denied":              {command, winsim.Fault(2147942405), executor.FailureAccess, 2147942405, false, only(create, command, remove), 0},
		"Command timed out":                 {command, winsim.Fault(2150858793), executor.FailureFault, 2150858793, true, only(create, command, remove), 0},
		"Command answered by nothing":       {command, winsim.Empty(), executor.FailureProtocol, 0, true, only(create, command, remove), 0},
		"Command reset":                     {command, winsim.Reset(0), executor.FailureLost, 0, true, only(create, command, remove), 0},
		"Command unanswered":                {command, winsim.Silent(), executor.FailureLost, 0, true, only(create, command, remove), 0},
		"Command answered late by shell":    {command, winsim.Fault(2150858843), executor.FailureGone, 2150858843, false, only(create, command, remove), 0},
		"Send slow":                         {send, winsim.Fault(995), executor.FailureGone, 995, true, only(create, command, send, remove), 0},
		"Send answered by garbage":          {send, winsim.Garbage(), executor.FailureProtocol, 0, true, slices.Concat(whole[:3], cleaned), 0},
		"Send reset":                        {send, winsim.Reset(0), executor.FailureLost, 0, true, slices.Concat(whole[:3], cleaned), 0},
		"Receive answered by nothing":       {receive, winsim.Empty(), executor.FailureProtocol, 0, true, received, 0},
		"Receive answered by garbage":       {receive, winsim.Garbage(), executor.FailureProtocol, 0, true, received, 0},
		"Receive answered by other XML":     {receive, winsim.NotSOAP(), executor.FailureProtocol, 0, true, received, 0},
		"Receive without a CommandState":    {receive, winsim.Huge(10), executor.FailureProtocol, 0, true, received, 0},
		"Receive answered by two megabytes": {receive, winsim.Huge(2 << 20), executor.FailureProtocol, 0, true, received, 0},
		"Receive answered by a front end":   {receive, winsim.Status(500), executor.FailureProtocol, 0, true, received, 0},
		"Receive while WinRM is stopped":    {receive, winsim.Status(503), executor.FailureLost, 0, true, received, 0},
		"Receive reset before its answer":   {receive, winsim.Reset(0), executor.FailureLost, 0, true, received, 0},
		"Receive reset in its answer":       {receive, winsim.Reset(400), executor.FailureLost, 0, true, received, 0},
		"Receive denied":                    {receive, winsim.Fault(5), executor.FailureAccess, 5, true, received, 0},
		"Receive when the shell is gone":    {receive, winsim.Fault(2150858843), executor.FailureGone, 2150858843, true, slices.Concat(whole[:4], only(remove)), 0},
		"Receive timed out once":            {receive, winsim.Fault(2150858793), "", 0, false, slices.Concat(whole[:4], whole[3:]), 0},
		"Receive in small pieces":           {receive, winsim.Split(7), "", 0, false, whole, 0},
		"Signal refused":                    {signal, winsim.Fault(5), "", 0, false, slices.Concat(whole[:5], cleaned), 0},
		"Signal when the command is gone":   {signal, winsim.Fault(2150858843), "", 0, false, whole, 0},
		"Signal reset":                      {signal, winsim.Reset(0), "", 0, false, slices.Concat(whole[:5], cleaned), 0},
		"Delete reset":                      {remove, winsim.Reset(0), "", 0, false, slices.Concat(whole, cleaned), 0},
		"Delete when the shell is gone":     {remove, winsim.Fault(2150858843), "", 0, false, whole, 1},
	} {
		for _, w := range ways {
			t.Run(name+" over "+w.name, func(t *testing.T) {
				server := newServer(t, w)
				runner := newRunnerWith(t, openGate{}, server, w, func(c *winrm.Config) {
					if strings.HasSuffix(name, "unanswered") { // the others do not wait, however slow the machine is
						c.RequestTimeout = 2 * time.Second
					}
				})
				server.Misbehave(winsim.Rule{Op: test.op, Do: test.do, After: strings.HasSuffix(name, "in its answer")})
				err := runner.Run(t.Context(), []byte("print one\n"), drop)
				if test.kind == "" {
					if err != nil {
						t.Errorf("got error %v", err)
					}
				} else if got := failed(t, err); got.Kind != test.kind || got.Code != test.code || got.Started != test.started {
					t.Errorf("got %+v, want %s, code %d, started %t", got, test.kind, test.code, test.started)
				}
				await(t, server, func(s winsim.Stats) bool { return s.Shells <= test.left })
				if sent := operations(server); !slices.Equal(sent, test.sent) {
					t.Errorf("sent %v, want %v", sent, test.sent)
				}
				stats := server.Stats()
				if stats.Shells != test.left || stats.Logons[w.username].Failed != 0 {
					t.Errorf("%d shells left and %+v", stats.Shells, stats.Logons)
				}
			})
		}
	}
}

// operations lists what a server was asked.
func operations(server *winsim.Server) []winsim.Op {
	var ops []winsim.Op
	for _, exchange := range server.Exchanges() {
		if exchange.Op != "" {
			ops = append(ops, exchange.Op)
		}
	}
	return ops
}

// TestReplyLimit takes a reply for too large before it looks into it.
func TestReplyLimit(t *testing.T) {
	server := newServer(t, ntlmTLS)
	runner := newRunner(t, server, ntlmTLS)
	server.Misbehave(winsim.Rule{Op: create, Do: winsim.Huge(1 << 20)})
	got := failed(t, runner.Run(t.Context(), nil, drop))
	if got.Kind != executor.FailureProtocol || !strings.Contains(got.Error(), "larger than 1 MiB") {
		t.Errorf("got %+v, want protocol about the size", got)
	}
}

// TestRefusedInTheMiddle changes its mind about a logon during a run: nothing more may be sent, not even Delete.
func TestRefusedInTheMiddle(t *testing.T) {
	for _, op := range []winsim.Op{command, send, receive} {
		for _, w := range ways {
			t.Run(string(op)+" over "+w.name, func(t *testing.T) {
				server := newServer(t, w)
				runner := newRunner(t, server, w)
				server.Misbehave(winsim.Rule{Op: op, Do: winsim.Unauthorized()})
				got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop))
				want, started := executor.FailureCredentials, op != command
				if w.plain { // a 401 in clear text proves nothing: the clean-up asks again, with a logon, and is refused
					want, started = executor.FailureLost, true
				}
				if got.Kind != want || got.Started != started {
					t.Errorf("got %+v, want %s, started %t", got, want, started)
				}
				before := server.Stats().HTTPRequests
				if got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop)); got.Kind != executor.FailureHeld {
					t.Errorf("got %+v, want held", got)
				}
				handshakes := map[way]int{ntlmTLS: 1, sealed: 1}[w] // Basic's 401 came after the password had been taken
				if logons := server.Stats().Logons[w.username]; logons.Failed != handshakes {
					t.Errorf("%+v, want %d refused", logons, handshakes)
				}
				if after := server.Stats().HTTPRequests; after != before || server.Stats().Requests[remove] != 0 {
					t.Errorf("sent %v", operations(server))
				}
			})
		}
	}
}

// TestRestart restarts the service under a shell.
func TestRestart(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w)
			runner := newRunner(t, server, w)
			err := runner.Run(t.Context(), []byte("print one\nrepeat 100000000 two\n"), func([]byte) error {
				server.Restart()
				return nil
			})
			if got := failed(t, err); got.Kind != executor.FailureLost && got.Kind != executor.FailureGone {
				t.Errorf("got %+v, want lost or gone", got)
			}
			if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
				t.Errorf("run after the restart: %v", err)
			}
			empty(t, server)
		})
	}
}

// TestLostConnectionBetweenRuns closes the idle connection of a lane.
func TestLostConnectionBetweenRuns(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w)
			runner := newRunner(t, server, w)
			for range 2 {
				if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
					t.Fatal(err)
				}
				runner.Close()
				await(t, server, func(s winsim.Stats) bool { return s.OpenConnections == 0 })
			}
			// Nothing is sent on a new connection before it is logged on.
			requests := map[way]int{basicTLS: 12, ntlmTLS: 14, sealed: 16}[w]
			if stats := empty(t, server); stats.Connections != 2 || stats.HTTPRequests != requests {
				t.Errorf("%d requests on %d connections, want %d on 2", stats.HTTPRequests, stats.Connections, requests)
			}
		})
	}
}
