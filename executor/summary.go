package executor

import (
	"cmp"
	"slices"
	"time"
)

// ErrorSummary is what may be told of objects' errors in a channel, and stored: types and numbers, and no names.
type ErrorSummary struct {
	Source Source
	Types  []TypeSummary
	Unread int // lists of errors that could not be read; 0 = all of them were
}

// TypeSummary is one type of error. New and Chronic are fewer than Count where more errors were counted than listed: the
// listed ones are the newest.
type TypeSummary struct {
	Connector, Kind, Type string
	Count, New, Chronic   int
	Since                 time.Time // of the oldest one that was listed, by the server's clock; zero when the source does not tell
}

// New is how many errors are new.
func (s ErrorSummary) New() int { return s.sum(func(t TypeSummary) int { return t.New }) }

// Chronic is how many were there before.
func (s ErrorSummary) Chronic() int { return s.sum(func(t TypeSummary) int { return t.Chronic }) }

// Count is how many there are.
func (s ErrorSummary) Count() int { return s.sum(func(t TypeSummary) int { return t.Count }) }

func (s ErrorSummary) sum(of func(TypeSummary) int) int {
	n := 0
	for _, t := range s.Types {
		n += of(t)
	}
	return n
}

// Before is the moment before which an error is chronic: on the server's clock, which dates errors, and on ours, by which
// we remember those whose date is not told.
type Before struct {
	Server, Ours time.Time
}

// Chronic reports whether an error was there before a moment; seen is since when we have seen it, zero for never.
func (o ObjectError) Chronic(b Before, seen time.Time) bool {
	if !o.First.IsZero() && !b.Server.IsZero() {
		// Sources cut the date, to a second or less.
		return o.First.Before(b.Server.Truncate(time.Second))
	}
	return !seen.IsZero() && seen.Before(b.Ours)
}

// Summary sorts errors into new and chronic ones. seen is since when we have seen each of e.Objects.
func (e ObjectErrors) Summary(b Before, seen []time.Time) ErrorSummary {
	s := ErrorSummary{Source: e.Source, Unread: len(e.Unread)}
	for _, c := range e.Counts {
		t := TypeSummary{Connector: c.Connector, Kind: c.Kind, Type: c.Type, Count: c.Count}
		for i, o := range e.Objects {
			if o.Connector != c.Connector || o.Kind != c.Kind || o.Type != c.Type {
				continue
			}
			var known time.Time
			if i < len(seen) {
				known = seen[i]
			}
			if o.Chronic(b, known) {
				t.Chronic++
			} else {
				t.New++
			}
			if t.Since.IsZero() || !o.First.IsZero() && o.First.Before(t.Since) {
				t.Since = o.First
			}
		}
		s.Types = append(s.Types, t)
	}
	slices.SortStableFunc(s.Types, func(a, b TypeSummary) int { return cmp.Compare(b.New, a.New) })
	return s
}
