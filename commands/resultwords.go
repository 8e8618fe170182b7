package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// What a result says beside its verdict: how much was changed, which errors are new, and what is out of the ordinary.

// Range is what is usual of something: never less than Least, never more than Most.
type Range struct{ Least, Most int }

// idle reports whether the source shows that no run imported or exported anything.
func (v CycleView) idle() bool {
	imported, shownIn := v.sum("Import")
	exported, shownOut := v.sum("Export")
	none := func(c executor.Counters) bool { return c.Adds+c.Updates+c.Deletes == 0 }
	return shownIn && none(imported) && (shownOut && none(exported) || v.Cycle.Baseline.Staging && !v.exports())
}

func (v CycleView) exports() bool {
	for _, r := range v.Cycle.Runs {
		if hasWord(r.Profile, "Export") {
			return true
		}
	}
	return false
}

// replication is what to think of when nothing was changed and somebody waits for a change.
func (v CycleView) replication() Text {
	return line("A change made on another domain controller may not have replicated yet to the one that ", Code(v.Cycle.Server), " reads: give it time, then ask again.")
}

// objectErrors is "2 objects with errors: 1 new (AttributeValueMustBeUnique), 1 chronic since 12 Nov." It names nobody.
func (v CycleView) objectErrors() []Text {
	s := v.Cycle.Result.Errors
	if s == nil {
		return nil
	}
	var lines []Text
	if n := s.Count(); n > 0 {
		t := line(Bold(count(n, "object with an error", "objects with errors")), ": ")
		lines = append(lines, line(t, join(", ", v.newErrors(*s), v.chronicErrors(*s), v.otherErrors(*s)), ". Which, and what to do: ",
			Code("/adsync "+string(Errors)+" "+v.Cycle.Server)))
	}
	lines = append(lines, v.named()...)
	if s.Unread > 0 {
		lines = append(lines, line("Not all lists of errors could be read, so there may be more."))
	}
	return lines
}

// named lists the newest objects by name, where the grant by which somebody asked here lets the channel read them.
func (v CycleView) named() []Text {
	may := func(r executor.Request) bool { return r.Objects && v.here(r) }
	if !slices.ContainsFunc(v.Requests, may) {
		return nil
	}
	var lines []Text
	for _, o := range v.Cycle.Result.Objects {
		lines = append(lines, line(object(o), " (", errorName(o.Type), ")"))
	}
	return lines
}

func (v CycleView) newErrors(s executor.ErrorSummary) Text {
	if s.New() == 0 {
		return line("none new")
	}
	return line(Wordsf("%d new (", s.New()), kinds(s, func(t executor.TypeSummary) bool { return t.New > 0 }), ")")
}

func (v CycleView) chronicErrors(s executor.ErrorSummary) Text {
	if s.Chronic() == 0 {
		return nil
	}
	t := line(Wordsf("%d chronic", s.Chronic()))
	var oldest time.Time
	for _, kind := range s.Types {
		if kind.Chronic > 0 && !kind.Since.IsZero() && (oldest.IsZero() || kind.Since.Before(oldest)) {
			oldest = kind.Since
		}
	}
	if !oldest.IsZero() {
		t = line(t, " since ", At(oldest, DateAndTime))
	}
	return t
}

// otherErrors are counted, but too many to be listed; what is listed is the newest.
func (v CycleView) otherErrors(s executor.ErrorSummary) Text {
	if more := s.Count() - s.New() - s.Chronic(); more > 0 {
		return line(Wordsf("%d more that are older", more))
	}
	return nil
}

// kinds lists types of errors, each once.
func kinds(s executor.ErrorSummary, of func(executor.TypeSummary) bool) Text {
	var names []Text
	seen := map[string]bool{}
	for _, t := range s.Types {
		if of(t) && !seen[t.Type] {
			seen[t.Type] = true
			names = append(names, line(errorName(t.Type)))
		}
	}
	const most = 3
	if more := len(names) - most; more > 0 {
		names = append(names[:most:most], line(Wordsf("%d more kinds", more)))
	}
	return join(", ", names...)
}

// deleted compares what was deleted on the other side with what is usual on this server, where both are shown.
func (v CycleView) deleted() (t Text, unusual bool) {
	total, shown := v.sum("Export")
	if !shown || v.UsualDeletes == nil || total.Deletes <= v.UsualDeletes.Most {
		return nil, false
	}
	usual := fmt.Sprintf("%d to %d", v.UsualDeletes.Least, v.UsualDeletes.Most)
	if v.UsualDeletes.Least == v.UsualDeletes.Most {
		usual = fmt.Sprint(v.UsualDeletes.Most)
	}
	return line(Bold(count(total.Deletes, "object deleted", "objects deleted")), "; usual on ", Code(v.Cycle.Server), Wordsf(" is %s.", usual)), true
}

// unexported says what still waits to be exported after the cycle, by the statistics of the connectors. What came in since,
// what has an error and what was held back look alike there, so no more is claimed.
func (v CycleView) unexported() []Text {
	var lines []Text
	if v.Cycle.Baseline.Staging {
		return nil
	}
	for _, p := range v.Cycle.Result.Pending {
		if p.ExportAdds+p.ExportUpdates+p.ExportDeletes > 0 {
			lines = append(lines, line("When it was over, ", changes(executor.Counters{Adds: p.ExportAdds, Updates: p.ExportUpdates, Deletes: p.ExportDeletes}),
				" still waited to be exported to ", Code(p.Connector), "."))
		}
	}
	return lines
}

// partial says how much of a cycle that went wrong went well.
func (v CycleView) partial() Text {
	good := 0
	for _, r := range v.Cycle.Runs {
		if r.Verdict == executor.Succeeded {
			good++
		}
	}
	if good == 0 || good == len(v.Cycle.Runs) {
		return nil
	}
	return line(Wordsf("%d of %d runs went well.", good, len(v.Cycle.Runs)))
}

// table is every run on a line of its own. A dash is what the source does not show; it is not 0.
func (v CycleView) table() string {
	var b strings.Builder
	for _, r := range v.Cycle.Runs {
		result := r.Result
		if result == "" {
			result, _, _ = verdictWords(r.Verdict)
		}
		took := "–"
		if !r.Start.IsZero() && !r.End.IsZero() {
			took = lasted(r.End.Sub(r.Start))
		}
		c := executor.Counters{Adds: -1, Updates: -1, Deletes: -1, Errors: -1}
		if r.Counters != nil {
			c = *r.Counters
		}
		fmt.Fprintf(&b, "%s on %s: %s, %s, new %s, changed %s, deleted %s, errors %s\n",
			r.Profile, r.Connector, result, took, dash(c.Adds), dash(c.Updates), dash(c.Deletes), dash(c.Errors))
	}
	return b.String()
}

func dash(n int) string {
	if n < 0 {
		return "–"
	}
	return fmt.Sprint(n)
}
