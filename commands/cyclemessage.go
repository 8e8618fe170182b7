package commands

import (
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// CycleMessage is the one message of a cycle in a channel. It is posted before anything starts and edited in place; the
// words of its first form stay true if it is never edited.
func CycleMessage(v CycleView) Answer {
	if !v.Cycle.Live() {
		return v.ended()
	}
	words, mark, _ := phaseWords(v.Cycle.Phase)
	a := Answer{Mark: mark, Footer: v.footer()}
	if v.Cycle.Phase == executor.PhaseQueued {
		// The first form names its reference where a notification shows it.
		a.Headline = join(", ", v.subject(), v.asked(), line(Code(v.Cycle.Ref())))
		a.Footer = v.reasons()
	} else {
		a.Headline = join(", ", line(v.subject(), " ", words), v.asked())
	}
	if v.Cycle.Waiting != nil {
		a.Mark = MarkWaiting
		a.Lines = append(a.Lines, v.waiting(*v.Cycle.Waiting)...)
	}
	if v.Cycle.Phase == executor.PhaseFollowing {
		a.Lines = append(a.Lines, v.following()...)
		a.Lines = append(a.Lines, v.interval()...)
	}
	a.Lines = append(a.Lines, v.stopped()...)
	a.Lines = append(a.Lines, v.preflight()...)
	if v.Cycle.Baseline.Staging {
		a.Lines = append(a.Lines, line(Code(v.Cycle.Server), " is a staging server: nothing is exported."))
	}
	a.Lines = append(a.Lines, v.joined()...)
	return a
}

// waiting says why a cycle has not started, since when, and until when it may.
func (v CycleView) waiting(w executor.Waiting) []Text {
	patience := executor.Patience
	since := At(w.Since, TimeOfDay)
	var cause, next Text
	switch w.For {
	case "connector":
		patience = executor.BusyPatience
		cause = line(connector(w.On), " on ", Code(v.Cycle.Server), " has been busy since ", since, ".")
	case "message":
		cause = line("This message has waited to be posted since ", since, ".")
	default:
		var ok bool
		if cause, next, ok = failureWords(executor.Failure(w.On), v.Cycle.Server); !ok {
			cause = line(Code(v.Cycle.Server), " could not be looked at.")
		}
		if w.For == "look" {
			return []Text{line(cause, " It is too late to start anything now. Whether an earlier try got through is not known yet: I keep looking."), next}
		}
		cause = line(cause, " I have tried since ", since, ".")
	}
	until := At(v.Cycle.AskedAt.Add(patience), TimeOfDay)
	lines := []Text{line(cause, " I try until ", until, "; after that nothing is started.")}
	if len(next) > 0 {
		lines = append(lines, next)
	}
	return lines
}

// following says what runs now, how long it has been running, and whether the last look got through.
func (v CycleView) following() []Text {
	var lines []Text
	if v.Cycle.Origin == executor.Adopted {
		lines = append(lines, line("It was already running, started by the server or by somebody else. I follow it."))
	}
	f := v.Cycle.Follow
	lines = append(lines, v.progress()...)
	lines = append(lines, v.elapsed())
	if f.LastProblem != "" {
		cause, next, ok := failureWords(executor.Failure(f.LastProblem), v.Cycle.Server)
		if !ok {
			cause, next = line("The look broke off."), nil
		}
		since := f.LastLook
		if since.IsZero() {
			since = v.Cycle.Intent
		}
		lines = append(lines, line("No look has reached the server since ", At(since, TimeOfDay), ": ", cause, " The cycle goes on without me."))
		if len(next) > 0 {
			lines = append(lines, next)
		}
	}
	return lines
}

func usually(d time.Duration) Text {
	if d <= 0 {
		return nil
	}
	return line("usually ", lasted(d))
}
