package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// because is the word after which a reason follows.
const because = "because"

// maxReason is the longest reason, in characters.
const maxReason = 500

// maxText is the longest command, in characters: everything that has a meaning fits in.
const maxText = 1000

// asked is what a person asked for.
type asked struct {
	command Command
	server  string // the name of a visible server; empty when none was typed, or typed is not one
	typed   string // the word that is not a visible server
	reason  string
	number  int           // of cycles that history shows; 0 when not said
	length  time.Duration // of a pause
	fresh   bool          // errors: only the new ones
	force   bool          // delta: the cool-down shall not count
}

// again returns the same for another server, as it can be typed.
func (a asked) again(server string, s sight) string {
	if a.length > 0 {
		return s.typed(a.command, server) + " " + a.length.String()
	}
	if a.number > 0 {
		return fmt.Sprintf("%s %d", s.typed(a.command, server), a.number)
	}
	if a.fresh {
		return s.typed(a.command, server) + " " + onlyNew
	}
	if a.force {
		return s.typed(a.command, server) + " " + string(Force)
	}
	return s.typed(a.command, server)
}

// understood is the command as it can be typed again without the slash command.
func (a asked) understood() string {
	text := strings.TrimSpace(string(a.command) + " " + a.server)
	if a.length > 0 {
		text += " " + a.length.String()
	}
	if a.force {
		text += " " + string(Force)
	}
	if a.reason != "" {
		text += " " + because + " " + a.reason
	}
	return text
}

// mistake is a command that was not understood, or not completely. Nothing of it is done.
type mistake struct {
	rule   string // for the audit
	answer Answer
}

// parse reads what was typed after the slash command. A word that has no meaning is refused, never dropped or taken for
// something else; what is suggested is only what the caller may see.
func parse(text string, s sight) (asked, *mistake) {
	text = strings.TrimSpace(readable(text))
	if n := utf8.RuneCountInString(text); n > maxText {
		return asked{}, hint("too-long", line(Wordsf("That has %d characters; %d is the most. Shorten it and ask again.", n, maxText)))
	}
	words := split(text)
	if len(words) > 0 && s.slash != "" && words[0].folded == fold(s.slash) {
		words = words[1:] // pasted with the slash command in front
	}
	if len(words) == 0 {
		return asked{command: Help}, nil
	}
	c, ok := command(words[0].folded)
	if !ok {
		return asked{}, unknownCommand(text, words, s)
	}
	a := asked{command: c}
	rest := words[1:]
	if i := slices.IndexFunc(rest, func(w word) bool { return w.folded == because }); i >= 0 {
		a.reason = strings.TrimSpace(text[rest[i].end:])
		rest = rest[:i]
		if m := checkReason(a, rest, s); m != nil {
			return asked{}, m
		}
	}
	if a.command == History {
		var m *mistake
		if a.number, rest, m = howMany(rest, s); m != nil {
			return asked{}, m
		}
	}
	if a.command == Pause {
		var m *mistake
		if a.length, rest, m = howLong(rest, s); m != nil {
			return asked{}, m
		}
		if a.reason == "" {
			return asked{}, hint("reason-missing", line("A pause needs a reason: others will ask. Try:"), ready(s.typed(Pause, "<server>")+" "+a.length.String()+" "+because+" …")...)
		}
	}
	if a.command == Delta {
		var m *mistake
		if a.force, rest, m = forced(a, rest, s); m != nil {
			return asked{}, m
		}
	}
	if a.command == Errors {
		a.fresh, rest = freshOnly(rest)
	}
	if len(rest) == 0 {
		return withoutServer(a, s)
	}
	if m := checkServer(a, rest, s); m != nil {
		return asked{}, m
	}
	if name, ok := s.find(rest[0].folded); ok {
		a.server = name
	} else {
		a.typed = host(rest[0].folded)
		if a.typed == "" {
			a.typed = rest[0].folded
		}
	}
	return a, nil
}

// forced takes the word force off the end of a delta. Whoever overrides a cool-down says why.
func forced(a asked, rest []word, s sight) (bool, []word, *mistake) {
	n := len(rest) - 1
	if n < 0 || rest[n].folded != string(Force) {
		return false, rest, nil
	}
	if a.reason == "" {
		server := ""
		if n > 0 {
			server = rest[0].folded
		}
		return false, nil, hint("reason-missing", line("Say why the cool-down shall not count:"),
			ready(s.typed(Delta, server)+" "+string(Force)+" "+because+" …")...)
	}
	return true, rest[:n], nil
}

// withoutServer completes a command in which no server was named: a change needs one, and so does a number; a read means
// all of them.
func withoutServer(a asked, s sight) (asked, *mistake) {
	if !a.command.changes() && a.number == 0 {
		return a, nil
	}
	servers := s.servers(a.command)
	switch len(servers) {
	case 0: // the permission says why
		return a, nil
	case 1:
		a.server = servers[0].Name
		return a, nil
	}
	return asked{}, hint("no-server", line("Which server? Copy one of these:"), oneEach(a, servers, s)...)
}

// oneEach lists the command for each server, ready to copy.
func oneEach(a asked, servers []ServerInfo, s sight) []Text {
	const most = 20
	var lines []string
	for _, srv := range servers[:min(len(servers), most)] {
		cmd := a.again(srv.Name, s)
		switch {
		case utf8.RuneCountInString(a.reason) > 80:
			cmd += " " + because + " …" // the same long words twenty times would not help
		case a.reason != "":
			cmd += " " + because + " " + a.reason
		}
		lines = append(lines, cmd)
	}
	texts := ready(lines...)
	if more := len(servers) - most; more > 0 {
		texts = append(texts, line(Wordsf("and %d more: ", more), Code(s.typed(Servers, ""))))
	}
	return texts
}

// checkReason refuses a reason that is missing, too long, or has no place.
func checkReason(a asked, before []word, s sight) *mistake {
	server := ""
	if len(before) == 1 {
		server = before[0].folded
	}
	cmd := s.typed(a.command, server)
	switch n := utf8.RuneCountInString(a.reason); {
	case !a.command.changes():
		return hint("reason-without-change", line(Code(string(a.command)), " changes nothing, so it takes no reason. Try:"), ready(cmd)...)
	case n == 0:
		return hint("reason-missing", line("Say why after ", Code(because), ", or leave it out:"), ready(cmd)...)
	case n > maxReason:
		return hint("reason-too-long", line(Wordsf("The reason has %d characters; %d is the most. Shorten it and ask again.", n, maxReason)))
	}
	return nil
}

// checkServer refuses words that cannot be a server, and every word after it.
func checkServer(a asked, rest []word, s sight) *mistake {
	cmd := string(a.command)
	if a.command == Help || a.command == Servers {
		return hint("word-too-many", line(Code(cmd), " stands alone. Try:"), ready(s.typed(a.command, ""))...)
	}
	for i, w := range rest {
		server := ""
		if i > 0 {
			server = rest[0].folded
		}
		switch {
		case w.folded == "for":
			return hint("reserved-word", line(Code("for"), " is kept for a later version. A reason goes after ", Code(because), ":"),
				ready(s.typed(a.command, server)+" because …")...)
		case w.folded == string(Force):
			return hint("reserved-word", line(Code(w.typed), " overrides the cool-down of a ", Code(string(Delta)), " and nothing else. Try:"),
				ready(s.typed(a.command, server))...)
		case w.folded == "new" || w.folded == "yes":
			return hint("reserved-word", line(Code(w.typed), " is not in this version. Try:"), ready(s.typed(a.command, server))...)
		case i == 0 && (w.folded == "all" || w.folded == "*"):
			return allServers(a, s)
		case i > 0:
			return tooMany(a, rest, s)
		}
	}
	return nil
}

func allServers(a asked, s sight) *mistake {
	if a.command.changes() {
		return hint("all-servers", line("One server at a time: a mistake then stops at one. Copy what you need:"),
			oneEach(a, s.servers(a.command), s)...)
	}
	return hint("all-servers", line("Without a server, ", Code(string(a.command)), " shows all of them:"), ready(s.typed(a.command, ""))...)
}

// tooMany explains the first word that has no place.
func tooMany(a asked, rest []word, s sight) *mistake {
	extra := rest[1]
	first := rest[0].folded
	_, another := s.find(extra.folded)
	switch {
	case another:
		return hint("two-servers", line("One server at a time. Copy what you need:"), ready(s.typed(a.command, first), s.typed(a.command, extra.folded))...)
	case a.command.changes() && nearest(extra.folded, []string{because}) != "":
		return hint("word-too-many", line("Did you mean ", Code(because), "? Nothing was started. Try:"),
			ready(fmt.Sprintf("%s %s …", s.typed(a.command, first), because))...)
	case a.command.changes():
		return hint("word-too-many", line("I do not understand ", Code(extra.typed), ", so nothing was started. A reason goes after ", Code(because), ":"),
			ready(fmt.Sprintf("%s %s …", s.typed(a.command, first), because))...)
	}
	return hint("word-too-many", line("I do not understand ", Code(extra.typed), ". Try:"), ready(s.typed(a.command, first))...)
}

// unknownCommand answers a first word that is no command.
func unknownCommand(text string, words []word, s sight) *mistake {
	typed := words[0]
	help := s.typed(Help, "")
	if slices.Contains(planned(), typed.folded) {
		return hint("planned-command", line(Code(typed.typed), " is not in this version. What there is:"), ready(help)...)
	}
	if name, ok := s.find(typed.folded); ok {
		var cmds []string
		for _, c := range s.commands(name) {
			cmds = append(cmds, s.typed(c, name))
		}
		return hint("command-missing", line("The command comes first. Try:"), ready(cmds...)...)
	}
	if c := nearest(typed.folded, s.words()); c != "" {
		rest := strings.TrimSpace(text[typed.end:])
		return hint("unknown-command", line("There is no ", Code(typed.typed), ". Did you mean:"), ready(s.typed(Command(c), rest))...)
	}
	return hint("unknown-command", line("There is no ", Code(typed.typed), ". What there is:"), ready(help)...)
}

func hint(rule string, headline Text, lines ...Text) *mistake {
	return &mistake{rule: rule, answer: Answer{Mark: MarkInfo, Headline: headline, Lines: lines}}
}
