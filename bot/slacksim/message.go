package slacksim

import (
	"encoding/json"
	"slices"
	"time"
)

// Message is one message as it stands now.
type Message struct {
	Channel  string
	TS       string
	ThreadTS string // of the parent, for a reply
	User     string // who wrote it
	ForUser  string // the only reader of an ephemeral message
	Text     string
	Blocks   json.RawMessage // an array, or nil
	Metadata json.RawMessage

	Broadcast                bool  // a reply which the channel sees too
	UnfurlLinks, UnfurlMedia *bool // nil when the client left it to Slack
	Edited                   bool  // people see "(edited)"
	Earlier                  []Version
	Files                    []File
}

// Version is what a message said before an edit.
type Version struct {
	Until  time.Time
	Text   string
	Blocks json.RawMessage
}

// edit replaces text and blocks. Slack marks an edit only when the new form has no blocks.
func (m *Message) edit(at time.Time, text string, blocks json.RawMessage) {
	m.Earlier = append(slices.Clone(m.Earlier), Version{Until: at, Text: m.Text, Blocks: m.Blocks})
	m.Text, m.Blocks = text, blocks
	m.Edited = blocks == nil
}

// fields is the message object of Slack's answers and payloads.
func (ws *Workspace) fields(m Message) reply {
	f := reply{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text, "team": ws.team.ID}
	if m.User == ws.app.BotUserID {
		f["bot_id"], f["app_id"] = ws.app.BotID, ws.app.ID
	}
	if m.ThreadTS != "" {
		f["thread_ts"] = m.ThreadTS
	}
	if m.Blocks != nil {
		f["blocks"] = m.Blocks
	}
	if m.Metadata != nil {
		f["metadata"] = m.Metadata
	}
	if m.Edited {
		f["edited"] = reply{"user": m.User, "ts": m.TS}
	}
	return f
}

// add gives a message its timestamp and puts it where it is read.
func (ws *Workspace) add(m Message) Message {
	m.TS = ws.stamp()
	if m.ForUser != "" {
		ws.ephemerals = append(ws.ephemerals, m)
	} else {
		ws.messages[m.Channel] = append(ws.messages[m.Channel], m)
	}
	return m
}

// find returns the living message with this timestamp, to be changed in place. The slice is replaced first because
// snapshots share the old one.
func (ws *Workspace) find(channel, ts string) *Message {
	list := slices.Clone(ws.messages[channel])
	i := slices.IndexFunc(list, func(m Message) bool { return m.TS == ts })
	if i < 0 {
		return nil
	}
	ws.messages[channel] = list
	return &list[i]
}

// findEphemeral is find for what only one person sees.
func (ws *Workspace) findEphemeral(channel, ts string) *Message {
	list := slices.Clone(ws.ephemerals)
	i := slices.IndexFunc(list, func(m Message) bool { return m.Channel == channel && m.TS == ts })
	if i < 0 {
		return nil
	}
	ws.ephemerals = list
	return &list[i]
}

// remove deletes a message for good, ephemeral or not.
func (ws *Workspace) remove(channel, ts string) {
	gone := func(m Message) bool { return m.Channel == channel && m.TS == ts }
	ws.messages[channel] = slices.DeleteFunc(slices.Clone(ws.messages[channel]), gone)
	ws.ephemerals = slices.DeleteFunc(slices.Clone(ws.ephemerals), gone)
}
