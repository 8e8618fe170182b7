package winrm_test

import (
	"context"
	"net/url"
	"strconv"
	"testing"
	"time"

	masterzen "github.com/masterzen/winrm"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// BenchmarkRun measures a whole run, from Create to Delete.
func BenchmarkRun(b *testing.B) {
	for auth := range auths {
		b.Run(string(auth), func(b *testing.B) {
			server := newServer(b)
			runner := newRunner(b, server, auth)
			requests(b, server, func() error { return runner.Run(b.Context(), []byte("print one\n"), drop) })
		})
	}
}

// BenchmarkMasterzen measures the same command and script with the library's own client, as far as it can do it: it
// opens the console on standard input and does not tell faults.
func BenchmarkMasterzen(b *testing.B) {
	for auth, as := range auths {
		b.Run(string(auth), func(b *testing.B) {
			server := newServer(b)
			address, err := url.Parse(server.URL())
			if err != nil {
				b.Fatal(err)
			}
			port, err := strconv.Atoi(address.Port())
			if err != nil {
				b.Fatal(err)
			}
			endpoint := masterzen.NewEndpoint(address.Hostname(), port, true, false, server.CAPEM(), nil, nil, time.Minute)
			params := masterzen.NewParameters("PT20S", "en-US", 153600)
			if auth == winrm.AuthNTLM {
				params.TransportDecorator = func() masterzen.Transporter { return &masterzen.ClientNTLM{} }
			}
			client, err := masterzen.NewClientWithParameters(endpoint, as.username, password, params)
			if err != nil {
				b.Fatal(err)
			}
			requests(b, server, func() error {
				_, _, _, err := client.RunWithContextWithString(context.Background(), executor.CommandLine, "print one\n")
				return err
			})
		})
	}
}

// requests runs the benchmark and reports HTTP requests for each run.
func requests(b *testing.B, server *winsim.Server, run func() error) {
	b.Helper()
	before := server.Stats().HTTPRequests
	b.ReportAllocs()
	for b.Loop() {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(server.Stats().HTTPRequests-before)/float64(b.N), "requests/op")
}
