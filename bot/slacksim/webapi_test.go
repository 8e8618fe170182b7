package slacksim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// answered is a decoded answer of the Web API.
type answered map[string]any

func (a answered) code() string {
	if a["ok"] == true {
		return "ok"
	}
	return fmt.Sprint(a["error"])
}

// dig follows names into nested objects.
func (a answered) dig(names ...string) any {
	var v any = map[string]any(a)
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// hand is a bare HTTP client.
type hand struct {
	t  *testing.T
	ws *slacksim.Workspace
	c  *http.Client
}

func bare(t *testing.T, ws *slacksim.Workspace) hand {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return hand{t: t, ws: ws, c: &http.Client{Transport: transport}}
}

func (h hand) send(address, contentType, bearer, body string) (int, http.Header, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(within(h.t), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := h.c.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

func (h hand) decode(text string) answered {
	h.t.Helper()
	var a answered
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		h.t.Fatalf("%v in %s", err, text)
	}
	return a
}

// call calls a method as a form with the bot token in the header; args are names and values in turn.
func (h hand) call(method string, args ...string) answered {
	h.t.Helper()
	form := url.Values{}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	_, _, text := h.send(h.ws.URL()+method, "application/x-www-form-urlencoded", h.ws.App().BotToken, form.Encode())
	return h.decode(text)
}

func TestATokenIsReadWhereverItStands(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	bot, app := ws.App().BotToken, ws.App().AppToken
	const form, js = "application/x-www-form-urlencoded", "application/json"
	for _, tt := range []struct {
		name, method, contentType, bearer, body, want string
	}{
		{"a form's token", "auth.test", form, "", "token=" + bot, "ok"},
		{"a header's token", "auth.test", form, bot, "", "ok"},
		{"a token in JSON", "auth.test", js, "", `{"token":"` + bot + `"}`, "ok"},
		{"no body at all", "auth.test", js, bot, "", "ok"},
		{"no token", "auth.test", form, "", "", "not_authed"},
		{"a wrong token", "auth.test", form, "xoxb-wrong", "", "invalid_auth"},
		{"broken JSON", "auth.test", js, bot, `{"a":`, "invalid_json"},
		{"a method nobody has", "chat.shout", form, bot, "", "unknown_method"},
		{"the app token for a bot's method", "users.info", form, app, "user=U0ANN", "not_allowed_token_type"},
		{"the bot token for a socket", "apps.connections.open", form, bot, "", "not_allowed_token_type"},
		{"the app token for a socket", "apps.connections.open", form, app, "", "ok"},
		{"the app token in the body for a socket", "apps.connections.open", form, "", "token=" + app, "not_authed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, text := h.send(ws.URL()+tt.method, tt.contentType, tt.bearer, tt.body)
			if got := h.decode(text).code(); got != tt.want {
				t.Errorf("answers %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAMissingScopeIsNamed(t *testing.T) {
	ws := start(t, slacksim.WithApp(slacksim.App{Scopes: []string{"commands", "channels:read"}}),
		slacksim.WithChannels(slacksim.Channel{ID: "C0PRIV", Private: true, Members: []string{slacksim.BotUser}}))
	h := bare(t, ws)
	for _, tt := range []struct {
		call   []string
		needed any
	}{
		{[]string{"chat.postMessage", "channel", "C0HELP", "text", "x"}, "chat:write"},
		{[]string{"users.info", "user", "U0ANN"}, "users:read"},
		{[]string{"conversations.info", "channel", "C0PRIV"}, "groups:read"},
	} {
		a := h.call(tt.call[0], tt.call[1:]...)
		if a.code() != "missing_scope" || a["needed"] != tt.needed || a["provided"] != "commands,channels:read" {
			t.Errorf("%v answers %v", tt.call, a)
		}
	}
	if a := h.call("conversations.info", "channel", "C0HELP"); a.code() != "ok" {
		t.Errorf("a public channel needs only channels:read, but: %v", a)
	}
}

func TestPostingIsRefusedAsSlackRefuses(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	section := func(text string) string {
		return `{"type":"section","text":{"type":"mrkdwn","text":"` + text + `"}}`
	}
	for _, tt := range []struct {
		name, channel, text, blocks, want string
	}{
		{"to a channel with the bot", "C0HELP", "x", "", "ok"},
		{"to a person", "U0BEN", "x", "", "ok"},
		{"to a public channel without the bot", "C0EMPTY", "x", "", "not_in_channel"},
		{"to a private channel without the bot", "C0SECRET", "x", "", "channel_not_found"},
		{"to no channel", "C0NONE", "x", "", "channel_not_found"},
		{"to an archived channel", "C0OLD", "x", "", "is_archived"},
		{"nothing", "C0HELP", "", "", "no_text"},
		{"an empty list of blocks", "C0HELP", "", "[]", "no_text"},
		{"40000 characters", "C0HELP", strings.Repeat("ä", 40_000), "", "ok"},
		{"40001 characters", "C0HELP", strings.Repeat("ä", 40_001), "", "msg_too_long"},
		{"50 blocks", "C0HELP", "", "[" + strings.Repeat(section("x")+",", 49) + section("x") + "]", "ok"},
		{"51 blocks", "C0HELP", "", "[" + strings.Repeat(section("x")+",", 50) + section("x") + "]", "invalid_blocks"},
		{"a section of 3000", "C0HELP", "", "[" + section(strings.Repeat("x", 3000)) + "]", "ok"},
		{"a section of 3001", "C0HELP", "", "[" + section(strings.Repeat("x", 3001)) + "]", "invalid_blocks"},
		{"an empty section", "C0HELP", "", `[{"type":"section"}]`, "invalid_blocks"},
		{"no JSON", "C0HELP", "x", "[{", "invalid_blocks"},
		{"an unknown block", "C0HELP", "", `[{"type":"sectoin"}]`, "invalid_blocks"},
		{"a header in mrkdwn", "C0HELP", "", `[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`, "invalid_blocks"},
		{"an alert", "C0HELP", "", `[{"type":"alert"}]`, "invalid_blocks"},
		{"two tables", "C0HELP", "", `[{"type":"table","rows":[[{}]]},{"type":"table","rows":[[{}]]}]`, "invalid_blocks"},
		{"a block id twice", "C0HELP", "", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "invalid_blocks"},
		{
			"a button label of 76", "C0HELP", "",
			`[{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"` +
				strings.Repeat("x", 76) + `"}}]}]`, "invalid_blocks",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(ws.Messages(tt.channel))
			a := h.call("chat.postMessage", "channel", tt.channel, "text", tt.text, "blocks", tt.blocks)
			if a.code() != tt.want {
				t.Fatalf("answers %v, want %s", a, tt.want)
			}
			if tt.want == "invalid_blocks" && !strings.Contains(fmt.Sprint(a.dig("response_metadata", "messages")), "json-pointer:/blocks") {
				t.Errorf("does not say which block: %v", a)
			}
			if tt.want != "ok" && len(ws.Messages(tt.channel)) != before {
				t.Error("posted all the same")
			}
		})
	}
}

func TestBlocksMayBeJSONOrText(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	const blocks = `[{"type":"divider"}]`
	_, _, text := h.send(ws.URL()+"chat.postMessage", "application/json", ws.App().BotToken,
		`{"channel":"C0HELP","text":"a","blocks":`+blocks+`,"unfurl_links":false,"metadata":{"event_type":"cycle","event_payload":{"id":1}}}`)
	if a := h.decode(text); a.code() != "ok" {
		t.Fatal(a)
	}
	if a := h.call("chat.postMessage", "channel", "C0HELP", "text", "a", "blocks", blocks, "unfurl_links", "true"); a.code() != "ok" {
		t.Fatal(a)
	}
	m := ws.Messages("C0HELP")
	for i, wantUnfurl := range []bool{false, true} {
		if string(m[i].Blocks) != blocks || m[i].UnfurlLinks == nil || *m[i].UnfurlLinks != wantUnfurl || m[i].UnfurlMedia != nil {
			t.Errorf("message %d is %+v", i, m[i])
		}
	}
	if string(m[0].Metadata) != `{"event_type":"cycle","event_payload":{"id":1}}` {
		t.Errorf("metadata is %s", m[0].Metadata)
	}
	if a := h.call("chat.postMessage", "channel", "C0HELP", "text", "a", "metadata", `{"x":1}`); a.code() != "invalid_metadata_format" {
		t.Errorf("metadata without a type answers %v", a)
	}
}

func TestAMessageLivesThroughUpdateAndDelete(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	ts := fmt.Sprint(h.call("chat.postMessage", "channel", "C0HELP", "text", "one", "blocks", `[{"type":"divider"}]`)["ts"])
	d, err := ws.Slash(within(t), slacksim.SlashCommand{UserID: "U0ANN", ChannelID: "C0HELP", Command: "/adsync"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, body := h.send(d.ResponseURL, "application/json", "", `{"text":"public","response_type":"in_channel"}`); body != "ok" {
		t.Fatal(body)
	}
	typed := ws.Messages("C0HELP")[1]
	if typed.User != "U0ANN" || typed.Text != "/adsync" {
		t.Fatalf("what Ann typed is shown as %+v", typed)
	}
	for _, tt := range []struct {
		name string
		call []string
		want string
	}{
		{"somebody else's message", []string{"chat.update", "channel", "C0HELP", "ts", typed.TS, "text", "x"}, "cant_update_message"},
		{"no message", []string{"chat.update", "channel", "C0HELP", "ts", "1.000001", "text", "x"}, "message_not_found"},
		{"no channel", []string{"chat.update", "channel", "helpdesk", "ts", ts, "text", "x"}, "channel_not_found"},
		{"no text", []string{"chat.update", "channel", "C0HELP", "ts", ts}, "no_text"},
		{"a long text", []string{"chat.update", "channel", "C0HELP", "ts", ts, "text", strings.Repeat("x", 4001)}, "msg_too_long"},
		{"its own message", []string{"chat.update", "channel", "C0HELP", "ts", ts, "text", "two"}, "ok"},
		{"a link to it", []string{"chat.getPermalink", "channel", "C0HELP", "message_ts", ts}, "ok"},
		{"a link to nothing", []string{"chat.getPermalink", "channel", "C0HELP", "message_ts", "1.1"}, "message_not_found"},
		{"a reply", []string{"chat.postMessage", "channel", "C0HELP", "thread_ts", ts, "text", "reply"}, "ok"},
		{"a reply to nothing", []string{"chat.postMessage", "channel", "C0HELP", "thread_ts", "1.1", "text", "reply"}, "thread_not_found"},
		{"a deletion of another's", []string{"chat.delete", "channel", "C0HELP", "ts", typed.TS}, "cant_delete_message"},
	} {
		if a := h.call(tt.call[0], tt.call[1:]...); a.code() != tt.want {
			t.Errorf("%s: answers %v, want %s", tt.name, a, tt.want)
		}
	}
	m := ws.Messages("C0HELP")[0]
	if m.Text != "two" || m.Blocks != nil || !m.Edited || len(m.Earlier) != 1 || string(m.Earlier[0].Blocks) != `[{"type":"divider"}]` {
		t.Errorf("text without blocks left %+v", m)
	}
	if a := h.call("chat.delete", "channel", "C0HELP", "ts", ts); a.code() != "ok" {
		t.Error(a)
	}
	if a := h.call("chat.delete", "channel", "C0HELP", "ts", ts); a.code() != "message_not_found" {
		t.Error(a)
	}
}

func TestAnEditWithBlocksIsNotMarkedAndLeavesWhatWasRead(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	ts := fmt.Sprint(h.call("chat.postMessage", "channel", "C0HELP", "text", "one")["ts"])
	read := ws.Messages("C0HELP")
	a := h.call("chat.update", "channel", "C0HELP", "ts", ts, "text", "two", "blocks", `[{"type":"divider"}]`)
	if a.code() != "ok" || a.dig("message", "edited") != nil {
		t.Errorf("the update answers %v", a)
	}
	if m := ws.Messages("C0HELP")[0]; m.Edited || m.Text != "two" || m.Blocks == nil {
		t.Errorf("the channel has %+v", m)
	}
	if read[0].Text != "one" || len(read[0].Earlier) != 0 {
		t.Errorf("what was read before became %+v", read[0])
	}
}

func TestAnEphemeralNeedsAReaderInTheChannel(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	if a := h.call("chat.postEphemeral", "channel", "C0HELP", "user", "U0BEN", "text", "x"); a.code() != "user_not_in_channel" {
		t.Error(a)
	}
	ws.Join("C0HELP", "U0BEN")
	a := h.call("chat.postEphemeral", "channel", "C0HELP", "user", "U0BEN", "text", "x")
	if a.code() != "ok" || a["message_ts"] == nil {
		t.Error(a)
	}
	if len(ws.Ephemerals("C0HELP", "U0BEN")) != 1 || len(ws.Ephemerals("C0HELP", "U0ANN")) != 0 || len(ws.Messages("C0HELP")) != 0 {
		t.Error("an ephemeral message is not where it belongs")
	}
	if a := h.call("chat.update", "channel", "C0HELP", "ts", fmt.Sprint(a["message_ts"]), "text", "y"); a.code() != "message_not_found" {
		t.Errorf("chat.update of an ephemeral message: %v", a)
	}
}

func TestPeopleAndChannelsAreDescribed(t *testing.T) {
	ws := start(t,
		slacksim.WithUsers(slacksim.User{ID: "U0GUEST", Name: "gus", UltraRestricted: true, Deleted: true}),
		slacksim.WithChannels(slacksim.Channel{
			ID: "C0SHARED", Name: "shared", ExtShared: true, PendingExtShared: true, Private: true,
			Members: []string{"U0ANN", "U0BEN", slacksim.BotUser},
		}),
	)
	h := bare(t, ws)
	u := h.call("users.info", "user", "U0GUEST")
	for flag, want := range map[string]any{
		"is_restricted": true, "is_ultra_restricted": true, "deleted": true, "is_bot": false, "is_stranger": nil,
		"team_id": ws.Team().ID, "tz": "UTC",
	} {
		if got := u.dig("user", flag); got != want {
			t.Errorf("the guest's %s is %v", flag, got)
		}
	}
	if u := h.call("users.info", "user", "U0OUT"); u.dig("user", "is_stranger") != true || u.dig("user", "team_id") != "T0OTHER" {
		t.Errorf("the stranger is %v", u)
	}
	c := h.call("conversations.info", "channel", "C0SHARED", "include_num_members", "true")
	for flag, want := range map[string]any{
		"is_ext_shared": true, "is_pending_ext_shared": true, "is_private": true, "is_member": true, "is_archived": false,
		"is_im": false, "num_members": 3.0,
	} {
		if got := c.dig("channel", flag); got != want {
			t.Errorf("the shared channel's %s is %v", flag, got)
		}
	}
	first := h.call("conversations.members", "channel", "C0SHARED", "limit", "2")
	cursor := fmt.Sprint(first.dig("response_metadata", "next_cursor"))
	rest := h.call("conversations.members", "channel", "C0SHARED", "limit", "2", "cursor", cursor)
	if fmt.Sprint(first["members"], rest["members"]) != "[U0ANN U0BEN] [U0BOT]" || rest.dig("response_metadata", "next_cursor") != "" {
		t.Errorf("members are %v then %v", first, rest)
	}
	if a := h.call("usergroups.users.list", "usergroup", "S0ADM"); fmt.Sprint(a["users"]) != "[U0ANN]" {
		t.Error(a)
	}
	if a := h.call("usergroups.users.list", "usergroup", "S0NONE"); a.code() != "no_such_subteam" {
		t.Error(a)
	}
	if a := h.call("usergroups.list", "include_users", "1"); !strings.Contains(fmt.Sprint(a["usergroups"]), "handle:admins") {
		t.Error(a)
	}
	if a := h.call("bots.info", "bot", fmt.Sprint(h.call("auth.test")["bot_id"])); a.dig("bot", "app_id") != ws.App().ID {
		t.Error(a)
	}
}

// clock is a clock tests turn by hand.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 22, 8, 40, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}

func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func TestLimitsFollowTheClock(t *testing.T) {
	var c clock
	ws := start(t, slacksim.WithClock(c.now), slacksim.WithRateLimits())
	h := bare(t, ws)
	ws.Join("C0EMPTY", slacksim.BotUser)
	post := func(channel string) string {
		return h.call("chat.postMessage", "channel", channel, "text", "x").code()
	}
	got := []string{post("C0HELP"), post("C0HELP"), post("C0EMPTY")}
	c.advance(time.Second)
	got = append(got, post("C0HELP"))
	if want := "[ok ratelimited ok ok]"; fmt.Sprint(got) != want {
		t.Errorf("posts are %v, want %s", got, want)
	}
	ts := ws.Messages("C0HELP")[0].TS
	update := func() string { return h.call("chat.update", "channel", "C0HELP", "ts", ts, "text", "x").code() }
	for i := range 50 {
		if code := update(); code != "ok" {
			t.Fatalf("update %d is %s", i+1, code)
		}
	}
	status, header, _ := h.send(ws.URL()+"chat.update", "application/x-www-form-urlencoded", ws.App().BotToken,
		url.Values{"channel": {"C0HELP"}, "ts": {ts}, "text": {"x"}}.Encode())
	if status != http.StatusTooManyRequests || header.Get("Retry-After") != "60" {
		t.Errorf("update 51 answers %d, Retry-After %s", status, header.Get("Retry-After"))
	}
	c.advance(time.Minute)
	if code := update(); code != "ok" {
		t.Errorf("an update a minute later is %s", code)
	}
}
