package slacksim

import (
	"crypto/rand"
	"slices"
)

// BotUser is the user id of the bot unless [App] says otherwise; a channel has the bot when it is among its members.
const BotUser = "U0BOT"

// Team is a workspace as a client sees it.
type Team struct {
	ID, Name, Domain string
	EnterpriseID     string // only on Enterprise Grid
}

func (t Team) withDefaults() Team {
	orDefault(&t.ID, "T0SIM")
	orDefault(&t.Name, "Simulated")
	orDefault(&t.Domain, "simulated")
	return t
}

// App is the installed app: its bot, its two tokens, and the scopes of the bot token.
type App struct {
	ID, Name         string
	BotID, BotUserID string
	BotToken         string // xoxb-…
	AppToken         string // xapp-…, its only scope is connections:write
	Scopes           []string
}

func (a App) withDefaults() App {
	orDefault(&a.ID, "A0SIM")
	orDefault(&a.Name, "adsyncbot")
	orDefault(&a.BotID, "B0BOT")
	orDefault(&a.BotUserID, BotUser)
	orDefault(&a.BotToken, "xoxb-"+rand.Text())
	orDefault(&a.AppToken, "xapp-1-"+a.ID+"-"+rand.Text())
	if a.Scopes == nil {
		a.Scopes = []string{
			"commands", "chat:write", "users:read", "usergroups:read", "files:write",
			"channels:read", "groups:read", "im:read", "im:write", "mpim:read",
		}
	}
	return a
}

// User is a person or a bot.
type User struct {
	ID, Name, RealName string
	TZ                 string // IANA name, UTC when empty
	TeamID             string // the workspace's own when empty
	Restricted         bool   // a guest
	UltraRestricted    bool   // a guest of a single channel
	Stranger           bool   // somebody of another workspace, seen through a shared channel
	Deleted, Bot       bool
}

func (u User) in(team string) User {
	orDefault(&u.TeamID, team)
	return u
}

// Channel is a conversation of any kind. The kind IM has the two people as members, MPIM several.
type Channel struct {
	ID, Name         string
	Private          bool
	Archived         bool
	ExtShared        bool
	PendingExtShared bool
	OrgShared        bool
	IM, MPIM         bool
	Members          []string // user ids, the bot's among them if it was invited
}

func (c Channel) has(user string) bool { return slices.Contains(c.Members, user) }

// closed says that only members can know the conversation exists.
func (c Channel) closed() bool { return c.Private || c.IM || c.MPIM }

// UserGroup is what people mention as @handle.
type UserGroup struct {
	ID, Name, Handle string
	Members          []string
	Disabled         bool
}

// Team is the workspace's identity, defaults filled in.
func (ws *Workspace) Team() Team {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.team
}

// App is the installed app with its tokens, defaults filled in.
func (ws *Workspace) App() App {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.app
}

// SetApp replaces the app's tokens and scopes, as a reinstallation does: a token which is not the new one is invalid from
// now on.
func (ws *Workspace) SetApp(a App) {
	ws.change(func() { ws.app = a.withDefaults() })
}

// SetUser adds a person or replaces the one with this id.
func (ws *Workspace) SetUser(u User) {
	ws.change(func() { ws.users[u.ID] = u.in(ws.team.ID) })
}

// SetChannel adds a conversation or replaces the one with this id; its messages stay.
func (ws *Workspace) SetChannel(c Channel) {
	ws.change(func() { ws.channels[c.ID] = c })
}

// SetUserGroup adds a user group or replaces the one with this id.
func (ws *Workspace) SetUserGroup(g UserGroup) {
	ws.change(func() { ws.groups[g.ID] = g })
}

// Join makes a user (or the bot: /invite) a member of a channel. An unknown channel is left unknown.
func (ws *Workspace) Join(channel, user string) {
	ws.change(func() {
		if c, ok := ws.channels[channel]; ok && !c.has(user) {
			c.Members = append(slices.Clone(c.Members), user)
			ws.channels[channel] = c
		}
	})
}

// Leave ends a membership.
func (ws *Workspace) Leave(channel, user string) {
	ws.change(func() {
		if c, ok := ws.channels[channel]; ok {
			c.Members = slices.DeleteFunc(slices.Clone(c.Members), func(m string) bool { return m == user })
			ws.channels[channel] = c
		}
	})
}

func (ws *Workspace) change(f func()) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	f()
	ws.notify()
}

func orDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}
