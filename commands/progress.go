package commands

import (
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// mostStages is how many runs of a cycle under way are shown one a line: those of one forest. With more forests nobody
// would read them all, and their kinds are shown instead.
const mostStages = 8

// progress shows the runs of a cycle under way in order: those that are over, the one under way, those to come.
func (v CycleView) progress() []Text {
	stages := v.Cycle.Progress()
	if len(stages) > mostStages {
		return v.kinds(stages)
	}
	lines := make([]Text, 0, len(stages))
	for _, s := range stages {
		lines = append(lines, v.stage(s))
	}
	return lines
}

// stage is "Done: Delta Import on contoso.com, 8 s", "Now: Export on contoso.com, 4 s so far, usually 9 s" or "Then: …".
func (v CycleView) stage(s executor.Stage) Text {
	t := line(Code(s.Connector))
	if s.Profile != "" {
		t = line(Words(s.Profile), " on ", Code(s.Connector))
	}
	switch s.State {
	case executor.StageDone:
		return join(", ", line("Done: ", t), spent(s.Took, ""), trouble(s))
	case executor.StageNow:
		return join(", ", line(Bold("Now"), ": ", t), spent(s.Took, " so far"), usually(v.UsualRuns[s.Step]))
	case executor.StageNext:
	}
	return join(", ", line("Then: ", t), usually(v.UsualRuns[s.Step]))
}

func spent(d time.Duration, so string) Text {
	if d <= 0 {
		return nil
	}
	return line(lasted(d) + so)
}

// trouble is what its source already says against a run that is over. Nothing is said for it: the result comes at the end.
func trouble(s executor.Stage) Text {
	switch s.Verdict {
	case executor.Warnings:
		return line("with warnings")
	case executor.Errors:
		return line("with errors")
	case executor.Failed:
		return line("failed")
	case executor.Cancelled:
		return line("cancelled")
	default:
		return nil
	}
}

// kinds is "Imports: 3 of 3 done in 25 s", with the run under way and those that went wrong on lines of their own.
func (v CycleView) kinds(stages []executor.Stage) []Text {
	var lines []Text
	for _, kind := range []string{"Import", "Synchronization", "Export"} {
		var of, done int
		var took time.Duration
		timed := true
		var more []Text
		for _, s := range stages {
			if s.Kind() != kind {
				continue
			}
			of++
			switch s.State {
			case executor.StageDone:
				done++
				took += s.Took
				timed = timed && s.Took > 0
				if len(trouble(s)) > 0 && len(more) < mostFindings {
					more = append(more, v.stage(s))
				}
			case executor.StageNow:
				more = append(more, v.stage(s))
			case executor.StageNext:
			}
		}
		if of == 0 {
			continue
		}
		t := line(Wordsf("%ss: %d of %d done", kind, done, of))
		if done == of && timed {
			t = line(t, " in ", lasted(took))
		}
		lines = append(append(lines, t), more...)
	}
	for _, s := range stages {
		if s.Profile == "" { // busy with what the log has not told yet
			lines = append(lines, v.stage(s))
		}
	}
	return lines
}

// elapsed is "At 09:42: 40 s so far, 2 of 6 runs done, usually 1 min 30 s". It names the moment of the look, so that it stays
// true. How long the cycle has been running is told by the server's clock alone, where that has told both ends.
func (v CycleView) elapsed() Text {
	seen := v.Cycle.Follow.LastLook
	if seen.IsZero() {
		seen = v.Now
	}
	now := seen
	if !v.Cycle.Follow.At.IsZero() && !v.Cycle.ReadsFrom.IsZero() {
		now = v.Cycle.Follow.At
	}
	var parts []Text
	if b := v.began(); !b.IsZero() {
		parts = append(parts, line("At ", At(seen, TimeOfDay), ": ", lasted(now.Sub(b)), " so far"))
	}
	done, all, planned := 0, 0, len(v.Cycle.Follow.Connectors) > 0
	for _, s := range v.Cycle.Progress() {
		if s.Profile != "" { // else it is one of those that are counted as still to come
			all++
		}
		if s.State == executor.StageDone {
			done++
		}
	}
	switch {
	case planned:
		parts = append(parts, line(Wordsf("%d of %s done", done, count(all, "run", "runs"))))
	case done > 0:
		parts = append(parts, line(count(done, "run", "runs"), " done"))
	}
	return line(join(", ", append(parts, usually(v.Usual))...), ".")
}
