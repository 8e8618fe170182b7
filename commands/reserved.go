package commands

import (
	"slices"
	"strings"
	"time"
)

// ReservedName reports whether name cannot be the name of a server, and why: the grammar gives the word another meaning,
// now or in a planned version.
func ReservedName(name string) (why string, reserved bool) {
	word := fold(name)
	if word == "" {
		return "a name needs a letter or a digit", true
	}
	if _, ok := command(word); ok {
		return "it is a command", true
	}
	if slices.Contains(planned(), word) {
		return "it is a planned command", true
	}
	switch word {
	case because, "for", "all", "new", "force", "yes", "*":
		return "the word has a meaning of its own in a command", true
	}
	if strings.Trim(word, "0123456789.,+-") == "" {
		return "it is a number", true
	}
	if duration(word) {
		return "it is a duration", true
	}
	return "", false
}

// duration reports whether word reads like 90m, 1h30m, 2d or 1w.
func duration(word string) bool {
	if _, err := time.ParseDuration(word); err == nil {
		return true
	}
	n := strings.TrimRight(word, "dw")
	return n != "" && len(n) == len(word)-1 && strings.Trim(n, "0123456789") == ""
}
