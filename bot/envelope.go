package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Types of envelopes.
const (
	typeSlash       = "slash_commands"
	typeInteractive = "interactive"
	typeEvents      = "events_api"
)

// envelope is one thing Slack tells us over a connection and wants acknowledged.
type envelope struct {
	ID      string
	Type    string
	Payload json.RawMessage
}

// parseEnvelope reads a frame. Whatever has an envelope_id can be acknowledged, also a type that did not exist when this
// was written; Slack would repeat it otherwise.
func parseEnvelope(raw []byte) (envelope, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return envelope{}, fmt.Errorf("read envelope: %w", err)
	}
	e := envelope{Payload: fields["payload"]}
	if err := json.Unmarshal(fields["envelope_id"], &e.ID); err != nil || e.ID == "" {
		return envelope{}, fmt.Errorf("read envelope: it has no envelope_id")
	}
	_ = json.Unmarshal(fields["type"], &e.Type) // without one it is of an unknown type
	return e, nil
}

// slashCommand is what Slack says about a command somebody typed. TriggerID and ResponseURL are as good as passwords.
type slashCommand struct {
	Team        string `json:"team_id"`
	App         string `json:"api_app_id"`
	Channel     string `json:"channel_id"`
	ChannelName string `json:"channel_name"`
	User        string `json:"user_id"`
	Command     string `json:"command"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

func parseSlash(payload []byte) (slashCommand, error) {
	var c slashCommand
	if err := json.Unmarshal(payload, &c); err != nil {
		return slashCommand{}, fmt.Errorf("read slash command: %w", err)
	}
	if c.Team == "" || c.Channel == "" || c.User == "" || c.Command == "" {
		return slashCommand{}, fmt.Errorf("read slash command: team, channel, user or command is missing")
	}
	return c, nil
}

// key tells one typing of a command from another, also over a redelivery: a trigger_id is made for each. It is hashed
// because it is a secret.
func (c slashCommand) key(envelopeID string) string {
	kind, id := "trigger", c.TriggerID
	if id == "" {
		kind, id = "envelope", envelopeID
	}
	sum := sha256.Sum256([]byte(kind + "\x00" + c.Team + "\x00" + id))
	return hex.EncodeToString(sum[:])
}

// storedCommand is a command's form in the inbox; its tags are never renamed.
type storedCommand struct {
	Team        string `json:"team"`
	Channel     string `json:"channel"`
	ChannelName string `json:"channel_name,omitempty"`
	User        string `json:"user"`
	Command     string `json:"command"`
	Text        string `json:"text"`
	ReplyTo     string `json:"reply_to"`
}

func (c slashCommand) stored() storedCommand {
	return storedCommand{
		Team: c.Team, Channel: c.Channel, ChannelName: c.ChannelName, User: c.User,
		Command: c.Command, Text: c.Text, ReplyTo: c.ResponseURL,
	}
}

// event is what an Events API envelope says, as far as we listen.
type event struct {
	Team  string `json:"team_id"`
	App   string `json:"api_app_id"`
	Event struct {
		Type       string `json:"type"`
		OldChannel string `json:"old_channel_id"`
		NewChannel string `json:"new_channel_id"`
	} `json:"event"`
}
