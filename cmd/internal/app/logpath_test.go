package app_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

// Somebody at 3 a.m. has one reference. From it the whole way of a command can be read: the envelope's lines name it and
// lead to the cycle's, whose lines go on to the last edit of its message.
func TestOneCommandCanBeFollowedThroughTheLog(t *testing.T) {
	s := newScene(t, e2e.Options{}, nil)
	envelope := s.types(t, e2e.Ann, e2e.Helpdesk, "delta aadc01 because of a new starter")
	s.reads(t, e2e.Helpdesk, "succeeded")
	s.told(t, e2e.Helpdesk, e2e.Ann, 1)
	s.log.wait(t, 1, func(l line) bool { return l.Message == "message sent" && l.Final && l.Kind == "cycle" })
	lines := s.log.wait(t, 1, func(l line) bool { return l.Message == "message sent" && l.Kind == "ephemeral" })

	first := slices.IndexFunc(lines, func(l line) bool { return l.Message == "command taken" })
	if first < 0 || lines[first].All["envelope"] != envelope.ID {
		t.Fatal("no line leads from the envelope to a reference")
	}
	asked := lines[first].Ref
	handled := slices.IndexFunc(lines, func(l line) bool { return l.Message == "command handled" && l.Ref == asked })
	if handled < 0 || lines[handled].Cycle == "" {
		t.Fatal("no line leads from the command to its cycle")
	}
	cycle := lines[handled].Cycle

	var way, its []string // of the command, of the cycle
	for _, l := range lines[first:] {
		word := l.Message
		if l.Message == "message sent" {
			word = fmt.Sprintf("%s %s, final %t", l.Message, l.Kind, l.Final)
		}
		switch l.Ref {
		case asked:
			way = append(way, word)
		case cycle:
			if !slices.Contains(its, word) { // slices and edits come as often as they are needed
				its = append(its, word)
			}
		default:
			if l.Message != "connected to slack" {
				t.Errorf("a line on the way does not say whose it is: %v", l.All)
			}
		}
	}
	if want := []string{"command taken", "command handled", "message sent ephemeral, final false"}; !slices.Equal(way, want) {
		t.Errorf("the command's lines are\n%q, want\n%q", way, want)
	}
	// A slice and an edit may come in between, in any order.
	milestones := slices.DeleteFunc(slices.Clone(its), func(word string) bool { return word == "slice done" })
	want := []string{"message sent cycle, final false", "cycle started", "cycle ended", "message sent cycle, final true"}
	if !slices.Equal(milestones, want) || !slices.Contains(its, "slice done") {
		t.Errorf("the cycle's lines are\n%q, want\n%q and slices", its, want)
	}
	for _, once := range []string{"cycle started", "cycle ended"} {
		n := 0
		for _, l := range lines {
			if l.Message == once && l.Ref == cycle {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q stands %d times in the log", once, n)
		}
	}
}
