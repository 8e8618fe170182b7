package winrm

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// admitAll is a Gate for tests that look at the wire alone.
type admitAll struct{}

func (admitAll) Admit(context.Context, Logon) (func(context.Context, Outcome) error, error) {
	return func(context.Context, Outcome) error { return nil }, nil
}

// corrupter answers requests as a server would, and then spoils half of the answers. A run's requests come one after
// the other, so it needs no lock.
type corrupter struct {
	random  *rand.Rand
	replies int
	spoilt  int
	inRun   int
}

// ServeHTTP implements http.Handler.
func (c *corrupter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	envelope, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.replies++
	c.inRun++
	body := []byte(c.good(action(string(envelope))))
	status, contentType := http.StatusOK, envelopeType
	switch c.random.IntN(20) {
	case 0, 1:
		c.spoilt++
		body = []byte(faultReply(wsmanFault([]string{"5", "995", "2150858843", "2150859173", "4711"}[c.random.IntN(5)], "x")))
	case 2, 3, 4, 5, 6, 7, 8, 9, 10:
		c.spoilt++
		body = c.spoil(body)
	}
	switch c.random.IntN(16) {
	case 0:
		status = []int{201, 204, 302, 400, 403, 404, 500, 503}[c.random.IntN(8)]
	case 1:
		contentType = []string{"", "text/html", "text/xml", "multipart/encrypted"}[c.random.IntN(4)]
	case 2:
		w.Header().Set("Content-Length", []string{"1", "100000", "-1", "many"}[c.random.IntN(4)])
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// good is what a server answers. A program writes now and then, and has ended after ten Receives at the latest.
func (c *corrupter) good(asked string) string {
	switch asked {
	case "Create":
		return createReply(testShell)
	case "Command":
		return commandReply(testCommand)
	case "Receive":
		switch n := c.random.IntN(4); {
		case c.inRun > 10 || n == 0:
			return receiveReply(typeDone, exitCode([]string{"0", "3"}[c.random.IntN(2)]), "stdout:two\n", "stderr:x")
		case n == 1:
			return faultReply(wsmanFault("2150858793", "x"))
		default:
			return receiveReply(typeRunning, "", "stdout:one\n", "stdout:half a li")
		}
	default:
		return emptyReply()
	}
}

// spoil changes a few things: bytes, pieces, tags, numbers, the order, the end.
func (c *corrupter) spoil(body []byte) []byte {
	words := []string{"<", ">", "</s:Body>", "<s:Fault>", "&#0;", "&lt;", "]]>", "<![CDATA[", "<!DOCTYPE a [", "\x00", "\xff\xfe", "=", "5", "2150858843", "<rsp:Stream Name=\"stdout\">", "Running", "Done", "<rsp:ExitCode>9</rsp:ExitCode>"}
	for range 1 + c.random.IntN(4) {
		n := len(body)
		if n == 0 {
			return body
		}
		from := c.random.IntN(n)
		to := from + c.random.IntN(min(200, n-from)+1)
		piece := append([]byte(nil), body[from:to]...)
		switch c.random.IntN(7) {
		case 0:
			body[from] ^= byte(1 << c.random.IntN(8))
		case 1:
			body = append(body[:from], body[to:]...)
		case 2: // twice
			body = append(body[:to:to], append(piece, body[to:]...)...)
		case 3:
			word := words[c.random.IntN(len(words))]
			body = append(body[:from:from], append([]byte(word), body[from:]...)...)
		case 4:
			body = body[:from]
		case 5: // elsewhere
			rest := append(body[:from:from], body[to:]...)
			at := c.random.IntN(len(rest) + 1)
			body = append(rest[:at:at], append(piece, rest[at:]...)...)
		case 6: // very many times
			body = append(body, strings.Repeat(string(piece), 1+c.random.IntN(50))...)
		}
	}
	return body
}

// TestTenThousandFuzzedReplies runs against a server half of whose answers are spoilt, always the same ones. Every run
// ends, with nothing worse than a typed error and after a bounded number of requests; goleak looks for what is left.
func TestTenThousandFuzzedReplies(t *testing.T) {
	const spoilt = 10000
	c := &corrupter{random: rand.New(rand.NewPCG(5, 1962))}
	server := httptest.NewUnstartedServer(c)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	r, err := New(Config{
		Server: "aadc01", URL: server.URL, Auth: AuthBasic, Username: "svc", Password: known("x"), CAs: trusted,
		RequestTimeout: 5 * time.Second, CleanupTimeout: 5 * time.Second,
	}, admitAll{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	ended := map[executor.Failure]int{}
	for c.spoilt < spoilt {
		c.inRun = 0
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		err := r.Run(ctx, []byte("x"), func([]byte) error { return nil })
		cancel()
		failed, typed := errors.AsType[*executor.RunError](err)
		switch {
		case err == nil:
			ended["success"]++
		case !typed:
			t.Fatalf("got error %v after %d replies", err, c.replies)
		default:
			ended[failed.Kind]++
		}
		if c.inRun > 40 {
			t.Errorf("a run took %d requests", c.inRun)
		}
	}
	t.Logf("%d replies, %d of them spoilt: %v", c.replies, c.spoilt, ended)
	for _, kind := range []executor.Failure{"success", executor.FailureProtocol, executor.FailureLost, executor.FailureExit, executor.FailureGone} {
		if ended[kind] == 0 {
			t.Errorf("no run ended with %s: the replies do not vary enough", kind)
		}
	}
}
