package winrm

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// TestSilenceOf65Seconds connects to somebody who accepts, listens, and answers after 65 s: nobody waits so long, the
// connection is closed, and what comes late is not heard.
func TestSilenceOf65Seconds(t *testing.T) {
	for name, speaks := range map[string]string{
		"and then speaks":          "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n",
		"and had spoken by halves": "HTTP/1.1 401 Unauthorized\r\nWWW-Authen",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := New(Config{
					Server: "aadc01", URL: "http://aadc01:5985", Auth: AuthNTLM, Username: "svc", Password: known("x"),
				}, admitAll{}, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				requests, closed := 0, make(chan error, maxLanes)
				for _, l := range r.all {
					l.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
						ours, theirs := net.Pipe()
						go func() {
							defer func() { _ = theirs.Close() }()
							reader := bufio.NewReader(theirs)
							if _, err := http.ReadRequest(reader); err == nil {
								requests++
							}
							half := len(speaks) / 2
							if name == "and had spoken by halves" {
								_, _ = io.WriteString(theirs, speaks[:half])
							}
							<-time.After(65 * time.Second)
							_, err := io.WriteString(theirs, speaks[half:])
							closed <- err
						}()
						return ours, nil
					}
				}
				began := time.Now()
				err = r.Run(t.Context(), []byte("x"), func([]byte) error { return nil })
				failed, ok := errors.AsType[*executor.RunError](err)
				if !ok || failed.Kind != executor.FailureUnreachable || failed.Started || !errors.Is(err, errNoAnswer) {
					t.Errorf("got error %v", err)
				}
				if waited := time.Since(began); waited != 30*time.Second {
					t.Errorf("waited %s", waited)
				}
				if err := <-closed; !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("what came late was heard: %v", err)
				}
				if requests != 1 {
					t.Errorf("%d requests", requests)
				}
			})
		})
	}
}
