package slacksim

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Slack's bounds on one response url.
const (
	hookPosts = 5
	hookLife  = 30 * time.Minute
)

// hook is a response url: the right to answer one interaction without being in its channel.
type hook struct {
	channel, user string
	typed         string // the slash command as typed, which an answer for everybody makes public
	source        string // timestamp of the message whose button was pressed
	thread        string // and its thread, where the answer goes too
	since         time.Time
	posts         int
}

// hookPost is a message for a response url, or the payload of an acknowledged slash command.
type hookPost struct {
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	ResponseType    string          `json:"response_type"`
	ThreadTS        string          `json:"thread_ts"`
	ReplaceOriginal bool            `json:"replace_original"`
	DeleteOriginal  bool            `json:"delete_original"`
}

func (ws *Workspace) newHook(h *hook) string {
	secret := rand.Text()
	ws.hooks[secret] = h
	return ws.base + "/commands/" + secret
}

func (ws *Workspace) serveHook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	secret := r.PathValue("secret")
	var post hookPost
	call := Call{Method: ResponseURL, Args: map[string]string{}}
	if err == nil {
		err = errors.Join(json.Unmarshal(body, &post), arguments(call.Args).readJSON(bytes.NewReader(body)))
	}
	ws.exchange(w, r, call, func() answer {
		if err != nil {
			return answerText(http.StatusBadRequest, "invalid_payload")
		}
		h := ws.hooks[secret]
		switch {
		case h == nil:
			return answerText(http.StatusNotFound, "not_found")
		case ws.now().Sub(h.since) >= hookLife:
			return answerText(http.StatusNotFound, "expired_url")
		case h.posts >= hookPosts:
			return answerText(http.StatusNotFound, "used_url")
		}
		if _, err := ws.respond(h, post); err != nil {
			return answerText(http.StatusBadRequest, err.Error())
		}
		h.posts++
		return answerText(http.StatusOK, "ok")
	})
}

// respond carries out what a response says. What it cannot touch is the command a person typed, so that replacing without
// an original posts anew, and deleting does nothing.
func (ws *Workspace) respond(h *hook, r hookPost) (Message, error) {
	original := ws.original(h)
	if r.DeleteOriginal {
		if original != nil {
			ws.remove(original.Channel, original.TS)
		}
		return Message{}, nil
	}
	public := r.ResponseType == "in_channel"
	if public && h.typed != "" && r.Text == "" && r.Blocks == nil {
		return ws.publishCommand(h), nil
	}
	text, blocks, err := content(arguments{"text": r.Text, "blocks": string(r.Blocks)}, maxPostText)
	if err != nil {
		return Message{}, err
	}
	if r.ReplaceOriginal && original != nil {
		original.edit(ws.now(), text, blocks)
		return *original, nil
	}
	thread := r.ThreadTS
	if thread == "" {
		thread = h.thread
	}
	m := Message{Channel: h.channel, ThreadTS: thread, User: ws.app.BotUserID, Text: text, Blocks: blocks}
	if !public {
		m.ForUser = h.user
	} else if h.typed != "" {
		ws.publishCommand(h)
	}
	return ws.add(m), nil
}

func (ws *Workspace) original(h *hook) *Message {
	if h.source == "" {
		return nil
	}
	if m := ws.find(h.channel, h.source); m != nil {
		return m
	}
	return ws.findEphemeral(h.channel, h.source)
}

// publishCommand shows the channel what was typed, once.
func (ws *Workspace) publishCommand(h *hook) Message {
	typed := h.typed
	h.typed = ""
	return ws.add(Message{Channel: h.channel, User: h.user, Text: escapeText(typed)})
}
