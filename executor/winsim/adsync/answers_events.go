package adsync

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
)

const (
	maxEvents  = 500  // that a script prints
	maxMessage = 4000 // UTF-16 units of one event's text
)

// traced are the numbers under which the scheduler's tracer writes everything: information, warnings, errors.
func traced() []int { return []int{904, 905, 906} }

// says reports whether an event's text holds one of words.
func says(e Event, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(e.Message, w) })
}

// events prints the events that pass the filter and keep, oldest first; of too many the oldest.
func (s *session) events(ctx context.Context, filter EventFilter, keep func(Event) bool) {
	s.beat("Get-WinEvent")
	all, err := s.read(ctx, filter)
	if err != nil {
		s.problem("Get-WinEvent", err)
		return
	}
	kept := slices.DeleteFunc(all, func(e Event) bool { return !keep(e) })
	slices.SortFunc(kept, func(a, b Event) int { return cmp.Compare(a.Record, b.Record) })
	for _, e := range kept[:min(len(kept), maxEvents)] {
		message := []rune(e.Message)
		s.emit("event", "source", e.Source, "id", e.ID, "level", e.Level.String(), "at", stamp(e.At),
			"record", e.Record, "message", string(message[:min(len(message), maxMessage)]))
	}
	s.emit("events", "count", min(len(kept), maxEvents), "truncated", len(kept) > maxEvents, "at", stamp(s.m.Now()))
}

// read reads the log. Nothing found is no failure.
func (s *session) read(ctx context.Context, filter EventFilter) ([]Event, error) {
	all, err := s.m.Events(ctx, filter)
	var f *CmdletError
	if errors.As(err, &f) && f.ID == "NoMatchingEventsFound" {
		return nil, nil
	}
	return all, err
}

// worthTelling is what says something of a cycle, and no other work's noise.
func worthTelling(e Event) bool {
	if e.Source == SourceADSync {
		keys := e.ID >= 6201 && e.ID <= 6231 // encryption keys, start of the database
		return e.ID >= 6000 && e.ID <= 6999 && (!keys || e.Level == LevelError)
	}
	switch e.ID {
	case 95, 106, 107, 108, 109, 112, 113, 116, 118, 129, 611, 652, 655, 1000, 1014:
		return true
	case 904, 905, 906:
		return aboutCycle(e) || says(e, "Execute RunProfile", "overridden to do a Full", "Could not execute run profile", "Run profile '")
	}
	return false
}

// aboutCycle is whether an event says that a cycle started or completed.
func aboutCycle(e Event) bool {
	return slices.Contains(traced(), e.ID) && says(e, "cycle started", "cycle completed", "Started a new sync cycle run")
}
