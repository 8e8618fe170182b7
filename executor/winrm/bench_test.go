package winrm_test

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"testing"
	"time"

	masterzen "github.com/masterzen/winrm"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// BenchmarkRun measures a whole run, from Create to Delete.
func BenchmarkRun(b *testing.B) {
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			server := newServer(b, w)
			runner := newRunner(b, server, w)
			requests(b, server, func() error { return runner.Run(b.Context(), []byte("print one\n"), drop) })
		})
	}
}

// BenchmarkMasterzen measures the same command and script with the library's own client, as far as it can do it: it
// opens the console on standard input and does not tell faults. Sealed, it gets a program without standard input: it is
// not safe for the two goroutines it would use then.
func BenchmarkMasterzen(b *testing.B) {
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			server := newServer(b, w, func(c *winsim.Config) {
				if w.plain {
					c.PowerShell = func(_ context.Context, p winsim.Process) int {
						_, _ = io.WriteString(p.Stdout, "one\n")
						return 0
					}
				}
			})
			address, err := url.Parse(server.URL())
			if err != nil {
				b.Fatal(err)
			}
			port, err := strconv.Atoi(address.Port())
			if err != nil {
				b.Fatal(err)
			}
			endpoint := masterzen.NewEndpoint(address.Hostname(), port, !w.plain, false, server.CAPEM(), nil, nil, time.Minute)
			params := masterzen.NewParameters("PT20S", "en-US", 153600)
			switch w {
			case ntlmTLS:
				params.TransportDecorator = func() masterzen.Transporter { return &masterzen.ClientNTLM{} }
			case sealed:
				encryption, err := masterzen.NewEncryption("ntlm")
				if err != nil {
					b.Fatal(err)
				}
				params.TransportDecorator = func() masterzen.Transporter { return encryption }
			}
			client, err := masterzen.NewClientWithParameters(endpoint, w.username, password, params)
			if err != nil {
				b.Fatal(err)
			}
			requests(b, server, func() error {
				if w.plain {
					_, _, _, err := client.RunCmdWithContext(context.Background(), executor.CommandLine)
					return err
				}
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
