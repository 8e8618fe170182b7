package commands

import "slices"

// Command is something a person may ask for.
type Command string

// The commands.
const (
	Help    Command = "help"
	Delta   Command = "delta"
	Full    Command = "full"
	Status  Command = "status"
	History Command = "history"
	Errors  Command = "errors"
	Pending Command = "pending"
	Servers Command = "servers"
	Stop    Command = "stop"
	Pause   Command = "pause"
	Resume  Command = "resume"
)

// Force is what a grant names beside the commands: who has it may override a cool-down. It is typed behind delta and is no
// command of its own.
const Force Command = "force"

// Commands returns every command that exists, in the order help lists them.
func Commands() []Command {
	return []Command{Delta, Full, Status, History, Errors, Pending, Stop, Pause, Resume, Servers, Help}
}

// Exists reports whether c is a command of this version.
func (c Command) Exists() bool { return slices.Contains(Commands(), c) }

// grantable reports whether c needs a grant: help and servers do not, because they only tell what somebody may do.
func (c Command) grantable() bool { return c.Exists() && c != Help && c != Servers }

// Grantable returns the words that a grant may name in its commands, beside Everything.
func Grantable() []string {
	var words []string
	for _, c := range Commands() {
		if c.grantable() {
			words = append(words, string(c))
		}
	}
	return append(words, string(Force))
}

// Given returns the words that a grant's commands come to: Everything stands for all but those that stop or override.
func Given(words []string) []string {
	var given []string
	for _, c := range Commands() {
		if c.grantable() && (Grant{Commands: words}).hasCommand(c) {
			given = append(given, string(c))
		}
	}
	if (Grant{Commands: words}).hasCommand(Force) {
		given = append(given, string(Force))
	}
	return given
}

// changes reports whether c changes something on a server.
func (c Command) changes() bool {
	return c == Delta || c == Full || c == Stop || c == Pause || c == Resume
}

// confirmed returns the button that somebody has to press before c is carried out; none for a command that asks nothing
// first.
func (c Command) confirmed() (yes Action, asks bool) {
	switch c {
	case Full:
		return StartFull, true
	case Stop:
		return StopNow, true
	case Pause:
		return PauseNow, true
	default:
		return "", false
	}
}

// overrides reports whether c stops something or overrides a protection: "*" never includes it, named or not.
func (c Command) overrides() bool {
	switch c {
	case Stop, Pause, Resume, Force:
		return true
	default:
		return false
	}
}

// planned are the words that later versions will take; until then they get an honest answer and may not become names of
// servers.
func planned() []string {
	return []string{
		"approve", "cancel", "check", "connectors", "fresh", "report", "runs",
		"schedule", "schedules", "user", "users", "watch",
	}
}

// command returns the command that a typed word means.
func command(word string) (Command, bool) {
	switch word {
	case "?":
		return Help, true
	case "initial":
		return Full, true
	}
	c := Command(word)
	return c, c.Exists()
}
