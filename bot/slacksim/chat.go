package slacksim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Slack's bounds on message text, in characters: chat.update refuses earlier than chat.postMessage.
const (
	maxPostText   = 40_000
	maxUpdateText = 4_000
)

func (ws *Workspace) postMessage(args arguments) (reply, error) {
	c, err := ws.writable(args.text("channel"))
	if err != nil {
		return nil, err
	}
	m, err := ws.compose(c, args)
	if err != nil {
		return nil, err
	}
	m.Broadcast = args.flag("reply_broadcast")
	m = ws.add(m)
	return reply{"channel": c.ID, "ts": m.TS, "message": ws.fields(m)}, nil
}

func (ws *Workspace) postEphemeral(args arguments) (reply, error) {
	c, err := ws.writable(args.text("channel"))
	if err != nil {
		return nil, err
	}
	if reader := args.text("user"); !c.has(reader) {
		return nil, failure{code: "user_not_in_channel"}
	}
	m, err := ws.compose(c, args)
	if err != nil {
		return nil, err
	}
	m.ForUser = args.text("user")
	m = ws.add(m)
	return reply{"message_ts": m.TS}, nil
}

func (ws *Workspace) updateMessage(args arguments) (reply, error) {
	m, err := ws.ownMessage(args, "cant_update_message")
	if err != nil {
		return nil, err
	}
	if ws.channels[m.Channel].Archived {
		return nil, failure{code: "is_archived"}
	}
	text, blocks, err := content(args, maxUpdateText)
	if err != nil {
		return nil, err
	}
	data, err := metadata(args)
	if err != nil {
		return nil, err
	}
	m.edit(ws.now(), text, blocks)
	if data != nil { // metadata which is not given stays
		m.Metadata = data
	}
	return reply{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": ws.fields(*m)}, nil
}

func (ws *Workspace) deleteMessage(args arguments) (reply, error) {
	m, err := ws.ownMessage(args, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	channel, ts := m.Channel, m.TS
	ws.remove(channel, ts)
	return reply{"channel": channel, "ts": ts}, nil
}

func (ws *Workspace) getPermalink(args arguments) (reply, error) {
	c, ok := ws.channels[args.text("channel")]
	if !ok || c.closed() && !c.has(ws.app.BotUserID) {
		return nil, failure{code: "channel_not_found"}
	}
	m := ws.find(c.ID, args.text("message_ts"))
	if m == nil {
		return nil, failure{code: "message_not_found"}
	}
	link := ws.address4people() + "archives/" + c.ID + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.ThreadTS != "" {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + c.ID
	}
	return reply{"channel": c.ID, "permalink": link}, nil
}

// writable finds the conversation a client wants to post to; a user's id means the direct message with them.
func (ws *Workspace) writable(id string) (Channel, error) {
	if _, ok := ws.users[id]; ok {
		return ws.openDM(id)
	}
	c, ok := ws.channels[id]
	switch member := c.has(ws.app.BotUserID); {
	case !ok, c.closed() && !member:
		return Channel{}, failure{code: "channel_not_found"}
	case c.Archived:
		return Channel{}, failure{code: "is_archived"}
	case !member && ws.needScope("chat:write.public") != nil:
		return Channel{}, failure{code: "not_in_channel"}
	}
	return c, nil
}

// ownMessage finds a living message which the bot wrote. Only a channel's id will do, and ephemerals are not found.
func (ws *Workspace) ownMessage(args arguments, refusal string) (*Message, error) {
	c, ok := ws.channels[args.text("channel")]
	if !ok || c.closed() && !c.has(ws.app.BotUserID) {
		return nil, failure{code: "channel_not_found"}
	}
	m := ws.find(c.ID, args.text("ts"))
	if m == nil {
		return nil, failure{code: "message_not_found"}
	}
	if m.User != ws.app.BotUserID {
		return nil, failure{code: refusal}
	}
	return m, nil
}

// compose makes the bot's message out of a call's arguments.
func (ws *Workspace) compose(c Channel, args arguments) (Message, error) {
	text, blocks, err := content(args, maxPostText)
	if err != nil {
		return Message{}, err
	}
	data, err := metadata(args)
	if err != nil {
		return Message{}, err
	}
	thread := args.text("thread_ts")
	if thread != "" {
		parent := ws.find(c.ID, thread)
		if parent == nil {
			return Message{}, failure{code: "thread_not_found"}
		}
		if parent.ThreadTS != "" { // a reply's own timestamp stands for its thread
			thread = parent.ThreadTS
		}
	}
	return Message{
		Channel: c.ID, ThreadTS: thread, User: ws.app.BotUserID, Text: text, Blocks: blocks, Metadata: data,
		UnfurlLinks: args.flagOrUnset("unfurl_links"), UnfurlMedia: args.flagOrUnset("unfurl_media"),
	}, nil
}

// content reads text and blocks. An empty array of blocks means none.
func content(args arguments, maxText int) (string, json.RawMessage, error) {
	text := args.text("text")
	if utf8.RuneCountInString(text) > maxText {
		return "", nil, failure{code: "msg_too_long"}
	}
	var blocks json.RawMessage
	if given := args.text("blocks"); given != "" && given != "[]" {
		if err := checkBlocks(json.RawMessage(given), onMessage); err != nil {
			return "", nil, err
		}
		blocks = json.RawMessage(given)
	}
	if text == "" && blocks == nil {
		return "", nil, failure{code: "no_text"}
	}
	return text, blocks, nil
}

func metadata(args arguments) (json.RawMessage, error) {
	given := args.text("metadata")
	if given == "" {
		return nil, nil
	}
	var m struct {
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"event_payload"`
	}
	if err := json.Unmarshal([]byte(given), &m); err != nil || m.Type == "" || m.Payload == nil {
		return nil, failure{code: "invalid_metadata_format"}
	}
	return json.RawMessage(given), nil
}
