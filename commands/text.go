package commands

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Answer is one message, before anybody has decided how it looks.
type Answer struct {
	Mark     Mark   `json:"mark,omitempty"`
	Headline Text   `json:"headline"`
	Lines    []Text `json:"lines,omitempty"`
	// Detail is text of a server, shown as it is in a box of its own. It is untrusted: whoever shows it takes it as
	// preformatted text, never as markup.
	Detail string `json:"detail,omitempty"`
	Footer Text   `json:"footer,omitempty"`
	// More are lines that the answer does without in a channel: they stand in its thread.
	More []Text `json:"more,omitempty"`
	// Actions are the buttons under the answer, and About is what they are about.
	Actions []Action  `json:"actions,omitempty"`
	About   uuid.UUID `json:"about,omitzero"`
}

// Mark is the kind of news an Answer brings. It is shown as a small picture next to words that say the same.
type Mark string

// The marks.
const (
	MarkNone    Mark = ""
	MarkInfo    Mark = "info"
	MarkWaiting Mark = "waiting"
	MarkRunning Mark = "running"
	MarkGood    Mark = "good"
	MarkWarning Mark = "warning"
	MarkBad     Mark = "bad"
	MarkUnknown Mark = "unknown"
	MarkRefused Mark = "refused"
)

// Text is a line of spans.
type Text []Span

// Span is a piece of text of one kind. A Span can only be made by the functions below, so that words of people and
// servers are KindPlain, KindBold or KindCode for ever: they can never turn into markup, a link or a ping.
type Span struct {
	kind  Kind
	text  string
	at    time.Time
	style TimeStyle
}

// Kind is what a Span is.
type Kind string

// The kinds. The words are stored: they are never renamed.
const (
	KindPlain   Kind = "text"
	KindBold    Kind = "bold"
	KindCode    Kind = "code"
	KindUser    Kind = "user"    // Value is a Slack user id
	KindChannel Kind = "channel" // Value is a Slack channel id
	KindTime    Kind = "time"
)

// TimeStyle is how much of a time is shown.
type TimeStyle string

// The styles. The words are stored: they are never renamed.
const (
	TimeOfDay   TimeStyle = "time"      // 09:41
	DateAndTime TimeStyle = "date_time" // 24 Nov 2026, 09:41
	RelativeDay TimeStyle = "day_time"  // today at 09:41, where the reader's clock is known
)

// Kind returns what the span is.
func (s Span) Kind() Kind { return s.kind }

// Value returns the span's text, or the id of a user or channel. It is empty for a time.
func (s Span) Value() string { return s.text }

// Time returns the time and style of a KindTime span.
func (s Span) Time() (time.Time, TimeStyle) { return s.at, s.style }

// Words is plain text. Text of people and servers is welcome: it is cleaned of what is not printable and stays text.
func Words(s string) Span { return Span{kind: KindPlain, text: clean(s)} }

// Wordsf is Words of a formatted string.
func Wordsf(format string, args ...any) Span { return Words(fmt.Sprintf(format, args...)) }

// Bold is plain text that is stressed.
func Bold(s string) Span { return Span{kind: KindBold, text: clean(s)} }

// Code is something to be typed or pasted as it stands: a command, a name, an id.
func Code(s string) Span { return Span{kind: KindCode, text: clean(s)} }

// User is a person, who is shown by name and may be notified. What is not an id of Slack's becomes plain text.
func User(id string) Span {
	if !slackID(id) {
		return Words(id)
	}
	return Span{kind: KindUser, text: id}
}

// Channel is a channel, shown by name to whom may see it. What is not an id of Slack's becomes plain text.
func Channel(id string) Span {
	if !slackID(id) {
		return Words(id)
	}
	return Span{kind: KindChannel, text: id}
}

// At is a time, which every reader sees in the own zone.
func At(t time.Time, style TimeStyle) Span {
	switch style {
	case TimeOfDay, DateAndTime, RelativeDay:
	default:
		style = DateAndTime
	}
	return Span{kind: KindTime, at: t.UTC().Truncate(time.Second), style: style}
}

// slackID reports whether s looks like an id of a user or channel: capital letters and digits only, so that nothing
// else can ride along into the markup of a mention.
func slackID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// line makes a Text of strings, which become Words, and Spans.
func line(parts ...any) Text {
	var t Text
	for _, p := range parts {
		switch p := p.(type) {
		case Span:
			t = append(t, p)
		case Text:
			t = append(t, p...)
		case string:
			if p != "" {
				t = append(t, Words(p))
			}
		default:
			t = append(t, Words(fmt.Sprint(p)))
		}
	}
	return t
}

// join puts sep between texts and leaves empty ones out.
func join(sep string, texts ...Text) Text {
	var all Text
	for _, t := range texts {
		if len(t) == 0 {
			continue
		}
		if len(all) > 0 {
			all = append(all, Words(sep))
		}
		all = append(all, t...)
	}
	return all
}

// stored is a Span's form in the outbox; its tags are never renamed.
type stored struct {
	Kind  Kind      `json:"k"`
	Text  string    `json:"s,omitempty"`
	Unix  int64     `json:"t,omitempty"`
	Style TimeStyle `json:"style,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Span) MarshalJSON() ([]byte, error) {
	v := stored{Kind: s.kind, Text: s.text, Style: s.style}
	if s.kind == KindTime {
		v.Unix = s.at.Unix()
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements json.Unmarshaler. It makes spans by the same functions as everybody else, so that a
// stored message is as safe as a fresh one; a kind that this version does not know becomes plain text.
func (s *Span) UnmarshalJSON(b []byte) error {
	var v stored
	if err := json.Unmarshal(b, &v); err != nil {
		return fmt.Errorf("read stored span: %w", err)
	}
	switch v.Kind {
	case KindBold:
		*s = Bold(v.Text)
	case KindCode:
		*s = Code(v.Text)
	case KindUser:
		*s = User(v.Text)
	case KindChannel:
		*s = Channel(v.Text)
	case KindTime:
		*s = At(time.Unix(v.Unix, 0), v.Style)
	default:
		*s = Words(v.Text)
	}
	return nil
}

// ready lists commands ready to copy, one a line.
func ready(commands ...string) []Text {
	lines := make([]Text, 0, len(commands))
	for _, c := range commands {
		lines = append(lines, line(Code(strings.TrimSpace(c))))
	}
	return lines
}
