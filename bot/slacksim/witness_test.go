package slacksim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// witness is a program of testdata/witness, which stands on Slack's own clients for Node.
type witness struct {
	t     *testing.T
	ctx   context.Context
	ws    *slacksim.Workspace
	lines chan string // what it says: one JSON object of texts a line; closed when it says no more
}

// summon starts a witness, which must have ended well by the end of the test.
func summon(t *testing.T, ws *slacksim.Workspace, program string) *witness {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("needs Node.js")
	}
	dir := filepath.Join("testdata", "witness")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@slack", "bolt")); err != nil {
		t.Skip("needs Slack's clients: npm ci in bot/slacksim/testdata/witness")
	}
	// Only a test that fails reaches this limit. It is wide because Bolt waits for seconds before it connects anew.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	w := &witness{t: t, ctx: ctx, ws: ws, lines: make(chan string, 64)}
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, node, program)
	cmd.Dir, cmd.Stderr = dir, &log
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "SLACK_API_URL=" + ws.URL(),
		"SLACK_APP_TOKEN=" + ws.App().AppToken, "SLACK_BOT_TOKEN=" + ws.App().BotToken,
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			w.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		defer cancel()
		_ = stdin.Close()
		for line := range w.lines {
			t.Errorf("the witness also said %s", line)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the witness ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the witness's log:\n%s", log.String())
		}
	})
	w.connected(1)
	return w
}

// connected waits until the n-th socket, counted from the first, is the only one and ready.
func (w *witness) connected(n int) {
	w.t.Helper()
	err := w.ws.Wait(w.ctx, func(s slacksim.Snapshot) bool {
		return s.Opened == n && len(s.Sockets) == 1 && s.Sockets[0].Ready
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// said takes the witness's next line and compares it. It returns the fields that are given as "…".
func (w *witness) said(want map[string]string) map[string]string {
	w.t.Helper()
	var line string
	select {
	case line = <-w.lines:
	case <-w.ctx.Done():
		w.t.Fatalf("the witness never said %v", want)
	}
	got, open := map[string]string{}, map[string]string{}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		w.t.Fatalf("the witness said %q, want %v", line, want)
	}
	for name, value := range want {
		if value == "…" && got[name] != "" {
			open[name], got[name] = got[name], "…"
		}
	}
	if !maps.Equal(got, want) {
		w.t.Fatalf("the witness said %s, want %v", line, want)
	}
	return open
}

// delivered checks that an interaction was acknowledged in time, and returns what its person sees at once.
func (w *witness) delivered(d slacksim.Delivery, err error) string {
	w.t.Helper()
	if err != nil || d.Error != "" || d.Ack.Bug != "" {
		w.t.Fatalf("delivery: %v, error %q, bug %q", err, d.Error, d.Ack.Bug)
	}
	return d.Sees
}

func (w *witness) slash(text string) string {
	w.t.Helper()
	return w.delivered(w.ws.Slash(w.ctx, slacksim.SlashCommand{
		UserID: "U0ANN", ChannelID: "C0HELP", Command: "/adsync", Text: text,
	}))
}

// TestBoltAccepts lets an app on Slack's own framework live a day in the workspace.
func TestBoltAccepts(t *testing.T) {
	t.Parallel()
	ws := start(t)
	w := summon(t, ws, "bolt.mjs")

	if sees := w.slash("help"); sees != "Try *delta*" {
		t.Errorf("help: Ann sees %q", sees)
	}

	if sees := w.slash("delta"); sees != "" {
		t.Errorf("delta: Ann sees %q", sees)
	}
	posted := w.said(map[string]string{
		"heard": "delta", "name": "Ann Archer", "tz": "Europe/London", "bot": slacksim.BotUser, "ts": "…", "edited": "…",
	})
	messages := ws.Messages("C0HELP")
	if len(messages) != 2 || messages[0].Text != "Delta, half done" || messages[0].TS != posted["ts"] ||
		messages[0].TS != posted["edited"] || len(messages[0].Earlier) != 1 || messages[0].UnfurlLinks == nil ||
		messages[1].Text != "2 of 4 runs" || messages[1].ThreadTS != posted["ts"] {
		t.Errorf("the channel has %+v", messages)
	}
	press := slacksim.Press{UserID: "U0ANN", ChannelID: "C0HELP", TS: posted["ts"], ActionID: "stop"}
	w.delivered(ws.Press(w.ctx, press))
	w.said(map[string]string{"heard": "stop", "block": "cycle", "value": "C-7F3K", "ref": "C-7F3K"})
	if m := ws.Messages("C0HELP")[0]; m.Text != "Stopped by <@U0ANN>" || m.Blocks != nil {
		t.Errorf("the message has become %+v", m)
	}
	var told []string
	for _, m := range ws.Ephemerals("C0HELP", "U0ANN") {
		told = append(told, m.Text)
	}
	if got := strings.Join(told, ", "); got != "Try *delta*, You will be told, Asked for, Stopping" {
		t.Errorf("Ann was told %s", got)
	}

	w.slash("log")
	file := w.said(map[string]string{"heard": "log", "file": "…"})
	messages = ws.Messages("C0HELP")
	if m := messages[len(messages)-1]; m.Text != "The log" || len(m.Files) != 1 || m.Files[0].ID != file["file"] ||
		string(m.Files[0].Content) != "Delta Import on contoso.com\n" || m.Files[0].Title != "Cycle C-7F3K" {
		t.Errorf("the upload is %+v", m)
	}

	w.slash("elsewhere")
	w.said(map[string]string{"heard": "elsewhere", "refusals": "not_in_channel channel_not_found is_archived"})

	ws.Disconnect(slacksim.RefreshRequested)
	w.connected(2)
	if sees := w.slash("help"); sees != "Try *delta*" {
		t.Errorf("after the refresh, help: Ann sees %q", sees)
	}
	if s := ws.Snapshot(); len(s.Acks) != 6 || s.Count("apps.connections.open") != 2 {
		t.Errorf("%d acknowledgements, %d connections asked for", len(s.Acks), s.Count("apps.connections.open"))
	}
}

// TestBoltAcceptsViews opens, refuses and accepts a modal, and fills a home tab.
func TestBoltAcceptsViews(t *testing.T) {
	t.Parallel()
	ws := start(t)
	w := summon(t, ws, "bolt.mjs")

	w.slash("why")
	view := w.said(map[string]string{"heard": "why", "view": "…"})["view"]
	submit := func(reason string) string {
		t.Helper()
		return w.delivered(ws.Submit(w.ctx, slacksim.Submit{UserID: "U0ANN", ViewID: view, State: map[string]map[string]any{
			"because": {"words": map[string]any{"type": "plain_text_input", "value": reason}},
		}}))
	}
	if sees := submit("just so"); !strings.Contains(sees, "Say more") || ws.Snapshot().Views[view].Errors["because"] != "Say more" {
		t.Errorf("a refused submission shows %q", sees)
	}
	submit("a new OU")
	w.said(map[string]string{"heard": "reason", "reason": "a new OU", "user": "U0ANN"})
	if open := ws.Snapshot().Views; len(open) != 0 {
		t.Errorf("still open: %+v", open)
	}

	w.delivered(ws.Event(w.ctx, map[string]any{"type": "app_home_opened", "user": "U0ANN", "tab": "home", "channel": "D0ANN"}))
	w.said(map[string]string{"heard": "home", "type": "home"})
	if home := ws.Snapshot().Views["U0ANN"]; !strings.Contains(string(home.JSON), "No cycle is running") {
		t.Errorf("the home tab is %s", home.JSON)
	}
}

// TestNodeClientsAccept leaves the framework out: envelopes as they are, retries of events, a connection that breaks, and
// methods of the Web API with their pages, warnings and rate limits.
func TestNodeClientsAccept(t *testing.T) {
	t.Parallel()
	ws := start(t)
	ws.Fail("chat.postMessage", 1, slacksim.Fault{HTTPStatus: 429, RetryAfter: time.Second})
	w := summon(t, ws, "socket.mjs")
	w.said(map[string]string{
		"heard": "answers", "user": slacksim.BotUser, "team": ws.Team().ID, "channel": "helpdesk", "group": "U0ANN",
		"members": "U0ANN U0OUT U0BOT", "ts": "…", "permalink": "true", "scopes": "true",
	})
	if n := ws.Snapshot().Count("chat.postMessage"); n != 2 {
		t.Errorf("posted by %d calls, want a refused one and its repetition", n)
	}

	if sees := w.slash("status"); sees != "You typed status" {
		t.Errorf("Ann sees %q", sees)
	}
	w.said(map[string]string{"heard": "/adsync", "text": "status", "payload": "true"})

	d, err := ws.Event(w.ctx, map[string]any{"type": "app_uninstalled"})
	w.delivered(d, err)
	id := w.said(map[string]string{"heard": "app_uninstalled", "id": "…", "retry": "none "})["id"]
	w.delivered(ws.Redeliver(w.ctx, d.Envelope))
	w.said(map[string]string{"heard": "app_uninstalled", "id": id, "retry": "1 timeout"})

	ws.DropSockets()
	w.connected(2)
	ws.Disconnect(slacksim.Warning)
	w.connected(3)
	w.slash("again")
	w.said(map[string]string{"heard": "/adsync", "text": "again", "payload": "true"})
	if s := ws.Snapshot(); len(s.Acks) != 4 || s.Count("apps.connections.open") != 3 {
		t.Errorf("%d acknowledgements, %d connections asked for", len(s.Acks), s.Count("apps.connections.open"))
	}
}
