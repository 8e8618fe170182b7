package winrm_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// The answers of a sealed run in the order they come.
const (
	challenged = 1 + iota
	loggedOn
	created
	commanded
	fed
	received
)

// soapOf is an answer in clear text as a server without sealing would give it.
func soapOf(status int, body string) func(*httpAnswer) {
	return func(a *httpAnswer) {
		a.status, a.body = status, []byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>`+body+`</s:Body></s:Envelope>`)
		a.header = http.Header{"Content-Type": {"application/soap+xml;charset=UTF-8"}}
	}
}

// flip changes one bit of the sealed part, at a place counted from its beginning: 0 is its length, 4 the signature, 8
// its checksum, 16 its number, 20 the ciphertext.
func flip(at int) func(*httpAnswer) {
	return func(a *httpAnswer) {
		const head = "application/octet-stream\r\n"
		if i := bytes.Index(a.body, []byte(head)); i >= 0 {
			a.body[i+len(head)+at] ^= 1
		}
	}
}

func status(code int) func(*httpAnswer) {
	return func(a *httpAnswer) { a.status, a.header, a.body = code, http.Header{}, nil }
}

// swap replaces a piece of the frame.
func swap(old, text string) func(*httpAnswer) {
	return func(a *httpAnswer) { a.body = bytes.Replace(a.body, []byte(old), []byte(text), 1) }
}

// challenge changes the flags of a CHALLENGE, and with timed false the attribute that tells the time.
func challenge(set, clear uint32, timed bool) func(*httpAnswer) {
	return func(a *httpAnswer) {
		text := strings.TrimPrefix(a.header.Get("WWW-Authenticate"), "Negotiate ")
		message, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return
		}
		binary.LittleEndian.PutUint32(message[20:], binary.LittleEndian.Uint32(message[20:])&^clear|set)
		if !timed { // becomes an attribute that nobody knows
			message = bytes.Replace(message, []byte{7, 0, 8, 0}, []byte{99, 0, 8, 0}, 1)
		}
		a.header.Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString(message))
	}
}

// TestSomebodyBetween lets somebody on the way change one answer. The run must end with a typed error after a bounded
// number of requests, nothing may be believed that is not sealed, and the next run must work, on another connection.
func TestSomebodyBetween(t *testing.T) {
	const (
		none  = 0
		clean = 5 // a logon of two requests, ctrl_c, terminate, Delete
		brief = 3 // a logon of two requests, Delete
	)
	fault := func(code string) string {
		return `<s:Fault><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="` + code + `"/></s:Detail></s:Fault>`
	}
	for name, test := range map[string]struct {
		nth      int
		change   func(*httpAnswer)
		kind     executor.Failure
		started  bool
		requests int // after the nth
		logons   int
		left     int
	}{
		"the first step of a logon succeeds":       {challenged, status(200), executor.FailureProtocol, false, none, 0, 0},
		"the first step answers in clear text":     {challenged, soapOf(200, ""), executor.FailureProtocol, false, none, 0, 0},
		"only Basic is offered":                    {challenged, func(a *httpAnswer) { a.header.Set("WWW-Authenticate", `Basic realm="WSMAN"`) }, executor.FailureCredentials, false, none, 0, 0},
		"a challenge of garbage":                   {challenged, func(a *httpAnswer) { a.header.Set("WWW-Authenticate", "Negotiate TlRMTVNTUAACAAAA") }, executor.FailureProtocol, false, none, 0, 0},
		"a challenge without sealing":              {challenged, challenge(0, 1<<5, true), executor.FailureProtocol, false, none, 0, 0},
		"a challenge without signing":              {challenged, challenge(0, 1<<4, true), executor.FailureProtocol, false, none, 0, 0},
		"a challenge with 56 bits":                 {challenged, challenge(0, 1<<29, true), executor.FailureProtocol, false, none, 0, 0},
		"a challenge without a key exchange":       {challenged, challenge(0, 1<<30, true), executor.FailureProtocol, false, none, 0, 0},
		"a challenge without session security":     {challenged, challenge(0, 1<<19, true), executor.FailureProtocol, false, none, 0, 0},
		"a challenge for nobody":                   {challenged, challenge(1<<11, 0, true), executor.FailureProtocol, false, none, 0, 0},
		"a challenge without the time":             {challenged, challenge(0, 0, false), executor.FailureProtocol, false, none, 0, 0},
		"another flag, which the proof covers":     {challenged, challenge(1<<2, 1<<31, true), executor.FailureCredentials, false, 1, 0, 0},
		"the connection closes on the challenge":   {challenged, func(a *httpAnswer) { a.last = true }, executor.FailureUnreachable, false, none, 0, 0},
		"the logon is answered in clear text":      {loggedOn, soapOf(500, fault("5")), executor.FailureProtocol, false, none, 1, 0},
		"a shell in clear text":                    {created, soapOf(200, `<w:Selector xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" Name="ShellId">11111111-2222-3333-4444-555555555555</w:Selector>`), executor.FailureProtocol, false, none, 1, 1},
		"a fault in clear text":                    {created, soapOf(500, fault("5")), executor.FailureProtocol, false, none, 1, 1},
		"a redirection":                            {created, func(a *httpAnswer) { status(302)(a); a.header.Set("Location", "http://127.0.0.1:1/wsman") }, executor.FailureProtocol, false, none, 1, 1},
		"a refusal after the logon":                {created, status(401), executor.FailureProtocol, false, none, 1, 1},
		"a bad request after the logon":            {created, status(400), executor.FailureProtocol, false, none, 1, 1},
		"the service is down":                      {created, status(503), executor.FailureUnreachable, false, none, 1, 1},
		"a changed length of the signature":        {created, flip(0), executor.FailureProtocol, false, none, 1, 1},
		"a changed checksum":                       {created, flip(8), executor.FailureProtocol, false, none, 1, 1},
		"a changed number":                         {created, flip(16), executor.FailureProtocol, false, none, 1, 1},
		"a changed message":                        {created, flip(20), executor.FailureProtocol, false, none, 1, 1},
		"a longer length":                          {created, swap("Length=1", "Length=2"), executor.FailureProtocol, false, none, 1, 1},
		"a length that is none":                    {created, swap("Length=", "Length=-"), executor.FailureProtocol, false, none, 1, 1},
		"another boundary":                         {created, swap("--Encrypted Boundary", "--Other Boundary"), executor.FailureProtocol, false, none, 1, 1},
		"another kind of seal":                     {created, swap("HTTP-SPNEGO-session", "HTTP-CredSSP-session"), executor.FailureProtocol, false, none, 1, 1},
		"bytes after the last boundary":            {created, func(a *httpAnswer) { a.body = append(a.body, "\r\n"...) }, executor.FailureProtocol, false, none, 1, 1},
		"half a frame":                             {created, func(a *httpAnswer) { a.body = a.body[:len(a.body)/2] }, executor.FailureProtocol, false, none, 1, 1},
		"a refusal to Command":                     {commanded, status(401), executor.FailureLost, true, brief, 2, 0},
		"a changed answer to Command":              {commanded, flip(20), executor.FailureProtocol, true, brief, 2, 0},
		"a bad request to Send":                    {fed, status(400), executor.FailureLost, true, clean, 2, 0},
		"an empty answer to Receive":               {received, status(200), executor.FailureProtocol, true, clean, 2, 0},
		"no output yet, said in clear text":        {received, soapOf(500, fault("2150858793")), executor.FailureProtocol, true, clean, 2, 0},
		"a changed answer to Receive":              {received, flip(40), executor.FailureProtocol, true, clean, 2, 0},
		"the answer to Command again to a Receive": {received, nil, executor.FailureProtocol, true, clean, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, sealed)
			man := newBetween(t, server)
			runner := newRunner(t, server, sealed, man.url)
			var earlier httpAnswer
			man.meddle(func(n int, a *httpAnswer) {
				switch {
				case n == commanded:
					earlier = httpAnswer{body: slices.Clone(a.body)}
				case n == received && test.change == nil:
					a.body = earlier.body
				}
				if n == test.nth && test.change != nil {
					test.change(a)
				}
			})
			got := failed(t, runner.Run(t.Context(), []byte("print one\n"), drop))
			if got.Kind != test.kind || got.Started != test.started {
				t.Errorf("got %+v, want %s, started %t", got, test.kind, test.started)
			}
			man.meddle(nil)
			await(t, server, func(s winsim.Stats) bool { return s.Shells <= test.left })
			stats := server.Stats()
			if n := stats.HTTPRequests - test.nth; n != test.requests || stats.Shells != test.left {
				t.Errorf("%d more requests and %d shells left, want %d and %d: %v", n, stats.Shells, test.requests, test.left, operations(server))
			}
			if logons := stats.Logons[domain]; logons.Succeeded != test.logons {
				t.Errorf("%+v, want %d successful", logons, test.logons)
			}
			if test.kind == executor.FailureCredentials && stats.Logons[domain].Failed > 0 {
				return // what the server refuses once is not tried again
			}
			if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
				t.Errorf("the next run: %v", err)
			}
			man.clear()
		})
	}
}

// TestFuzzedSealedAnswers spoils every other answer on its way, always in the same ways. Every run ends with a typed
// error after a bounded number of requests, and nothing goes over the wire in clear text.
func TestFuzzedSealedAnswers(t *testing.T) {
	const answers = 3000
	server := newServer(t, sealed, func(c *winsim.Config) { c.Quotas.MaxShellsPerUser = 1 << 20 })
	man := newBetween(t, server)
	random := rand.New(rand.NewPCG(5985, 1))
	spoilt := 0
	man.meddle(func(_ int, a *httpAnswer) {
		if random.IntN(2) == 0 {
			return
		}
		spoilt++
		switch n := len(a.body); random.IntN(8) {
		case 0:
			a.status = []int{200, 201, 302, 400, 401, 403, 500, 503}[random.IntN(8)]
		case 1:
			a.header.Set("Content-Type", []string{"", "text/html", "application/soap+xml", "multipart/encrypted"}[random.IntN(4)])
		case 2:
			token := []byte(a.header.Get("WWW-Authenticate"))
			if len(token) > 20 {
				token[10+random.IntN(len(token)-10)] = "AZaz09+/= "[random.IntN(10)]
				a.header.Set("WWW-Authenticate", string(token))
			}
		case 3:
			a.body = a.body[:random.IntN(n+1)]
		case 4:
			a.last = true
		default:
			for range 1 + random.IntN(3) {
				if n > 0 {
					a.body[random.IntN(n)] ^= byte(1 << random.IntN(8))
				}
			}
		}
	})
	ended := map[executor.Failure]int{}
	for seen := 0; seen < answers; {
		before := server.Stats().HTTPRequests
		runner := newRunnerWith(t, openGate{}, server, sealed, man.url)
		if err := runner.Run(t.Context(), []byte("print one\n"), drop); err != nil {
			ended[failed(t, err).Kind]++
		} else {
			ended["success"]++
		}
		runner.Close()
		if n := server.Stats().HTTPRequests - before; n > 32 {
			t.Errorf("a run took %d requests", n)
		}
		man.mu.Lock()
		seen = spoilt
		man.mu.Unlock()
	}
	t.Logf("%d answers spoilt: %v", answers, ended)
	for _, kind := range []executor.Failure{"success", executor.FailureProtocol, executor.FailureLost, executor.FailureCredentials} {
		if ended[kind] == 0 {
			t.Errorf("no run ended with %s: the answers do not vary enough", kind)
		}
	}
	man.clear()
}
