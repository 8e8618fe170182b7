package winrm_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/runnertest"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

const (
	password = "correct horse"
	domain   = `CORP\svc-adsync`
	account  = "svc-adsync" // a local account, for Basic
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// way is a way to reach and log on to a server, with the account that goes with it.
type way struct {
	name     string
	auth     winrm.Auth
	plain    bool // http
	username string
}

var (
	basicTLS = way{"basic", winrm.AuthBasic, false, account}
	ntlmTLS  = way{"ntlm", winrm.AuthNTLM, false, domain}
	sealed   = way{"sealed", winrm.AuthNTLM, true, domain}

	ways = []way{basicTLS, ntlmTLS, sealed}
)

// newServer starts a fake Windows server on which runnertest.Program is PowerShell. When the test ends, no message must
// have come to it in clear text.
func newServer(t testing.TB, w way, change ...func(*winsim.Config)) *winsim.Server {
	t.Helper()
	config := winsim.Config{
		PlainHTTP: w.plain,
		Accounts:  []winsim.Account{{Name: domain, Password: password}, {Name: account, Password: password}},
		Schemes:   []winsim.Scheme{winsim.Basic, winsim.Negotiate, winsim.NTLM},
		PowerShell: func(ctx context.Context, p winsim.Process) int {
			return runnertest.Program(ctx, p.Stdin, p.Stdout, p.Stderr)
		},
	}
	for _, c := range change {
		c(&config)
	}
	server, err := winsim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if stats := server.Stats(); stats.Plaintext != 0 || stats.Sealed > 0 != w.plain && stats.ShellsEver > 0 {
			t.Errorf("%d messages in clear text and %d sealed ones came to a server reached by %s", stats.Plaintext, stats.Sealed, w.name)
		}
	})
	return server
}

// newRunner returns a Runner for a server, with the right password and a lock-out of its own unless changed.
func newRunner(t testing.TB, server *winsim.Server, w way, change ...func(*winrm.Config)) *winrm.Runner {
	t.Helper()
	return newRunnerWith(t, winrm.NewLockout(newLedger()), server, w, change...)
}

func newRunnerWith(t testing.TB, gate winrm.Gate, server *winsim.Server, w way, change ...func(*winrm.Config)) *winrm.Runner {
	t.Helper()
	config := winrm.Config{
		Server:           "aadc01",
		URL:              server.URL(),
		Auth:             w.auth,
		Username:         w.username,
		Password:         secret(password),
		CAs:              x509.NewCertPool(),
		OperationTimeout: 500 * time.Millisecond, // the shortest a server takes
	}
	config.CAs.AppendCertsFromPEM(server.CAPEM())
	for _, c := range change {
		c(&config)
	}
	runner, err := winrm.New(config, gate, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runner.Close)
	return runner
}

func secret(text string) winrm.Secret { return func() (string, error) { return text, nil } }

// drop is a receiver of lines that wants none.
func drop([]byte) error { return nil }

// failed checks that err is a *executor.RunError and returns it.
func failed(t testing.TB, err error) *executor.RunError {
	t.Helper()
	runError, ok := errors.AsType[*executor.RunError](err)
	if !ok {
		t.Fatalf("got error %v, want a RunError", err)
	}
	return runError
}

// await waits until a server's counters are as wanted. That they never are must not hang the tests.
func await(t testing.TB, server *winsim.Server, wanted func(winsim.Stats) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := server.Wait(ctx, wanted); err != nil {
		t.Error(err)
	}
}

// empty waits until nothing is left on a server, and returns its counters.
func empty(t testing.TB, server *winsim.Server) winsim.Stats {
	t.Helper()
	await(t, server, func(s winsim.Stats) bool { return s.Shells == 0 && s.Processes == 0 })
	return server.Stats()
}

// ledger is a Ledger in memory that can be told to fail.
type ledger struct {
	mu      sync.Mutex
	records map[string]winrm.Record
	saves   int
	loadErr error
	saveErr error
}

func newLedger() *ledger { return &ledger{records: make(map[string]winrm.Record)} }

func (l *ledger) Load(ctx context.Context, identity string) ([]winrm.Record, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []winrm.Record
	for _, record := range l.records {
		if record.Identity == identity {
			found = append(found, record)
		}
	}
	return found, l.loadErr
}

func (l *ledger) Save(ctx context.Context, record winrm.Record) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saveErr != nil {
		return l.saveErr
	}
	l.saves++
	l.records[record.Identity+" "+string(record.Hash)] = record
	return nil
}

func (l *ledger) fail(load, save error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loadErr, l.saveErr = load, save
}
