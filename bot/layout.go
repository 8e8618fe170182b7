package bot

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/adsyncbot/adsyncbot/commands"
)

// message is what Slack gets: blocks, and a text that notifications and screen readers use instead of them.
type message struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

// Slack's limits are 3000 characters a section, 50 blocks and 40000 characters of text; blocks together fail well below
// what 50 sections could hold (msg_blocks_too_long), and an edit refuses a text above 4000 (msg_too_long).
const (
	maxSection = 2900
	maxBlocks  = 40
	maxBody    = 12000
	maxText    = 3000
)

// layout lays an answer out. What does not fit is left out with a line that says so.
func layout(a commands.Answer) message {
	body := bodyOf(a)
	m := message{Text: textOf(a)}
	for _, section := range sections(body) {
		m.Blocks = append(m.Blocks, slack.NewSectionBlock(verbatim(section), nil, nil))
	}
	if detail := commands.Preformatted(a.Detail); detail != "" {
		m.Blocks = append(m.Blocks, slack.NewRichTextBlock("", &slack.RichTextPreformatted{
			Type:     slack.RTEPreformatted,
			Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement(detail, nil)},
		}))
	}
	if footer := inBlocks().line(a.Footer, maxSection); strings.TrimSpace(footer) != "" {
		m.Blocks = append(m.Blocks, slack.NewContextBlock("", verbatim(footer)))
	}
	if len(a.Actions) > 0 {
		m.Blocks = append(m.Blocks, buttons(a))
	}
	return m
}

// buttons are the actions of an answer. Each carries what it is about, and nothing else.
func buttons(a commands.Answer) *slack.ActionBlock {
	var all []slack.BlockElement
	for _, action := range a.Actions {
		b := slack.NewButtonBlockElement(string(action), a.About.String(), slack.NewTextBlockObject(slack.PlainTextType, action.Label(), false, false))
		if action.Grave() {
			b.WithStyle(slack.StyleDanger)
		}
		all = append(all, b)
	}
	return slack.NewActionBlock("", all...)
}

// bodyOf returns the headline and the lines, written.
func bodyOf(a commands.Answer) []string {
	limit := maxSection - len(emoji(a.Mark)) - 1
	head := inBlocks().line(a.Headline, limit)
	if strings.TrimSpace(head) == "" {
		head = "(no text)" // Slack refuses an empty section
	}
	if e := emoji(a.Mark); e != "" {
		head = e + " " + head
	}
	body := []string{head}
	for _, l := range a.Lines {
		body = append(body, inBlocks().line(l, limit))
	}
	return body
}

// sections packs lines into as few sections as hold them, within what one message may hold.
func sections(lines []string) []string {
	var all []string
	open, used := "", 0
	closeSection := func() {
		if strings.TrimSpace(open) != "" {
			all = append(all, open)
		}
		open = ""
	}
	for i, l := range lines {
		n := units(l) + 1
		full := units(open)+n > maxSection
		if used+n > maxBody || (full && len(all)+1 >= maxBlocks-3) {
			closeSection()
			return append(all, fmt.Sprintf("… and %d more lines that do not fit into one message", len(lines)-i))
		}
		if full {
			closeSection()
		}
		if open != "" {
			open += "\n"
		}
		open += l
		used += n
	}
	closeSection()
	return all
}

// textOf returns the text for notifications: the same words, in UTC.
func textOf(a commands.Answer) string {
	text := inNotices().line(a.Headline, maxText)
	for i, l := range a.Lines {
		next := "\n" + inNotices().line(l, maxText)
		if units(text)+units(next) > maxText {
			text += fmt.Sprintf("\n… and %d more lines", len(a.Lines)-i)
			break
		}
		text += next
	}
	if strings.TrimSpace(text) == "" {
		return "(no text)"
	}
	if len(a.Actions) > 0 {
		labels := make([]string, len(a.Actions))
		for i, action := range a.Actions {
			labels[i] = "[" + action.Label() + "]"
		}
		text += "\n" + strings.Join(labels, " ")
	}
	return text
}

func verbatim(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}

// emoji is the small picture of a mark. The headline says the same in words.
func emoji(m commands.Mark) string {
	switch m {
	case commands.MarkInfo:
		return ":information_source:"
	case commands.MarkWaiting:
		return ":hourglass_flowing_sand:"
	case commands.MarkRunning:
		return ":arrows_counterclockwise:"
	case commands.MarkGood:
		return ":white_check_mark:"
	case commands.MarkWarning:
		return ":warning:"
	case commands.MarkBad:
		return ":x:"
	case commands.MarkUnknown:
		return ":grey_question:"
	case commands.MarkRefused:
		return ":no_entry:"
	case commands.MarkNone:
	}
	return ""
}
