package main

import (
	"io"
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"
)

// look is how text appears: coloured on a terminal, plain elsewhere.
type look struct{ colour bool }

func lookFor(out io.Writer) look {
	f, ok := out.(*os.File)
	_, plain := os.LookupEnv("NO_COLOR")
	return look{colour: ok && !plain && term.IsTerminal(int(f.Fd()))}
}

// message is a Slack message's mark-up as a person sees it.
func (l look) message(text string) string {
	text = strings.NewReplacer(
		":information_source:", "ℹ️ ", ":hourglass_flowing_sand:", "⏳", ":arrows_counterclockwise:", "🔄", ":white_check_mark:", "✅",
		":warning:", "⚠️ ", ":x:", "❌", ":grey_question:", "❔", ":no_entry:", "⛔",
	).Replace(text)
	bold, code := regexp.MustCompile(`\*([^*\n]+)\*`), regexp.MustCompile("`([^`\n]+)`")
	if !l.colour {
		return bold.ReplaceAllString(text, "$1")
	}
	return code.ReplaceAllString(bold.ReplaceAllString(text, "\x1b[1m$1\x1b[0m"), "\x1b[36m$1\x1b[0m")
}

// faint is for what is not part of the workspace.
func (l look) faint(text string) string {
	if !l.colour {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}
