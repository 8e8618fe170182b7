package bot

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/adsyncbot/adsyncbot/commands"
)

// writer writes lines of text for Slack. Words of people and servers are escaped, so that nothing in them is a mention, a
// link or a date.
type writer struct {
	span  func(commands.Span) string
	words func(string) string // the words of a span without its formatting
}

// inBlocks writes for text objects with verbatim set: there Slack looks for no @here and no bare links.
func inBlocks() writer { return writer{span: markup, words: escape} }

// inNotices writes for the text of a notification: no formatting, times in UTC because Slack shows no others there.
func inNotices() writer { return writer{span: notice, words: quiet} }

const cutMark = "… (cut)"

// line writes one line of at most limit characters (counted as UTF-16 units, the stricter way). A longer one is cut and
// says so; markup is never cut in two.
func (w writer) line(t commands.Text, limit int) string {
	var whole strings.Builder
	for _, s := range t {
		whole.WriteString(w.span(s))
	}
	if units(whole.String()) <= limit {
		return whole.String()
	}
	var b strings.Builder
	left := limit - units(cutMark)
	for _, s := range t {
		piece := w.span(s)
		n := units(piece)
		if n > left {
			b.WriteString(w.fitting(s, left))
			break
		}
		b.WriteString(piece)
		left -= n
	}
	return b.String() + cutMark
}

// fitting returns as much of a span's words as fit; markup is left out whole.
func (w writer) fitting(s commands.Span, left int) string {
	switch s.Kind() {
	case commands.KindPlain, commands.KindBold, commands.KindCode:
	default:
		return ""
	}
	runes := []rune(s.Value())
	n := sort.Search(len(runes), func(n int) bool { return units(w.words(string(runes[:n+1]))) > left })
	return w.words(string(runes[:n]))
}

func markup(s commands.Span) string {
	text := escape(s.Value())
	switch s.Kind() {
	case commands.KindBold:
		return between("*", text)
	case commands.KindCode:
		return between("`", text)
	case commands.KindUser:
		return "<@" + s.Value() + ">"
	case commands.KindChannel:
		return "<#" + s.Value() + ">"
	case commands.KindTime:
		return date(s.Time())
	default:
		return text
	}
}

// between sets text between two signs, which Slack only takes for formatting when none stands inside.
func between(sign, text string) string {
	if text == "" || text != strings.TrimSpace(text) || strings.Contains(text, sign) {
		return text
	}
	return sign + text + sign
}

// date is a time that every reader sees in the zone of the own device. Where Slack cannot show it, UTC is named.
func date(t time.Time, style commands.TimeStyle) string {
	format := "{date_short_pretty} at {time}"
	switch style {
	case commands.TimeOfDay:
		format = "{time}"
	case commands.DateAndTime:
		format = "{date_short} at {time}"
	case commands.RelativeDay:
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), format, utc(t, style))
}

func utc(t time.Time, style commands.TimeStyle) string {
	if style == commands.TimeOfDay {
		return t.UTC().Format("15:04 UTC")
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func notice(s commands.Span) string {
	switch s.Kind() {
	case commands.KindUser, commands.KindChannel:
		return markup(s)
	case commands.KindTime:
		return utc(s.Time())
	default:
		return quiet(s.Value())
	}
}

// loud is what Slack takes for a call to everybody in a text that is not verbatim.
var loud = regexp.MustCompile(`(?i)@(here|channel|everyone|group)`)

// quiet escapes words for a text that is not verbatim; an invisible sign keeps them from calling everybody.
func quiet(s string) string { return loud.ReplaceAllString(escape(s), "@\u2060$1") }

// escape takes the meaning from the three signs that begin Slack's markup.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// units counts UTF-16 units.
func units(s string) int {
	n := 0
	for _, r := range s {
		if l := utf16.RuneLen(r); l > 0 {
			n += l
		} else {
			n += utf16.RuneLen(utf8.RuneError)
		}
	}
	return n
}
