package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Transcript is a channel as one person sees it: its messages in order, replies indented under their parent, and what is
// only visible to them. The viewer "" sees what everybody sees, in UTC.
func (ws *Workspace) Transcript(channel, viewer string) string {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	seen := slices.Clone(ws.messages[channel])
	for _, m := range ws.ephemerals {
		if m.Channel == channel && viewer != "" && m.ForUser == viewer {
			seen = append(seen, m)
		}
	}
	slices.SortFunc(seen, func(a, b Message) int { return compareStamps(a.TS, b.TS) })
	r := ws.readerFor(viewer)
	parents := map[string]bool{}
	for _, m := range seen {
		parents[m.TS] = true
	}
	var out strings.Builder
	for _, m := range seen {
		if m.ThreadTS != "" && parents[m.ThreadTS] { // replies to a deleted message stand for themselves
			if m.Broadcast {
				out.WriteString(r.entry(m, ""))
			}
			continue
		}
		out.WriteString(r.entry(m, ""))
		for _, reply := range seen {
			if reply.ThreadTS == m.TS {
				out.WriteString(r.entry(reply, "    "))
			}
		}
	}
	return out.String()
}

// Text is what one message says, as one person reads it.
func (ws *Workspace) Text(m Message, viewer string) string {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.plain(m, viewer)
}

func (ws *Workspace) plain(m Message, viewer string) string {
	return strings.Join(ws.readerFor(viewer).lines(m), "\n")
}

func (ws *Workspace) readerFor(viewer string) reader {
	return reader{zone: ws.zoneOf(ws.users[viewer]), now: ws.now(), ws: ws}
}

// entry is one message with its author, its time and its lines.
func (r reader) entry(m Message, indent string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s%s  %s", indent, stampTime(m.TS).In(r.zone).Format("15:04"), r.userName(m.User))
	if m.ForUser != "" {
		out.WriteString("  (only visible to you)")
	}
	out.WriteString("\n")
	for _, line := range r.lines(m) {
		out.WriteString(strings.TrimRight(indent+"  "+line, " ") + "\n")
	}
	return out.String()
}

// lines are a message's content. Slack shows blocks instead of the text when there are any.
func (r reader) lines(m Message) []string {
	var lines []string
	if m.Blocks != nil {
		lines = r.blocks(m.Blocks)
	} else if m.Text != "" {
		text := r.mrkdwn(m.Text)
		if m.Edited {
			text += " (edited)"
		}
		lines = strings.Split(text, "\n")
	}
	for _, f := range m.Files {
		lines = append(lines, fmt.Sprintf("[file: %s, %d bytes]", f.Title, len(f.Content)))
	}
	return lines
}

func (r reader) blocks(raw json.RawMessage) []string {
	var list []object
	if err := json.Unmarshal(raw, &list); err != nil {
		return []string{"[unreadable blocks]"}
	}
	var lines []string
	for _, b := range list {
		lines = append(lines, strings.Split(r.block(b), "\n")...)
	}
	return lines
}

func (r reader) block(b object) string {
	switch kind, _ := b["type"].(string); kind {
	case "section":
		return r.section(b)
	case "header":
		return r.text(b["text"])
	case "divider":
		return strings.Repeat("─", 32)
	case "context":
		return r.join(b["elements"], "  ")
	case "actions", "context_actions":
		return r.join(b["elements"], " ")
	case "rich_text":
		return r.richText(b)
	case "markdown":
		text, _ := b["text"].(string)
		return text
	case "image":
		alt, _ := b["alt_text"].(string)
		return "[image: " + alt + "]"
	case "input":
		return r.text(b["label"]) + ": " + r.element(b["element"])
	case "table":
		return r.table(b)
	default:
		return "[" + kind + "]"
	}
}

func (r reader) section(b object) string {
	var parts []string
	if b["text"] != nil {
		parts = append(parts, r.text(b["text"]))
	}
	fields, _ := b["fields"].([]any)
	for _, f := range fields {
		parts = append(parts, r.text(f))
	}
	whole := strings.Join(parts, "\n")
	if b["accessory"] != nil {
		whole += "  " + r.element(b["accessory"])
	}
	return whole
}

// text renders a text object. Plain text has no markup, so nothing in it is decoded.
func (r reader) text(v any) string {
	t, _ := v.(map[string]any)
	s, _ := t["text"].(string)
	if t["type"] == "mrkdwn" {
		return r.mrkdwn(s)
	}
	return s
}

func (r reader) join(v any, separator string) string {
	list, _ := v.([]any)
	var parts []string
	for _, e := range list {
		parts = append(parts, r.element(e))
	}
	return strings.Join(parts, separator)
}

// element renders what can be pressed or filled in, and the small things of a context.
func (r reader) element(v any) string {
	e, _ := v.(map[string]any)
	switch kind, _ := e["type"].(string); kind {
	case "mrkdwn", "plain_text":
		return r.text(e)
	case "button", "workflow_button":
		return "[" + r.text(e["text"]) + "]"
	case "image":
		alt, _ := e["alt_text"].(string)
		return "[image: " + alt + "]"
	case "overflow":
		return "[…]"
	default:
		if label := r.text(e["placeholder"]); label != "" {
			return "[" + label + " ▾]"
		}
		return "[" + kind + "]"
	}
}

func (r reader) table(b object) string {
	rows, _ := b["rows"].([]any)
	var lines []string
	for _, row := range rows {
		cells, _ := row.([]any)
		var texts []string
		for _, c := range cells {
			cell, _ := c.(map[string]any)
			if cell["type"] == "rich_text" {
				texts = append(texts, r.richText(cell))
			} else {
				text, _ := cell["text"].(string)
				texts = append(texts, text)
			}
		}
		lines = append(lines, strings.Join(texts, " | "))
	}
	return strings.Join(lines, "\n")
}

func joinErrors(errors map[string]string) string {
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(errors)) {
		lines = append(lines, id+": "+errors[id])
	}
	return strings.Join(lines, "\n")
}

// stampTime reads a timestamp the workspace made.
func stampTime(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, _ := strconv.ParseInt(seconds, 10, 64)
	us, _ := strconv.ParseInt(micros, 10, 64)
	return time.Unix(s, us*1000)
}

func compareStamps(a, b string) int { return stampTime(a).Compare(stampTime(b)) }
