package winsim

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/rc4"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/md4"
)

var (
	errNTLMProof = errors.New("wrong password")
	errNTLMMIC   = errors.New("integrity code does not fit the messages")
)

// ntlmAcceptor is the server's side of one NTLMv2 handshake: NEGOTIATE in, CHALLENGE out, AUTHENTICATE in.
type ntlmAcceptor struct {
	negotiate []byte
	challenge []byte
	nonce     []byte
	flags     uint32
}

func newNTLMAcceptor(negotiate []byte, computer string, now time.Time) (*ntlmAcceptor, error) {
	asked, err := parseNTLMNegotiate(negotiate)
	if err != nil {
		return nil, err
	}
	a := &ntlmAcceptor{negotiate: negotiate, nonce: make([]byte, 8)}
	if _, err := rand.Read(a.nonce); err != nil {
		return nil, fmt.Errorf("make NTLM nonce: %w", err)
	}
	a.flags = asked&ntlmSupported | ntlmTarget | ntlmTargetServer | ntlmTargetInfo
	if asked&ntlmUnicode == 0 { // the character set of a client's choice, and Unicode when it leaves the choice to us
		a.flags |= ntlmOEM
	}
	a.challenge = newNTLMChallenge(a.flags, a.nonce, computer, filetime(now))
	return a, nil
}

// verify checks the client's proof against a password and returns the session key both sides now have.
func (a *ntlmAcceptor) verify(m *ntlmAuthenticate, password string) ([]byte, error) {
	hash := ntlmV2Hash(m.user, m.domain, password)
	proof := hmacMD5(hash, a.nonce, m.blob)
	if !hmac.Equal(proof, m.proof) {
		return nil, errNTLMProof
	}
	key := hmacMD5(hash, proof)
	if a.session(m)&ntlmKeyExchange != 0 {
		if len(m.sessionKey) != len(key) {
			return nil, fmt.Errorf("%w: session key of %d bytes", errNTLMFormat, len(m.sessionKey))
		}
		stream, err := rc4.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("open session key: %w", err)
		}
		key = make([]byte, len(key))
		stream.XORKeyStream(key, m.sessionKey)
	}
	if m.mic {
		blank := append([]byte(nil), m.raw...)
		clear(blank[ntlmMICOffset:ntlmMICEnd])
		if !hmac.Equal(hmacMD5(key, a.negotiate, a.challenge, blank), m.raw[ntlmMICOffset:ntlmMICEnd]) {
			return nil, errNTLMMIC
		}
	}
	return key, nil
}

// session returns the flags in force: what the client kept of what it was offered.
func (a *ntlmAcceptor) session(m *ntlmAuthenticate) uint32 { return m.flags & a.flags }

func ntlmV2Hash(user, domain, password string) []byte {
	h := md4.New()
	h.Write(toUTF16(password))
	return hmacMD5(h.Sum(nil), toUTF16(strings.ToUpper(user)+domain))
}

func hmacMD5(key []byte, parts ...[]byte) []byte {
	h := hmac.New(md5.New, key)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// filetime counts 100 ns since 1601.
func filetime(t time.Time) uint64 {
	const epoch = 11644473600
	return uint64(t.Unix()+epoch)*1e7 + uint64(t.Nanosecond()/100) //nolint:gosec // after 1601
}
