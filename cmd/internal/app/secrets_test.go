package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

// vault knows every secret that was used, by what it is.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string
}

func (v *vault) add(what, secret string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets[fmt.Sprintf("%s %d", what, len(v.secrets)+1)] = secret
}

// holds says which secrets stand in a text. What names the kind of secret may be left out.
func (v *vault) holds(text []byte, but ...string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var found []string
next:
	for what, secret := range v.secrets {
		for _, kind := range but {
			if strings.HasPrefix(what, kind) {
				continue next
			}
		}
		if bytes.Contains(text, []byte(secret)) {
			found = append(found, what)
		}
	}
	return found
}

// count says how many secrets of a kind were used.
func (v *vault) count(kind string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for what := range v.secrets {
		if strings.HasPrefix(what, kind) {
			n++
		}
	}
	return n
}

var ticket = regexp.MustCompile(`ticket=([0-9A-Za-z_-]+)`)

// proxy stands before the workspace and learns the tickets of connections.
func (v *vault) proxy(t *testing.T, workspace string) string {
	t.Helper()
	target, err := url.Parse(strings.TrimSuffix(workspace, "/api/"))
	if err != nil {
		t.Fatal(err)
	}
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			for _, found := range ticket.FindAllSubmatch(body, -1) {
				v.add("ticket", string(found[1]))
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			return err
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // a reset stays one
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL + "/api/"
}

// slash types a command and keeps the secrets of its envelope.
func (v *vault) slash(t *testing.T, s *scene, user, channel, text string) {
	t.Helper()
	var payload struct {
		ResponseURL string `json:"response_url"`
		TriggerID   string `json:"trigger_id"`
	}
	if err := json.Unmarshal(s.types(t, user, channel, text).Payload, &payload); err != nil {
		t.Fatal(err)
	}
	v.add("response_url", payload.ResponseURL[strings.LastIndex(payload.ResponseURL, "/")+1:])
	v.add("trigger_id", payload.TriggerID)
}

// No secret that the bot has used stands in what it writes, whatever goes wrong.
func TestNoSecretIsEverWritten(t *testing.T) {
	for _, auth := range []string{"ntlm", "basic"} {
		t.Run(auth, func(t *testing.T) { playWithSecrets(t, auth) })
	}
}

func playWithSecrets(t *testing.T, auth string) {
	v := &vault{secrets: map[string]string{}}
	for name, secret := range e2e.Secrets() {
		v.add(name, secret)
	}
	v.add("basic credentials", base64.StdEncoding.EncodeToString([]byte(`CORP\svc-adsync:`+e2e.Secrets()["ADSYNC_PASSWORD"])))
	dir := ""
	s := newScene(t, e2e.Options{Auth: auth}, func(s *scene, config string) string {
		dir = filepath.Dir(s.Places()["AADC01_CA"])
		return strings.ReplaceAll(config, s.Slack.URL(), v.proxy(t, s.Slack.URL()))
	})

	// What goes well.
	v.slash(t, s, e2e.Ann, e2e.Helpdesk, "delta aadc01 because of a new starter")
	s.reads(t, e2e.Helpdesk, "succeeded")
	s.told(t, e2e.Helpdesk, e2e.Ann, 1)

	// Slack in trouble: answers that cannot be given at once, a post and edits that fail in several ways.
	s.Slack.Fail(slacksim.ResponseURL, 2, slacksim.Fault{Reset: true})
	s.Slack.Fail("chat.postMessage", 1, slacksim.Fault{Reset: true})
	s.Slack.Fail("chat.update", 1, slacksim.Fault{HTTPStatus: http.StatusInternalServerError})
	s.Slack.Fail("chat.update", 1, slacksim.Fault{Error: "internal_error"})
	v.slash(t, s, e2e.Ann, e2e.Helpdesk, "status")
	v.slash(t, s, e2e.Ann, e2e.Helpdesk, "delta aadc01")
	// A channel where the bot cannot post: what to do is told by response_url.
	v.slash(t, s, e2e.Ann, e2e.Quiet, "delta aadc01")
	s.told(t, e2e.Helpdesk, e2e.Ann, 3)
	s.told(t, e2e.Quiet, e2e.Ann, 2)
	s.log.wait(t, 2, func(l line) bool { return l.Message == "cycle ended" })

	// Something between us and Slack that quotes what it was sent: nobody knows who asks, and the answer is given up.
	quote := slacksim.Fault{Error: "proxy_says_" + e2e.Secrets()["SLACK_BOT_TOKEN"]}
	s.Slack.Fail("users.info", 1, quote)
	s.Slack.Fail(slacksim.ResponseURL, 1, slacksim.Fault{HTTPStatus: http.StatusNotFound})
	s.Slack.Fail("chat.postEphemeral", 1, quote)
	v.slash(t, s, e2e.Guest, e2e.Helpdesk, "status")
	s.log.wait(t, 1, func(l line) bool { return l.Message == "message given up" })
	s.Slack.Heal()

	// Connections that end, and one that cannot be opened.
	s.Slack.FailLinks(1, slacksim.RefuseLink)
	opened := s.Slack.Snapshot().Opened
	s.Slack.DropSockets()
	s.wait(t, func(now slacksim.Snapshot) bool {
		return now.Opened > opened && len(now.Sockets) > 0 && now.Sockets[0].Ready
	})

	// Servers in trouble: one refuses the password, the other one cannot be reached.
	if err := s.Servers["aadc02"].SetPassword("another-one"); err != nil {
		t.Fatal(err)
	}
	s.Servers["aadc01"].Down()
	v.slash(t, s, e2e.Ben, e2e.Identity, "delta aadc02")
	v.slash(t, s, e2e.Ben, e2e.Identity, "status")
	v.slash(t, s, e2e.Ben, e2e.Identity, "delata")
	s.told(t, e2e.Identity, e2e.Ben, 3)
	s.log.wait(t, 3, func(l line) bool { return l.Message == "cycle ended" })
	s.log.wait(t, 3, func(l line) bool { return l.Message == "message sent" && l.Final && l.Kind == "cycle" })
	s.Servers["aadc01"].Up()

	for _, path := range []string{"/metrics", "/readyz", "/livez"} {
		if _, body := s.get(t, path); len(v.holds([]byte(body))) > 0 {
			t.Errorf("%s holds %q", path, v.holds([]byte(body)))
		}
	}
	running := v.files(t, dir)
	if err := s.stop(); err != nil {
		t.Errorf("serve: %v", err)
	}
	for kind, want := range map[string]int{"ticket": 2, "response_url": 8, "trigger_id": 8} {
		if n := v.count(kind); n < want {
			t.Errorf("the scene used %d secrets of the kind %s, want %d at least", n, kind, want)
		}
	}
	if found := v.holds([]byte(s.log.text())); len(found) > 0 {
		t.Errorf("the log holds %q", found)
	}
	for name, srv := range s.Servers { // what stands in the list of processes there
		for _, exchange := range srv.Wire.Exchanges() {
			if found := v.holds([]byte(exchange.CommandLine)); len(found) > 0 {
				t.Errorf("a command line on %s holds %q", name, found)
			}
		}
	}
	for _, m := range s.said() {
		if found := v.holds(m); len(found) > 0 {
			t.Errorf("a message holds %q: %s", found, m)
		}
	}
	// A response_url is kept until it is not needed any more, and stays in the write-ahead log until a clean stop.
	for name, text := range running {
		if found := v.holds(text, "response_url"); len(found) > 0 {
			t.Errorf("while the bot ran, %s held %q", name, found)
		}
	}
	for name, text := range v.files(t, dir) {
		if found := v.holds(text); len(found) > 0 {
			t.Errorf("%s holds %q", name, found)
		}
	}
}

// said is everything that the bot has sent to people.
func (s *scene) said() [][]byte {
	var out [][]byte
	for _, c := range s.Slack.Calls() {
		text, err := json.Marshal(c.Args)
		if err == nil {
			out = append(out, text)
		}
	}
	return out
}

// files reads the store's files: the database, its write-ahead log, the lock.
func (v *vault) files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "adsyncbot.db*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no store in %s: %v", dir, err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = text
	}
	return out
}
