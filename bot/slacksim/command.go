package slacksim

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// SlashCommand is what a person types: Command with its slash, Text as typed.
type SlashCommand struct {
	UserID, ChannelID string
	Command, Text     string
}

// Slash lets a person invoke a slash command and waits until it is acknowledged or the person sees an error, which
// [Delivery] tells. The error is for what could not happen in Slack: a person or channel that is not there, somebody of
// another workspace (they see the command nowhere), an archived channel, a private one they are not in.
func (ws *Workspace) Slash(ctx context.Context, c SlashCommand) (Delivery, error) {
	p, err := ws.invocation(c)
	if err != nil {
		return Delivery{}, fmt.Errorf("slacksim: %s in %s: %w", c.Command, c.ChannelID, err)
	}
	return ws.deliver(ctx, p)
}

// invocation makes the envelope of a slash command. It locks.
func (ws *Workspace) invocation(c SlashCommand) (*pending, error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	user, channel, err := ws.present(c.UserID, c.ChannelID)
	switch {
	case err != nil:
		return nil, err
	case user.TeamID != ws.team.ID:
		return nil, fmt.Errorf("user %s is of team %s and has no such command", user.ID, user.TeamID)
	case channel.Archived:
		return nil, fmt.Errorf("channel %s is archived", channel.ID)
	}
	typed := c.Command
	if c.Text != "" {
		typed += " " + c.Text
	}
	h := &hook{channel: channel.ID, user: user.ID, typed: typed, since: ws.now()}
	p := &pending{
		triggerID:   ws.newTrigger(user.ID),
		responseURL: ws.newHook(h),
		failed:      c.Command + " failed with the error \"%s\"",
		respond: func(payload json.RawMessage) (string, bool) {
			var r hookPost
			if json.Unmarshal(payload, &r) != nil {
				return "", false
			}
			m, err := ws.respond(h, r)
			if err != nil {
				return "", false
			}
			return ws.plain(m, user.ID), true
		},
	}
	payload := reply{
		"token": "legacy", "team_id": ws.team.ID, "team_domain": ws.team.Domain,
		"channel_id": channel.ID, "channel_name": commandChannelName(channel),
		"user_id": user.ID, "user_name": user.Name, "command": c.Command, "text": c.Text,
		"api_app_id": ws.app.ID, "is_enterprise_install": "false",
		"response_url": p.responseURL, "trigger_id": p.triggerID,
	}
	if ws.team.EnterpriseID != "" {
		payload["enterprise_id"], payload["enterprise_name"] = ws.team.EnterpriseID, ws.team.Name
	}
	return p, p.fill(SlashCommands, payload)
}

// fill puts the payload into a new envelope.
func (p *pending) fill(kind string, payload reply) error {
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	p.envelope = Envelope{ID: newUUID(), Type: kind, AcceptsResponsePayload: kind != EventsAPI, Payload: raw}
	return nil
}

// present checks that a person can be where something is said to happen.
func (ws *Workspace) present(user, channel string) (User, Channel, error) {
	u, ok := ws.users[user]
	if !ok || u.Deleted {
		return User{}, Channel{}, fmt.Errorf("user %s does not exist", user)
	}
	c, ok := ws.channels[channel]
	if !ok {
		return User{}, Channel{}, fmt.Errorf("channel %s does not exist", channel)
	}
	if c.closed() && !c.has(user) {
		return User{}, Channel{}, fmt.Errorf("user %s is not in %s", user, channel)
	}
	return u, c, nil
}

func commandChannelName(c Channel) string {
	switch {
	case c.IM:
		return "directmessage"
	case c.Private && !c.MPIM:
		return "privategroup"
	default:
		return c.Name
	}
}

// trigger is the right to open a modal: once, within 3 s.
type trigger struct {
	user string
	at   time.Time
	used bool
}

func (ws *Workspace) newTrigger(user string) string {
	id := fmt.Sprintf("%d.%d.%s", ws.now().UnixMilli(), len(ws.triggers), rand.Text())
	ws.triggers[id] = trigger{user: user, at: ws.now()}
	return id
}
