package winrm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections never leave the process, so that time can be false.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5986} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.dialled <- theirs
	return ours
}

// TestAConnectionIsClosedOverALongGap runs scripts at growing distances: those close together share a connection, and
// over a longer gap none stays open.
func TestAConnectionIsClosedOverALongGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		opened, open := 0, 0
		answers := &corrupter{random: rand.New(rand.NewPCG(15, 15))}
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			envelope, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			asked, reply := action(string(envelope)), ""
			if asked == "Receive" {
				reply = receiveReply(typeDone, exitCode("0"), "stdout:one\n")
			} else {
				reply = answers.good(asked)
			}
			w.Header().Set("Content-Type", envelopeType)
			_, _ = io.WriteString(w, reply)
		}))
		_ = server.Listener.Close()
		wires := &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})}
		server.Listener = wires
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			mu.Lock()
			defer mu.Unlock()
			switch state {
			case http.StateNew:
				opened++
				open++
			case http.StateClosed:
				open--
			default:
			}
		}
		server.StartTLS()
		defer server.Close()
		trusted := x509.NewCertPool()
		trusted.AddCert(server.Certificate())
		r, err := New(Config{
			Server: "aadc01", URL: "https://example.com:5986", Auth: AuthBasic, Username: "svc", Password: known("x"), CAs: trusted,
		}, admitAll{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for _, l := range r.all {
			l.transport.DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn := tls.Client(wires.dial(), l.tls)
				return conn, conn.HandshakeContext(ctx)
			}
		}
		for _, step := range []struct {
			gap          time.Duration
			open, opened int // at the end of the gap, and after the run that follows
		}{
			{0, 0, 1},
			{keepIdle / 2, 1, 1},
			{keepIdle / 2, 1, 1},
			{2 * keepIdle, 0, 2},
			{time.Hour, 0, 3},
		} {
			<-time.After(step.gap)
			synctest.Wait()
			mu.Lock()
			if open != step.open {
				t.Errorf("after %s: %d connections open, want %d", step.gap, open, step.open)
			}
			mu.Unlock()
			if err := r.Run(t.Context(), []byte("x"), func([]byte) error { return nil }); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			if opened != step.opened {
				t.Errorf("after %s: %d connections opened, want %d", step.gap, opened, step.opened)
			}
			mu.Unlock()
		}
	})
}
