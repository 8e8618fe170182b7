package commands

import (
	"strings"
	"time"
)

// Plain shows answers as plain text: in a terminal, and as the text of a notification.
type Plain struct {
	Zone *time.Location // nil is UTC
	// Name returns what to call a user or channel; nil or an empty answer gives the id after @ or #.
	Name func(k Kind, id string) string
}

// Answer returns the whole answer, one line each, without a line end after the last.
func (p Plain) Answer(a Answer) string {
	lines := []string{p.Text(a.Headline)}
	for _, l := range a.Lines {
		lines = append(lines, "  "+p.Text(l))
	}
	for _, l := range a.More {
		lines = append(lines, "  "+p.Text(l))
	}
	if d := Preformatted(a.Detail); d != "" {
		for l := range strings.SplitSeq(d, "\n") {
			lines = append(lines, "  | "+l)
		}
	}
	if len(a.Footer) > 0 {
		lines = append(lines, "  "+p.Text(a.Footer))
	}
	if len(a.Actions) > 0 {
		var labels []string
		for _, b := range a.Actions {
			labels = append(labels, "["+b.Label()+"]")
		}
		lines = append(lines, "  "+strings.Join(labels, " "))
	}
	return strings.Join(lines, "\n")
}

// Text returns one line.
func (p Plain) Text(t Text) string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(p.span(s))
	}
	return b.String()
}

func (p Plain) span(s Span) string {
	switch s.kind {
	case KindUser:
		return p.name(s, "@")
	case KindChannel:
		return p.name(s, "#")
	case KindTime:
		return p.time(s.at, s.style)
	default:
		return s.text
	}
}

func (p Plain) name(s Span, sign string) string {
	if p.Name != nil {
		if n := clean(p.Name(s.kind, s.text)); n != "" {
			return sign + strings.TrimPrefix(n, sign)
		}
	}
	return sign + s.text
}

// time always names its zone: plain text is read far from where it was written. It does not say "today": that would
// not stay true.
func (p Plain) time(t time.Time, style TimeStyle) string {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	if style == TimeOfDay {
		return t.In(zone).Format("15:04 MST")
	}
	return t.In(zone).Format("2 Jan 2006, 15:04 MST")
}
