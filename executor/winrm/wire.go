package winrm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// scheme sends an envelope with a way to log on: basic or ntlm.
type scheme func(ctx context.Context, w *wire, envelope string) (reply, error)

// wire carries the envelopes of one run over a lane, logged on as the gate allows.
type wire struct {
	lane   *lane
	gate   Gate
	log    *slog.Logger
	scheme scheme

	server   string
	username string
	secret   Secret

	password string // as read for the logon that is being tried or was the last
	settle   func(context.Context, Outcome) error
	refused  bool // the server has said 401 to our secret: nothing more is sent
	answered bool // an envelope of this run has been answered
}

var (
	errRefused = errors.New("the server refused the logon")
	errWaiting = errors.New("another logon with the same password, which has never been accepted yet, is still unanswered")
)

// secretError says that the password could not be read. Its cause comes from where the password is kept.
type secretError struct{ err error }

func (e *secretError) Error() string { return "read password: " + e.err.Error() }
func (e *secretError) Unwrap() error { return e.err }

// gateError says that the gate did not let the logon through, or could not tell.
type gateError struct{ err error }

func (e *gateError) Error() string { return e.err.Error() }
func (e *gateError) Unwrap() error { return e.err }

// statusError is an HTTP answer that is not WinRM's.
type statusError struct{ status int }

func (e *statusError) Error() string {
	s := fmt.Sprintf("HTTP status %d %s", e.status, http.StatusText(e.status))
	if e.status == http.StatusNotFound {
		s += ": there is no WinRM at this address"
	}
	return s
}

// call sends an envelope and returns the body of WinRM's answer, which may be a fault.
func (w *wire) call(ctx context.Context, envelope string) ([]byte, error) {
	if w.refused {
		return nil, errRefused
	}
	r, err := w.scheme(ctx, w, envelope)
	switch {
	case err != nil:
		return nil, err
	case r.status == http.StatusOK, r.soap() && len(r.body) > 0:
		w.answered = true
		return r.body, nil
	default:
		return nil, &statusError{r.status}
	}
}

// basic presents the secret with every request. Over TLS only: New sees to that.
func basic(ctx context.Context, w *wire, envelope string) (reply, error) {
	first := w.settle == nil
	if first {
		if err := w.admit(ctx); err != nil {
			return reply{}, err
		}
	}
	r, err := w.lane.post(ctx, envelope, envelopeType, basicAuthorization(w.username, w.password))
	outcome := w.outcome(ctx, r, err, first)
	switch {
	case outcome == Refused && !offers(r.header, "Basic"):
		return r, fmt.Errorf("%w: it does not offer Basic", errRefused)
	case outcome == Refused:
		return r, errRefused
	case outcome == Unknown && first:
		w.settle = nil // the next request asks for admission anew
	}
	return r, err
}

// admit reads the secret and asks the gate. The turn ends with the call of outcome.
func (w *wire) admit(ctx context.Context) error {
	password, err := w.secret()
	if err != nil {
		return &secretError{err}
	}
	logon := Logon{Identity: Identity(w.username), Server: w.server, Password: known(password)}
	settle, err := w.gate.Admit(ctx, logon)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errNoAnswer):
		return &gateError{errWaiting}
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return &gateError{err}
	}
	w.password, w.settle = password, settle
	return nil
}

// outcome judges the answer to a request that presented the secret and tells the gate, unless it knows already.
func (w *wire) outcome(ctx context.Context, r reply, err error, first bool) Outcome {
	outcome := Unknown
	switch {
	case err != nil:
	case r.status == http.StatusUnauthorized:
		outcome, w.refused = Refused, true
	case r.soap():
		outcome = Accepted
	}
	if first || outcome == Refused {
		if err := w.settle(ctx, outcome); err != nil {
			w.log.ErrorContext(ctx, "outcome of a logon not recorded", "server", w.server, "error", err)
		}
	}
	return outcome
}

// offers tells whether an answer names an authentication scheme.
func offers(header http.Header, scheme string) bool {
	for _, value := range header.Values("WWW-Authenticate") {
		if name, _, _ := strings.Cut(value, " "); strings.EqualFold(name, scheme) {
			return true
		}
	}
	return false
}

// basicAuthorization returns the header value of HTTP Basic.
func basicAuthorization(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}
