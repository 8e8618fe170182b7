package winrm_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// TestConnect tries servers that cannot be reached or trusted. No logon may be tried on any of them.
func TestConnect(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *winsim.Server, *winrm.Config)
		kind   executor.Failure
		says   string
	}{
		"a name that is not known": {func(_ *testing.T, _ *winsim.Server, c *winrm.Config) {
			c.URL = "https://no-such-host.invalid:5986"
		}, executor.FailureUnreachable, "name"},
		"a port that is closed": {func(t *testing.T, _ *winsim.Server, c *winrm.Config) {
			c.URL = "https://" + closedPort(t)
		}, executor.FailureUnreachable, "refused"},
		"a port that stays silent": {func(_ *testing.T, s *winsim.Server, c *winrm.Config) {
			s.Misbehave(winsim.Rule{Op: winsim.OpConnect, Do: winsim.Silent()})
			c.DialTimeout, c.RequestTimeout = 100*time.Millisecond, 100*time.Millisecond
		}, executor.FailureUnreachable, "no answer"},
		"a certificate of an unknown authority": {func(_ *testing.T, _ *winsim.Server, c *winrm.Config) {
			c.CAs = x509.NewCertPool()
		}, executor.FailureTLS, "authority"},
		"a certificate for another name": {func(_ *testing.T, _ *winsim.Server, c *winrm.Config) {
			c.TLSServerName = "aadc02.corp.example"
		}, executor.FailureTLS, "another name"},
		"a connection broken in the handshake": {func(_ *testing.T, s *winsim.Server, _ *winrm.Config) {
			s.Misbehave(winsim.Rule{Op: winsim.OpConnect, Do: winsim.Reset(0)})
		}, executor.FailureUnreachable, "broke off"},
	} {
		for _, w := range ways {
			if w.plain && test.kind == executor.FailureTLS {
				continue
			}
			t.Run(name+" over "+w.name, func(t *testing.T) {
				server := newServer(t, w)
				runner := newRunner(t, server, w, func(c *winrm.Config) {
					test.change(t, server, c)
					if w.plain {
						c.URL = strings.Replace(c.URL, "https://", "http://", 1)
					}
				})
				err := runner.Run(t.Context(), []byte("print one\n"), drop)
				got := failed(t, err)
				if got.Kind != test.kind || got.Started || !strings.Contains(got.Detail, test.says) {
					t.Errorf("got %+v, want %s about %q", got, test.kind, test.says)
				}
				stats := server.Stats()
				if stats.HTTPRequests != 0 || len(stats.Logons) != 0 || stats.ShellsEver != 0 {
					t.Errorf("got %+v, want no request", stats)
				}
			})
		}
	}
}

// TestNotTLS talks TLS to a plain server.
func TestNotTLS(t *testing.T) {
	server := newServer(t, sealed)
	runner := newRunner(t, server, basicTLS, func(c *winrm.Config) { c.URL = "https://" + server.Address() })
	got := failed(t, runner.Run(t.Context(), nil, drop))
	if got.Kind != executor.FailureTLS || errors.Unwrap(got) == nil {
		t.Errorf("got %+v, want tls", got)
	}
}

// TestExpired meets a certificate whose time is over.
func TestExpired(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"aadc01"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a request went out")
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	runner := newRunner(t, newServer(t, basicTLS), basicTLS, func(c *winrm.Config) {
		c.URL, c.TLSServerName = server.URL, "aadc01"
		c.CAs = x509.NewCertPool()
		c.CAs.AddCert(certificate)
	})
	got := failed(t, runner.Run(t.Context(), nil, drop))
	if got.Kind != executor.FailureTLS || !strings.Contains(got.Detail, "expired") {
		t.Errorf("got %+v, want tls about expiry", got)
	}
}

// TestNoProxy sets the variables that other programs obey.
func TestNoProxy(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://"+closedPort(t))
	}
	server := newServer(t, ntlmTLS)
	if err := newRunner(t, server, ntlmTLS).Run(t.Context(), nil, drop); err != nil {
		t.Error(err)
	}
}

// closedPort returns an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
