package slacksim

import (
	"fmt"
	"strings"
)

// richText renders a rich_text block: its paragraphs, lists, quotes and preformatted parts, one under the other.
func (r reader) richText(b object) string {
	list, _ := b["elements"].([]any)
	var parts []string
	for _, v := range list {
		e, _ := v.(map[string]any)
		switch e["type"] {
		case "rich_text_list":
			parts = append(parts, r.richList(e))
		case "rich_text_quote":
			parts = append(parts, "> "+strings.ReplaceAll(r.inline(e), "\n", "\n> "))
		default: // rich_text_section, rich_text_preformatted
			parts = append(parts, strings.TrimSuffix(r.inline(e), "\n"))
		}
	}
	return strings.Join(parts, "\n")
}

func (r reader) richList(list object) string {
	items, _ := list["elements"].([]any)
	indent, _ := list["indent"].(float64)
	depth := min(max(int(indent), 0), 8) // Slack's own bound
	var lines []string
	for i, v := range items {
		item, _ := v.(map[string]any)
		mark := "•"
		if list["style"] == "ordered" {
			mark = fmt.Sprintf("%d.", i+1)
		}
		lines = append(lines, strings.Repeat("  ", depth)+mark+" "+r.inline(item))
	}
	return strings.Join(lines, "\n")
}

// inline renders the running text of one part. Text in rich text is literal: there are no entities to decode.
func (r reader) inline(part object) string {
	list, _ := part["elements"].([]any)
	var out strings.Builder
	for _, v := range list {
		e, _ := v.(map[string]any)
		field := func(name string) string { s, _ := e[name].(string); return s }
		switch field("type") {
		case "text":
			out.WriteString(field("text"))
		case "user":
			out.WriteString("@" + r.userName(field("user_id")))
		case "channel":
			out.WriteString("#" + r.channelName(field("channel_id"), ""))
		case "usergroup":
			out.WriteString("@" + r.groupName(field("usergroup_id")))
		case "broadcast":
			out.WriteString("@" + field("range"))
		case "emoji":
			out.WriteString(":" + field("name") + ":")
		case "date":
			unix, _ := e["timestamp"].(float64)
			out.WriteString(r.date(int64(unix), field("format")))
		case "link":
			if text := field("text"); text != "" {
				out.WriteString(text)
			} else {
				out.WriteString(field("url"))
			}
		}
	}
	return out.String()
}
