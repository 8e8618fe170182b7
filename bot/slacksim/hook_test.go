package slacksim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// invoked is the response url of a command which nobody was there to serve; the url works all the same.
func invoked(t *testing.T, ws *slacksim.Workspace) string {
	t.Helper()
	d, err := ws.Slash(within(t), slacksim.SlashCommand{UserID: "U0ANN", ChannelID: "C0EMPTY", Command: "/adsync", Text: "a<b"})
	if err != nil {
		t.Fatal(err)
	}
	return d.ResponseURL
}

func TestAResponseURLTakesFivePosts(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	address := invoked(t, ws)
	for i := range 6 {
		status, header, body := h.send(address, "application/json", "", `{"text":"x"}`)
		want, wantStatus := "ok", 200
		if i == 5 {
			want, wantStatus = "used_url", 404
		}
		if status != wantStatus || body != want || header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("post %d answers %d %s as %s", i+1, status, body, header.Get("Content-Type"))
		}
	}
	if n := len(ws.Ephemerals("C0EMPTY", "U0ANN")); n != 5 {
		t.Errorf("Ann sees %d answers in a channel the bot is not in", n)
	}
	if n := ws.Snapshot().Count(slacksim.ResponseURL); n != 6 {
		t.Errorf("the log has %d posts", n)
	}
}

func TestAResponseURLLivesForHalfAnHour(t *testing.T) {
	var c clock
	ws := start(t, slacksim.WithClock(c.now))
	h := bare(t, ws)
	address := invoked(t, ws)
	c.advance(30*time.Minute - time.Second)
	if status, _, body := h.send(address, "application/json", "", `{"text":"x"}`); status != 200 {
		t.Errorf("just before its end: %s", body)
	}
	c.advance(time.Second)
	if status, _, body := h.send(address, "application/json", "", `{"text":"x"}`); status != 404 || body != "expired_url" {
		t.Errorf("after half an hour: %d %s", status, body)
	}
}

func TestAResponseForEverybodyShowsWhatWasTypedOnce(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	address := invoked(t, ws)
	for range 2 {
		h.send(address, "application/json", "", `{"text":"x","response_type":"in_channel"}`)
	}
	var got []string
	for _, m := range ws.Messages("C0EMPTY") {
		got = append(got, m.User+" "+ws.Text(m, ""))
	}
	if want := "[U0ANN /adsync a<b U0BOT x U0BOT x]"; fmt.Sprint(got) != want {
		t.Errorf("the channel has %v", got)
	}
}

func TestAPressMayReplaceOrDeleteItsMessage(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	const blocks = `[{"type":"actions","block_id":"b","elements":[
		{"type":"button","action_id":"stop","value":"C-7F3K","text":{"type":"plain_text","text":"Stop"}}]}]`
	ts := fmt.Sprint(h.call("chat.postMessage", "channel", "C0HELP", "text", "running", "blocks", blocks)["ts"])
	press := func(user string) (slacksim.Delivery, error) {
		return ws.Press(within(t), slacksim.Press{UserID: user, ChannelID: "C0HELP", TS: ts, ActionID: "stop"})
	}
	outsider, err := press("U0OUT")
	if err != nil {
		t.Fatalf("an outsider in a shared channel can press, too: %v", err)
	}
	if status, _, body := h.send(outsider.ResponseURL, "application/json", "", `{"text":"stopped","replace_original":true}`); status != 200 {
		t.Fatal(body)
	}
	if m := ws.Messages("C0HELP"); len(m) != 1 || m[0].Text != "stopped" || m[0].TS != ts {
		t.Errorf("the channel has %+v", m)
	}
	if _, err := press("U0ANN"); err == nil {
		t.Error("a button which is gone can be pressed")
	}
	if status, _, body := h.send(outsider.ResponseURL, "application/json", "", `{"delete_original":true}`); status != 200 {
		t.Fatal(body)
	}
	if m := ws.Messages("C0HELP"); len(m) != 0 {
		t.Errorf("the channel still has %+v", m)
	}
}

func TestAnEphemeralButtonIsPressedByItsReaderOnly(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	const blocks = `[{"type":"section","text":{"type":"mrkdwn","text":"sure?"},"accessory":
		{"type":"button","action_id":"yes","value":"1","text":{"type":"plain_text","text":"Yes"}}}]`
	ts := fmt.Sprint(h.call("chat.postEphemeral", "channel", "C0HELP", "user", "U0ANN", "text", "x", "blocks", blocks)["message_ts"])
	press := slacksim.Press{UserID: "U0OUT", ChannelID: "C0HELP", TS: ts, ActionID: "yes"}
	if _, err := ws.Press(within(t), press); err == nil {
		t.Error("an outsider pressed what only Ann sees")
	}
	l, _ := h.connect()
	press.UserID = "U0ANN"
	done := make(chan slacksim.Delivery, 1)
	ctx := within(t)
	go func() {
		d, err := ws.Press(ctx, press)
		if err != nil {
			t.Error(err)
		}
		done <- d
	}()
	e := l.read()
	l.ack(e)
	d := <-done
	actions, _ := e.dig("payload", "actions").([]any)
	if len(actions) != 1 || e.dig("payload", "container", "is_ephemeral") != true ||
		e.dig("payload", "response_url") != d.ResponseURL || e.dig("payload", "user", "id") != "U0ANN" {
		t.Fatalf("the payload is %v", e)
	}
	action, _ := actions[0].(map[string]any)
	if action["action_id"] != "yes" || action["value"] != "1" || action["block_id"] != "block0" {
		t.Errorf("the action is %v", action)
	}
	h.send(d.ResponseURL, "application/json", "", `{"text":"done","replace_original":true}`)
	if m := ws.Ephemerals("C0HELP", "U0ANN"); len(m) != 1 || m[0].Text != "done" {
		t.Errorf("Ann sees %+v", m)
	}
}
