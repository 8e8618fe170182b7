package winsim

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// wire is one TCP connection to a server, so that a test decides what goes over which.
type wire struct {
	t    *testing.T
	conn net.Conn
	read *bufio.Reader
	url  string
}

func dial(t *testing.T, server *Server) *wire {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{t: t, conn: conn, read: bufio.NewReader(conn), url: server.URL()}
}

// wireAnswer is an HTTP answer, read to its end.
type wireAnswer struct {
	status int
	header http.Header
	body   []byte
}

func (w *wire) post(authorization, contentType string, body []byte) wireAnswer {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	request.Header.Set("Content-Type", contentType)
	if err := request.Write(w.conn); err != nil {
		w.t.Fatal(err)
	}
	response, err := http.ReadResponse(w.read, request)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		w.t.Fatal(err)
	}
	return wireAnswer{status: response.StatusCode, header: response.Header, body: answer}
}

// logOn goes through the handshake and returns the status of its last answer.
func (w *wire) logOn(peer *ntlmPeer, scheme, password string) int {
	w.t.Helper()
	response := w.post(scheme+" "+base64.StdEncoding.EncodeToString(peer.negotiate), soapType, nil)
	encoded, found := strings.CutPrefix(response.header.Get("WWW-Authenticate"), scheme+" ")
	challenge, err := base64.StdEncoding.DecodeString(encoded)
	if response.status != http.StatusUnauthorized || !found || err != nil {
		w.t.Fatalf("no challenge: %d %q", response.status, encoded)
	}
	token := peer.authenticate(challenge, password)
	response = w.post(scheme+" "+base64.StdEncoding.EncodeToString(token), soapType, nil)
	return response.status
}

func sealedServer(t *testing.T) *Server {
	t.Helper()
	server, err := New(Config{PlainHTTP: true, Accounts: []Account{{Name: `CORP\svc`, Password: "secret"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

const unknownAction = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body/></s:Envelope>`

func TestSealedMessagesNeedTheirConnectionsLogon(t *testing.T) {
	server := sealedServer(t)
	peer := newPeer(ntlmSupported)
	first := dial(t, server)
	if status := first.logOn(peer, "Negotiate", "secret"); status != http.StatusOK {
		t.Fatalf("logon: %d", status)
	}
	session := peer.session(t)
	response := first.post("", sealedType, seal(session, []byte(unknownAction)))
	if response.status != http.StatusInternalServerError || response.header.Get("Content-Type") != sealedType {
		t.Fatalf("sealed: %d %s", response.status, response.body)
	}
	if text, err := openSealed(session, response.body); err != nil || !strings.Contains(string(text), `Code="2150858753"`) {
		t.Errorf("the answer: %s, %v", text, err)
	}

	second := dial(t, server)
	if status := second.logOn(newPeer(ntlmSupported), "NTLM", "secret"); status != http.StatusOK {
		t.Fatalf("second logon: %d", status)
	}
	if response := second.post("", sealedType, seal(session, []byte(unknownAction))); response.status != http.StatusBadRequest {
		t.Errorf("sealed with another connection's keys: %d", response.status)
	}
	if response := dial(t, server).post("", sealedType, seal(session, []byte(unknownAction))); response.status != http.StatusUnauthorized {
		t.Errorf("sealed without a logon: %d", response.status)
	}
	if response := first.post("", soapType, []byte(unknownAction)); response.status != http.StatusUnauthorized {
		t.Errorf("clear text after a logon: %d", response.status)
	}
	if s := server.Stats(); s.Sealed != 1 || s.Plaintext != 1 || s.Connections != 3 || s.Logons[`CORP\svc`] != (Logons{Succeeded: 2}) {
		t.Errorf("%+v", s)
	}
}

func TestAnEmptyRequestBeginsAnew(t *testing.T) {
	server := sealedServer(t)
	w := dial(t, server)
	if status := w.logOn(newPeer(ntlmSupported), "Negotiate", "secret"); status != http.StatusOK {
		t.Fatalf("logon: %d", status)
	}
	response := w.post("", soapType, nil)
	offers := response.header.Values("WWW-Authenticate")
	if response.status != http.StatusUnauthorized || response.header.Get("Content-Length") != "0" || strings.Join(offers, ",") != "Negotiate,NTLM" {
		t.Errorf("%d, header %v, offers %q", response.status, response.header, offers)
	}
	if status := w.logOn(newPeer(ntlmSupported), "Negotiate", "wrong"); status != http.StatusUnauthorized {
		t.Errorf("logon with a wrong password: %d", status)
	}
	if got := server.Stats().Logons[`CORP\svc`]; got != (Logons{Succeeded: 1, Failed: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestALogonWithoutSealingSendsNothingSealed(t *testing.T) {
	server := sealedServer(t)
	w := dial(t, server)
	if status := w.logOn(newPeer(ntlmSupported&^ntlmSealFlag), "Negotiate", "secret"); status != http.StatusOK {
		t.Fatalf("logon: %d", status)
	}
	if response := w.post("", sealedType, []byte("x")); response.status != http.StatusBadRequest {
		t.Errorf("got %d", response.status)
	}
}

func TestMalformedCredentialsAreRefused(t *testing.T) {
	server := sealedServer(t)
	peer := newPeer(ntlmSupported)
	for name, authorization := range map[string]string{
		"not base64":                     "Negotiate ***",
		"no NTLM":                        "Negotiate " + base64.StdEncoding.EncodeToString([]byte("`\x1b spnego")),
		"a truncated NEGOTIATE":          "NTLM " + base64.StdEncoding.EncodeToString(peer.negotiate[:14]),
		"AUTHENTICATE without CHALLENGE": "NTLM " + base64.StdEncoding.EncodeToString(peer.authenticate(newNTLMChallenge(0, make([]byte, 8), "A", 0), "secret")),
		"a scheme that is not offered":   "Basic eDp4",
	} {
		response := dial(t, server).post(authorization, soapType, nil)
		if response.status != http.StatusUnauthorized || len(response.header.Values("WWW-Authenticate")) != 2 {
			t.Errorf("%s: %d %q", name, response.status, response.header.Values("WWW-Authenticate"))
		}
	}
	if n := len(server.Stats().Logons); n != 0 {
		t.Errorf("%d accounts have logons", n)
	}
}
