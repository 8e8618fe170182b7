package winrm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/go-ntlmssp"
)

const negotiate = "Negotiate"

// ntlm logs the lane's connection on when it is new, and then sends bare requests. The library's own round tripper is
// not used: it would try anonymously first, and could not be kept to one connection or one attempt.
func ntlm(ctx context.Context, w *wire, envelope string) (reply, error) {
	defer w.lane.pinned.Store(false)
	if w.lane.loggedOn {
		w.lane.pinned.Store(true)
		r, err := w.lane.post(ctx, envelope, "")
		switch {
		case errors.Is(err, errDisconnected): // nothing was sent
		case err == nil && r.status == http.StatusUnauthorized: // nothing was done: the request bore no logon
		default:
			return r, err
		}
		w.lane.loggedOn = false
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
	switch w.outcome(ctx, r, err, true) {
	case Refused:
		return r, errRefused
	case Accepted:
		w.lane.loggedOn = true
	case Unknown:
	}
	return r, err
}

// handshake asks for a challenge without the envelope, and answers it with the envelope on the same connection.
// presented tells whether the answer, which is made of the secret, may have been sent.
func (w *wire) handshake(ctx context.Context, envelope string) (r reply, presented bool, err error) {
	hello, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		return reply{}, false, fmt.Errorf("ntlm: %w", err)
	}
	r, err = w.lane.post(ctx, "", negotiate+" "+base64.StdEncoding.EncodeToString(hello))
	if err != nil || r.status != http.StatusUnauthorized {
		return r, false, err
	}
	challenge, err := challengeOf(r.header)
	if err != nil {
		return r, false, err
	}
	answer, err := ntlmssp.NewAuthenticateMessage(challenge, w.username, w.password, nil)
	if err != nil {
		return r, false, fmt.Errorf("ntlm challenge: %w", err)
	}
	w.lane.pinned.Store(true)
	r, err = w.lane.post(ctx, envelope, negotiate+" "+base64.StdEncoding.EncodeToString(answer))
	return r, !errors.Is(err, errDisconnected), err
}

// challengeOf returns the server's token.
func challengeOf(header http.Header) ([]byte, error) {
	for _, value := range header.Values("WWW-Authenticate") {
		name, token, _ := strings.Cut(value, " ")
		if !strings.EqualFold(name, negotiate) || token == "" {
			continue
		}
		challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
		if err != nil {
			return nil, fmt.Errorf("ntlm challenge: %w", err)
		}
		return challenge, nil
	}
	return nil, errNoNTLM
}
