package bot

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/adsyncbot/adsyncbot/commands"
)

const (
	// factsLife is how long a person's, channel's or group's facts are believed: a guest who was a member, or a channel
	// that gets shared, is noticed within it.
	factsLife = 2 * time.Minute
	// doubtLife is how long the lack of an answer is: somebody types /invite and asks again.
	doubtLife = 5 * time.Second
)

// people finds out who asks and where. What Slack does not say is left unknown, which denies.
type people struct {
	persons *cache[commands.Person]
	rooms   *cache[commands.Room]
	groups  *cache[[]string] // members by user group
	named   func() []string
	log     *slog.Logger
}

func newPeople(client *Client, named func() []string, clock Clock, log *slog.Logger) *people {
	return &people{
		persons: newCache(clock, factsLife, doubtLife, client.person),
		rooms:   newCache(clock, factsLife, doubtLife, client.room),
		groups:  newCache(clock, factsLife, doubtLife, client.members),
		named:   named,
		log:     log,
	}
}

// logging returns the same people, for one command with a log of its own.
func (p *people) logging(log *slog.Logger) *people {
	own := *p
	own.log = log
	return &own
}

// caller resolves the facts of a command's asker.
func (p *people) caller(ctx context.Context, c storedCommand) commands.Caller {
	who := commands.Caller{Team: c.Team, User: c.User, Channel: c.Channel}
	who.Room = p.room(ctx, c)
	person, err := p.persons.get(ctx, c.User)
	if err != nil {
		p.log.WarnContext(ctx, "slack does not say who asks, so it is denied", "user", c.User, "cause", scrub(err))
		return who
	}
	who.Person = person
	who.Person.Groups, who.Person.GroupsKnown = p.groupsOf(ctx, c.User)
	return who
}

// room needs no question where Slack's name of the channel already says that it is a direct message.
func (p *people) room(ctx context.Context, c storedCommand) commands.Room {
	switch {
	case strings.HasPrefix(c.Channel, "D"), c.ChannelName == "directmessage":
		return commands.Room{Known: true, Direct: true, Private: true}
	case strings.HasPrefix(c.ChannelName, "mpdm-"):
		return commands.Room{Known: true, Group: true, Private: true}
	}
	room, err := p.rooms.get(ctx, c.Channel)
	if err != nil {
		p.log.WarnContext(ctx, "slack does not say what channel this is, so it is denied", "channel", c.Channel, "cause", scrub(err))
		return commands.Room{}
	}
	return room
}

// groupsOf returns which of the user groups that grants name the user is in, and whether all of them could be asked.
func (p *people) groupsOf(ctx context.Context, user string) (in []string, all bool) {
	if p.named == nil {
		return nil, true
	}
	all = true
	for _, group := range p.named() {
		members, err := p.groups.get(ctx, group)
		if err != nil {
			p.log.WarnContext(ctx, "slack does not say who is in a user group", "user_group", group, "cause", scrub(err))
			all = false
			continue
		}
		if slices.Contains(members, user) {
			in = append(in, group)
		}
	}
	return in, all
}

func (c *Client) person(ctx context.Context, id string) (commands.Person, error) {
	u, err := c.api.GetUserInfoContext(ctx, id)
	if err != nil {
		return commands.Person{}, err
	}
	return commands.Person{
		Known:    u.ID == id,
		Guest:    u.IsRestricted || u.IsUltraRestricted,
		Stranger: u.IsStranger,
		Deleted:  u.Deleted,
		Bot:      u.IsBot || u.IsWorkflowBot || u.IsConnectorBot,
		Team:     u.TeamID,
	}, nil
}

func (c *Client) room(ctx context.Context, id string) (commands.Room, error) {
	ch, err := c.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return commands.Room{}, err
	}
	return commands.Room{
		Known:  ch.ID == id,
		Direct: ch.IsIM,
		Group:  ch.IsMpIM,
		// is_shared alone may mean several workspaces of one organisation, which is_org_shared says.
		Shared:        ch.IsExtShared || (ch.IsShared && !ch.IsOrgShared),
		PendingShared: ch.IsPendingExtShared,
		Private:       ch.IsPrivate,
	}, nil
}

func (c *Client) members(ctx context.Context, group string) ([]string, error) {
	return c.api.GetUserGroupMembersContext(ctx, group)
}
