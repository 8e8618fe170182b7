package winrm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bodgit/ntlmssp"
)

const negotiate = "Negotiate"

var (
	errNoNTLM    = errors.New("the server does not offer Negotiate, so NTLM is not possible")
	errUnasked   = errors.New("the server answered the first step of a logon as if none were needed")
	errNoSession = errors.New("ntlm: the logon brought no session key")
)

// ntlm logs the lane's connection on when it is new, and then sends envelopes that bear no logon: as they are over TLS,
// sealed over plain HTTP. The library's own round tripper is not used: it could not be kept to one connection or one
// attempt.
func ntlm(ctx context.Context, w *wire, envelope string) (reply, error) {
	defer w.lane.pinned.Store(false)
	if w.lane.session != nil {
		w.lane.pinned.Store(true)
		r, err := w.lane.deliver(ctx, envelope)
		if !w.unheard(r, err) {
			return r, err
		}
		w.lane.forget()
		w.lane.pinned.Store(false)
	}
	if err := w.admit(ctx); err != nil {
		return reply{}, err
	}
	r, presented, err := w.handshake(ctx, envelope)
	if !presented {
		_ = w.settle(ctx, Unknown)
		return r, err
	}
	if w.outcome(ctx, r, err, true) == Refused {
		err = errRefused
	}
	if err != nil || !r.soap() {
		w.lane.forget()
	}
	return r, err
}

// unheard tells whether the server has certainly done nothing of what was sent over a logged-on connection, so that it
// may be sent again after a new logon. Over plain HTTP anybody may write a refusal, so there one is believed only of a
// run's first message, which opens a shell: a lane that slept may have outlived the service it had logged on to.
func (w *wire) unheard(r reply, err error) bool {
	var stranger *strangerError
	switch {
	case errors.Is(err, errDisconnected): // nothing was sent
		return true
	case err == nil && r.status == http.StatusUnauthorized: // over TLS
		return true
	default:
		return !w.answered && errors.As(err, &stranger)
	}
}

// handshake asks for a challenge without the envelope, and answers it on the same connection: over TLS with the
// envelope, over plain HTTP with nothing, so that there is a key before the first message. presented tells whether the
// answer, which is made of the secret, may have been sent.
func (w *wire) handshake(ctx context.Context, envelope string) (r reply, presented bool, err error) {
	client, err := newNTLM(w.username, w.password)
	if err != nil {
		return reply{}, false, err
	}
	hello, err := client.Authenticate(nil, nil)
	if err != nil {
		return reply{}, false, fmt.Errorf("ntlm: %w", err)
	}
	r, err = w.lane.post(ctx, "", envelopeType, token(hello))
	switch {
	case err != nil:
		return reply{}, false, err
	case r.status == http.StatusOK:
		return reply{}, false, errUnasked
	case r.status != http.StatusUnauthorized:
		return reply{status: r.status}, false, nil
	}
	challenge, err := challengeOf(r.header)
	if err != nil {
		return reply{}, false, err
	}
	answer, err := client.Authenticate(challenge, nil)
	if err != nil {
		return reply{}, false, fmt.Errorf("ntlm challenge: %w", err)
	}
	session := client.SecuritySession()
	if session == nil {
		return reply{}, false, errNoSession
	}
	w.lane.pinned.Store(true)
	inside := envelope
	if w.lane.plain() {
		inside = ""
	}
	r, err = w.lane.post(ctx, inside, envelopeType, token(answer))
	switch {
	case err != nil:
		return reply{}, !errors.Is(err, errDisconnected), err
	case w.lane.plain() && r.status != http.StatusOK:
		return reply{status: r.status}, true, nil // whatever it says, it says in clear text
	}
	w.lane.session = session
	if w.lane.plain() {
		r, err = w.lane.deliver(ctx, envelope)
	}
	return r, true, err
}

// newNTLM returns the client's side of one logon. A name with an @ is sent whole, as Windows does.
func newNTLM(username, password string) (*ntlmssp.Client, error) {
	domain, user, found := strings.Cut(username, `\`)
	if !found {
		domain, user = "", username
	}
	client, err := ntlmssp.NewClient(ntlmssp.SetDomain(domain), ntlmssp.SetUserInfo(user, password))
	if err != nil {
		return nil, fmt.Errorf("ntlm: %w", err)
	}
	return client, nil
}

func token(message []byte) string {
	return negotiate + " " + base64.StdEncoding.EncodeToString(message)
}

// challengeOf returns the server's token, checked.
func challengeOf(header http.Header) ([]byte, error) {
	for _, value := range header.Values("WWW-Authenticate") {
		name, text, _ := strings.Cut(value, " ")
		if !strings.EqualFold(name, negotiate) || text == "" {
			continue
		}
		challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err == nil {
			err = checkChallenge(challenge)
		}
		if err != nil {
			return nil, fmt.Errorf("ntlm challenge: %w", err)
		}
		return challenge, nil
	}
	return nil, errNoNTLM
}
