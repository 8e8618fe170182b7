package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
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

// dedupKey tells one typing of a command, or one press of a button, from another, also over a redelivery: a trigger_id is
// made for each. It is hashed because it is a secret.
func dedupKey(team, triggerID, envelopeID string) string {
	kind, id := "trigger", triggerID
	if id == "" {
		kind, id = "envelope", envelopeID
	}
	sum := sha256.Sum256([]byte(kind + "\x00" + team + "\x00" + id))
	return hex.EncodeToString(sum[:])
}

func (c slashCommand) key(envelopeID string) string { return dedupKey(c.Team, c.TriggerID, envelopeID) }

func (p press) key(envelopeID string) string { return dedupKey(p.Team.ID, p.TriggerID, envelopeID) }

// storedCommand is a command's, or a press's, form in the inbox; its tags are never renamed.
type storedCommand struct {
	Team        string `json:"team"`
	Channel     string `json:"channel"`
	ChannelName string `json:"channel_name,omitempty"`
	User        string `json:"user"`
	Command     string `json:"command,omitempty"`
	Text        string `json:"text,omitempty"`
	ReplyTo     string `json:"reply_to"`
	Action      string `json:"action,omitempty"` // of a press: which button
	About       string `json:"about,omitempty"`  // and what it is about
}

// press is what Slack says about a button that somebody pressed. TriggerID and ResponseURL are as good as passwords.
type press struct {
	Type string `json:"type"`
	App  string `json:"api_app_id"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channel"`
	Actions []struct {
		ID    string `json:"action_id"`
		Value string `json:"value"`
	} `json:"actions"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

// parsePress reads an interaction. It reports false for one that is none of a button of ours: nothing that we post leads
// to it.
func parsePress(payload []byte) (p press, ours bool, err error) {
	if err := json.Unmarshal(payload, &p); err != nil {
		return press{}, false, fmt.Errorf("read interaction: %w", err)
	}
	if p.Type != "block_actions" || len(p.Actions) != 1 || !slices.Contains(commands.Actions(), commands.Action(p.Actions[0].ID)) {
		return p, false, nil
	}
	if p.Team.ID == "" || p.User.ID == "" || p.Channel.ID == "" {
		return p, false, fmt.Errorf("read press: team, user or channel is missing")
	}
	if _, err := uuid.Parse(p.Actions[0].Value); err != nil {
		return p, false, fmt.Errorf("read press: its value is no id")
	}
	return p, true, nil
}

// stored is for a press that is ours.
func (p press) stored() storedCommand {
	c := storedCommand{
		Team: p.Team.ID, Channel: p.Channel.ID, ChannelName: p.Channel.Name, User: p.User.ID, ReplyTo: p.ResponseURL,
		Action: p.Actions[0].ID, About: p.Actions[0].Value,
	}
	if p.User.Team != "" { // people of other workspaces can press what they see
		c.Team = p.User.Team
	}
	return c
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
