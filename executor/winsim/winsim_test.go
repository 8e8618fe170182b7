package winsim_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/masterzen/winrm"
	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	powershell = "powershell.exe -NoLogo -NoProfile -NonInteractive -OutputFormat Text -Command -"
	user       = `CORP\svc-adsync`
	password   = "pä$$word"
)

// start runs a server with one account until the test ends.
func start(t *testing.T, config winsim.Config) *winsim.Server {
	t.Helper()
	if config.Accounts == nil {
		config.Accounts = []winsim.Account{{Name: user, Password: password}}
	}
	server, err := winsim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server
}

// upper answers every line of standard input in capitals, the last words on standard error, and exits with 7.
func upper(_ context.Context, p winsim.Process) int {
	lines := bufio.NewScanner(p.Stdin)
	for lines.Scan() {
		_, _ = fmt.Fprintf(p.Stdout, "%s\r\n", strings.ToUpper(lines.Text()))
	}
	_, _ = fmt.Fprint(p.Stderr, "bye\r\n")
	return 7
}

// forever runs until it is stopped and tells why.
func forever(why chan<- error) winsim.Program {
	return func(ctx context.Context, p winsim.Process) int {
		_, _ = io.WriteString(p.Stdout, "working\r\n")
		<-ctx.Done()
		why <- context.Cause(ctx)
		return 1
	}
}

// eventually waits for the server's counters, as long as the test may run.
func eventually(t *testing.T, server *winsim.Server, done func(winsim.Stats) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, errors.New("never came true"))
	defer cancel()
	if err := server.Wait(ctx, done); err != nil {
		t.Fatal(err)
	}
}

// masterzenClient is another author's client, so that both sides are not the same misunderstanding.
func masterzenClient(t *testing.T, server *winsim.Server, user, password string, transport func() winrm.Transporter) *winrm.Client {
	t.Helper()
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	params := winrm.NewParameters("PT20S", "en-US", 153600)
	params.TransportDecorator = transport
	params.Dial = (&net.Dialer{}).Dial
	endpoint := winrm.NewEndpoint(u.Hostname(), port, u.Scheme == "https", false, server.CAPEM(), nil, nil, 20*time.Second)
	client, err := winrm.NewClientWithParameters(endpoint, user, password, params)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestAnotherAuthorsClientRunsACommand(t *testing.T) {
	for _, test := range []struct {
		name      string
		config    winsim.Config
		transport func() winrm.Transporter
		sealed    int
	}{
		{name: "with Basic over https", config: winsim.Config{Schemes: []winsim.Scheme{winsim.Basic}}},
		{name: "with NTLM over https", transport: func() winrm.Transporter { return &winrm.ClientNTLM{} }},
		{
			name:      "with NTLM in clear over http where that is allowed",
			config:    winsim.Config{PlainHTTP: true, AllowUnencrypted: true},
			transport: func() winrm.Transporter { return &winrm.ClientNTLM{} },
		},
		{name: "with sealed NTLM over http", config: winsim.Config{PlainHTTP: true}, sealed: 4, transport: func() winrm.Transporter {
			sealed, _ := winrm.NewEncryption("ntlm")
			return sealed
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.config.PowerShell = upper
			server := start(t, test.config)
			client := masterzenClient(t, server, user, password, test.transport)
			shell, err := client.CreateShell()
			if err != nil {
				t.Fatal(err)
			}
			command, err := shell.ExecuteWithContext(t.Context(), "hostname")
			if err != nil {
				t.Fatal(err)
			}
			out, err := io.ReadAll(command.Stdout)
			if err != nil || string(out) != "AADC01\r\n" {
				t.Errorf("hostname said %q, %v", out, err)
			}
			command.Wait()
			if err := shell.Close(); err != nil {
				t.Error(err)
			}
			stats := server.Stats()
			if stats.Shells != 0 || stats.ShellsEver != 1 || stats.ProcessesEver != 1 {
				t.Errorf("shells %d of %d, processes ever %d", stats.Shells, stats.ShellsEver, stats.ProcessesEver)
			}
			if stats.Sealed != test.sealed || test.sealed > 0 && stats.Plaintext > 0 {
				t.Errorf("%d messages sealed, %d in clear; want %d sealed", stats.Sealed, stats.Plaintext, test.sealed)
			}
			if logons := stats.Logons[user]; logons.Succeeded == 0 || logons.Failed != 0 {
				t.Errorf("logons: %+v", logons)
			}
		})
	}
}
