package winsim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// The frame of a sealed message over http (MS-WSMV 2.2.9.1): MIME in looks only, with headers that begin with a tab, a
// boundary that stands after the payload without a line end, and a payload of any bytes.
const (
	sealedProtocol = "application/HTTP-SPNEGO-session-encrypted"
	sealedBoundary = "--Encrypted Boundary"
	sealedType     = `multipart/encrypted;protocol="` + sealedProtocol + `";boundary="Encrypted Boundary"`
	soapType       = "application/soap+xml;charset=UTF-8"
)

var errSealedFrame = errors.New("malformed sealed message")

// isSealed tells whether a Content-Type announces a sealed message.
func isSealed(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	return err == nil && media == "multipart/encrypted" && params["protocol"] == sealedProtocol
}

// openSealed returns the message in a sealed body.
func openSealed(session *ntlmSession, body []byte) ([]byte, error) {
	payload, length, err := sealedPayload(body)
	if err != nil {
		return nil, err
	}
	message, err := session.open(payload)
	if err != nil {
		return nil, err
	}
	if len(message) != length {
		return nil, fmt.Errorf("%w: %d bytes announced, %d found", errSealedFrame, length, len(message))
	}
	return message, nil
}

// sealedPayload takes a frame apart: signature and ciphertext, and the length the clear text shall have.
func sealedPayload(body []byte) (payload []byte, length int, err error) {
	head, rest, found := bytes.Cut(body, []byte("application/octet-stream\r\n"))
	if !found {
		return nil, 0, fmt.Errorf("%w: no octet-stream part", errSealedFrame)
	}
	_, announced, found := strings.Cut(string(head), "Length=")
	if !found {
		return nil, 0, fmt.Errorf("%w: no length", errSealedFrame)
	}
	announced, _, _ = strings.Cut(announced, "\r\n")
	length, err = strconv.Atoi(strings.TrimSpace(announced))
	if err != nil || length < 0 {
		return nil, 0, fmt.Errorf("%w: length %q", errSealedFrame, announced)
	}
	rest, found = bytes.CutSuffix(rest, []byte(sealedBoundary+"--\r\n"))
	if !found {
		return nil, 0, fmt.Errorf("%w: no closing boundary", errSealedFrame)
	}
	if len(rest) < 4 || binary.LittleEndian.Uint32(rest) != ntlmSignatureSize {
		return nil, 0, fmt.Errorf("%w: no signature of %d bytes", errSealedFrame, ntlmSignatureSize)
	}
	return rest[4:], length, nil
}

// seal frames and seals a message.
func seal(session *ntlmSession, message []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\r\n\tContent-Type: %s\r\n", sealedBoundary, sealedProtocol)
	fmt.Fprintf(&b, "\tOriginalContent: type=%s;Length=%d\r\n", soapType, len(message))
	fmt.Fprintf(&b, "%s\r\n\tContent-Type: application/octet-stream\r\n", sealedBoundary)
	b.Write(binary.LittleEndian.AppendUint32(nil, ntlmSignatureSize))
	b.Write(session.seal(message))
	b.WriteString(sealedBoundary + "--\r\n")
	return b.Bytes()
}
