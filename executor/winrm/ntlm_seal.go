package winrm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/bodgit/ntlmssp"
)

// The frame of a sealed message (MS-WSMV 2.2.9.1). It looks like MIME, but its headers begin with a tab, and its last
// boundary follows the ciphertext without a line end.
const (
	sealedProtocol = "application/HTTP-SPNEGO-session-encrypted"
	sealedBoundary = "--Encrypted Boundary"
	sealedType     = `multipart/encrypted;protocol="` + sealedProtocol + `";boundary="Encrypted Boundary"`
	signatureSize  = 16
)

var (
	errNotSealed = errors.New("the answer to a sealed message is not sealed")
	errFrame     = errors.New("the frame of the sealed answer is malformed")
	errSeal      = errors.New("the seal of the answer is broken")
)

// strangerError is an HTTP answer of a server that does not know the logon a message was sealed with.
type strangerError struct{ status int }

func (e *strangerError) Error() string {
	return fmt.Sprintf("HTTP status %d to a sealed message: the server does not know the logon of the connection", e.status)
}

// deliver sends an envelope over a connection that has been logged on: as it is over TLS, sealed over plain HTTP. There
// every answer but a sealed one ends the connection's use: its cipher streams no longer fit the server's.
func (l *lane) deliver(ctx context.Context, envelope string) (reply, error) {
	if !l.plain() {
		return l.post(ctx, envelope, envelopeType, "")
	}
	sealed, err := seal(l.session, envelope)
	if err != nil {
		return reply{}, err
	}
	r, err := l.post(ctx, sealed, sealedType, "")
	if err == nil {
		r, err = unsealed(l.session, r)
	}
	if err != nil {
		l.forget()
	}
	return r, err
}

// seal returns the sealed body of an envelope.
func seal(session *ntlmssp.SecuritySession, envelope string) (string, error) {
	sealed, signature, err := session.Wrap([]byte(envelope))
	if err == nil && len(signature) != signatureSize {
		err = errNoSession
	}
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	var b strings.Builder
	b.Grow(len(sealed) + 512)
	fmt.Fprintf(&b, "%s\r\n\tContent-Type: %s\r\n", sealedBoundary, sealedProtocol)
	fmt.Fprintf(&b, "\tOriginalContent: type=%s;Length=%d\r\n", envelopeType, len(envelope))
	fmt.Fprintf(&b, "%s\r\n\tContent-Type: application/octet-stream\r\n", sealedBoundary)
	b.Write(binary.LittleEndian.AppendUint32(nil, signatureSize))
	b.Write(signature)
	b.Write(sealed)
	b.WriteString(sealedBoundary + "--\r\n")
	return b.String(), nil
}

// unsealed returns the answer that stands in a sealed one. What is not sealed says nothing but its status.
func unsealed(session *ntlmssp.SecuritySession, r reply) (reply, error) {
	media, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || media != "multipart/encrypted" || !strings.EqualFold(params["protocol"], sealedProtocol) {
		switch r.status {
		case http.StatusOK:
			return reply{}, errNotSealed
		case http.StatusBadRequest, http.StatusUnauthorized:
			return reply{}, &strangerError{r.status}
		default:
			return reply{}, &statusError{r.status}
		}
	}
	signature, ciphertext, err := parseFrame(r.body)
	if err != nil {
		return reply{}, err
	}
	body, err := session.Unwrap(ciphertext, signature)
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", errSeal, err)
	}
	return reply{status: r.status, header: http.Header{"Content-Type": {envelopeType}}, body: body}, nil
}

// parseFrame takes a sealed body apart. The ciphertext may hold any bytes, a boundary's too, so its announced length
// alone says where it ends.
func parseFrame(body []byte) (signature, ciphertext []byte, err error) {
	lines := []struct{ begins, ends string }{
		{begins: sealedBoundary},
		{begins: "Content-Type:", ends: sealedProtocol},
		{begins: "OriginalContent:"},
		{begins: sealedBoundary},
		{begins: "Content-Type:", ends: "application/octet-stream"},
	}
	length := -1
	for _, want := range lines {
		line, rest, found := bytes.Cut(body, []byte("\r\n"))
		text, begins := strings.CutPrefix(string(bytes.Trim(line, " \t")), want.begins)
		if !found || !begins || want.ends != "" && !strings.EqualFold(strings.TrimSpace(text), want.ends) {
			return nil, nil, fmt.Errorf("%w: no %s", errFrame, want.begins+want.ends)
		}
		if want.begins == "OriginalContent:" {
			_, announced, _ := strings.Cut(text, "Length=")
			if length, err = strconv.Atoi(announced); err != nil || length < 0 || length > maxReply {
				return nil, nil, fmt.Errorf("%w: length %.20q", errFrame, announced)
			}
		}
		body = rest
	}
	const head = 4 + signatureSize
	if len(body) < head+length || binary.LittleEndian.Uint32(body) != signatureSize {
		return nil, nil, fmt.Errorf("%w: it is cut short", errFrame)
	}
	if string(body[head+length:]) != sealedBoundary+"--\r\n" {
		return nil, nil, fmt.Errorf("%w: it does not end where it says", errFrame)
	}
	return body[4:head], body[head : head+length], nil
}
