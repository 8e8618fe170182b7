package slacksim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// surface is where blocks are shown; it decides which kinds and how many are allowed.
type surface int

const (
	onMessage surface = iota
	onModal
	onHome
)

func (s surface) maxBlocks() int {
	if s == onMessage {
		return 50
	}
	return 100
}

// object is any JSON object of Block Kit. Kinds of blocks are many and change often, so they are checked by name.
type object map[string]any

// checkBlocks checks an array of blocks as Slack does and names the first thing that is wrong by its JSON pointer. Limits
// are those of docs.slack.dev/reference/block-kit; kinds the simulator has no rules for pass.
func checkBlocks(raw json.RawMessage, on surface) error {
	var blocks []object
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return invalidBlocks("", "must be an array of objects")
	}
	if len(blocks) > on.maxBlocks() {
		return invalidBlocks("", fmt.Sprintf("no more than %d items allowed", on.maxBlocks()))
	}
	c := checker{on: on, ids: map[string]bool{}}
	for i, b := range blocks {
		c.block(b, "/"+strconv.Itoa(i))
	}
	return c.err
}

func invalidBlocks(pointer, problem string) error {
	message := fmt.Sprintf("%s [json-pointer:/blocks%s]", problem, pointer)
	return failure{code: "invalid_blocks", detail: reply{
		"errors":            []string{message},
		"response_metadata": reply{"messages": []string{"[ERROR] " + message}},
	}}
}

// checker keeps the first problem and what must be unique in a message.
type checker struct {
	on     surface
	ids    map[string]bool
	tables int
	err    error
}

func (c *checker) problem(pointer, format string, a ...any) {
	if c.err == nil {
		c.err = invalidBlocks(pointer, fmt.Sprintf(format, a...))
	}
}

func (c *checker) block(b object, at string) {
	if id, ok := b["block_id"].(string); ok {
		c.length(id, 0, 255, at+"/block_id")
		if c.ids[id] {
			c.problem(at+"/block_id", "block_id already exists")
		}
		c.ids[id] = true
	}
	switch kind, _ := b["type"].(string); kind {
	case "section":
		c.section(b, at)
	case "header":
		c.text(b["text"], "plain_text", 150, at+"/text")
	case "markdown":
		text, _ := b["text"].(string)
		c.length(text, 1, 12_000, at+"/text")
	case "context":
		c.elements(b, 10, at, c.contextElement)
	case "actions":
		c.elements(b, 25, at, c.element)
	case "context_actions":
		c.elements(b, 5, at, c.element)
	case "rich_text":
		c.elements(b, 1000, at, func(e object, at string) { c.kind(e, at) })
	case "image":
		alt, _ := b["alt_text"].(string)
		c.length(alt, 1, 2000, at+"/alt_text")
	case "input":
		c.text(b["label"], "plain_text", 2000, at+"/label")
		c.child(b, "element", at, c.element)
	case "table":
		c.table(b, at)
	case "alert":
		if c.on != onModal {
			c.problem(at+"/type", "unsupported type: alert")
		}
	case "divider", "file", "call", "video", "data_table", "data_visualization", "task_card", "plan", "card", "carousel",
		"container", "layout":
	default:
		c.problem(at+"/type", "unsupported type: %s", kind)
	}
}

func (c *checker) section(b object, at string) {
	fields, _ := b["fields"].([]any)
	if b["text"] == nil && len(fields) == 0 {
		c.problem(at, "missing required field: text")
	}
	if b["text"] != nil {
		c.text(b["text"], "", 3000, at+"/text")
	}
	if len(fields) > 10 {
		c.problem(at+"/fields", "no more than 10 items allowed")
	}
	for i, f := range fields {
		c.text(f, "", 2000, at+"/fields/"+strconv.Itoa(i))
	}
	if b["accessory"] != nil {
		c.child(b, "accessory", at, c.element)
	}
}

func (c *checker) table(b object, at string) {
	if c.tables++; c.tables > 1 {
		c.problem(at, "only one table is allowed in a message")
	}
	rows, _ := b["rows"].([]any)
	if len(rows) < 1 || len(rows) > 100 {
		c.problem(at+"/rows", "must have 1 to 100 rows")
	}
	for i, r := range rows {
		if cells, _ := r.([]any); len(cells) < 1 || len(cells) > 20 {
			c.problem(at+"/rows/"+strconv.Itoa(i), "must have 1 to 20 cells")
		}
	}
}

// element is anything a person can press or fill in.
func (c *checker) element(e object, at string) {
	kind := c.kind(e, at)
	if id, ok := e["action_id"].(string); ok {
		c.length(id, 1, 255, at+"/action_id")
	}
	if kind != "button" {
		return
	}
	c.text(e["text"], "plain_text", 75, at+"/text")
	if v, ok := e["value"].(string); ok {
		c.length(v, 0, 2000, at+"/value")
	}
	if confirm, ok := e["confirm"].(map[string]any); ok {
		c.text(confirm["title"], "plain_text", 100, at+"/confirm/title")
		c.text(confirm["text"], "", 300, at+"/confirm/text")
		c.text(confirm["confirm"], "plain_text", 30, at+"/confirm/confirm")
		c.text(confirm["deny"], "plain_text", 30, at+"/confirm/deny")
	}
}

func (c *checker) contextElement(e object, at string) {
	if c.kind(e, at) != "image" {
		c.text(map[string]any(e), "", 2000, at)
	}
}

func (c *checker) elements(b object, most int, at string, check func(object, string)) {
	list, _ := b["elements"].([]any)
	at += "/elements"
	if len(list) < 1 || len(list) > most {
		c.problem(at, "must have 1 to %d items", most)
	}
	for i, e := range list {
		each, ok := e.(map[string]any)
		if !ok {
			c.problem(at+"/"+strconv.Itoa(i), "must be an object")
			continue
		}
		check(each, at+"/"+strconv.Itoa(i))
	}
}

func (c *checker) child(b object, name, at string, check func(object, string)) {
	e, ok := b[name].(map[string]any)
	if !ok {
		c.problem(at+"/"+name, "must be an object")
		return
	}
	check(e, at+"/"+name)
}

func (c *checker) kind(e object, at string) string {
	kind, _ := e["type"].(string)
	if kind == "" {
		c.problem(at, "missing required field: type")
	}
	return kind
}

// text checks a text object; an empty kind allows both kinds.
func (c *checker) text(v any, kind string, most int, at string) {
	t, _ := v.(map[string]any)
	own, _ := t["type"].(string)
	if own != "plain_text" && (own != "mrkdwn" || kind != "") {
		c.problem(at, "must be a text object")
		return
	}
	s, _ := t["text"].(string)
	c.length(s, 1, most, at+"/text")
}

func (c *checker) length(s string, least, most int, at string) {
	switch n := utf8.RuneCountInString(s); {
	case n > most:
		c.problem(at, "must be less than %d characters", most+1)
	case n < least:
		c.problem(at, "must be more than %d characters", least-1)
	}
}
