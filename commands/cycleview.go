package commands

import (
	"slices"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// CycleView is a cycle as one channel may see it.
type CycleView struct {
	Cycle    executor.Cycle
	Requests []executor.Request
	Channel  string         // whose eyes; empty for a terminal
	Stops    []executor.Act // by which somebody asked for its end
	Usual    time.Duration  // what such a cycle usually takes; 0 when not known
	// UsualRuns is what its runs usually take; those that are not known are not in it.
	UsualRuns map[executor.Step]time.Duration
	// UsualDeletes is how many objects cycles of this server usually delete by their exports; nil when not known.
	UsualDeletes *Range
	Now          time.Time
}

// requests returns the requests in the order in which they were asked.
func (v CycleView) requests() []executor.Request {
	return slices.SortedStableFunc(slices.Values(v.Requests), func(a, b executor.Request) int { return a.AskedAt.Compare(b.AskedAt) })
}

// here reports whether a request was asked where the message is read: only then are names told.
func (v CycleView) here(r executor.Request) bool { return r.Audience.Channel == v.Channel }

// asker names who asked, or says as little as people of another channel may know.
func (v CycleView) asker(r executor.Request) Text {
	switch r.Asker.Way {
	case executor.FromSchedule:
		if v.here(r) {
			return line("the schedule ", Code(r.Asker.User))
		}
		return line("a schedule")
	case executor.FromTerminal:
		if v.here(r) {
			return line(Code(r.Asker.User))
		}
		return line("someone at a terminal")
	case executor.FromSlack:
		if v.here(r) {
			return line(User(r.Asker.User))
		}
	}
	if v.Channel == "" {
		return line("someone in a channel")
	}
	return line("someone in another channel")
}

// asked is "asked by @ann at 09:41", or nothing when nobody asked.
func (v CycleView) asked() Text {
	rs := v.requests()
	if len(rs) == 0 {
		return nil
	}
	return line("asked by ", v.asker(rs[0]), " at ", At(rs[0].AskedAt, TimeOfDay))
}

// began is when the cycle began: the server's word, or our own intent.
func (v CycleView) began() time.Time {
	if !v.Cycle.ReadsFrom.IsZero() {
		return v.Cycle.ReadsFrom
	}
	return v.Cycle.Intent
}

// took is how long an ended cycle took; false when its beginning is not known.
func (v CycleView) took() (time.Duration, bool) {
	b := v.began()
	if b.IsZero() || v.Cycle.EndedAt.Before(b) {
		return 0, false
	}
	return v.Cycle.EndedAt.Sub(b), true
}

// subject is "Delta on aadc01".
func (v CycleView) subject() Text {
	return line(Bold(policyWord(v.Cycle.Policy)), " on ", Code(v.Cycle.Server))
}

// footer has the reference, and the reasons.
func (v CycleView) footer() Text {
	return join(" · ", line(Code(v.Cycle.Ref())), v.reasons())
}

// stopped says who asked for the cycle's end, and why where that was said.
func (v CycleView) stopped() []Text {
	var lines []Text
	for _, a := range v.Stops {
		here := a.Audience.Channel == v.Channel
		t := line("The stop was asked for by ", asker(a.Asker, here), " at ", At(a.AskedAt, TimeOfDay))
		if a.Reason != "" && here {
			t = line(t, ", ", because, " “", Words(a.Reason), "”")
		}
		lines = append(lines, line(t, "."))
	}
	return lines
}

// reasons are the reasons given here.
func (v CycleView) reasons() Text {
	var parts []Text
	for _, r := range v.requests() {
		if r.Reason != "" && v.here(r) {
			parts = append(parts, line(because, " “", Words(r.Reason), "”"))
		}
	}
	return join(" · ", parts...)
}

// joined tells everybody who asked later, or whose request a running cycle serves, what is not in it.
func (v CycleView) joined() []Text {
	next := "Ask again when it has ended."
	if !v.Cycle.Live() {
		next = "Ask again if you need it."
	}
	since := v.Cycle.ReadsFrom
	var lines []Text
	elsewhere, delta := 0, false
	for i, r := range v.requests() {
		if !v.here(r) {
			if i > 0 {
				elsewhere++
			}
			continue
		}
		delta = delta || r.Policy == executor.Delta
		late := !since.IsZero() && r.AskedAt.After(since)
		switch {
		case i == 0 && late && v.Cycle.Origin == executor.Adopted:
			lines = append(lines, line("It reads AD since ", At(since, TimeOfDay), ": a newer change is not in it. ", next))
		case i > 0 && late:
			lines = append(lines, line(v.asker(r), " joined at ", At(r.AskedAt, TimeOfDay), ": a change made after ",
				At(since, TimeOfDay), " is not in it. ", next))
		case i > 0:
			lines = append(lines, line(v.asker(r), " joined at ", At(r.AskedAt, TimeOfDay), "."))
		}
	}
	if delta && v.Cycle.Policy == executor.Initial {
		lines = append(lines, line("A delta was asked for; this full includes it."))
	}
	if elsewhere > 0 {
		lines = append(lines, line(count(elsewhere, "request", "requests"), " from elsewhere joined."))
	}
	return lines
}
