package e2e

import (
	"slices"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// The people and channels of the world.
const (
	Ann   = "U0ANN"   // a member
	Ben   = "U0BEN"   // a member of the user group S0IDADMINS
	Guest = "U0GUEST" // a multi-channel guest
	// Stranger is somebody of another workspace, seen through a shared channel.
	Stranger = "U0STRANGER"

	Helpdesk = "C0HELPDESK"
	Identity = "C0IDENTITY"
	Reports  = "C0REPORTS"
	Shared   = "C0SHARED"  // shared with another company
	Quiet    = "C0QUIET"   // granted, but nobody has invited the bot
	Private  = "C0PRIVATE" // likewise
	General  = "C0GENERAL" // without a grant
	Direct   = "D0ANN"
)

func workspace() *slacksim.Workspace {
	member := func(id, name string) slacksim.User { return slacksim.User{ID: id, Name: name, RealName: name} }
	guest := member(Guest, "gus")
	guest.Restricted = true
	stranger := member(Stranger, "sid")
	stranger.Stranger = true
	everybody := []string{Ann, Ben, Guest, Stranger}
	channel := func(id, name string, bot bool) slacksim.Channel {
		c := slacksim.Channel{ID: id, Name: name, Members: slices.Clone(everybody)}
		if bot {
			c.Members = append(c.Members, slacksim.BotUser)
		}
		return c
	}
	shared := channel(Shared, "with-fabrikam", true)
	shared.ExtShared = true
	private := channel(Private, "secret-plans", false)
	private.Private = true
	return slacksim.New(
		slacksim.WithUsers(member(Ann, "ann"), member(Ben, "ben"), guest, stranger),
		slacksim.WithApp(tokens()),
		slacksim.WithUserGroups(slacksim.UserGroup{ID: "S0IDADMINS", Handle: "identity-admins", Members: []string{Ben}}),
		slacksim.WithChannels(
			channel(Helpdesk, "helpdesk", true), channel(Identity, "identity", true), channel(Reports, "reports", true), channel(General, "general", true),
			shared, channel(Quiet, "quiet", false), private,
			slacksim.Channel{ID: Direct, IM: true, Members: []string{Ann, slacksim.BotUser}},
		),
	)
}
