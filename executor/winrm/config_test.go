package winrm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

func TestNew(t *testing.T) {
	const good = "https://aadc01.corp.example:5986"
	for name, test := range map[string]struct {
		change func(*winrm.Config)
		says   string // empty: it is accepted
	}{
		"a plain address":                  {func(*winrm.Config) {}, ""},
		"an address with the usual path":   {func(c *winrm.Config) { c.URL = good + "/wsman" }, ""},
		"an IPv6 address":                  {func(c *winrm.Config) { c.URL = "https://[2001:db8::1]:5986" }, ""},
		"ntlm over https":                  {func(c *winrm.Config) { c.Auth = winrm.AuthNTLM }, ""},
		"basic over http":                  {func(c *winrm.Config) { c.URL = "http://aadc01:5985" }, "clear text"},
		"ntlm over http, sealed":           {func(c *winrm.Config) { c.URL, c.Auth = "http://aadc01:5985", winrm.AuthNTLM }, ""},
		"an unknown way to log on":         {func(c *winrm.Config) { c.Auth = "kerberos" }, "neither basic nor ntlm"},
		"no way to log on":                 {func(c *winrm.Config) { c.Auth = "" }, "neither basic nor ntlm"},
		"another scheme":                   {func(c *winrm.Config) { c.URL = "ftp://aadc01" }, "https://"},
		"no scheme":                        {func(c *winrm.Config) { c.URL = "aadc01:5986" }, "https://"},
		"no host":                          {func(c *winrm.Config) { c.URL = "https://:5986" }, "host name"},
		"markup in the host":               {func(c *winrm.Config) { c.URL = "https://a<b:5986" }, ""},
		"an ampersand in the host":         {func(c *winrm.Config) { c.URL = "https://a&b:5986" }, "host name"},
		"a password in the address":        {func(c *winrm.Config) { c.URL = "https://svc:geheim@aadc01:5986" }, "user name or password"},
		"an unreadable address with one":   {func(c *winrm.Config) { c.URL = "https://svc:geheim@aadc01:x%" }, "not a URL"},
		"another path":                     {func(c *winrm.Config) { c.URL = good + "/owa" }, "/wsman"},
		"a query":                          {func(c *winrm.Config) { c.URL = good + "/wsman?a=b" }, "/wsman"},
		"no user name":                     {func(c *winrm.Config) { c.Username = "" }, "username"},
		"a user name that Basic would cut": {func(c *winrm.Config) { c.Username = "a:b" }, "colon"},
		"no password":                      {func(c *winrm.Config) { c.Password = nil }, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			config := winrm.Config{Server: "aadc01", URL: good, Auth: winrm.AuthBasic, Username: "svc", Password: secret("x")}
			test.change(&config)
			_, err := winrm.New(config, winrm.NewLockout(newLedger()), slog.New(slog.DiscardHandler))
			switch {
			case name == "markup in the host":
				if err == nil {
					t.Error("accepted")
				}
			case (err == nil) != (test.says == ""):
				t.Errorf("got error %v", err)
			case err != nil && (!strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "aadc01")):
				t.Errorf("got error %v, want one about %q", err, test.says)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("the password stands in %q", err)
			}
		})
	}
}

// TestSecretHides prints a secret in every way.
func TestSecretHides(t *testing.T) {
	config := winrm.Config{Username: "svc", Password: secret("geheim")}
	logon := winrm.Logon{Identity: "svc", Server: "aadc01", Password: config.Password}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		fmt.Fprintf(&out, verb+"\n", config.Password)
		fmt.Fprintf(&out, verb+"\n", config)
		fmt.Fprintf(&out, verb+"\n", logon)
	}
	text, err := json.Marshal(config.Password)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("secret", "value", config.Password, "logon", logon)
	}
	for _, leak := range []string{"geheim", fmt.Sprintf("%x", "geheim"), fmt.Sprintf("%X", "geheim")} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q stands in\n%s", leak, out.String())
		}
	}
	if got := strings.Count(out.String(), "[hidden]"); got < 20 {
		t.Errorf("hidden %d times in\n%s", got, out.String())
	}
}

// TestUnreadablePassword reports why a password could not be read, and sends nothing.
func TestUnreadablePassword(t *testing.T) {
	server := newServer(t, basicTLS)
	missing := errors.New("open /run/secrets/aadc01: no such file")
	runner := newRunner(t, server, basicTLS, func(c *winrm.Config) {
		c.Password = func() (string, error) { return "", missing }
	})
	err := runner.Run(t.Context(), nil, drop)
	if got := failed(t, err); got.Kind != executor.FailureSecret || !errors.Is(err, missing) || got.Started {
		t.Errorf("got %+v", got)
	}
	if got := server.Stats().HTTPRequests; got != 0 {
		t.Errorf("%d requests, want none", got)
	}
}

// TestChangedPassword reads the password anew for each logon.
func TestChangedPassword(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			server := newServer(t, w)
			current := "wrong"
			runner := newRunner(t, server, w, func(c *winrm.Config) {
				c.Password = func() (string, error) { return current, nil }
			})
			if got := failed(t, runner.Run(t.Context(), nil, drop)); got.Kind != executor.FailureCredentials {
				t.Errorf("got %+v", got)
			}
			current = password
			if err := runner.Run(t.Context(), nil, drop); err != nil {
				t.Errorf("after the change: %v", err)
			}
			if logons := empty(t, server).Logons[w.username]; logons.Failed != 1 {
				t.Errorf("got %+v, want one failed logon", logons)
			}
		})
	}
}

// gateFunc is a Gate for cases that Lockout cannot be brought to.
type gateFunc func(context.Context) error

func (g gateFunc) Admit(ctx context.Context, _ winrm.Logon) (func(context.Context, winrm.Outcome) error, error) {
	return nil, g(ctx)
}

// TestGateSaysNo sends nothing when the gate does not let a logon through, whatever its reason.
func TestGateSaysNo(t *testing.T) {
	for name, test := range map[string]struct {
		gate gateFunc
		kind executor.Failure
	}{
		"held": {
			func(context.Context) error { return &winrm.HeldError{Identity: "svc"} },
			executor.FailureHeld,
		},
		"cannot tell": {
			func(context.Context) error { return errDisk },
			executor.FailureUntried,
		},
		"another is not ready": {
			func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) },
			executor.FailureUntried,
		},
	} {
		for _, w := range ways {
			t.Run(name+" over "+w.name, func(t *testing.T) {
				server := newServer(t, w)
				runner := newRunnerWith(t, test.gate, server, w, func(c *winrm.Config) { c.RequestTimeout = time.Millisecond })
				got := failed(t, runner.Run(t.Context(), nil, drop))
				if got.Kind != test.kind || got.Started || got.Err == nil {
					t.Errorf("got %+v, want %s with a cause", got, test.kind)
				}
				if got := server.Stats().Connections; got != 0 {
					t.Errorf("%d connections, want none", got)
				}
			})
		}
	}
}
