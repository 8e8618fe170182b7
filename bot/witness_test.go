package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	witnessApp  = "xapp-1-A111-222-abc"
	witnessBot  = "xoxb-333-444-def"
	witnessTeam = "T061EG9R6"
)

// witness is a second Slack, far smaller than slacksim and written without a look at it: from the pages "Using Socket
// Mode", "Slash commands" and those of the methods on docs.slack.dev, with the values of their examples.
type witness struct {
	t       *testing.T
	http    *httptest.Server
	serving sync.WaitGroup
	links   chan *witnessLink // connections, in the order of their greetings
	answers chan string       // bodies of posts to the response_url

	mu      sync.Mutex
	tickets map[string]bool
	faults  []string // what no client of Slack may do
}

// witnessLink is one connection.
type witnessLink struct {
	conn   *websocket.Conn
	frames chan string
	pong   chan error // how the one ping fared
}

func newWitness(t *testing.T) *witness {
	w := &witness{t: t, links: make(chan *witnessLink, 8), answers: make(chan string, 8), tickets: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", w.method)
	mux.HandleFunc("GET /link/", w.link)
	mux.HandleFunc("POST /commands/1234/5678", w.respond)
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { w.fault("%s %s", r.Method, r.URL.Path) })
	w.http = httptest.NewServer(mux)
	t.Cleanup(func() {
		w.http.Close()
		w.serving.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.faults) > 0 {
			t.Errorf("the witness objects: %q", w.faults)
		}
	})
	return w
}

func (w *witness) fault(format string, a ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, a...))
}

// method answers the few methods a command needs. A bot token may come in the header or in the form, the app token in the
// header alone.
func (w *witness) method(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	want := witnessBot
	if name == "apps.connections.open" {
		want = witnessApp
	} else if token == "" {
		token = r.FormValue("token")
	}
	if token != want {
		w.fault("%s with the token %q", name, token)
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch name {
	case "apps.connections.open":
		w.mu.Lock()
		ticket := fmt.Sprintf("2f8e-%d", len(w.tickets))
		w.tickets[ticket] = true
		w.mu.Unlock()
		_, _ = fmt.Fprintf(rw, `{"ok":true,"url":"ws%s/link/?ticket=%s&app_id=A111"}`, strings.TrimPrefix(w.http.URL, "http"), ticket)
	case "auth.test":
		_, _ = io.WriteString(rw, `{"ok":true,"url":"https://subarachnoid.slack.com/","team":"Subarachnoid Workspace","user":"bot",`+
			`"team_id":"`+witnessTeam+`","user_id":"W23456789","bot_id":"BZYBOTHED"}`)
	case "bots.info":
		_, _ = io.WriteString(rw, `{"ok":true,"bot":{"id":"BZYBOTHED","deleted":false,"name":"beforebot","updated":1449272004,"app_id":"A111","user_id":"W23456789","icons":{}}}`)
	case "users.info":
		_, _ = io.WriteString(rw, `{"ok":true,"user":{"id":"W012A3CDE","team_id":"`+witnessTeam+`","name":"spengler","deleted":false,"tz":"America/Los_Angeles",`+
			`"is_admin":true,"is_restricted":false,"is_ultra_restricted":false,"is_bot":false,"is_app_user":false,"updated":1502138686}}`)
	case "conversations.info":
		_, _ = io.WriteString(rw, `{"ok":true,"channel":{"id":"C012AB3CD","name":"general","is_channel":true,"is_group":false,"is_im":false,"is_mpim":false,`+
			`"is_private":false,"is_archived":false,"is_shared":false,"is_org_shared":false,"is_ext_shared":false,"is_pending_ext_shared":false}}`)
	default:
		w.fault("unexpected %s", name)
		_, _ = io.WriteString(rw, `{"ok":false,"error":"unknown_method"}`)
	}
}

// link upgrades, greets, pings once, and passes on what the client says.
func (w *witness) link(rw http.ResponseWriter, r *http.Request) {
	w.serving.Add(1)
	defer w.serving.Done()
	ctx := r.Context()
	w.mu.Lock()
	ticket := r.URL.Query().Get("ticket")
	valid := w.tickets[ticket]
	w.tickets[ticket] = false
	w.mu.Unlock()
	if !valid {
		w.fault("the ticket %q was used twice or never given", ticket)
	}
	conn, err := websocket.Accept(rw, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // whatever the Origin
	if err != nil {
		w.fault("upgrade: %v", err)
		return
	}
	defer func() { _ = conn.CloseNow() }()
	l := &witnessLink{conn: conn, frames: make(chan string, 8), pong: make(chan error, 1)}
	defer close(l.frames)
	if err := l.send(ctx, `{"type":"hello","connection_info":{"app_id":"A111"},"num_connections":1,"debug_info":`+
		`{"host":"applink-7fc4fdbb64-4x5xq","started":"2020-10-11 12:12:12.120","build_number":54,"approximate_connection_time":3600}}`); err != nil {
		w.fault("greet: %v", err)
		return
	}
	w.serving.Go(func() { l.pong <- conn.Ping(ctx) })
	w.links <- l
	for {
		kind, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			w.fault("a frame of type %v", kind)
		}
		l.frames <- string(data)
	}
}

func (l *witnessLink) send(ctx context.Context, text string) error {
	return l.conn.Write(ctx, websocket.MessageText, []byte(text))
}

func (w *witness) respond(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Authorization") != "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		w.fault("an answer with %v, %v", r.Header, err)
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(rw, "ok")
	w.answers <- string(body)
}

// command is the envelope of a slash command, which a trigger makes one typing of it.
func (w *witness) command(envelope, trigger, text string) string {
	return `{"payload":{"token":"bHKJ2n9AW6Ju3MjciOHfbA1b","team_id":"` + witnessTeam + `","team_domain":"subarachnoid","channel_id":"C012AB3CD",` +
		`"channel_name":"general","user_id":"W012A3CDE","user_name":"spengler","command":"/adsync","text":"` + text + `","api_app_id":"A111",` +
		`"is_enterprise_install":"false","response_url":"` + w.http.URL + `/commands/1234/5678","trigger_id":"` + trigger + `"},` +
		`"envelope_id":"` + envelope + `","type":"slash_commands","accepts_response_payload":true}`
}

// take waits for the next of something; only a test that fails waits long.
func take[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	select {
	case v, ok := <-from:
		if !ok {
			t.Fatalf("no %s: the connection is over", what)
		}
		return v
	case <-limit.C:
		t.Fatalf("no %s", what)
		panic("not reached")
	}
}

// echo answers a command with its text.
type echo struct{ texts chan string }

func (e echo) Handle(_ context.Context, in commands.Input) (commands.Answer, error) {
	who := in.Caller
	if !who.Person.Known || who.Person.Guest || who.Person.Team != witnessTeam || !who.Room.Known || who.Room.Shared {
		return commands.Answer{}, fmt.Errorf("an unknown caller: %+v", who)
	}
	e.texts <- in.Text
	return commands.Answer{Headline: commands.Text{commands.Words("You typed " + in.Text)}}, nil
}

func (e echo) Press(_ context.Context, in commands.Press) (commands.Answer, bool, error) {
	if who := in.Caller; !who.Person.Known || who.User != "W012A3CDE" || who.Team != witnessTeam || who.Channel != "C012AB3CD" {
		return commands.Answer{}, false, fmt.Errorf("an unknown presser: %+v", who)
	}
	e.texts <- string(in.Action) + " " + in.Question.String()
	return commands.Answer{Headline: commands.Text{commands.Words("You pressed " + in.Action.Label())}}, true, nil
}

// TestAnotherSlackIsServed drives the bot by a Slack that shares nothing with the simulator of the other tests.
func TestAnotherSlackIsServed(t *testing.T) {
	w := newWitness(t)
	log := slog.New(slog.DiscardHandler)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := bot.NewClient(transport, witnessApp, witnessBot, w.http.URL+"/api/", log)
	if err != nil {
		t.Fatal(err)
	}
	id, err := client.Identify(t.Context(), bot.Clock{})
	want := bot.Identity{Team: witnessTeam, TeamName: "Subarachnoid Workspace", App: "A111", User: "W23456789"}
	if err != nil || id != want {
		t.Fatalf("identity %+v, %v; want %+v", id, err, want)
	}
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bot.db"), store.Options{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	handler := echo{make(chan string, 8)}
	poster := bot.NewPoster(client, st, bot.Clock{}, log)
	b := bot.New(client, handler, poster, st, bot.Config{Identity: id}, log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, run := range []func(context.Context) error{b.Run, poster.Run} {
		go func() { ended <- run(ctx) }()
	}
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Errorf("the bot ended with %v", err)
		}
		if n := len(handler.texts); n != 0 {
			t.Errorf("%d commands more were handled", n)
		}
		if n := len(w.answers); n != 0 {
			t.Errorf("%d answers more were sent", n)
		}
	})

	first := take(t, "connection", w.links)
	if err := take(t, "pong", first.pong); err != nil {
		t.Errorf("ping: %v", err)
	}
	serve := func(l *witnessLink, envelope, trigger, text string) {
		t.Helper()
		if err := l.send(ctx, w.command(envelope, trigger, text)); err != nil {
			t.Fatal(err)
		}
		w.acknowledged(l, envelope)
	}
	serve(first, "57d6a792-4d35-4d0b-b6aa-3361493e1caf", "13345224609.738474920.8088930838d88f008e0", "delta aadc01")
	if text := take(t, "command", handler.texts); text != "delta aadc01" {
		t.Errorf("handled %q", text)
	}
	w.answered("You typed delta aadc01")

	serve(first, "57d6a792-4d35-4d0b-b6aa-3361493e1caf", "13345224609.738474920.8088930838d88f008e0", "delta aadc01")
	if err := first.send(ctx, `{"type":"disconnect","reason":"refresh_requested","debug_info":{"host":"wss-111.slack.com"}}`); err != nil {
		t.Fatal(err)
	}
	second := take(t, "second connection", w.links)
	serve(second, "dbdd0ef3-1543-4f94-bfb4-133d0e6c1545", "13345224609.738474920.9999930838d88f008e0", "status")
	if text := take(t, "command", handler.texts); text != "status" {
		t.Errorf("handled %q", text)
	}
	w.answered("You typed status")

	for range 2 { // the second one is a duplicate
		if err := second.send(ctx, w.press("8f1c2d0e-6a55-4be1-9f52-7e0d0a1b2c3d", "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3")); err != nil {
			t.Fatal(err)
		}
		w.acknowledged(second, "8f1c2d0e-6a55-4be1-9f52-7e0d0a1b2c3d")
	}
	if text := take(t, "press", handler.texts); text != "leave 01930000-0000-7000-8000-00000000beef" {
		t.Errorf("handled %q", text)
	}
	if body := w.answered("You pressed Leave it"); !strings.Contains(body, `"replace_original":true`) {
		t.Errorf("the answer leaves the buttons: %s", body)
	}
}

// press is the envelope of a button in an ephemeral message, which its payload does not hold.
func (w *witness) press(envelope, trigger string) string {
	return `{"envelope_id":"` + envelope + `","type":"interactive","accepts_response_payload":true,"payload":{"type":"block_actions",` +
		`"user":{"id":"W012A3CDE","username":"spengler","name":"spengler","team_id":"` + witnessTeam + `"},"api_app_id":"A111","token":"Shh_its_a_seekrit",` +
		`"container":{"type":"message","message_ts":"1548261231.000200","channel_id":"C012AB3CD","is_ephemeral":true},"trigger_id":"` + trigger + `",` +
		`"team":{"id":"` + witnessTeam + `","domain":"subarachnoid"},"enterprise":null,"is_enterprise_install":false,` +
		`"channel":{"id":"C012AB3CD","name":"general"},"state":{"values":{}},"response_url":"` + w.http.URL + `/commands/1234/5678",` +
		`"actions":[{"action_id":"leave","block_id":"qZ5","text":{"type":"plain_text","text":"Leave it","emoji":false},` +
		`"value":"01930000-0000-7000-8000-00000000beef","type":"button","action_ts":"1548426417.840180"}]}}`
}

// acknowledged takes the next frame, which must acknowledge an envelope and say nothing else.
func (w *witness) acknowledged(l *witnessLink, envelope string) {
	w.t.Helper()
	frame := take(w.t, "acknowledgement", l.frames)
	var fields map[string]any
	if err := json.Unmarshal([]byte(frame), &fields); err != nil || len(fields) != 1 || fields["envelope_id"] != envelope {
		w.t.Errorf("acknowledged by %s", frame)
	}
}

// answered takes the next answer, which is for the asker alone.
func (w *witness) answered(text string) (body string) {
	w.t.Helper()
	body = take(w.t, "answer", w.answers)
	var a struct {
		Text         string            `json:"text"`
		ResponseType string            `json:"response_type"`
		Blocks       []json.RawMessage `json:"blocks"`
	}
	err := json.Unmarshal([]byte(body), &a)
	if err != nil || a.Text != text || !slices.Contains([]string{"", "ephemeral"}, a.ResponseType) || len(a.Blocks) == 0 {
		w.t.Errorf("answered by %s", body)
	}
	return body
}
