package commands

import (
	"slices"
	"time"
)

// Everything in a grant's commands means every command but those that stop or override; in its servers, every server.
const Everything = "*"

// Grant is what one channel may do: commands × servers, for everybody in it or for some people.
type Grant struct {
	Name       string // "grants[0]": what the audit and people with access to the configuration call it
	Channel    string
	Commands   []string
	Servers    []string
	Users      []string // with UserGroups: who may; both empty means everybody in the channel
	UserGroups []string
	// CoolDown is how long after a cycle of this bot nobody may start a delta by this grant; 0 is not at all.
	CoolDown time.Duration
	Objects  bool // the channel may read names of objects, which are people mostly
}

// ServerInfo is what commands know of a server.
type ServerInfo struct {
	Name string
	Host string // its DNS name, which people may type instead
	// Scope is what the settings of its scheduler belong to: servers with the same one are paused together.
	Scope string
	Admin bool // whether there is a credential that may change them
}

// Snapshot is the configuration in force. It is never changed; a new one takes its place.
type Snapshot struct {
	Team    string
	Servers []ServerInfo
	Grants  []Grant
	Contact string // whom to ask for a grant, in words; may be empty
}

// Groups returns the user groups that grants name, each once: whoever reads facts about people needs to know these.
func (s *Snapshot) Groups() []string {
	var all []string
	for _, g := range s.Grants {
		for _, id := range g.UserGroups {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all
}

func (g Grant) hasCommand(c Command) bool {
	return slices.Contains(g.Commands, string(c)) || (slices.Contains(g.Commands, Everything) && !c.overrides())
}

func (g Grant) hasServer(server string) bool {
	return server != "" && (slices.Contains(g.Servers, server) || slices.Contains(g.Servers, Everything))
}

// belonging is whether a grant is meant for a person; doubt is not yes.
type belonging int

const (
	no belonging = iota
	doubtful
	yes
)

func (g Grant) hasPerson(c Caller) belonging {
	if len(g.Users) == 0 && len(g.UserGroups) == 0 {
		return yes
	}
	if slices.Contains(g.Users, c.User) {
		return yes
	}
	if len(g.UserGroups) == 0 {
		return no
	}
	if !c.Person.GroupsKnown {
		return doubtful
	}
	for _, group := range c.Person.Groups {
		if slices.Contains(g.UserGroups, group) {
			return yes
		}
	}
	return no
}
