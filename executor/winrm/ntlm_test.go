package winrm

import (
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bodgit/ntlmssp"
)

// testChallenge is a CHALLENGE in the shape of Windows Server 2016's, with these flags and attributes.
func testChallenge(flags uint32, attributes ...[]byte) []byte {
	const fixed = 56
	name := []byte("A\x00A\x00D\x00C\x00")
	info := slices.Concat(attributes...)
	b := []byte("NTLMSSP\x00\x02\x00\x00\x00")
	place := func(length, offset int) {
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
		b = binary.LittleEndian.AppendUint32(b, uint32(offset))
	}
	place(len(name), fixed)
	b = binary.LittleEndian.AppendUint32(b, flags)
	b = append(b, "\x01\x23\x45\x67\x89\xab\xcd\xef\x00\x00\x00\x00\x00\x00\x00\x00"...)
	place(len(info), fixed+len(name))
	b = append(b, "\x0a\x00\x39\x38\x00\x00\x00\x0f"...)
	return slices.Concat(b, name, info)
}

// testFlags are what Windows answers to what the library asks for.
const testFlags = flagsNeeded | 1<<2 | 1<<15 | 1<<17 | 1<<31

var (
	serverTime = []byte("\x07\x00\x08\x00\x00\x80\x3e\xd5\xde\xb1\x9d\x01")
	serverName = []byte("\x01\x00\x08\x00A\x00A\x00D\x00C\x00")
	infoEnd    = []byte("\x00\x00\x00\x00")
)

func TestCheckChallenge(t *testing.T) {
	good := testChallenge(testFlags, serverName, serverTime, infoEnd)
	for name, test := range map[string]struct {
		challenge []byte
		want      error
	}{
		"as Windows sends it":                {good, nil},
		"with a version":                     {testChallenge(testFlags|1<<25, serverTime, infoEnd), nil},
		"with flags of the server":           {testChallenge(testFlags, serverTime, []byte("\x06\x00\x04\x00\x00\x00\x00\x00"), infoEnd), nil},
		"without a time":                     {testChallenge(testFlags, serverName, infoEnd), errWeak},
		"without an end":                     {testChallenge(testFlags, serverName, serverTime), errChallenge},
		"without attributes":                 {testChallenge(testFlags), errChallenge},
		"with a time of four bytes":          {testChallenge(testFlags, []byte("\x07\x00\x04\x00abcd"), infoEnd), errChallenge},
		"with flags of two bytes":            {testChallenge(testFlags, serverTime, []byte("\x06\x00\x02\x00\x00\x00"), infoEnd), errChallenge},
		"with an attribute that is too long": {testChallenge(testFlags, serverTime, []byte("\x01\x00\xff\xff"), infoEnd), errChallenge},
		"for nobody":                         {testChallenge(testFlags|flagAnonymous, serverTime, infoEnd), errWeak},
		"with a LAN Manager key":             {testChallenge(testFlags|flagLMKey, serverTime, infoEnd), errWeak},
		"for datagrams":                      {testChallenge(testFlags|flagDatagram, serverTime, infoEnd), errWeak},
		"without sealing":                    {testChallenge(testFlags&^flagSeal, serverTime, infoEnd), errWeak},
		"with 40 bits":                       {testChallenge(testFlags&^flag128&^uint32(1<<31), serverTime, infoEnd), errWeak},
		"another message":                    {slices.Concat([]byte("NTLMSSP\x00\x03"), good[9:]), errChallenge},
		"half of it":                         {good[:40], errChallenge},
		"nothing":                            {nil, errChallenge},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkChallenge(test.challenge); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// FuzzChallenge gives the library whatever passes the check: it must neither panic nor come to a logon without a key.
func FuzzChallenge(f *testing.F) {
	f.Add(testChallenge(testFlags, serverName, serverTime, infoEnd))
	f.Add(testChallenge(testFlags|1<<25, serverTime, []byte("\x06\x00\x04\x00\x02\x00\x00\x00"), infoEnd))
	f.Add(testChallenge(testFlags, serverTime, serverTime, infoEnd, []byte("behind it")))
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, challenge []byte) {
		if checkChallenge(challenge) != nil {
			return
		}
		client, err := newNTLM(`CORP\svc`, "secret")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Authenticate(nil, nil); err != nil {
			t.Fatal(err)
		}
		answer, err := client.Authenticate(challenge, nil)
		if err != nil {
			return
		}
		if client.SecuritySession() == nil || len(answer) < 88 || slices.Equal(answer[72:88], make([]byte, 16)) {
			t.Errorf("a logon without a key or without its integrity code: %x", answer)
		}
	})
}

// testSession is the client's half of a logon.
func testSession(t testing.TB) *ntlmssp.SecuritySession {
	t.Helper()
	client, err := newNTLM(`CORP\svc`, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Authenticate(nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Authenticate(testChallenge(testFlags, serverTime, infoEnd), nil); err != nil {
		t.Fatal(err)
	}
	return client.SecuritySession()
}

// TestNames splits user names as Windows does.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		`CORP\svc`:         "C\x00O\x00R\x00P\x00s\x00v\x00c\x00",
		"svc@corp.example": "s\x00v\x00c\x00@\x00c\x00o\x00r\x00p\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00",
		"svc":              "s\x00v\x00c\x00",
	} {
		client, err := newNTLM(name, "secret")
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Authenticate(testChallenge(testFlags, serverTime, infoEnd), nil)
		if err != nil {
			t.Fatal(err)
		}
		domain, derr := field(answer, 28)
		user, uerr := field(answer, 36)
		if derr != nil || uerr != nil || string(domain)+string(user) != want {
			t.Errorf("%s: got %q and %q", name, domain, user)
		}
		if strings.Contains(name, "@") && len(domain) > 0 {
			t.Errorf("%s: a domain of its own: %q", name, domain)
		}
	}
}

// FuzzSealed reads anything as a sealed answer: what has no seal of the session's must not come through.
func FuzzSealed(f *testing.F) {
	frame, err := seal(testSession(f), emptyReply())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(frame), sealedType)
	f.Add([]byte(strings.ReplaceAll(frame, "\t", "")), sealedType)
	f.Add([]byte(emptyReply()), envelopeType)
	f.Add([]byte(sealedBoundary), "multipart/encrypted")
	session := testSession(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if signature, ciphertext, err := parseFrame(body); err == nil && (len(signature) != signatureSize || len(ciphertext) > len(body)) {
			t.Errorf("a signature of %d bytes over %d", len(signature), len(ciphertext))
		}
		r, err := unsealed(session, reply{status: http.StatusOK, header: http.Header{"Content-Type": {contentType}}, body: body})
		if err == nil {
			t.Errorf("let through: %q", r.body)
		}
	})
}

// TestFrame takes apart what seal has written, with boundaries in the payload.
func TestFrame(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"as it is":     func(s string) string { return s },
		"without tabs": func(s string) string { return strings.ReplaceAll(s, "\r\n\t", "\r\n") },
	} {
		session := testSession(t)
		text := strings.Repeat(sealedBoundary+"--\r\n", 3)
		frame, err := seal(session, text)
		if err != nil {
			t.Fatal(err)
		}
		signature, ciphertext, err := parseFrame([]byte(change(frame)))
		if err != nil || len(signature) != signatureSize || len(ciphertext) != len(text) {
			t.Errorf("%s: %d and %d bytes, %v", name, len(signature), len(ciphertext), err)
		}
		if strings.Contains(frame, text) {
			t.Errorf("%s: the text is not encrypted", name)
		}
	}
}

// TestNothingLeavesInClear asks a plain lane to send a message that is not sealed.
func TestNothingLeavesInClear(t *testing.T) {
	l := newLane("http://127.0.0.1:1/wsman", nil, 0)
	for _, contentType := range []string{envelopeType, "", "multipart/encrypted"} {
		if _, err := l.post(t.Context(), emptyReply(), contentType, ""); !errors.Is(err, errInClear) {
			t.Errorf("%q: got %v", contentType, err)
		}
	}
}
