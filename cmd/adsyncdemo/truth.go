package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// told is the end of a story as the channel tells it.
type told struct {
	words string // of the verdict
	exit  int
}

// verdicts are the words by which a person recognises that a cycle has ended.
func verdicts() []told {
	return []told{
		{"could not be started in time", exitUnknown}, // before the next, which stands in the same message
		{"was not started", exitRefused},
		{"succeeded", exitGood},
		{"ended with warnings", exitGood},
		{"ended with errors", exitBad},
		{"failed", exitBad},
		{"was cancelled", exitBad},
		{"has an unknown result", exitUnknown},
	}
}

// read returns how the story in #helpdesk ended, or false while it goes on. A refusal is told to the asker alone.
func read(ws *slacksim.Workspace) (told, bool) {
	messages := ws.Messages(e2e.Helpdesk)
	if len(messages) == 0 {
		for _, m := range ws.Ephemerals(e2e.Helpdesk, e2e.Ann) {
			if strings.Contains(ws.Text(m, e2e.Ann), "you may use") {
				return told{"refused", exitRefused}, true
			}
		}
		return told{}, false
	}
	return ended(ws.Text(messages[0], e2e.Ann))
}

// ended returns the verdict that a cycle's message tells, or false while it is live.
func ended(text string) (told, bool) {
	for _, v := range verdicts() {
		if strings.Contains(text, v.words) {
			return v, true
		}
	}
	return told{}, false
}

// truth is what happened on the servers: how many cycles were started there, and what their runs came to. It is read from
// the simulated servers' own run history, which the bot cannot see: over WinRM it has the event log only.
type truth struct {
	starts  int
	results []string // of the runs, in order
}

// happened returns what happened between two looks.
func happened(before, after map[string]adsync.State) truth {
	var t truth
	for _, name := range slices.Sorted(maps.Keys(after)) {
		t.starts += after[name].Starts - before[name].Starts
		for _, r := range after[name].Runs[len(before[name].Runs):] {
			t.results = append(t.results, r.Result)
		}
	}
	return t
}

// exit is the exit code that fits what happened; ok is false if no end fits, because something is still running or was
// started twice.
func (t truth) exit() (code int, ok bool) {
	if t.starts == 0 {
		return exitRefused, len(t.results) == 0
	}
	for _, r := range t.results {
		switch {
		case r == "in-progress":
			return 0, false
		case r == "success", strings.HasPrefix(r, "completed-") && !strings.HasSuffix(r, "-errors"):
		default:
			code = exitBad
		}
	}
	return code, t.starts == 1 && len(t.results) > 0
}

// fits reports whether what was told is what happened. That a server was out of reach is another way of not starting.
func (v told) fits(t truth) bool {
	code, ok := t.exit()
	return ok && (code == v.exit || code == exitRefused && v.exit == exitUnknown)
}

// String implements fmt.Stringer.
func (t truth) String() string {
	if t.starts == 0 && len(t.results) == 0 {
		return "no start and no run"
	}
	count := map[string]int{}
	for _, r := range t.results {
		count[r]++
	}
	var parts []string
	for _, r := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d × %s", count[r], r))
	}
	return fmt.Sprintf("%s and %s (%s)", plural(t.starts, "start"), plural(len(t.results), "run"), strings.Join(parts, ", "))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
