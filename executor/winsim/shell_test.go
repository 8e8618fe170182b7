package winsim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

func basic(config winsim.Config) winsim.Config {
	config.Schemes = []winsim.Scheme{winsim.Basic}
	return config
}

func TestPowerShellGetsItsInputAndAnswers(t *testing.T) {
	lines := make(chan winsim.Process, 1)
	server := start(t, basic(winsim.Config{PowerShell: func(ctx context.Context, p winsim.Process) int {
		lines <- p
		return upper(ctx, p)
	}}))
	c := newClient(t, server)
	c.options = `<w:OptionSet><w:Option Name="WINRS_CODEPAGE">65001</w:Option></w:OptionSet>`
	shell := c.createWith(`<rsp:Shell><rsp:Environment><rsp:Variable Name="A">1 &amp; 2</rsp:Variable></rsp:Environment>` +
		`<rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>`).soap.Selector
	c.options = ""
	command := c.command(shell, powershell)
	c.send(shell, command, "eins\nzw", false)
	c.send(shell, command, "ei\n", true)
	stdout, stderr, exit := c.output(shell, command)
	if stdout != "EINS\r\nZWEI\r\n" || stderr != "bye\r\n" || exit != 7 {
		t.Errorf("got %q, %q, exit %d", stdout, stderr, exit)
	}
	p := <-lines
	if p.CommandLine != powershell || p.CodePage != 65001 || p.User != user || !slices.Equal(p.Environment, []string{"A=1 & 2"}) {
		t.Errorf("process: %+v", p)
	}
	if a := c.receive(shell, command); a.fault() != 2150858843 {
		t.Errorf("a receive after the end: %d %s", a.status, a.raw)
	}
	if a := c.signal(shell, command, "terminate"); a.status != http.StatusOK || a.soap.Action != shellNS+"/SignalResponse" {
		t.Errorf("final signal: %d %s", a.status, a.raw)
	}
	if a := c.signal(shell, command, "terminate"); a.fault() != 2150858843 {
		t.Errorf("second final signal: %d %s", a.status, a.raw)
	}
	if a := c.delete(shell); a.status != http.StatusOK {
		t.Errorf("delete: %d %s", a.status, a.raw)
	}
	if a := c.delete(shell); a.fault() != 2150858843 {
		t.Errorf("second delete: %d %s", a.status, a.raw)
	}
	log := server.Exchanges()
	if len(log) == 0 || log[1].Op != winsim.OpCommand || log[1].CommandLine != powershell || log[1].Shell != shell {
		t.Errorf("log: %+v", log)
	}
}

func TestTheLastReplyEndsEveryStream(t *testing.T) {
	server := start(t, basic(winsim.Config{}))
	c := newClient(t, server)
	shell := c.create()
	command := c.command(shell, "exit 3")
	a := c.receive(shell, command)
	var ended []string
	for _, s := range a.soap.Streams {
		if s.End == "true" {
			ended = append(ended, s.Name)
		}
	}
	if !a.done() || *a.soap.State.ExitCode != 3 || !slices.Equal(ended, []string{"stdout", "stderr"}) {
		t.Errorf("got %s", a.raw)
	}
}

func TestLargeOutputComesInPiecesThatFitTheEnvelope(t *testing.T) {
	want := bytes.Repeat([]byte("zwölf Boxkämpfer jagen\n"), 20000)
	server := start(t, basic(winsim.Config{PowerShell: func(_ context.Context, p winsim.Process) int {
		if _, err := p.Stdout.Write(want); err != nil {
			return 1
		}
		return 0
	}}))
	c := newClient(t, server)
	c.envelope = 20000
	shell := c.create()
	command := c.command(shell, powershell)
	var got strings.Builder
	for done := false; !done; {
		a := c.receive(shell, command)
		if len(a.raw) > c.envelope {
			t.Fatalf("an envelope of %d bytes, %d allowed", len(a.raw), c.envelope)
		}
		got.WriteString(a.stream(t, "stdout"))
		done = a.done()
	}
	if got.String() != string(want) {
		t.Errorf("%d bytes came, %d were sent", got.Len(), len(want))
	}
}

func TestNoOutputInTimeIsAFault(t *testing.T) {
	clock := winsim.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	why := make(chan error, 1)
	server := start(t, basic(winsim.Config{Clock: clock, PowerShell: forever(why)}))
	c := newClient(t, server)
	shell := c.create()
	command := c.command(shell, powershell)
	if a := c.receive(shell, command); a.stream(t, "stdout") != "working\r\n" || a.done() {
		t.Fatalf("first receive: %s", a.raw)
	}
	answers := make(chan *answer, 1)
	go func() { answers <- c.receive(shell, command) }()
	eventually(t, server, func(s winsim.Stats) bool { return s.Receiving == 1 })
	clock.Advance(19 * time.Second)
	if got := server.Stats(); got.Receiving != 1 || got.Faults[2150858793] != 0 {
		t.Errorf("after 19 s: %+v", got)
	}
	clock.Advance(time.Second)
	if a := <-answers; a.status != http.StatusInternalServerError || a.fault() != 2150858793 || a.soap.Fault.Subcode != "w:TimedOut" {
		t.Errorf("after 20 s: %d %s", a.status, a.raw)
	}
}

func TestEveryEndOfAProgramHasItsCause(t *testing.T) {
	for _, test := range []struct {
		name    string
		end     func(c *client, clock *winsim.ManualClock, server *winsim.Server, shell, command string)
		cause   error
		pending uint32 // the fault that a waiting Receive gets; 0: it gets the exit code
		shells  int
	}{
		{"ctrl_c interrupts it", func(c *client, _ *winsim.ManualClock, _ *winsim.Server, shell, command string) {
			c.signal(shell, command, "ctrl_c")
		}, winsim.ErrInterrupted, 0, 1},
		{"terminate ends it and its command", func(c *client, _ *winsim.ManualClock, _ *winsim.Server, shell, command string) {
			c.signal(shell, command, "terminate")
		}, winsim.ErrTerminated, 995, 1},
		{"Delete ends the shell and all in it", func(c *client, _ *winsim.ManualClock, _ *winsim.Server, shell, _ string) {
			c.delete(shell)
		}, winsim.ErrShellDeleted, 995, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := winsim.NewManualClock(time.Now())
			why := make(chan error, 1)
			server := start(t, basic(winsim.Config{Clock: clock, PowerShell: forever(why)}))
			c := newClient(t, server)
			shell := c.create()
			command := c.command(shell, powershell)
			c.receive(shell, command)
			other := newClient(t, server)
			answers := make(chan *answer, 1)
			go func() { answers <- other.receive(shell, command) }()
			eventually(t, server, func(s winsim.Stats) bool { return s.Receiving == 1 })
			test.end(c, clock, server, shell, command)
			if cause := <-why; !errors.Is(cause, test.cause) {
				t.Errorf("the program ended because of %v, want %v", cause, test.cause)
			}
			a := <-answers
			if a.fault() != test.pending {
				t.Errorf("the waiting receive: %d %s", a.status, a.raw)
			}
			if test.pending == 0 && (!a.done() || *a.soap.State.ExitCode != -1073741510) {
				t.Errorf("the waiting receive: %s", a.raw)
			}
			eventually(t, server, func(s winsim.Stats) bool { return s.Processes == 0 && s.Shells == test.shells })
		})
	}
}

func TestAnIdleShellEndsByTheServersClock(t *testing.T) {
	clock := winsim.NewManualClock(time.Now())
	why := make(chan error, 1)
	server := start(t, basic(winsim.Config{Clock: clock, PowerShell: forever(why)}))
	c := newClient(t, server)
	shell := c.createWith(`<rsp:Shell><rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut></rsp:Shell>`).soap.Selector
	command := c.command(shell, powershell)
	clock.Advance(59 * time.Second)
	c.receive(shell, command) // begins the minute anew
	clock.Advance(59 * time.Second)
	if n := server.Stats().Shells; n != 1 {
		t.Fatalf("%d shells after 59 s", n)
	}
	clock.Advance(time.Second)
	if cause := <-why; !errors.Is(cause, winsim.ErrShellIdle) {
		t.Errorf("the program ended because of %v", cause)
	}
	if a := c.receive(shell, command); a.fault() != 2150858843 {
		t.Errorf("receive in an ended shell: %d %s", a.status, a.raw)
	}
}

func TestAShellExistsForItsOwnerOnly(t *testing.T) {
	server := start(t, basic(winsim.Config{Accounts: []winsim.Account{{Name: user, Password: password}, {Name: "other", Password: "x"}}}))
	owner, other := newClient(t, server), newClient(t, server)
	other.user, other.password = "other", "x"
	shell := owner.create()
	command := owner.command(shell, "ver")
	for name, a := range map[string]*answer{
		"command": other.commandAnswer(shell, "ver"), "receive": other.receive(shell, command),
		"signal": other.signal(shell, command, "terminate"), "delete": other.delete(shell),
	} {
		if a.fault() != 2150858843 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := owner.delete(shell); a.status != http.StatusOK {
		t.Errorf("delete by its owner: %d %s", a.status, a.raw)
	}
}

func TestQuotas(t *testing.T) {
	server := start(t, basic(winsim.Config{Quotas: winsim.Quotas{MaxShellsPerUser: 2, MaxProcessesPerShell: 1}}))
	c := newClient(t, server)
	first := c.create()
	c.create()
	if a := c.createWith(createBody); a.soap.Fault.WMI != 2150859173 || a.soap.Fault.WSMan.Code != 0 {
		t.Errorf("third shell of two: %d %s", a.status, a.raw)
	}
	command := c.command(first, "ver")
	if a := c.commandAnswer(first, "ver"); a.soap.Fault.WMI != 2150859174 {
		t.Errorf("second process of one: %d %s", a.status, a.raw)
	}
	c.signal(first, command, "terminate")
	c.command(first, "ver")
	c.delete(first)
	c.create()
}

func TestWhatBelongsToARequestIsEnforced(t *testing.T) {
	server := start(t, basic(winsim.Config{Quotas: winsim.Quotas{MaxEnvelopeSize: 16 << 10}}))
	for _, test := range []struct {
		name  string
		spoil func(*client) *answer
		code  uint32
	}{
		{"an unknown action", func(c *client) *answer { return c.must("urn:what", "", createBody) }, 2150858753},
		{"another resource", func(c *client) *answer { c.resource += "x"; return c.createWith(createBody) }, 2150858811},
		{"no address", func(c *client) *answer { c.to = ""; return c.createWith(createBody) }, 2150858767},
		{"a time-out that is no duration", func(c *client) *answer { c.timeout = "20"; return c.createWith(createBody) }, 2150858767},
		{"a time-out below half a second", func(c *client) *answer { c.timeout = "PT0.1S"; return c.createWith(createBody) }, 2150858764},
		{"too small an envelope for the answer", func(c *client) *answer { c.envelope = 100; return c.createWith(createBody) }, 2150858823},
		{"too large an envelope", func(c *client) *answer {
			return c.createWith(createBody + "<!--" + strings.Repeat("x", 16<<10) + "-->")
		}, 2150858790},
		{"no XML", func(c *client) *answer { return c.createWith("<rsp:Shell>") }, 2150858817},
		{"a create without a shell", func(c *client) *answer { return c.createWith("") }, 2150858817},
		{"an unknown code page", func(c *client) *answer {
			c.options = `<w:OptionSet><w:Option Name="WINRS_CODEPAGE">1</w:Option></w:OptionSet>`
			return c.createWith(createBody)
		}, 87},
		{"an idle time that is none", func(c *client) *answer {
			return c.createWith(`<rsp:Shell><rsp:IdleTimeOut>soon</rsp:IdleTimeOut></rsp:Shell>`)
		}, 87},
		{"no such shell", func(c *client) *answer { return c.commandAnswer("NONE", "ver") }, 2150858843},
		{"no such command", func(c *client) *answer { return c.receive(c.create(), "NONE") }, 2150858843},
		{"a receive without a command", func(c *client) *answer { return c.receive(c.create(), "") }, 87},
		{"an unknown signal", func(c *client) *answer {
			shell := c.create()
			return c.signal(shell, c.command(shell, "ver"), "hup")
		}, 87},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a := test.spoil(newClient(t, server)); a.status != http.StatusInternalServerError || a.fault() != test.code {
				t.Errorf("got %d %s, want fault %d", a.status, a.raw, test.code)
			}
		})
	}
}

func TestCmdWitnesses(t *testing.T) {
	server := start(t, basic(winsim.Config{ComputerName: "SYNC01"}))
	c := newClient(t, server)
	unknown := "'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
	for _, test := range []struct {
		line, stdout, stderr string
		exit                 int
	}{
		{"echo hello  there", "hello  there\r\n", "", 0},
		{"exit 42", "", "", 42},
		{"exit /b 3", "", "", 3},
		{"whoami", "corp\\svc-adsync\r\n", "", 0},
		{"hostname", "SYNC01\r\n", "", 0},
		{"ver", "\r\nMicrosoft Windows [Version 10.0.14393]\r\n", "", 0},
		{"cmd.exe /c hostname", "SYNC01\r\n", "", 0},
		{"format c:", "", fmt.Sprintf(unknown, "format"), 1},
		{"powershell.exe -Command -", "", fmt.Sprintf(unknown, "powershell.exe"), 1},
		{"echo " + strings.Repeat("x", 8191), "", "The command line is too long.\r\n", 1},
	} {
		shell := c.create()
		stdout, stderr, exit := c.output(shell, c.command(shell, test.line))
		if stdout != test.stdout || stderr != test.stderr || exit != test.exit {
			t.Errorf("%.40s: %q, %q, exit %d", test.line, stdout, stderr, exit)
		}
		c.delete(shell)
	}
	shell := c.create()
	if a := c.commandAnswer(shell, strings.Repeat("x", 33000)); a.fault() != 2147942606 || !strings.Contains(a.raw, `<f:ProviderFault provider="Shell cmd plugin"`) {
		t.Errorf("a command line of 33000: %d %s", a.status, a.raw)
	}
}

func TestAFloodingProgramWaitsForItsReader(t *testing.T) {
	written := make(chan int, 1)
	server := start(t, basic(winsim.Config{PowerShell: func(_ context.Context, p winsim.Process) int {
		n, err := io.Copy(p.Stdout, endless{})
		written <- int(n)
		if errors.Is(err, io.ErrClosedPipe) {
			return 0
		}
		return 1
	}}))
	c := newClient(t, server)
	shell := c.create()
	c.receive(shell, c.command(shell, powershell))
	c.delete(shell)
	if n := <-written; n > 2<<20 {
		t.Errorf("%d bytes were written ahead of a client that had read one reply", n)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
