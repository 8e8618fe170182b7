package commands

import (
	"fmt"
	"testing"
	"time"
)

// bits hands out the bits of a number as facts, so that a loop over numbers is a loop over all combinations.
type bits int

func (b *bits) next() bool {
	bit := *b&1 == 1
	*b >>= 1
	return bit
}

// TestAllowDeniesInDoubt runs every combination of what can be known or doubtful about a person and a channel against
// every command and every form of a grant. The oracle asks in another way: not "what denies?", but "is this exactly the
// one kind of person in the one kind of channel, with one grant that covers everything?".
func TestAllowDeniesInDoubt(t *testing.T) {
	const facts = 16
	grants := []Grant{
		{Name: "everybody", Channel: "C1", Commands: []string{"delta", "status"}, Servers: []string{"a"}},
		{Name: "everything", Channel: "C1", Commands: []string{"*"}, Servers: []string{"*"}},
		{Name: "a user", Channel: "C1", Commands: []string{"delta", "stop"}, Servers: []string{"a"}, Users: []string{"U1"}},
		{Name: "another user", Channel: "C1", Commands: []string{"*"}, Servers: []string{"a"}, Users: []string{"U2"}},
		{Name: "a group", Channel: "C1", Commands: []string{"full"}, Servers: []string{"*"}, UserGroups: []string{"S1"}},
		{Name: "another channel", Channel: "C2", Commands: []string{"*"}, Servers: []string{"*"}},
		{Name: "no channel", Commands: []string{"*"}, Servers: []string{"*"}},
		{Name: "nothing", Channel: "C1"},
	}
	all := []Command{Help, Delta, Full, Status, History, Servers, "stop", "pause", "resume", "force", "errors", "report", ""}
	checked, allowed := 0, 0
	for n := range 1 << facts {
		b := bits(n)
		callerHome, personHome, personKnown := b.next(), b.next(), b.next()
		guest, stranger, deleted, bot := b.next(), b.next(), b.next(), b.next()
		inGroup, groupsKnown := b.next(), b.next()
		roomKnown, direct, group, shared, pending, private := b.next(), b.next(), b.next(), b.next(), b.next(), b.next()
		rightChannel := b.next()
		c := Caller{
			Team: "T2", User: "U1", Channel: "C3",
			Person: Person{
				Known: personKnown, Guest: guest, Stranger: stranger, Deleted: deleted, Bot: bot, Team: "T2",
				GroupsKnown: groupsKnown,
			},
			Room: Room{Known: roomKnown, Direct: direct, Group: group, Shared: shared, PendingShared: pending, Private: private},
		}
		if callerHome {
			c.Team = "T1"
		}
		if personHome {
			c.Person.Team = "T1"
		}
		if rightChannel {
			c.Channel = "C1"
		}
		if inGroup {
			c.Person.Groups = []string{"S0", "S1"}
		}
		doubts := guest || stranger || deleted || bot || direct || group || shared || pending
		ordinary := callerHome && personHome && personKnown && roomKnown && !doubts
		for _, g := range grants {
			for _, command := range all {
				for _, server := range []string{"a", "b", ""} {
					got := Allow([]Grant{g}, "T1", c, command, server)
					want := ordinary && oracle(g.Name, command, server, rightChannel, inGroup && groupsKnown)
					checked++
					if got.Allowed {
						allowed++
					}
					if got.Allowed != want {
						t.Fatalf("grant %q, %+v, %s %q: %+v, want %v", g.Name, c, command, server, got, want)
					}
					if got.Rule == "" || got.Allowed != (got.Why == "") {
						t.Fatalf("grant %q, %+v, %s %q: a decision without its rule: %+v", g.Name, c, command, server, got)
					}
				}
			}
		}
	}
	if want := 1 << facts * len(grants) * len(all) * 3; checked != want || allowed == 0 {
		t.Errorf("checked %d of %d, allowed %d", checked, want, allowed)
	}
}

// oracle lists, grant by grant, what an ordinary member gets out of it.
func oracle(grant string, c Command, server string, rightChannel, inGroup bool) bool {
	if c == "help" || c == "servers" {
		return true
	}
	if !rightChannel || server == "" {
		return false
	}
	switch grant {
	case "everybody":
		return server == "a" && (c == "delta" || c == "status")
	case "everything":
		return c == "delta" || c == "full" || c == "status" || c == "history" || c == "errors" || c == "pending"
	case "a user":
		return server == "a" && (c == "delta" || c == "stop")
	case "a group":
		return inGroup && c == "full"
	}
	return false
}

func TestTheDecidingRule(t *testing.T) {
	grants := []Grant{
		{Name: "grants[0]", Channel: "C1", Commands: []string{"status"}, Servers: []string{"a"}},
		{Name: "grants[1]", Channel: "C1", Commands: []string{"*"}, Servers: []string{"a"}, Users: []string{"U1"}},
		{Name: "grants[2]", Channel: "C1", Commands: []string{"delta"}, Servers: []string{"a", "b"}, UserGroups: []string{"S1"}},
	}
	ok := Caller{Team: "T1", User: "U1", Channel: "C1", Person: Person{Known: true, Team: "T1", GroupsKnown: true}, Room: Room{Known: true}}
	with := func(change func(*Caller)) Caller {
		c := ok
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name    string
		caller  Caller
		command Command
		server  string
		rule    string
		allowed bool
	}{
		{"the first grant that covers it decides", ok, Status, "a", "grants[0]", true},
		{"a later grant helps where the first does not", ok, Full, "a", "grants[1]", true},
		{"help is for everybody", ok, Help, "", "everybody", true},
		{"a group nobody is known to be in", ok, Delta, "b", "no-grant-for-person", false},
		{"a group that could not be read", with(func(c *Caller) { c.Person.GroupsKnown = false }), Delta, "b", "groups-unknown", false},
		{"an unread group matters not where a name decides", with(func(c *Caller) { c.Person.GroupsKnown = false }), Delta, "a", "grants[1]", true},
		{"a server nobody was given", ok, Status, "b", "no-grant-for-server", false},
		{"a command nobody was given", with(func(c *Caller) { c.User = "U2" }), History, "b", "no-grant-for-server", false},
		{"a channel without grants", with(func(c *Caller) { c.Channel = "C9" }), Delta, "a", "no-grant-for-channel", false},
		{"a command that stops is not given by a star", ok, Stop, "a", "no-grant-for-command", false},
		{"a command that does not exist is given by nothing", ok, "reboot", "a", "unknown-command", false},
		{"a guest", with(func(c *Caller) { c.Person.Guest = true }), Help, "", "guest", false},
		{"a guest of a deleted account is told as deleted", with(func(c *Caller) { c.Person.Guest, c.Person.Deleted = true, true }), Help, "", "deleted-account", false},
		{"a bot", with(func(c *Caller) { c.Person.Bot = true }), Help, "", "bot", false},
		{"a stranger by flag", with(func(c *Caller) { c.Person.Stranger = true }), Help, "", "stranger", false},
		{"a stranger by workspace", with(func(c *Caller) { c.Person.Team = "T2" }), Help, "", "stranger", false},
		{"a command from another workspace", with(func(c *Caller) { c.Team = "T2" }), Help, "", "other-workspace", false},
		{"a person without a workspace", with(func(c *Caller) { c.Person.Team = "" }), Help, "", "person-unknown", false},
		{"nobody", with(func(c *Caller) { c.User = "" }), Help, "", "person-unknown", false},
		{"a channel that could not be read", with(func(c *Caller) { c.Room = Room{} }), Help, "", "channel-unknown", false},
		{"a direct message", with(func(c *Caller) { c.Room.Direct = true }), Help, "", "direct-message", false},
		{"a group message", with(func(c *Caller) { c.Room.Group = true }), Help, "", "group-message", false},
		{"a shared channel", with(func(c *Caller) { c.Room.Shared = true }), Delta, "a", "shared-channel", false},
		{"a channel about to be shared", with(func(c *Caller) { c.Room.PendingShared = true }), Delta, "a", "pending-shared-channel", false},
		{"a private channel is like any other", with(func(c *Caller) { c.Room.Private = true }), Status, "a", "grants[0]", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Allow(grants, "T1", tt.caller, tt.command, tt.server); got.Allowed != tt.allowed || got.Rule != tt.rule {
				t.Errorf("%+v, want allowed %v by %q", got, tt.allowed, tt.rule)
			}
		})
	}
	if got := Allow(grants, "", Caller{Person: Person{Known: true}, Room: Room{Known: true}}, Help, ""); got.Rule != "no-workspace" {
		t.Errorf("without a workspace of our own: %+v", got)
	}
}

func TestStarGivesNothingThatOverrides(t *testing.T) {
	g := Grant{Commands: []string{"*", "stop"}}
	for c, want := range map[Command]bool{Delta: true, Full: true, "errors": true, "pause": false, "resume": false, "force": false} {
		if got := g.hasCommand(c); got != want {
			t.Errorf("* gives %s: %v, want %v", c, got, want)
		}
	}
	named := Grant{Name: "named", Channel: "C1", Commands: []string{"*", "force"}, Servers: []string{"a"}, CoolDown: time.Minute}
	for _, tt := range []struct {
		c      Command
		server string
		want   Decision
	}{
		{Force, "a", Decision{Allowed: true, Rule: "named", CoolDown: time.Minute}},
		{Force, "b", denied(NoServerRule)},
		{"report", "a", denied(NoCommand)}, // named or not, what does not exist is not given
	} {
		if got := Allow([]Grant{named}, "T1", member("C1"), tt.c, tt.server); got != tt.want {
			t.Errorf("%s on %s: %+v, want %+v", tt.c, tt.server, got, tt.want)
		}
	}
}

func TestForbiddenAndUnknownReadAlike(t *testing.T) {
	// The same words typed in two worlds: in one the server exists and is forbidden, in the other there is none.
	with, without := testSnapshot(), testSnapshot()
	without.Servers = without.Servers[:3]
	for _, channel := range []string{"C1", "C2", "C9"} {
		for _, groupsKnown := range []bool{true, false} {
			for _, text := range []string{
				"delta secret", "full secret", "status secret", "history secret", "delta vault.corp.example", "delta SECRET because x",
				"delta secrte", "secret", "secret delta", "delta secret aadc01", "status secret now", "delta aadc01 secret", "sercet", "servers", "help", "delta", "full",
			} {
				t.Run(fmt.Sprintf("%s in %s", text, channel), func(t *testing.T) {
					c := member(channel)
					c.Person.GroupsKnown = groupsKnown
					a, b := answerTo(t, with, c, text), answerTo(t, without, c, text)
					if a != b {
						t.Errorf("with the server:\n%s\nwithout:\n%s", a, b)
					}
				})
			}
		}
	}
	t.Run("also for a server reserved for a group that could not be read", func(t *testing.T) {
		grant := Grant{Name: "grants[2]", Channel: "C1", Commands: []string{"*"}, Servers: []string{"secret"}, UserGroups: []string{"S1"}}
		with, without := testSnapshot(), testSnapshot()
		with.Grants = append(with.Grants, grant)
		without.Grants = append(without.Grants, grant)
		without.Servers = without.Servers[:3]
		c := member("C1")
		c.Person.GroupsKnown = false
		if a, b := answerTo(t, with, c, "delta secret"), answerTo(t, without, c, "delta secret"); a != b {
			t.Errorf("with the server:\n%s\nwithout:\n%s", a, b)
		}
	})
}

func TestOutsidersLearnNothing(t *testing.T) {
	want := answerTo(t, testSnapshot(), Caller{Team: "T9"}, "help")
	for name, change := range map[string]func(*Caller){
		"a guest": func(c *Caller) { c.Person.Guest = true }, "a stranger": func(c *Caller) { c.Person.Stranger = true },
		"a deleted account": func(c *Caller) { c.Person.Deleted = true }, "a bot": func(c *Caller) { c.Person.Bot = true },
		"another workspace": func(c *Caller) { c.Team = "T9" }, "a person of another workspace": func(c *Caller) { c.Person.Team = "T9" },
		"a guest in a shared channel": func(c *Caller) { c.Person.Guest, c.Room.Shared = true, true },
	} {
		for _, text := range []string{"", "delta aadc01", "delta nothing", "servers", "nonsense"} {
			c := member("C1")
			change(&c)
			if got := answerTo(t, testSnapshot(), c, text); got != want {
				t.Errorf("%s typing %q reads %s", name, text, got)
			}
		}
	}
}
