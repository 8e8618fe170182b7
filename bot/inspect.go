package bot

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/slack-go/slack"

	"github.com/adsyncbot/adsyncbot/commands"
)

// Caller reads the facts about a person in a channel by which a command of theirs would be judged. groups are the user
// groups that grants name.
func (c *Client) Caller(ctx context.Context, team, user, channel string, groups []string, log *slog.Logger) commands.Caller {
	p := newPeople(c, func() []string { return groups }, Clock{}.withDefaults(), log)
	return p.caller(ctx, storedCommand{Team: team, User: user, Channel: channel})
}

// InspectAppToken asks Slack for a connection, which is what the app token is for, and does not use it.
func (c *Client) InspectAppToken(ctx context.Context) error {
	if _, err := c.open(ctx); err != nil {
		if refused := refusal(appTokenKey, err); refused != nil {
			return refused
		}
		return fmt.Errorf("open a Socket Mode connection: %s", scrub(err))
	}
	return nil
}

// Presence is what the bot can see of a channel.
type Presence struct {
	Name   string
	Member bool // the bot has been invited; otherwise it cannot post there
	Shared bool // shared with another organisation: commands from there are refused
}

// InspectChannel asks Slack about a channel. A private channel that the bot is not in looks as if it did not exist.
func (c *Client) InspectChannel(ctx context.Context, channel string) (Presence, error) {
	ch, err := c.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
	if err != nil {
		return Presence{}, fmt.Errorf("read channel %s: %s", channel, scrub(err))
	}
	return Presence{Name: ch.Name, Member: ch.IsMember, Shared: ch.IsExtShared || ch.IsPendingExtShared}, nil
}
