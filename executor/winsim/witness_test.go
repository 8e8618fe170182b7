package winsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// opensslConf makes MD4, which NTLM needs and OpenSSL 3 has put aside, available to Python.
const opensslConf = `openssl_conf = all
[all]
providers = both
[both]
default = on
legacy = on
[on]
activate = 1
`

// pywinrm is testdata/witness.py on an interpreter that has the library.
type pywinrm struct {
	URL        string     `json:"url"`
	User       string     `json:"user"`
	Password   string     `json:"password"`
	Transport  string     `json:"transport"`
	Encryption string     `json:"encryption"`
	CA         string     `json:"ca"` // a file
	Commands   [][]string `json:"commands"`
}

// ran is how one command came out.
type ran struct {
	Out, Err string
	Code     int
	Error    string // of pywinrm, instead of the rest
}

// python finds an interpreter that has pywinrm; Debian's package serves Debian's interpreter only.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import winrm, requests_ntlm").Run() == nil {
			return name
		}
	}
	t.Skip("needs pywinrm: apt-get install python3-winrm")
	return ""
}

// run asks pywinrm to run the commands one after another, each in a shell of its own.
func (p pywinrm) run(t *testing.T, server *winsim.Server) []ran {
	t.Helper()
	interpreter := python(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "openssl.cnf")
	if err := os.WriteFile(conf, []byte(opensslConf), 0o600); err != nil {
		t.Fatal(err)
	}
	if pem := server.CAPEM(); pem != nil {
		p.CA = filepath.Join(dir, "ca.pem")
		if err := os.WriteFile(p.CA, pem, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.URL = server.URL()
	question, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a test that fails takes so long
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, filepath.Join("testdata", "witness.py"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "OPENSSL_CONF=" + conf}
	cmd.Stdin = bytes.NewReader(question)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pywinrm: %v\n%s", err, log.String())
	}
	var answers []ran
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("pywinrm said %q: %v", out, err)
	}
	return answers
}

const (
	lines      = 20_000 // 1.2 MB, which is more than one reply holds
	line       = "The quick brown fox jumps over the lazy dog, again and again"
	localUser  = "svc-adsync"
	localWord  = "Passw0rd!"
	timedOut   = 2150858793
	accessCode = 5
)

func TestPywinrmAccepts(t *testing.T) {
	for _, test := range []struct {
		name       string
		config     winsim.Config
		user       string
		transport  string
		encryption string
		sealed     bool
	}{
		{"Basic over https", winsim.Config{Schemes: []winsim.Scheme{winsim.Basic}}, localUser, "basic", "auto", false},
		{"Basic over http where that is allowed", winsim.Config{
			Schemes: []winsim.Scheme{winsim.Basic}, PlainHTTP: true, AllowUnencrypted: true,
		}, localUser, "basic", "auto", false},
		{"NTLM over https", winsim.Config{}, user, "ntlm", "auto", false},
		{"NTLM sealed over https", winsim.Config{}, user, "ntlm", "always", true},
		{"NTLM sealed over http", winsim.Config{PlainHTTP: true}, user, "ntlm", "always", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			quiet := make(chan struct{}) // closed when pywinrm has waited for output in vain
			test.config.Accounts = []winsim.Account{{Name: user, Password: localWord}, {Name: localUser, Password: localWord}}
			test.config.PowerShell = func(ctx context.Context, p winsim.Process) int {
				switch _, what, _ := strings.Cut(p.CommandLine, " "); what {
				case "-Command fail":
					_, _ = io.WriteString(p.Stdout, "before\r\n")
					_, _ = io.WriteString(p.Stderr, "it broke\r\n")
					return 3
				case "-Command much":
					_, _ = io.WriteString(p.Stdout, strings.Repeat(line+"\r\n", lines))
				case "-Command wait":
					select {
					case <-quiet:
					case <-ctx.Done():
						return 1
					}
					_, _ = io.WriteString(p.Stdout, "at last\r\n")
				}
				return 0
			}
			server := start(t, test.config)
			go func() {
				defer close(quiet) // after the limit, too: then the counter below tells
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_ = server.Wait(ctx, func(s winsim.Stats) bool { return s.Faults[timedOut] >= 2 })
			}()
			got := pywinrm{
				User: test.user, Password: localWord, Transport: test.transport, Encryption: test.encryption,
				Commands: [][]string{
					{"hostname"},
					{"powershell", "-Command", "fail"},
					{"powershell", "-Command", "much"},
					{"powershell", "-Command", "wait"},
					{"no-such-program"},
				},
			}.run(t, server)
			want := []ran{
				{Out: "AADC01\r\n"},
				{Out: "before\r\n", Err: "it broke\r\n", Code: 3},
				{Out: strings.Repeat(line+"\r\n", lines)},
				{Out: "at last\r\n"},
				{Err: "'no-such-program' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", Code: 1},
			}
			if !slices.Equal(got, want) {
				t.Errorf("pywinrm got %.500s, want %.500s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
			}
			stats := server.Stats()
			if n := stats.Faults[timedOut]; n < 2 || len(stats.Faults) != 1 {
				t.Errorf("faults %+v, want two time-outs which pywinrm waited through", stats.Faults)
			}
			if stats.Shells != 0 || stats.ShellsEver != len(want) || stats.ProcessesEver != len(want) || stats.Processes != 0 {
				t.Errorf("shells %d of %d, processes %d of %d", stats.Shells, stats.ShellsEver, stats.Processes, stats.ProcessesEver)
			}
			if logons := stats.Logons[test.user]; logons.Succeeded == 0 || logons.Failed != 0 || len(stats.Logons) != 1 {
				t.Errorf("logons: %+v", stats.Logons)
			}
			if test.sealed != (stats.Sealed > 0) || test.sealed && stats.Plaintext > 0 {
				t.Errorf("%d messages sealed, %d in clear", stats.Sealed, stats.Plaintext)
			}
		})
	}
}

// TestPywinrmUnderstandsRefusals: what goes wrong comes out as the error that pywinrm has for it.
func TestPywinrmUnderstandsRefusals(t *testing.T) {
	for _, test := range []struct {
		name     string
		password string
		rule     winsim.Rule
		want     string
	}{
		{"a wrong password", "wrong", winsim.Rule{}, "InvalidCredentialsError: the specified credentials were rejected by the server"},
		{"no right to a shell", localWord, winsim.Rule{Op: winsim.OpCreate, Do: winsim.Fault(accessCode)}, "'wsmanfault_code': '5'"},
		{"a shell that vanished", localWord, winsim.Rule{Op: winsim.OpCommand, Do: winsim.Fault(2150858843)}, "'wsmanfault_code': '2150858843'"},
		{"too many shells, which has no code for pywinrm", localWord, winsim.Rule{Op: winsim.OpCreate, Do: winsim.WMIFault(2150859173)}, "WinRMError: a fault was asked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := start(t, winsim.Config{PlainHTTP: true, Accounts: []winsim.Account{{Name: user, Password: localWord}}})
			if test.rule.Op != "" {
				server.Misbehave(test.rule)
			}
			got := pywinrm{
				User: user, Password: test.password, Transport: "ntlm", Encryption: "always", Commands: [][]string{{"hostname"}},
			}.run(t, server)
			if len(got) != 1 || !strings.Contains(got[0].Error, test.want) {
				t.Errorf("pywinrm said %+v, want %s", got, test.want)
			}
		})
	}
}
