package slacksim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

func TestMarkupReadsAsInSlack(t *testing.T) {
	var c clock // 22 November 2026, 08:40 UTC
	ws := start(t, slacksim.WithClock(c.now),
		slacksim.WithUsers(slacksim.User{ID: "U0TOK", Name: "tomo", TZ: "Asia/Tokyo"}))
	unix := c.now().Unix()
	for _, tt := range []struct{ mrkdwn, viewer, want string }{
		{"<@U0ANN> and <@U0GONE>", "", "@ann and @U0GONE"},
		{"<#C0HELP|old-name> <#C9|kept>", "", "#helpdesk #kept"},
		{"<!here> <!subteam^S0ADM>", "", "@here @admins"},
		{"<https://example.com/?a=1&amp;b=2> <https://example.com|the page>", "", "https://example.com/?a=1&b=2 the page"},
		{"a &lt;b&gt; &amp;amp; *c*", "", "a <b> &amp; *c*"},
		{"1 < 2", "", "1 < 2"},
		{fmt.Sprintf("<!date^%d^{date_num} {time}|fallback>", unix), "", "2026-11-22 8:40 AM"},
		{fmt.Sprintf("<!date^%d^{date_num} {time}|fallback>", unix), "U0TOK", "2026-11-22 5:40 PM"},
		{fmt.Sprintf("<!date^%d^{date_short_pretty} at {time_secs}|fallback>", unix), "", "today at 8:40:00 AM"},
		{fmt.Sprintf("<!date^%d^{date_pretty}|fallback>", unix-86400), "", "yesterday"},
		{fmt.Sprintf("<!date^%d^{date}, {date_long}|fallback>", unix+86400*10), "", "December 2nd, 2026, Wednesday, December 2nd, 2026"},
		{fmt.Sprintf("<!date^%d^{ago}|fallback>", unix-90), "", "1 minute ago"},
		{"<!date^soon^{time}|a &lt;fallback&gt;>", "", "a <fallback>"},
	} {
		if got := ws.Text(slacksim.Message{Text: tt.mrkdwn}, tt.viewer); got != tt.want {
			t.Errorf("%s reads %q, want %q", tt.mrkdwn, got, tt.want)
		}
	}
}

const everyBlock = `[
 {"type":"header","text":{"type":"plain_text","text":"Delta on aadc01"}},
 {"type":"section","text":{"type":"mrkdwn","text":"asked by <@U0ANN>"},"accessory":
   {"type":"button","action_id":"more","text":{"type":"plain_text","text":"Details"}}},
 {"type":"section","fields":[{"type":"mrkdwn","text":"*Runs*"},{"type":"plain_text","text":"&lt;3&gt;"}]},
 {"type":"divider"},
 {"type":"rich_text","elements":[
   {"type":"rich_text_section","elements":[{"type":"text","text":"see "},{"type":"link","url":"https://x.example","text":"here"},
     {"type":"emoji","name":"wave"},{"type":"user","user_id":"U0BEN"}]},
   {"type":"rich_text_list","style":"ordered","indent":1,"elements":[
     {"type":"rich_text_section","elements":[{"type":"text","text":"import"}]},
     {"type":"rich_text_section","elements":[{"type":"text","text":"sync"}]}]},
   {"type":"rich_text_quote","elements":[{"type":"text","text":"a\nb"}]},
   {"type":"rich_text_preformatted","elements":[{"type":"text","text":"error <6100>"}]}]},
 {"type":"table","rows":[[{"type":"raw_text","text":"run"},{"type":"raw_text","text":"result"}]]},
 {"type":"context","elements":[{"type":"mrkdwn","text":"C-7F3K"},{"type":"image","image_url":"https://x.example/a.png","alt_text":"logo"}]},
 {"type":"actions","elements":[
   {"type":"button","action_id":"stop","text":{"type":"plain_text","text":"Stop"}},
   {"type":"static_select","action_id":"pick","placeholder":{"type":"plain_text","text":"Server"}}]}
]`

func TestATranscriptIsWhatOnePersonSees(t *testing.T) {
	var c clock
	ws := start(t, slacksim.WithClock(c.now))
	h := bare(t, ws)
	parent := h.call("chat.postMessage", "channel", "C0HELP", "text", "x", "blocks", everyBlock)
	ts := fmt.Sprint(parent["ts"])
	c.advance(time.Minute)
	h.call("chat.postEphemeral", "channel", "C0HELP", "user", "U0ANN", "text", "only you")
	h.call("chat.postMessage", "channel", "C0HELP", "text", "later")
	h.call("chat.postMessage", "channel", "C0HELP", "text", "in the thread", "thread_ts", ts)
	loud := h.call("chat.postMessage", "channel", "C0HELP", "text", "aloud", "thread_ts", ts, "reply_broadcast", "true")
	h.call("chat.update", "channel", "C0HELP", "ts", fmt.Sprint(loud["ts"]), "text", "aloud, better")

	want := strings.TrimPrefix(`
08:40  adsyncbot
  Delta on aadc01
  asked by @ann  [Details]
  *Runs*
  &lt;3&gt;
  ────────────────────────────────
  see here:wave:@ben
    1. import
    2. sync
  > a
  > b
  error <6100>
  run | result
  C-7F3K  [image: logo]
  [Stop] [Server ▾]
    08:41  adsyncbot
      in the thread
    08:41  adsyncbot
      aloud, better (edited)
08:41  adsyncbot  (only visible to you)
  only you
08:41  adsyncbot
  later
08:41  adsyncbot
  aloud, better (edited)
`, "\n")
	if got := ws.Transcript("C0HELP", "U0ANN"); got != want {
		t.Errorf("Ann sees\n%s\nwant\n%s", got, want)
	}
	if got := ws.Transcript("C0HELP", "U0OUT"); strings.Contains(got, "only you") {
		t.Errorf("an outsider sees\n%s", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("<!date^1^{ago}^x|y> <@U0ANN|z> &lt;", everyBlock)
	f.Add("<<>>|<!>", `[{"type":"rich_text","elements":[null,{"elements":[1]}]},{"type":"table","rows":[[null]]}]`)
	ws := slacksim.New(helpdesk()...)
	f.Fuzz(func(t *testing.T, text, blocks string) {
		ws.Text(slacksim.Message{Text: text}, "U0ANN")
		got := ws.Text(slacksim.Message{Blocks: json.RawMessage(blocks)}, "U0ANN")
		if !json.Valid([]byte(blocks)) && got != "[unreadable blocks]" {
			t.Errorf("invalid JSON renders as %q", got)
		}
	})
}
