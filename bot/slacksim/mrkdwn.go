package slacksim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// reader is through whose eyes something is rendered: their time zone, and who is called what.
type reader struct {
	zone *time.Location
	now  time.Time
	ws   *Workspace
}

// escapeText makes typed text safe as mrkdwn.
func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func decodeText(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// mrkdwn renders Slack's markup: references in angle brackets become what they name, entities are decoded, and emphasis
// stays as it was written.
func (r reader) mrkdwn(s string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			out.WriteString(decodeText(s))
			return out.String()
		}
		out.WriteString(decodeText(before))
		out.WriteString(r.reference(inside))
		s = after
	}
}

// reference renders what stands between angle brackets.
func (r reader) reference(s string) string {
	target, label, labelled := strings.Cut(s, "|")
	label = decodeText(label)
	switch {
	case strings.HasPrefix(target, "@"):
		return "@" + r.userName(target[1:])
	case strings.HasPrefix(target, "#"):
		return "#" + r.channelName(target[1:], label)
	case strings.HasPrefix(target, "!subteam^"):
		return "@" + r.groupName(strings.TrimPrefix(target, "!subteam^"))
	case strings.HasPrefix(target, "!date^"):
		return r.dateReference(strings.Split(target, "^"), label)
	case strings.HasPrefix(target, "!"):
		return "@" + target[1:]
	case labelled:
		return label
	default:
		return decodeText(strings.TrimPrefix(target, "mailto:"))
	}
}

// dateReference renders !date^unix^format^link; what Slack cannot read is shown as its fallback.
func (r reader) dateReference(parts []string, fallback string) string {
	if len(parts) < 3 {
		return fallback
	}
	unix, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return fallback
	}
	return r.date(unix, parts[2])
}

// date fills the tokens of a date format as Slack's English clients do.
func (r reader) date(unix int64, format string) string {
	t := time.Unix(unix, 0).In(r.zone)
	ordinal := fmt.Sprintf("%s %d%s", t.Month(), t.Day(), ordinalSuffix(t.Day()))
	pretty := func(otherwise string) string { return r.relativeDay(t, otherwise) }
	long := fmt.Sprintf("%s, %s, %d", t.Weekday(), ordinal, t.Year())
	usual := fmt.Sprintf("%s, %d", ordinal, t.Year())
	short := t.Format("Jan 2, 2006")
	return strings.NewReplacer(
		"{date_num}", t.Format("2006-01-02"),
		"{date_slash}", t.Format("01/02/2006"),
		"{date_long_pretty}", pretty(long), "{date_long}", long,
		"{date_short_pretty}", pretty(short), "{date_short}", short,
		"{date_pretty}", pretty(usual), "{date}", usual,
		"{day_divider_pretty}", pretty(long),
		"{time_secs}", t.Format("3:04:05 PM"), "{time}", t.Format("3:04 PM"),
		"{ago}", ago(r.now.Sub(t)),
	).Replace(format)
}

func (r reader) relativeDay(t time.Time, otherwise string) string {
	today := r.now.In(r.zone)
	switch t.Format(time.DateOnly) {
	case today.Format(time.DateOnly):
		return "today"
	case today.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday"
	case today.AddDate(0, 0, 1).Format(time.DateOnly):
		return "tomorrow"
	default:
		return otherwise
	}
}

func ordinalSuffix(day int) string {
	if day/10 == 1 {
		return "th"
	}
	switch day % 10 {
	case 1:
		return "st"
	case 2:
		return "nd"
	case 3:
		return "rd"
	default:
		return "th"
	}
}

func ago(d time.Duration) string {
	template := "%s ago"
	if d < 0 {
		d, template = -d, "in %s"
	}
	amount, unit := int(d/time.Second), "second"
	switch {
	case d >= 24*time.Hour:
		amount, unit = int(d/(24*time.Hour)), "day"
	case d >= time.Hour:
		amount, unit = int(d/time.Hour), "hour"
	case d >= time.Minute:
		amount, unit = int(d/time.Minute), "minute"
	}
	if amount != 1 {
		unit += "s"
	}
	return fmt.Sprintf(template, strconv.Itoa(amount)+" "+unit)
}

func (r reader) userName(id string) string {
	if u, ok := r.ws.users[id]; ok {
		return u.Name
	}
	return id
}

func (r reader) channelName(id, label string) string {
	if c, ok := r.ws.channels[id]; ok && c.Name != "" {
		return c.Name
	}
	if label != "" {
		return label
	}
	return id
}

func (r reader) groupName(id string) string {
	if g, ok := r.ws.groups[id]; ok {
		return g.Handle
	}
	return id
}
