package winsim

import (
	"bytes"
	"crypto/rc4"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of MS-NLMP 4.2.4: NTLMv2 with key exchange, 128 bits and extended session security.
const (
	exampleFlags = 0xe28a8233
	exampleNonce = "0123456789abcdef"
	exampleBlob  = "0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000" +
		"02000c0044006f006d00610069006e00 01000c005300650072007600650072000000000000000000"
)

func TestNTLMAgreesWithTheSpecificationsExample(t *testing.T) {
	acceptor := &ntlmAcceptor{nonce: unhex(t, exampleNonce), flags: exampleFlags}
	message := &ntlmAuthenticate{
		proof: unhex(t, "68cd0ab851e51c96aabc927bebef6a1c"), blob: unhex(t, exampleBlob),
		domain: "Domain", user: "User", sessionKey: unhex(t, "c5dad2544fc9799094ce1ce90bc9d03e"), flags: exampleFlags,
	}
	key, err := acceptor.verify(message, "Password")
	if err != nil {
		t.Fatal(err)
	}
	if want := bytes.Repeat([]byte{0x55}, 16); !bytes.Equal(key, want) {
		t.Fatalf("session key %x, want %x", key, want)
	}
	session, err := newNTLMSession(key, exampleFlags)
	if err != nil {
		t.Fatal(err)
	}
	sealed := unhex(t, "01000000 7fb38ec5c55d4976 00000000 54e50165bf1936dc996020c1811b0f06fb5f")
	text, err := session.open(sealed)
	if err != nil || string(text) != string(toUTF16("Plaintext")) {
		t.Errorf("opened %q, %v", text, err)
	}
	if _, err := session.open(sealed); !errors.Is(err, errSignature) {
		t.Errorf("the same message again: %v", err)
	}
	if _, err := acceptor.verify(message, "password"); !errors.Is(err, errNTLMProof) {
		t.Errorf("another password: %v", err)
	}
}

// ntlmPeer is a client's side of the handshake, written from the specification for tests alone.
type ntlmPeer struct {
	flags     uint32
	negotiate []byte
	key       []byte
}

func newPeer(flags uint32) *ntlmPeer {
	b := append([]byte(nil), ntlmSignature...)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, flags)
	return &ntlmPeer{flags: flags, negotiate: append(b, make([]byte, 24)...)}
}

// authenticate answers a challenge as CORP\svc, with an integrity code.
func (p *ntlmPeer) authenticate(challenge []byte, password string) []byte {
	nonce := challenge[24:32]
	length, offset := binary.LittleEndian.Uint16(challenge[40:]), binary.LittleEndian.Uint32(challenge[44:])
	info := challenge[offset : offset+uint32(length)]
	blob := append([]byte{1, 1}, make([]byte, 14)...)
	blob = append(blob, "peers it"...)
	blob = append(blob, 0, 0, 0, 0)
	blob = append(blob, info[:len(info)-4]...)
	blob = append(blob, avFlags, 0, 4, 0, avFlagMIC, 0, 0, 0, 0, 0, 0, 0)

	hash := ntlmV2Hash("svc", "CORP", password)
	proof := hmacMD5(hash, nonce, blob)
	exchange := hmacMD5(hash, proof)
	p.key = []byte("0123456789abcdef")
	stream, _ := rc4.NewCipher(exchange)
	encrypted := make([]byte, 16)
	stream.XORKeyStream(encrypted, p.key)

	fields := [][]byte{make([]byte, 24), append(proof, blob...), toUTF16("CORP"), toUTF16("svc"), nil, encrypted}
	message := append([]byte(nil), ntlmSignature...)
	message = binary.LittleEndian.AppendUint32(message, 3)
	at := ntlmMICEnd
	for _, field := range fields {
		message = binary.LittleEndian.AppendUint16(message, uint16(len(field)))
		message = binary.LittleEndian.AppendUint16(message, uint16(len(field)))
		message = binary.LittleEndian.AppendUint32(message, uint32(at))
		at += len(field)
	}
	message = binary.LittleEndian.AppendUint32(message, p.flags)
	message = append(message, make([]byte, ntlmMICEnd-ntlmAuthMin)...)
	message = append(message, bytes.Join(fields, nil)...)
	copy(message[ntlmMICOffset:], hmacMD5(p.key, p.negotiate, challenge, message))
	return message
}

// session is the peer's end of the sealed talk: the same keys, the directions exchanged.
func (p *ntlmPeer) session(t *testing.T) *ntlmSession {
	t.Helper()
	s, err := newNTLMSession(p.key, p.flags)
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.out = s.out, s.in
	return s
}

func TestNTLMRefusesWhatWasTamperedWith(t *testing.T) {
	for _, test := range []struct {
		name   string
		tamper func(a *ntlmAcceptor, message []byte)
		want   error
	}{
		{"nothing", func(*ntlmAcceptor, []byte) {}, nil},
		{"the flags the client asked for", func(a *ntlmAcceptor, _ []byte) { a.negotiate[12] ^= ntlmSealFlag }, errNTLMMIC},
		{"the challenge's flags", func(a *ntlmAcceptor, _ []byte) { a.challenge[20] ^= ntlmSealFlag }, errNTLMMIC},
		{"the integrity code", func(_ *ntlmAcceptor, m []byte) { m[ntlmMICOffset] ^= 1 }, errNTLMMIC},
		{"the client's final flags", func(_ *ntlmAcceptor, m []byte) { m[60] ^= ntlmSealFlag }, errNTLMMIC},
		{"the proof", func(_ *ntlmAcceptor, m []byte) { m[ntlmMICEnd+24] ^= 1 }, errNTLMProof},
	} {
		t.Run(test.name, func(t *testing.T) {
			peer := newPeer(ntlmSupported)
			acceptor, err := newNTLMAcceptor(bytes.Clone(peer.negotiate), "AADC01", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			raw := peer.authenticate(bytes.Clone(acceptor.challenge), "secret")
			test.tamper(acceptor, raw)
			message, err := parseNTLMAuthenticate(raw)
			if err != nil {
				t.Fatal(err)
			}
			key, err := acceptor.verify(message, "secret")
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if test.want == nil && !bytes.Equal(key, peer.key) {
				t.Errorf("keys differ: %x and %x", key, peer.key)
			}
		})
	}
}

// TestNTLMSettlesTheCharacterSet: python-ntlm-auth offers OEM alone, and takes the flags of the challenge for its own.
func TestNTLMSettlesTheCharacterSet(t *testing.T) {
	const sets = ntlmUnicode | ntlmOEM
	for name, test := range map[string]struct {
		asked, settled uint32
		target         string
	}{
		"Unicode": {ntlmUnicode, ntlmUnicode, string(toUTF16("AADC01"))},
		"both":    {sets, ntlmUnicode, string(toUTF16("AADC01"))},
		"OEM":     {ntlmOEM, ntlmOEM, "AADC01"},
		"neither": {},
	} {
		t.Run(name, func(t *testing.T) {
			acceptor, err := newNTLMAcceptor(newPeer(ntlmSupported&^sets|test.asked).negotiate, "AADC01", time.Unix(0, 0))
			if test.settled == 0 {
				if !errors.Is(err, errNTLMFormat) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			flags := binary.LittleEndian.Uint32(acceptor.challenge[20:])
			target, err := ntlmField(acceptor.challenge, 12)
			if err != nil || flags&sets != test.settled || string(target) != test.target {
				t.Errorf("settled %b with target %q, %v", flags&sets, target, err)
			}
			info, err := ntlmField(acceptor.challenge, 40)
			if err != nil {
				t.Fatal(err)
			}
			if computer, err := ntlmPair(info, avComputerName); err != nil || fromUTF16(computer) != "AADC01" {
				t.Errorf("the list names %q, %v", computer, err)
			}
			if got := fromNTLM(flags, target); got != "AADC01" {
				t.Errorf("read back %q", got)
			}
		})
	}
}

func TestNTLMSealsWithEveryKeyLength(t *testing.T) {
	for name, without := range map[string]uint32{
		"128 bits": 0, "56 bits": ntlm128, "40 bits": ntlm128 | ntlm56, "no key exchange": ntlmKeyExchange,
	} {
		server, err := newNTLMSession([]byte("0123456789abcdef"), ntlmSupported&^without)
		if err != nil {
			t.Fatal(err)
		}
		peer := &ntlmPeer{flags: ntlmSupported &^ without, key: []byte("0123456789abcdef")}
		client := peer.session(t)
		for _, text := range []string{"one", "", "--Encrypted Boundary--\r\n", strings.Repeat("long ", 1000)} {
			if got, err := openSealed(server, seal(client, []byte(text))); err != nil || string(got) != text {
				t.Errorf("%s, to the server: %.20q, %v", name, got, err)
			}
			if got, err := openSealed(client, seal(server, []byte(text))); err != nil || string(got) != text {
				t.Errorf("%s, to the client: %.20q, %v", name, got, err)
			}
		}
	}
	if _, err := newNTLMSession(make([]byte, 16), ntlmSupported&^ntlmSealFlag); !errors.Is(err, errNotSealable) {
		t.Errorf("without sealing: %v", err)
	}
}

func FuzzNTLM(f *testing.F) {
	peer := newPeer(ntlmSupported)
	acceptor, err := newNTLMAcceptor(peer.negotiate, "AADC01", time.Unix(0, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(peer.negotiate)
	f.Add(acceptor.challenge)
	f.Add(peer.authenticate(acceptor.challenge, "secret"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ntlmMessageType(b); err != nil {
			return
		}
		_, _ = newNTLMAcceptor(b, "AADC01", time.Unix(0, 0))
		message, err := parseNTLMAuthenticate(b)
		if err != nil {
			return
		}
		if _, err := acceptor.verify(message, "not the password"); err == nil {
			t.Error("a message no client has made was believed")
		}
	})
}

func FuzzSealedFrame(f *testing.F) {
	session, err := newNTLMSession(make([]byte, 16), ntlmSupported)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seal(session, []byte("text")))
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, length, err := sealedPayload(b)
		if err == nil && (length < 0 || len(payload) > len(b)) {
			t.Errorf("payload of %d bytes, length %d", len(payload), length)
		}
	})
}
