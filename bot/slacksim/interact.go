package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Press is a person's click on something in a message or, without Channel and TS, in their home tab or in the modal
// ViewID.
type Press struct {
	UserID        string
	ChannelID, TS string
	ViewID        string
	ActionID      string
	BlockID       string // only needed when an action id stands in several blocks
	Option        string // value of the chosen option, for a select menu
}

// Press lets a person press a button (or choose an option) which is really there, and waits as [Workspace.Slash] does.
// Everybody in a channel can, also people of other workspaces.
func (ws *Workspace) Press(ctx context.Context, press Press) (Delivery, error) {
	p, err := ws.action(press)
	if err != nil {
		return Delivery{}, fmt.Errorf("slacksim: press %s: %w", press.ActionID, err)
	}
	return ws.deliver(ctx, p)
}

// Button finds a button by what stands on it: in the newest message of a channel that the user sees and that has it.
func (ws *Workspace) Button(user, channel, label string) (Press, bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	seen := slices.Clone(ws.messages[channel])
	for _, m := range ws.ephemerals {
		if m.Channel == channel && m.ForUser == user {
			seen = append(seen, m)
		}
	}
	slices.SortStableFunc(seen, func(a, b Message) int { return strings.Compare(a.TS, b.TS) })
	for _, m := range slices.Backward(seen) {
		var blocks []object
		if m.Blocks == nil || json.Unmarshal(m.Blocks, &blocks) != nil {
			continue
		}
		for _, b := range blocks {
			for _, e := range elementsOf(b) {
				text, _ := e["text"].(map[string]any)
				if id, ok := e["action_id"].(string); ok && text["text"] == label {
					return Press{UserID: user, ChannelID: channel, TS: m.TS, ActionID: id}, true
				}
			}
		}
	}
	return Press{}, false
}

// Submit is a person's click on a modal's submit button. State is by block id and action id.
type Submit struct {
	UserID, ViewID string
	State          map[string]map[string]any
}

// Submit sends a modal's view_submission and waits as [Workspace.Slash] does. An acknowledgement without a response
// action closes the modal.
func (ws *Workspace) Submit(ctx context.Context, submit Submit) (Delivery, error) {
	p, err := ws.submission(submit)
	if err != nil {
		return Delivery{}, fmt.Errorf("slacksim: submit %s: %w", submit.ViewID, err)
	}
	return ws.deliver(ctx, p)
}

// Event sends an Events API event, given as it stands inside the callback (an object with a type), and waits for its
// acknowledgement. A retry is made with [Workspace.Redeliver].
func (ws *Workspace) Event(ctx context.Context, event map[string]any) (Delivery, error) {
	ws.mu.Lock()
	p := &pending{}
	err := p.fill(EventsAPI, reply{
		"token": "legacy", "team_id": ws.team.ID, "api_app_id": ws.app.ID, "type": "event_callback",
		"event": event, "event_id": "Ev" + newUUID(), "event_time": ws.now().Unix(), "is_ext_shared_channel": false,
		"authorizations": []reply{{
			"enterprise_id": nil, "team_id": ws.team.ID, "user_id": ws.app.BotUserID, "is_bot": true,
			"is_enterprise_install": false,
		}},
	})
	ws.mu.Unlock()
	if err != nil {
		return Delivery{}, fmt.Errorf("slacksim: event: %w", err)
	}
	return ws.deliver(ctx, p)
}

// action makes the envelope of a block_actions interaction. It locks.
func (ws *Workspace) action(press Press) (*pending, error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if press.ChannelID == "" {
		return ws.viewAction(press)
	}
	user, channel, err := ws.present(press.UserID, press.ChannelID)
	if err != nil {
		return nil, err
	}
	m := ws.find(channel.ID, press.TS)
	if m == nil {
		m = ws.findEphemeral(channel.ID, press.TS)
	}
	if m == nil || m.ForUser != "" && m.ForUser != user.ID {
		return nil, fmt.Errorf("user %s sees no message %s in %s", user.ID, press.TS, channel.ID)
	}
	chosen, err := ws.choose(m.Blocks, press)
	if err != nil {
		return nil, err
	}
	payload := ws.interaction("block_actions", user)
	p := &pending{triggerID: ws.newTrigger(user.ID), failed: "This action failed: %s"}
	p.responseURL = ws.newHook(&hook{
		channel: channel.ID, user: user.ID, source: m.TS, thread: m.ThreadTS, since: ws.now(),
	})
	maps.Copy(payload, reply{
		"trigger_id":   p.triggerID,
		"response_url": p.responseURL,
		"channel":      reply{"id": channel.ID, "name": commandChannelName(channel)},
		"container": reply{
			"type": "message", "message_ts": m.TS, "channel_id": channel.ID, "is_ephemeral": m.ForUser != "",
		},
		"state":   reply{"values": reply{}},
		"actions": []reply{chosen},
	})
	if m.ForUser == "" { // an ephemeral is nowhere kept, so Slack cannot send it along
		payload["message"] = ws.fields(*m)
	}
	return p, p.fill(Interactive, payload)
}

func (ws *Workspace) viewAction(press Press) (*pending, error) {
	user, view, err := ws.viewOf(press.UserID, press.ViewID)
	if err != nil {
		return nil, err
	}
	chosen, err := ws.choose(view.blocks(), press)
	if err != nil {
		return nil, err
	}
	payload := ws.interaction("block_actions", user)
	p := &pending{triggerID: ws.newTrigger(user.ID), failed: "This action failed: %s"}
	maps.Copy(payload, reply{
		"trigger_id": p.triggerID,
		"view":       ws.viewFields(view),
		"container":  reply{"type": "view", "view_id": view.ID},
		"actions":    []reply{chosen},
	})
	return p, p.fill(Interactive, payload)
}

// submission makes the envelope of a view_submission. It locks.
func (ws *Workspace) submission(submit Submit) (*pending, error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	user, view, err := ws.viewOf(submit.UserID, submit.ViewID)
	if err != nil {
		return nil, err
	}
	shown := ws.viewFields(view)
	shown["state"] = reply{"values": submit.State}
	payload := ws.interaction("view_submission", user)
	p := &pending{triggerID: ws.newTrigger(user.ID), failed: "We had some trouble connecting: %s"}
	p.respond = func(raw json.RawMessage) (string, bool) { return ws.respondToView(view, raw) }
	p.silent = func() { delete(ws.views, view.ID) }
	maps.Copy(payload, reply{"trigger_id": p.triggerID, "view": shown, "response_urls": []string{}})
	return p, p.fill(Interactive, payload)
}

// viewOf finds what a person has open: a modal by its id, their home tab without one.
func (ws *Workspace) viewOf(user, id string) (User, View, error) {
	u, ok := ws.users[user]
	if !ok || u.Deleted {
		return User{}, View{}, fmt.Errorf("user %s does not exist", user)
	}
	if id == "" {
		id = user
	}
	v, ok := ws.views[id]
	if !ok || v.UserID != user {
		return User{}, View{}, fmt.Errorf("user %s has no view %s", user, id)
	}
	return u, v, nil
}

// interaction is what every interactive payload starts with.
func (ws *Workspace) interaction(kind string, u User) reply {
	return reply{
		"type":                  kind,
		"token":                 "legacy",
		"api_app_id":            ws.app.ID,
		"team":                  reply{"id": ws.team.ID, "domain": ws.team.Domain},
		"user":                  reply{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
		"enterprise":            nil,
		"is_enterprise_install": false,
	}
}

// choose finds the element a person presses and makes the action of the payload.
func (ws *Workspace) choose(blocks json.RawMessage, press Press) (reply, error) {
	var list []object
	if blocks != nil {
		if err := json.Unmarshal(blocks, &list); err != nil {
			return nil, fmt.Errorf("read blocks: %w", err)
		}
	}
	for i, b := range list {
		blockID, ok := b["block_id"].(string)
		if !ok { // Slack makes one up
			blockID = "block" + strconv.Itoa(i)
		}
		if press.BlockID != "" && press.BlockID != blockID {
			continue
		}
		for _, e := range elementsOf(b) {
			if e["action_id"] != press.ActionID {
				continue
			}
			action := reply{"block_id": blockID, "action_ts": ws.stamp()}
			for _, name := range []string{"type", "action_id", "value", "text", "style"} {
				if v, ok := e[name]; ok {
					action[name] = v
				}
			}
			return action, selectOption(action, e, press.Option)
		}
	}
	return nil, fmt.Errorf("there is no element %s to press", press.ActionID)
}

// elementsOf lists what can be pressed in a block.
func elementsOf(b object) []object {
	var list []object
	candidates, _ := b["elements"].([]any)
	for _, c := range append(slices.Clone(candidates), b["accessory"], b["element"]) {
		if e, ok := c.(map[string]any); ok {
			list = append(list, e)
		}
	}
	return list
}

func selectOption(action reply, e object, value string) error {
	if value == "" {
		return nil
	}
	options, _ := e["options"].([]any)
	for _, o := range options {
		if option, ok := o.(map[string]any); ok && option["value"] == value {
			action["selected_option"] = option
			return nil
		}
	}
	return fmt.Errorf("element %v has no option %s", e["action_id"], value)
}
