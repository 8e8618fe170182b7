package commands

import "time"

// Caller is who asks, and where. What is not known is not taken for granted.
type Caller struct {
	Team    string
	User    string
	Channel string
	Person  Person
	Room    Room
}

// Person is what is known of a person. The zero value is an unknown person.
type Person struct {
	Known       bool // the facts below were read, recently enough
	Guest       bool // restricted or ultra-restricted
	Stranger    bool // of another organisation
	Deleted     bool
	Bot         bool
	Team        string
	Groups      []string
	GroupsKnown bool // Groups is complete
}

// Room is what is known of a channel. The zero value is an unknown channel.
type Room struct {
	Known         bool
	Direct        bool // a direct message
	Group         bool // a group direct message
	Shared        bool // shared with another organisation
	PendingShared bool // invited to be
	Private       bool // decides nothing: a grant names the channel
}

// Denial is why something is denied. Its text is the deciding rule.
type Denial string

// The denials, in the order in which they are looked for.
const (
	NoHome        Denial = "no-workspace"           // our own workspace is not known
	OtherTeam     Denial = "other-workspace"        // the command came from another workspace
	PersonUnknown Denial = "person-unknown"         // the person's facts could not be read
	Deleted       Denial = "deleted-account"        //
	Bot           Denial = "bot"                    //
	Stranger      Denial = "stranger"               // the person is of another organisation or workspace
	Guest         Denial = "guest"                  //
	RoomUnknown   Denial = "channel-unknown"        // the channel's facts could not be read
	Direct        Denial = "direct-message"         //
	Group         Denial = "group-message"          //
	Shared        Denial = "shared-channel"         //
	PendingShared Denial = "pending-shared-channel" //
	NoCommand     Denial = "unknown-command"        // there is no such command
	NoChannelRule Denial = "no-grant-for-channel"
	NoCommandRule Denial = "no-grant-for-command"
	NoServerRule  Denial = "no-grant-for-server"
	NoPersonRule  Denial = "no-grant-for-person"
	GroupsUnknown Denial = "groups-unknown" // a grant is for user groups, and nobody knows who is in them
)

// Decision is whether something is allowed, and by which rule.
type Decision struct {
	Allowed bool
	Rule    string // a grant's name, "everybody" for help and servers, or the Denial
	Why     Denial // empty when allowed
	Objects bool   // the channel may read names of objects
	// CoolDown is how long a delta by this rule keeps away from the cycle before.
	CoolDown time.Duration
}

// Allow decides whether a caller may run a command on a server. It is pure and denies by default and in doubt.
//
// home is our own workspace. help and servers need no server and no grant: they show only what is allowed. Every other
// command needs a grant for this channel that covers the command, the server and the person; the first one decides.
func Allow(grants []Grant, home string, c Caller, command Command, server string) Decision {
	if d := standing(home, c); d != "" {
		return denied(d)
	}
	switch {
	case command == Help || command == Servers:
		return Decision{Allowed: true, Rule: "everybody"}
	case !command.Exists() && command != Force:
		return denied(NoCommand)
	}
	nearest := NoChannelRule
	for _, g := range grants {
		if g.Channel != c.Channel {
			continue
		}
		d := covers(g, c, command, server)
		if d == "" {
			return Decision{Allowed: true, Rule: g.Name, Objects: g.Objects, CoolDown: g.CoolDown}
		}
		nearest = closer(nearest, d)
	}
	return denied(nearest)
}

func denied(d Denial) Decision { return Decision{Rule: string(d), Why: d} }

// standing says why this person, or anybody in this channel, may ask nothing at all.
func standing(home string, c Caller) Denial {
	p, r := c.Person, c.Room
	switch {
	case home == "":
		return NoHome
	case c.Team != home:
		return OtherTeam
	case !p.Known || c.User == "" || p.Team == "":
		return PersonUnknown
	case p.Deleted:
		return Deleted
	case p.Bot:
		return Bot
	case p.Stranger || p.Team != home:
		return Stranger
	case p.Guest:
		return Guest
	case !r.Known || c.Channel == "":
		return RoomUnknown
	case r.Direct:
		return Direct
	case r.Group:
		return Group
	case r.Shared:
		return Shared
	case r.PendingShared:
		return PendingShared
	}
	return ""
}

// covers says why a grant of this channel does not cover the request, or nothing when it does.
func covers(g Grant, c Caller, command Command, server string) Denial {
	switch {
	case !g.hasCommand(command):
		return NoCommandRule
	case !g.hasServer(server):
		return NoServerRule
	}
	switch g.hasPerson(c) {
	case yes:
		return ""
	case doubtful:
		return GroupsUnknown
	default:
		return NoPersonRule
	}
}

// closer returns the denial that is closer to a yes: the one that names the single thing that is missing.
func closer(a, b Denial) Denial {
	for _, d := range []Denial{GroupsUnknown, NoPersonRule, NoServerRule, NoCommandRule} {
		if a == d || b == d {
			return d
		}
	}
	return a
}

// outside reports whether the denial is for people who must learn nothing at all.
func (d Denial) outside() bool {
	switch d {
	case NoHome, OtherTeam, Deleted, Bot, Stranger, Guest:
		return true
	default:
		return false
	}
}
