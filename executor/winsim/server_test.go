package winsim_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/masterzen/winrm"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

func TestOtherPathsAndMethodsAreNotWinRM(t *testing.T) {
	server := start(t, winsim.Config{})
	c := newClient(t, server)
	for _, test := range []struct {
		method, url string
		status      int
	}{
		{http.MethodPost, strings.TrimSuffix(server.URL(), "wsman"), http.StatusNotFound},
		{http.MethodGet, server.URL(), http.StatusMethodNotAllowed},
	} {
		request, err := http.NewRequestWithContext(t.Context(), test.method, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("%s %s: %s", test.method, test.url, response.Status)
		}
	}
}

func TestTheCertificateHoldsTheGivenNames(t *testing.T) {
	server := start(t, winsim.Config{Names: []string{"aadc01.corp.example"}})
	transport := newClient(t, server).http.Transport.(*http.Transport)
	for name, good := range map[string]bool{"aadc01.corp.example": true, "localhost": true, "127.0.0.1": true, "other.example": false} {
		config := transport.TLSClientConfig.Clone()
		config.ServerName = name
		conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", server.Address())
		if err == nil {
			_ = conn.Close()
		}
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWrongCredentialsAreRefusedAndCounted(t *testing.T) {
	ntlm := func() winrm.Transporter { return &winrm.ClientNTLM{} }
	for _, test := range []struct {
		name, user, password string
		transport            func() winrm.Transporter
		counted              string
	}{
		{"Basic with a wrong password", user, "x", nil, user},
		{"Basic with an unknown user", "nobody", password, nil, "nobody"},
		{"NTLM with a wrong password", user, "x", ntlm, user},
		{"NTLM with an unknown user", `CORP\nobody`, password, ntlm, `CORP\nobody`},
		{"NTLM with another domain", `OTHER\svc-adsync`, password, ntlm, `OTHER\svc-adsync`},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, winsim.Config{Schemes: []winsim.Scheme{winsim.Negotiate, winsim.NTLM, winsim.Basic}})
			_, err := masterzenClient(t, server, test.user, test.password, test.transport).CreateShell()
			if err == nil || !strings.Contains(err.Error(), "401") {
				t.Errorf("got %v", err)
			}
			stats := server.Stats()
			if got := stats.Logons[test.counted]; got != (winsim.Logons{Failed: 1}) || len(stats.Logons) != 1 || stats.ShellsEver != 0 {
				t.Errorf("%+v", stats)
			}
		})
	}
}

func TestOneAccountHasSeveralSpellings(t *testing.T) {
	server := start(t, winsim.Config{Accounts: []winsim.Account{{Name: user, Password: password}, {Name: "local", Password: "p"}}})
	for _, test := range []struct{ spelling, password, account string }{
		{`corp\SVC-adsync`, password, user},
		{"svc-adsync@corp.example", password, user},
		{"local", "p", "local"},
		{`AADC01\local`, "p", "local"},
	} {
		before := server.Stats().Logons[test.account].Succeeded
		shell, err := masterzenClient(t, server, test.spelling, test.password, func() winrm.Transporter { return &winrm.ClientNTLM{} }).CreateShell()
		if err != nil {
			t.Fatalf("%s: %v", test.spelling, err)
		}
		if err := shell.Close(); err != nil {
			t.Error(err)
		}
		if n := server.Stats().Logons[test.account].Succeeded - before; n != 1 {
			t.Errorf("%s: %d logons", test.spelling, n)
		}
	}
}

func TestClearTextOverHTTPIsRefusedAndSeen(t *testing.T) {
	server := start(t, winsim.Config{PlainHTTP: true, Schemes: []winsim.Scheme{winsim.Basic}})
	if a := newClient(t, server).createWith(createBody); a.status != http.StatusUnauthorized {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	if s := server.Stats(); s.Plaintext != 1 || len(s.Logons) != 0 || s.ShellsEver != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAChangedPasswordCounts(t *testing.T) {
	server := start(t, basic(winsim.Config{}))
	if err := server.SetPassword(user, "new"); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, server)
	if a := c.createWith(createBody); a.status != http.StatusUnauthorized {
		t.Errorf("with the old one: %d", a.status)
	}
	c.password = "new"
	c.create()
	if err := server.SetPassword("nobody", "x"); err == nil {
		t.Error("no error for an unknown account")
	}
}

func TestRestartBreaksConnectionsAndEndsShells(t *testing.T) {
	why := make(chan error, 1)
	server := start(t, basic(winsim.Config{PowerShell: forever(why)}))
	c := newClient(t, server)
	shell := c.create()
	command := c.command(shell, powershell)
	c.receive(shell, command)
	failed := make(chan error, 1)
	go func() {
		_, err := c.try(receiveAction, shell, receiveBody(command))
		failed <- err
	}()
	eventually(t, server, func(s winsim.Stats) bool { return s.Receiving == 1 })
	server.Restart()
	reset(t, nil, <-failed)
	if cause := <-why; cause == nil {
		t.Error("the program ended without a cause")
	}
	if a := c.receive(shell, command); a.fault() != 2150858843 {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	c.create()
	eventually(t, server, func(s winsim.Stats) bool { return s.Shells == 1 && s.Processes == 0 })
}

func TestCloseEndsEverything(t *testing.T) {
	why := make(chan error, 1)
	server := start(t, basic(winsim.Config{PowerShell: forever(why)}))
	c := newClient(t, server)
	shell := c.create()
	command := c.command(shell, powershell)
	c.receive(shell, command)
	failed := make(chan error, 1)
	go func() {
		_, err := c.try(receiveAction, shell, receiveBody(command))
		failed <- err
	}()
	eventually(t, server, func(s winsim.Stats) bool { return s.Receiving == 1 })
	waited := make(chan error, 1)
	go func() { waited <- server.Wait(t.Context(), func(s winsim.Stats) bool { return s.ShellsEver == 99 }) }()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if <-why == nil || <-failed == nil || <-waited == nil {
		t.Error("a program, a request or a waiter has seen no end")
	}
	if s := server.Stats(); s.Shells != 0 || s.Processes != 0 || s.Receiving != 0 || s.OpenConnections != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	server := start(t, winsim.Config{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := server.Wait(ctx, func(winsim.Stats) bool { return false }); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
