package commands

import (
	"fmt"
	"regexp"
)

// refused are the words for a denial. What they say depends on what was typed, on the caller, and on the servers the
// caller may see, never on whether another server exists: a forbidden and an unknown one read alike.
func (s sight) refused(d Denial, a asked) Answer {
	if d.outside() {
		return Answer{Mark: MarkRefused, Headline: line("Sorry, I cannot help you here.")}
	}
	switch d {
	case PersonUnknown:
		return refusal("I could not find out who you are, so I do nothing.", line("Ask again in a minute."))
	case RoomUnknown:
		return refusal("I could not find out what kind of channel this is, so I do nothing.",
			line("If it is private, type ", Code("/invite @adsync"), ", then ask again; else ask again in a minute."))
	case Direct, Group:
		return refusal("I work only in channels, never in direct messages.", line("Ask in a channel that has a grant."))
	case Shared, PendingShared:
		return refusal("This channel is shared with another organisation, so I do nothing in it.", line("Ask in a channel of your own."))
	default:
		return s.noGrant(a)
	}
}

func refusal(headline string, lines ...Text) Answer {
	return Answer{Mark: MarkRefused, Headline: line(headline), Lines: lines}
}

// noGrant says what is missing and whom to ask.
func (s sight) noGrant(a asked) Answer {
	named := a.server
	if named == "" {
		named = a.typed
	}
	answer := Answer{Mark: MarkRefused}
	if named == "" {
		answer.Headline = line("There is no server on which you may use ", Code(string(a.command)), " in this channel.")
	} else {
		answer.Headline = line(Code(clip(named, 60)), " is not a server on which you may use ", Code(string(a.command)), " in this channel.")
	}
	if near := s.near(a.command, named); named != "" && near != "" && near != named {
		answer.Lines = append(answer.Lines, line("Did you mean ", Code(a.again(near, s)), "?"))
	}
	if s.groupsMatter() {
		answer.Lines = append(answer.Lines, line("I could not find out which user groups you are in, so rules for user groups do not count now. Ask again in a minute."))
	}
	answer.Lines = append(answer.Lines,
		line("What you may do: ", Code(s.typed(Servers, "")), "."),
		line("For more, ask ", s.contact(), " for this grant: ", Code(grantLine(s.caller.Channel, a.command, named))))
	return answer
}

// groupsMatter reports whether a grant of this channel, for whatever server, waits for knowing the caller's groups.
func (s sight) groupsMatter() bool {
	if s.caller.Person.GroupsKnown {
		return false
	}
	for _, g := range s.snapshot.Grants {
		if g.Channel == s.caller.Channel && len(g.UserGroups) > 0 {
			return true
		}
	}
	return false
}

func (s sight) contact() Span {
	if s.snapshot.Contact != "" {
		return Words(s.snapshot.Contact)
	}
	return Words("whoever runs this bot")
}

// serverName is a word that may stand in a line of YAML that somebody will paste: nothing in it can end the list.
var serverName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func grantLine(channel string, c Command, server string) string {
	if !serverName.MatchString(server) {
		server = "…"
	}
	return fmt.Sprintf("- {channel: %s, commands: [%s], servers: [%s]}", channel, c, server)
}
