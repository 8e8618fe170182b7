package winrm_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// between is somebody on the way to a server that is reached over plain HTTP. Each connection to it gets one of its own
// to the server.
type between struct {
	t        testing.TB
	listener net.Listener
	server   *winsim.Server
	passing  sync.WaitGroup

	mu      sync.Mutex
	heard   bytes.Buffer               // all that clients have sent
	answers int                        // so far
	change  func(n int, a *httpAnswer) // the nth answer, from 1; nil: nothing is changed
	cutIn   int                        // the first connection breaks after so many bytes of requests; 0: never
	cutOut  int                        // … of answers
}

// httpAnswer is an HTTP answer on its way.
type httpAnswer struct {
	status int
	header http.Header
	body   []byte
	last   bool // the connection is closed after it
}

// newBetween starts somebody who only listens.
func newBetween(t testing.TB, server *winsim.Server) *between {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &between{t: t, listener: listener, server: server}
	b.passing.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.passing.Go(func() { b.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		b.passing.Wait()
	})
	return b
}

// url leads clients to b instead of the server.
func (b *between) url(c *winrm.Config) { c.URL = "http://" + b.listener.Addr().String() }

func (b *between) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", b.server.Address())
	if err != nil {
		b.t.Error(err)
		return
	}
	defer func() { _ = server.Close() }()
	b.mu.Lock()
	in, out := b.cutIn, b.cutOut
	b.cutIn, b.cutOut = 0, 0
	b.mu.Unlock()
	if in > 0 || out > 0 {
		cut(client, server, in, out)
		return
	}
	requests, answers := bufio.NewReader(io.TeeReader(client, b)), bufio.NewReader(server)
	for {
		request, err := http.ReadRequest(requests)
		if err != nil || request.Write(server) != nil {
			return
		}
		response, err := http.ReadResponse(answers, request)
		if err != nil {
			return
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return
		}
		a := &httpAnswer{status: response.StatusCode, header: response.Header, body: body}
		b.mu.Lock()
		b.answers++
		if b.change != nil {
			b.change(b.answers, a)
		}
		b.mu.Unlock()
		changed := &http.Response{
			StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1, Header: a.header, Close: a.last,
			ContentLength: int64(len(a.body)), Body: io.NopCloser(bytes.NewReader(a.body)),
		}
		if changed.Write(client) != nil || a.last {
			return
		}
	}
}

// Write implements io.Writer for what clients send.
func (b *between) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heard.Write(p)
}

// meddle sets what is done to answers, which are counted anew.
func (b *between) meddle(change func(n int, a *httpAnswer)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers, b.change = 0, change
}

// clear checks that nothing of a message was to be heard.
func (b *between) clear() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, word := range []string{"Envelope xmlns", "print one", "powershell", password} {
		if strings.Contains(b.heard.String(), word) {
			b.t.Errorf("%q went over the wire", word)
		}
	}
}

// cut passes in bytes to the server and out bytes back, and breaks both connections when either number is reached; 0
// is any number.
func cut(client, server net.Conn, in, out int) {
	pass := func(to io.Writer, from io.Reader, n int) {
		if n > 0 {
			from = io.LimitReader(from, int64(n))
		}
		_, _ = io.Copy(to, from)
		for _, conn := range []net.Conn{client, server} {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	}
	var other sync.WaitGroup
	other.Go(func() { pass(server, client, in) })
	pass(client, server, out)
	other.Wait()
}

// openGate is a Gate for tests that look at the wire alone: what it lets through costs no slow hash.
type openGate struct{}

func (openGate) Admit(context.Context, winrm.Logon) (func(context.Context, winrm.Outcome) error, error) {
	return func(context.Context, winrm.Outcome) error { return nil }, nil
}
