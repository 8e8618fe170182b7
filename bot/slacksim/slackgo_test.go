package slacksim_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// helpdesk is the population most tests start from.
func helpdesk() []slacksim.Option {
	return []slacksim.Option{
		slacksim.WithUsers(
			slacksim.User{ID: "U0ANN", Name: "ann", RealName: "Ann Archer", TZ: "Europe/London"},
			slacksim.User{ID: "U0BEN", Name: "ben", RealName: "Ben Baker"},
			slacksim.User{ID: "U0OUT", Name: "eve", TeamID: "T0OTHER", Stranger: true},
		),
		slacksim.WithChannels(
			slacksim.Channel{ID: "C0HELP", Name: "helpdesk", Members: []string{"U0ANN", "U0OUT", slacksim.BotUser}},
			slacksim.Channel{ID: "C0EMPTY", Name: "without-bot", Members: []string{"U0ANN"}},
			slacksim.Channel{ID: "C0SECRET", Name: "secret", Private: true, Members: []string{"U0ANN"}},
			slacksim.Channel{ID: "C0OLD", Name: "old", Archived: true, Members: []string{"U0ANN", slacksim.BotUser}},
		),
		slacksim.WithUserGroups(slacksim.UserGroup{ID: "S0ADM", Handle: "admins", Members: []string{"U0ANN"}}),
	}
}

func start(t *testing.T, opts ...slacksim.Option) *slacksim.Workspace {
	t.Helper()
	ws := slacksim.New(append(helpdesk(), opts...)...)
	if err := ws.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ws.Close)
	return ws
}

// within bounds a test's waiting; it is only reached by a test that fails.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func slackGo(t *testing.T, ws *slacksim.Workspace) *slack.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return slack.New(ws.App().BotToken,
		slack.OptionAppLevelToken(ws.App().AppToken),
		slack.OptionAPIURL(ws.URL()),
		slack.OptionHTTPClient(&http.Client{Transport: transport}),
	)
}

// bot runs slack-go's Socket Mode client until the test ends and hands each event to handle.
func bot(t *testing.T, ws *slacksim.Workspace, handle func(*socketmode.Client, socketmode.Event)) {
	t.Helper()
	client := socketmode.New(slackGo(t, ws), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		if err := client.RunContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("slack-go stopped: %v", err)
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			select {
			case <-ctx.Done():
				return
			case event := <-client.Events:
				handle(client, event)
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
		<-done
	})
	ready := func(s slacksim.Snapshot) bool { return len(s.Sockets) == 1 && s.Sockets[0].Ready }
	if err := ws.Wait(within(t), ready); err != nil {
		t.Fatal(err)
	}
}

func TestSlackGoServesASlashCommand(t *testing.T) {
	ws := start(t)
	api := slackGo(t, ws)
	got := make(chan slack.SlashCommand, 1)
	bot(t, ws, func(client *socketmode.Client, event socketmode.Event) {
		if event.Type != socketmode.EventTypeSlashCommand {
			return
		}
		got <- event.Data.(slack.SlashCommand)
		if err := client.AckCtx(t.Context(), event.Request.EnvelopeID, map[string]any{"text": "on it, <@U0ANN>"}); err != nil {
			t.Error(err)
		}
	})
	d, err := ws.Slash(within(t), slacksim.SlashCommand{
		UserID: "U0ANN", ChannelID: "C0HELP", Command: "/adsync", Text: "delta aadc01",
	})
	if err != nil || d.Error != "" {
		t.Fatalf("the command failed: %q, %v", d.Error, err)
	}
	if d.Sees != "on it, @ann" {
		t.Errorf("Ann sees %q", d.Sees)
	}
	c := <-got
	if c.Command != "/adsync" || c.Text != "delta aadc01" || c.UserID != "U0ANN" || c.ChannelName != "helpdesk" ||
		c.APIAppID != ws.App().ID || c.TeamID != ws.Team().ID || c.TriggerID != d.TriggerID {
		t.Errorf("slack-go read %+v", c)
	}

	_, ts, err := api.PostMessageContext(within(t), "C0HELP",
		slack.MsgOptionText("running", false),
		slack.MsgOptionBlocks(slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "*running*", false, false), nil, nil)),
		slack.MsgOptionDisableLinkUnfurl(),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessageContext(within(t), "C0HELP", ts, slack.MsgOptionText("done", false)); err != nil {
		t.Fatal(err)
	}
	if err := slack.PostWebhookContext(within(t), d.ResponseURL, &slack.WebhookMessage{Text: "and told you"}); err != nil {
		t.Fatal(err)
	}
	messages := ws.Messages("C0HELP")
	if len(messages) != 1 || messages[0].Text != "done" || messages[0].Blocks != nil || len(messages[0].Earlier) != 1 ||
		messages[0].Earlier[0].Text != "running" || messages[0].UnfurlLinks == nil || *messages[0].UnfurlLinks {
		t.Errorf("the channel has %+v", messages)
	}
	if e := ws.Ephemerals("C0HELP", "U0ANN"); len(e) != 2 || e[1].Text != "and told you" {
		t.Errorf("Ann privately sees %+v", e)
	}
	if acks := ws.Acks(); len(acks) != 1 || acks[0].Bug != "" || acks[0].Late {
		t.Errorf("acks are %+v", acks)
	}
	for _, c := range ws.Calls() {
		for name, v := range c.Args {
			if strings.Contains(v, ws.App().BotToken) {
				t.Errorf("%s: the log has the token in %s", c.Method, name)
			}
		}
	}
}

func TestSlackGoUnderstandsFaults(t *testing.T) {
	ws := start(t)
	api := slackGo(t, ws)
	post := func() error {
		_, _, err := api.PostMessageContext(within(t), "C0HELP", slack.MsgOptionText("hello", false))
		return err
	}
	count := func() int { return len(ws.Messages("C0HELP")) }

	ws.Fail("chat.postMessage", 1, slacksim.Fault{HTTPStatus: 429, RetryAfter: 1500 * time.Millisecond})
	if limited, ok := errors.AsType[*slack.RateLimitedError](post()); !ok || limited.RetryAfter != 2*time.Second {
		t.Errorf("429 with Retry-After is %v", limited)
	}
	ws.Fail("chat.postMessage", 1, slacksim.Fault{HTTPStatus: 429})
	if status, ok := errors.AsType[slack.StatusCodeError](post()); !ok || status.Code != 429 {
		t.Errorf("429 without Retry-After is %v", status)
	}
	ws.Fail("chat.postMessage", 1, slacksim.Fault{HTTPStatus: 503})
	if status, ok := errors.AsType[slack.StatusCodeError](post()); !ok || status.Code != 503 {
		t.Errorf("503 is %v", status)
	}
	ws.Fail("chat.postMessage", 1, slacksim.Fault{Error: "token_revoked"})
	if e, ok := errors.AsType[slack.SlackErrorResponse](post()); !ok || e.Err != "token_revoked" {
		t.Errorf("token_revoked is %v", e)
	}
	for _, body := range []string{`{"ok":tru`, "<html>maintenance</html>"} {
		ws.Fail("chat.postMessage", 1, slacksim.Fault{Body: body})
		if err := post(); err == nil {
			t.Errorf("%s passes for an answer", body)
		}
	}
	ws.Fail("chat.postMessage", 1, slacksim.Fault{Reset: true})
	if err := post(); err == nil {
		t.Error("a reset passes for an answer")
	}
	if n := count(); n != 0 {
		t.Fatalf("%d messages were posted by calls without effect", n)
	}
	ws.Fail("chat.postMessage", 1, slacksim.Fault{Reset: true, AfterEffect: true})
	if err := post(); err == nil {
		t.Error("a reset after the effect passes for an answer")
	}
	if n := count(); n != 1 {
		t.Fatalf("a reset after the effect left %d messages", n)
	}
	if err := post(); err != nil {
		t.Errorf("after the last fault: %v", err)
	}
	effects := 0
	for _, c := range ws.Calls() {
		if c.Effected {
			effects++
		}
	}
	if n := ws.Snapshot().Count("chat.postMessage"); n != 9 || effects != 2 {
		t.Errorf("the log has %d calls, %d with effect", n, effects)
	}
}

func TestSlackGoReconnects(t *testing.T) {
	ws := start(t)
	bot(t, ws, func(client *socketmode.Client, event socketmode.Event) {
		if event.Request != nil && event.Request.EnvelopeID != "" {
			if err := client.AckCtx(t.Context(), event.Request.EnvelopeID, nil); err != nil {
				t.Error(err)
			}
		}
	})
	reconnected := func(opened int) {
		t.Helper()
		err := ws.Wait(within(t), func(s slacksim.Snapshot) bool {
			return s.Opened == opened && len(s.Sockets) == 1 && s.Sockets[0].Ready
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ws.Disconnect(slacksim.RefreshRequested)
	reconnected(2)
	ws.DropSockets()
	reconnected(3)
	d, err := ws.Event(within(t), map[string]any{"type": "app_home_opened", "user": "U0ANN", "tab": "home"})
	if err != nil || d.Error != "" || d.Socket != 3 {
		t.Errorf("the event went to socket %d: %q, %v", d.Socket, d.Error, err)
	}
}
