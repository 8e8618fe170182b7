package commands

import (
	"github.com/adsyncbot/adsyncbot/executor"
)

// preflight warns of what was found before the start and goes on to matter. A healthy server gives no line.
func (v CycleView) preflight() []Text {
	p := v.Cycle.Preflight
	lines := supportWarning(p.Version, v.Cycle.Server, executor.SupportOf(p.Version, v.Now))
	if v.Cycle.Baseline.Staging || v.Cycle.Origin == executor.Adopted {
		return lines
	}
	return append(lines, deletesWords(p.Deletes, v.Cycle.Live())...)
}

// interval tells a person that the cycle before it was only just now. It is no reason to refuse: the limit is for schedules.
func (v CycleView) interval() []Text {
	p := v.Cycle.Preflight
	if v.Cycle.Origin == executor.Adopted || p.LastCycle.IsZero() || p.Allowed <= 0 || v.Cycle.ReadsFrom.Sub(p.LastCycle) >= p.Allowed {
		return nil
	}
	return []Text{line("The cycle before it began at ", At(p.LastCycle, TimeOfDay), ", less than ", lasted(p.Allowed),
		" earlier: not supported as a habit.")}
}

// supportWarning is about a version that should not be in use any more.
func supportWarning(version, server string, s executor.Support) []Text {
	switch s.State {
	case executor.SupportTooOld:
		oldest, since := executor.SupportMinimum()
		return []Text{line(Bold("Entra Connect "+version), " on ", Code(server), " is older than ", oldest, ", which Entra ID demands since ",
			since.Format(date), ": expect every run against it to fail. Upgrade it.")}
	case executor.SupportEnded:
		return []Text{line("Microsoft's support for Entra Connect ", version, " ended on ", s.Until.Format(date), ". Upgrade ", Code(server), ".")}
	default:
		return nil
	}
}

// supportWords says of a version in use how long it is supported, and how old that knowledge is.
func supportWords(s executor.Support) Text {
	switch s.State {
	case executor.SupportCurrent:
		return line("the newest version on ", executor.SupportChecked().Format(date))
	case executor.SupportEnds:
		return line("supported until ", s.Until.Format(date))
	case executor.SupportEnded:
		return line("support ended on ", s.Until.Format(date), ": upgrade it")
	case executor.SupportTooOld:
		oldest, since := executor.SupportMinimum()
		return line("older than ", oldest, ", which Entra ID demands since ", since.Format(date), ": upgrade it")
	default:
		return line("not in this bot's table of ", executor.SupportChecked().Format(date), ", so its end of support is not known")
	}
}

// date is a day as people read it, wherever they are.
const date = "2 Jan 2006"

// deletesWords tells of deletes that wait to be exported to Entra ID; before the cycle has ended that is a warning.
func deletesWords(d executor.Deletes, live bool) []Text {
	switch {
	case d.Failed && live:
		return []Text{line("Whether deletes wait to be exported to Entra ID could not be read, so they were not held against the threshold.")}
	case !d.Counted || d.Waiting == 0:
		return nil
	}
	limit, none := d.Limit()
	threshold := line(Wordsf("the threshold is %d", limit))
	switch {
	case none:
		threshold = line("accidental deletes are ", Bold("not prevented"), " on this server")
	case !d.Readable:
		threshold = line(Wordsf("threshold not readable, %d assumed", limit))
	case limit == 0:
		threshold = line("the threshold is not a number of objects, so nothing is compared")
	}
	waiting := Bold(count(d.Waiting, "delete", "deletes"))
	switch {
	case d.TooMany() && live:
		over := line(Wordsf("the threshold of %d", limit))
		if !d.Readable {
			over = line(Wordsf("the threshold (not readable, %d assumed)", limit))
		}
		return []Text{line(waiting, " waited to be exported to Entra ID before the start, more than ", over,
			": expect the export to stop before any of them. See which with ", Code(string(Pending)), " and in Synchronization Service Manager.")}
	case live || d.TooMany():
		return []Text{line(waiting, " waited to be exported to Entra ID before the start (", threshold, ").")}
	default:
		return nil
	}
}
