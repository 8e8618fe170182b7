package bot

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
)

var nine41 = time.Date(2026, 11, 24, 9, 41, 0, 0, time.UTC)

func words(s string) commands.Text { return commands.Text{commands.Words(s)} }

func TestLayoutIsGolden(t *testing.T) {
	hostile := `<!channel> <@U1> <#C1> @here @channel *b* & <https://evil.example|click>`
	id := uuid.MustParse("01930000-0000-7000-8000-00000000beef")
	typed, pressed := received{id: id}, received{id: id, command: storedCommand{Action: string(commands.Leave)}}
	cycle := func(change func(*executor.Cycle)) commands.Answer {
		c := executor.Cycle{ID: id, Server: "aadc01", Policy: executor.Delta, Origin: executor.Started, Phase: executor.PhaseQueued, AskedAt: nine41}
		change(&c)
		return commands.CycleMessage(commands.CycleView{Cycle: c, Channel: "C1", Now: nine41.Add(time.Minute), Requests: []executor.Request{{
			ID: id, Policy: c.Policy, Server: c.Server, Asker: executor.Asker{Way: executor.FromSlack, User: "U1"},
			Audience: executor.Audience{Channel: "C1"}, AskedAt: nine41, Reason: hostile,
		}}})
	}
	for name, a := range map[string]commands.Answer{
		"spans": {
			Headline: commands.Text{
				commands.Words("a & b "), commands.Bold("stressed"), commands.Words(" "), commands.Code("/adsync delta"), commands.Words(" "),
				commands.User("U1"), commands.Words(" "), commands.Channel("C1"), commands.Words(" "), commands.At(nine41, commands.TimeOfDay),
			},
			Lines: []commands.Text{
				{commands.At(nine41, commands.DateAndTime), commands.Words(", "), commands.At(nine41, commands.RelativeDay)},
				{commands.Bold("a*b"), commands.Words(" "), commands.Code("a`b"), commands.Words(" "), commands.Bold(" padded ")},
			},
			Footer: commands.Text{commands.Code("C-7F3K")},
		},
		"hostile": {
			Mark: commands.MarkBad, Headline: words(hostile), Lines: []commands.Text{{commands.Bold(hostile)}, {commands.Code(hostile)}, {commands.User(hostile)}},
			Detail: hostile, Footer: words(hostile),
		},
		"empty":               {},
		"long_line":           {Headline: words(strings.Repeat("<&>", 2000))},
		"too_many_lines":      {Mark: commands.MarkInfo, Headline: words("list"), Lines: lines(600, strings.Repeat("x", 60))},
		"mark_info":           {Mark: commands.MarkInfo, Headline: words("info")},
		"mark_waiting":        {Mark: commands.MarkWaiting, Headline: words("waiting")},
		"mark_running":        {Mark: commands.MarkRunning, Headline: words("running")},
		"mark_good":           {Mark: commands.MarkGood, Headline: words("good")},
		"mark_warning":        {Mark: commands.MarkWarning, Headline: words("warning")},
		"mark_bad":            {Mark: commands.MarkBad, Headline: words("bad")},
		"mark_unknown":        {Mark: commands.MarkUnknown, Headline: words("unknown")},
		"mark_refused":        {Mark: commands.MarkRefused, Headline: words("refused")},
		"edge_not_stored":     notStored(),
		"edge_not_read":       notRead(),
		"edge_not_home":       notHome(),
		"edge_ack_late":       ackLate(typed),
		"edge_was_down":       wasDown(typed),
		"edge_too_busy":       tooBusy(typed),
		"edge_press_ack_late": ackLate(pressed),
		"edge_press_was_down": wasDown(pressed),
		"edge_press_too_busy": tooBusy(pressed),
		"buttons": {
			Mark: commands.MarkWarning, Headline: words("Full on aadc01: start it?"), Footer: words("Nothing is done unless you press it."),
			Actions: commands.Actions(), About: id,
		},
		"edge_internal":    explained(commands.Explain(errLinkGone, "E-7F3K")),
		"edge_invite":      inviteMe("C1", "not_in_channel", false),
		"edge_invite_late": inviteMe("C1", "channel_not_found", true),
		"edge_archived":    inviteMe("C1", "is_archived", false),
		"edge_restricted":  inviteMe("C1", "restricted_action", false),
		"cycle_queued":     cycle(func(*executor.Cycle) {}),
		"cycle_following":  cycle(func(c *executor.Cycle) { following(c); connector("contoso.com")(c) }),
		"cycle_succeeded":  cycle(ended(nine41.Add(time.Minute))),
		"cycle_failed": cycle(func(c *executor.Cycle) {
			ended(nine41.Add(time.Minute))(c)
			c.Result = executor.Result{Verdict: executor.Failed, Source: executor.FromEventLog, Detail: hostile}
		}),
		"cycle_unknown": cycle(func(c *executor.Cycle) {
			ended(nine41.Add(time.Minute))(c)
			c.Result = executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing, Code: executor.CodeUnreadable}
		}),
		"cycle_not_started": cycle(func(c *executor.Cycle) {
			ended(nine41.Add(time.Minute))(c)
			c.Result = executor.Result{Verdict: executor.NotStarted, Code: executor.CodeSuspended}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			m := layout(a)
			var readable bytes.Buffer
			out := json.NewEncoder(&readable)
			out.SetEscapeHTML(false)
			out.SetIndent("", "  ")
			if err := out.Encode(m); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "layout", name+".json"), readable.Bytes())
			checkMessage(t, m, trusted(a))
		})
	}
}

func lines(n int, text string) []commands.Text {
	all := make([]commands.Text, n)
	for i := range all {
		all[i] = words(text)
	}
	return all
}

// trusted counts the spans of an answer that may become markup.
func trusted(a commands.Answer) int {
	n := 0
	for _, t := range append([]commands.Text{a.Headline, a.Footer}, a.Lines...) {
		for _, s := range t {
			switch s.Kind() {
			case commands.KindUser, commands.KindChannel, commands.KindTime:
				n++
			default:
			}
		}
	}
	return n
}

var (
	markupSign  = regexp.MustCompile(`<[^>]*>?`)
	knownMarkup = regexp.MustCompile(`^<(@[A-Z0-9]+|#[A-Z0-9]+|!date\^-?\d+\^[a-z_{} ]+\|[0-9: -]+UTC)>$`)
	entities    = regexp.MustCompile(`&(amp|lt|gt);`)
	herePing    = regexp.MustCompile(`(?i)@(here|channel|everyone|group)`)
)

// checkMessage holds what Slack gets to Slack's limits, and to the promise that nothing in it pings but what may.
func checkMessage(t *testing.T, m message, markups int) {
	t.Helper()
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []struct {
		Type string `json:"type"`
		Text *struct {
			Type     string `json:"type"`
			Text     string `json:"text"`
			Verbatim bool   `json:"verbatim"`
		} `json:"text"`
		Elements []struct {
			Type     string          `json:"type"`
			Text     json.RawMessage `json:"text"` // a string, or the text object of a button
			Verbatim bool            `json:"verbatim"`
			ID       string          `json:"action_id"`
			Value    string          `json:"value"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatal(err)
	}
	if len(blocks) == 0 || len(blocks) > 50 {
		t.Errorf("%d blocks", len(blocks))
	}
	if n := units(m.Text); strings.TrimSpace(m.Text) == "" || n > 4000 {
		t.Errorf("a text of %d characters", n)
	}
	if herePing.MatchString(m.Text) {
		t.Errorf("the text can ping: %q", m.Text)
	}
	found := checkMarkup(t, m.Text)
	inBlocks, total := 0, 0
	check := func(kind, text string, verbatim bool) {
		if kind != "mrkdwn" || !verbatim || strings.TrimSpace(text) == "" || units(text) > 3000 {
			t.Errorf("a %s of %d characters, verbatim %v", kind, units(text), verbatim)
		}
		inBlocks += checkMarkup(t, text)
		total += units(text)
	}
	for _, b := range blocks {
		switch b.Type {
		case "section":
			check(b.Text.Type, b.Text.Text, b.Text.Verbatim)
		case "context":
			for _, e := range b.Elements {
				var text string
				if err := json.Unmarshal(e.Text, &text); err != nil {
					t.Fatal(err)
				}
				check(e.Type, text, e.Verbatim)
			}
		case "actions": // nothing in a button comes from outside
			for _, e := range b.Elements {
				if _, err := uuid.Parse(e.Value); e.Type != "button" || err != nil || commands.Action(e.ID).Label() == "" {
					t.Errorf("a button of %+v", e)
				}
			}
		case "rich_text": // its text is text
			if len(b.Elements) != 1 || b.Elements[0].Type != "rich_text_preformatted" {
				t.Errorf("rich text of %+v", b.Elements)
			}
		default:
			t.Errorf("a block of type %s", b.Type)
		}
	}
	if total > maxBody+2*maxSection {
		t.Errorf("%d characters in all", total)
	}
	if found > markups || inBlocks > markups {
		t.Errorf("%d pieces of markup in the text, %d in the blocks; the answer has %d", found, inBlocks, markups)
	}
}

// checkMarkup counts the markup in a text. All of it must be whole and of a kind that we write.
func checkMarkup(t *testing.T, text string) int {
	t.Helper()
	found := markupSign.FindAllString(text, -1)
	for _, f := range found {
		if !knownMarkup.MatchString(f) {
			t.Errorf("markup %q in %q", f, text)
		}
	}
	if rest := markupSign.ReplaceAllString(text, ""); strings.ContainsAny(rest, "<>") || strings.Contains(entities.ReplaceAllString(rest, ""), "&") {
		t.Errorf("an unescaped sign in %q", text)
	}
	return len(found)
}

func FuzzLayout(f *testing.F) {
	f.Add("<!here> @channel", "<@U1>", "U1", uint16(3), int64(1_800_000_000))
	f.Add(strings.Repeat("&<>", 1500), strings.Repeat("é😀", 900), "U1|x", uint16(900), int64(-1))
	f.Add("", "\x00\n\r", "C1>", uint16(0), int64(0))
	f.Fuzz(func(t *testing.T, head, text, id string, n uint16, unix int64) {
		at := time.Unix(unix%253_402_300_799, 0)
		a := commands.Answer{
			Mark:     commands.MarkBad,
			Headline: commands.Text{commands.Words(head), commands.User(id), commands.Bold(text), commands.At(at, commands.RelativeDay)},
			Detail:   text + head,
			Footer:   commands.Text{commands.Code(head), commands.Channel(id), commands.Words(text)},
		}
		for range n % 120 {
			a.Lines = append(a.Lines, commands.Text{commands.Words(text), commands.At(at, commands.TimeOfDay), commands.Code(head), commands.User(id)})
		}
		checkMessage(t, layout(a), trusted(a))
	})
}
