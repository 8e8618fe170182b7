package winrm

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bodgit/ntlmssp"
)

const (
	// maxReply is the largest reply that is read, in bytes; MaxEnvelopeSize asks the server for far less.
	maxReply = 1 << 20

	// maxHeader bounds the header of a reply, in bytes.
	maxHeader = 64 << 10

	soapType     = "application/soap+xml"
	envelopeType = soapType + ";charset=UTF-8"
)

var (
	errNoAnswer     = errors.New("no answer in time")
	errTooLarge     = errors.New("the reply is larger than 1 MiB")
	errDisconnected = errors.New("the server closed the connection")
	errInClear      = errors.New("a message in clear text was kept from going over plain http")
)

// lane is one connection to one server. HTTP reuses it from request to request and from run to run; a run has a lane to
// itself, because NTLM logs on a connection and not a request.
type lane struct {
	url       string
	transport *http.Transport
	tls       *tls.Config // nil over plain HTTP
	timeout   time.Duration

	pinned  atomic.Bool              // a new connection is refused: what goes out belongs to the one that is there
	session *ntlmssp.SecuritySession // of the connection's logon; nil: with NTLM it has none yet
}

// transportError is a failure below HTTP's own answers: no connection, a broken one, or something that is not HTTP.
type transportError struct{ err error }

func (e *transportError) Error() string { return e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

// reply is an HTTP answer that has been read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// soap tells whether the answer comes from the WinRM service and not from something in front of it.
func (r reply) soap() bool { return strings.Contains(r.header.Get("Content-Type"), soapType) }

// keepIdle is how long a connection is kept for the next script: slices that follow each other closely share one, and
// between looks that are half a minute apart a thousand servers keep no connection.
const keepIdle = 15 * time.Second

// newLane returns a lane that connects when it is first used. timeout bounds dialling, and once more the handshake.
func newLane(url string, config *tls.Config, timeout time.Duration) *lane {
	l := &lane{url: url, tls: config, timeout: timeout}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // NTLM cannot do without
	l.transport = &http.Transport{
		Proxy:              nil, // a proxy of the environment must never see this
		DialContext:        l.dial,
		DialTLSContext:     l.dialTLS,
		Protocols:          protocols,
		MaxConnsPerHost:    1,
		IdleConnTimeout:    keepIdle,
		DisableCompression: true,

		MaxResponseHeaderBytes: maxHeader,
	}
	return l
}

// tlsError is a failed handshake: the server was reached, but is not to be trusted.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

func (l *lane) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.pinned.Load() {
		return nil, errDisconnected
	}
	dialer := net.Dialer{Timeout: l.timeout}
	inner, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newConn(inner), nil
}

func (l *lane) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, errNoAnswer)
	defer cancel()
	secure := tls.Client(conn, l.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		var network *net.OpError
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("tls handshake: %w", context.Cause(ctx))
		case errors.Is(err, io.EOF), errors.As(err, &network) && (network.Op == "read" || network.Op == "write"):
			return nil, fmt.Errorf("tls handshake: %w", err) // an alert has another Op
		}
		return nil, &tlsError{err}
	}
	return secure, nil
}

// plain tells whether the lane has no TLS, so that messages have to be sealed.
func (l *lane) plain() bool { return l.tls == nil }

// post sends one request and reads the whole answer, whatever its status. Redirects are answers like any other. Whoever
// calls it, no message leaves a plain lane in clear text.
func (l *lane) post(ctx context.Context, body, contentType, authorization string) (reply, error) {
	if l.plain() && body != "" && contentType != sealedType {
		return reply{}, errInClear
	}
	// A process that was frozen learns from its timers that a time is over when it may be too late: others have done its
	// work. The clock tells at once.
	if until, ok := ctx.Deadline(); ok && !time.Now().Before(until) {
		return reply{}, &transportError{context.DeadlineExceeded}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "adsyncbot")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := l.transport.RoundTrip(request)
	if err != nil {
		return reply{}, &transportError{err}
	}
	defer func() { _ = response.Body.Close() }()
	var answer bytes.Buffer
	n, err := io.Copy(&answer, io.LimitReader(response.Body, maxReply+1))
	switch {
	case err != nil:
		return reply{}, &transportError{fmt.Errorf("read answer: %w", err)}
	case n > maxReply:
		return reply{}, errTooLarge
	}
	return reply{status: response.StatusCode, header: response.Header, body: answer.Bytes()}, nil
}

// forget ends the use of the connection and of its logon: the next message needs both anew.
func (l *lane) forget() {
	l.session = nil
	l.close()
}

func (l *lane) close() { l.transport.CloseIdleConnections() }
