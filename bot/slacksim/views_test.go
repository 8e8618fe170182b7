package slacksim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

const modal = `{"type":"modal","callback_id":"full","title":{"type":"plain_text","text":"Full sync"},"blocks":[
	{"type":"input","block_id":"why","label":{"type":"plain_text","text":"Reason"},
	 "element":{"type":"plain_text_input","action_id":"reason"}}]}`

func TestATriggerOpensOneModalWithinThreeSeconds(t *testing.T) {
	var c clock
	ws := start(t, slacksim.WithClock(c.now))
	h := bare(t, ws)
	trigger := func() string { return (<-command(t, ws)).TriggerID }
	open := func(id, view string) string { return h.call("views.open", "trigger_id", id, "view", view).code() }

	id := trigger()
	got := []string{open("1.2.3", modal), open(id, `{"type":"home","blocks":[]}`), open(id, strings.Replace(modal, "input", "inputs", 1)), open(id, modal), open(id, modal)}
	late := trigger()
	c.advance(3 * time.Second)
	got = append(got, open(late, modal), open(trigger(), `{"x":"`+strings.Repeat("x", 250_000)+`"}`))
	want := "[invalid_trigger_id invalid_arguments invalid_arguments ok exchanged_trigger_id expired_trigger_id view_too_large]"
	if fmt.Sprint(got) != want {
		t.Errorf("answers are %v, want %s", got, want)
	}
}

func TestAModalIsSubmittedUntilItIsAccepted(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	l, _ := h.connect()
	done := command(t, ws)
	l.ack(l.read())
	id := fmt.Sprint(h.call("views.open", "trigger_id", (<-done).TriggerID, "view", modal).dig("view", "id"))

	submit := func(ack string) slacksim.Delivery {
		t.Helper()
		done := make(chan slacksim.Delivery, 1)
		ctx := within(t)
		go func() {
			d, err := ws.Submit(ctx, slacksim.Submit{
				UserID: "U0ANN", ViewID: id,
				State: map[string]map[string]any{"why": {"reason": map[string]any{"type": "plain_text_input", "value": "no"}}},
			})
			if err != nil {
				t.Error(err)
			}
			done <- d
		}()
		e := l.read()
		if e.dig("payload", "type") != "view_submission" || e.dig("payload", "view", "callback_id") != "full" ||
			e.dig("payload", "view", "state", "values", "why", "reason", "value") != "no" ||
			e.dig("payload", "user", "team_id") != ws.Team().ID {
			t.Errorf("the submission is %v", e)
		}
		l.write(`{"envelope_id":"` + fmt.Sprint(e["envelope_id"]) + `"` + ack + `}`)
		return <-done
	}
	if d := submit(`,"payload":{"response_action":"errors","errors":{"why":"say more"}}`); d.Sees != "why: say more" {
		t.Errorf("Ann sees %q", d.Sees)
	}
	if v := ws.Snapshot().Views[id]; v.Errors["why"] != "say more" {
		t.Errorf("the modal is %+v", v)
	}
	if a := h.call("views.update", "view_id", id, "view", strings.Replace(modal, "Reason", "Why", 1)); a.code() != "ok" {
		t.Error(a)
	}
	if a := h.call("views.update", "view_id", "V0", "view", modal); a.code() != "not_found" {
		t.Error(a)
	}
	submit(`,"payload":{"response_action":"update","view":` + modal + `}`)
	if v := ws.Snapshot().Views[id]; len(v.Errors) != 0 || !strings.Contains(string(v.JSON), "Reason") {
		t.Errorf("the modal is %+v", v)
	}
	submit(``)
	if v, ok := ws.Snapshot().Views[id]; ok {
		t.Errorf("the modal is still open: %+v", v)
	}
}

func TestAHomeTabIsPublishedAndPressed(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	l, _ := h.connect()
	const home = `{"type":"home","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"hi"},"accessory":
		{"type":"static_select","action_id":"pick","options":[{"text":{"type":"plain_text","text":"One"},"value":"1"}]}}]}`
	first := h.call("views.publish", "user_id", "U0ANN", "view", home)
	hash := fmt.Sprint(first.dig("view", "hash"))
	got := []string{
		first.code(),
		h.call("views.publish", "user_id", "U0ANN", "view", home, "hash", hash).code(),
		h.call("views.publish", "user_id", "U0ANN", "view", home, "hash", hash).code(),
		h.call("views.publish", "user_id", "U0NONE", "view", home).code(),
	}
	if fmt.Sprint(got) != "[ok ok hash_conflict invalid_arguments]" {
		t.Errorf("answers are %v", got)
	}
	if _, err := ws.Press(within(t), slacksim.Press{UserID: "U0ANN", ActionID: "pick", Option: "2"}); err == nil {
		t.Error("an option which is not there can be chosen")
	}
	done := make(chan error, 1)
	ctx := within(t)
	go func() {
		_, err := ws.Press(ctx, slacksim.Press{UserID: "U0ANN", ActionID: "pick", Option: "1"})
		done <- err
	}()
	e := l.read()
	l.ack(e)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	actions, _ := e.dig("payload", "actions").([]any)
	if len(actions) != 1 || e.dig("payload", "container", "type") != "view" ||
		!strings.Contains(fmt.Sprint(actions[0]), "value:1") {
		t.Errorf("the payload is %v", e)
	}
}

func TestSlackGoUploadsAFileIntoAThread(t *testing.T) {
	ws := start(t)
	api := slackGo(t, ws)
	_, ts, err := api.PostMessageContext(within(t), "C0HELP", slack.MsgOptionText("failed", false))
	if err != nil {
		t.Fatal(err)
	}
	const content = "line one\nline two\n"
	upload := func(channel string, size int) error {
		_, err := api.UploadFileContext(within(t), slack.UploadFileParameters{
			Filename: "log.txt", Title: "Log", Content: content, FileSize: size, Channel: channel, ThreadTimestamp: ts,
			InitialComment: "the log",
		})
		return err
	}
	if err := upload("C0HELP", len(content)); err != nil {
		t.Fatal(err)
	}
	m := ws.Messages("C0HELP")
	if len(m) != 2 || m[1].ThreadTS != ts || len(m[1].Files) != 1 || string(m[1].Files[0].Content) != content ||
		m[1].Files[0].Title != "Log" || m[1].Text != "the log" {
		t.Errorf("the channel has %+v", m)
	}
	if err := upload("C0EMPTY", len(content)); err == nil || !strings.Contains(err.Error(), "not_in_channel") {
		t.Errorf("without the bot: %v", err)
	}
	if err := upload("C0HELP", 3); err == nil {
		t.Error("a wrong length passes")
	}
}
