package commands

import (
	"slices"
	"strings"

	"github.com/adsyncbot/adsyncbot/executor"
)

// mostFindings is how many findings and runs one message lists.
const mostFindings = 10

// ended is the final form of a cycle's message.
func (v CycleView) ended() Answer {
	c, r := v.Cycle, v.Cycle.Result
	words, mark, _ := verdictWords(r.Verdict)
	a := Answer{Mark: mark, Footer: v.footer()}
	switch r.Verdict {
	case executor.NotStarted:
		return v.notStarted(a)
	case executor.Succeeded:
		a = v.succeeded(a, words)
	default:
		a = v.troubled(a, words)
	}
	a.Lines = append(a.Lines, v.stopped()...)
	if c.Origin == executor.Adopted {
		a.Lines = append(a.Lines, line("It was already running, started by the server or by somebody else."))
	}
	if c.Baseline.Staging {
		a.Lines = append(a.Lines, line(Code(c.Server), " is a staging server: nothing is exported, so nothing has changed in Entra ID."))
	}
	a.Lines = append(a.Lines, v.bridge()...)
	a.Lines = append(a.Lines, v.preflight()...)
	a.Lines = append(a.Lines, v.joined()...)
	return a
}

// succeeded is a calm line, and what is out of the ordinary all the same.
func (v CycleView) succeeded(a Answer, words string) Answer {
	a.Headline = line(v.headline(words), ": ", v.changed(), ".")
	if v.idle() {
		source, _ := sourceWords(v.Cycle.Result.Source)
		a.Headline = line(Bold("Nothing changed"), ": ", v.headline(words), "; no errors in "+source+".")
		a.Lines = append(a.Lines, v.replication())
	}
	if t, unusual := v.deleted(); unusual {
		a.Mark = MarkWarning
		a.Lines = append(a.Lines, t)
	}
	a.Lines = append(a.Lines, v.objectErrors()...)
	a.Lines = append(a.Lines, v.unexported()...)
	return a
}

// troubled says what went wrong, how much went well, and what to do. All runs are in the details.
func (v CycleView) troubled(a Answer, words string) Answer {
	detail := v.serversWords()
	if table := v.table(); table != "" && len(v.Cycle.Runs) > 1 {
		detail = strings.TrimSpace(table + "\n" + detail)
	}
	a.Detail = Preformatted(detail)
	if on, waiting, ok := v.heldBack(); ok {
		a = v.alert(a, on, waiting)
		if t := v.partial(); len(t) > 0 {
			a.Lines = append(a.Lines, t)
		}
		return a
	}
	a.Headline = line(v.headline(words), ".")
	if t, unusual := v.deleted(); unusual {
		a.Lines = append(a.Lines, t)
	}
	found, rest := v.findings()
	a.Lines, a.More = append(a.Lines, found...), rest
	a.Lines = append(a.Lines, v.objectErrors()...)
	if t := v.partial(); len(t) > 0 {
		a.Lines = append(a.Lines, t)
	}
	if t := v.totals(); len(t) > 0 {
		a.Lines = append(a.Lines, t)
	}
	a.Lines = append(a.Lines, v.unexported()...)
	a.Lines = append(a.Lines, v.next()...)
	return a
}

// totals is "In all: imported 2 new, 10 changed, 0 deleted; exported nothing", where the source shows all of it.
func (v CycleView) totals() Text {
	_, in := v.sum("Import")
	_, out := v.sum("Export")
	if !in && !out {
		return nil
	}
	return line("In all: ", join("; ", v.moved("Import", "imported"), v.moved("Export", "exported")), ".")
}

// headline is "Delta on aadc01 succeeded in 1 min 40 s (usually 1 min 30 s), asked by @ann at 09:41".
func (v CycleView) headline(words string) Text {
	h := line(v.subject(), " ", words)
	ran := v.Cycle.Result.Verdict != executor.NotStarted && v.Cycle.Result.Code != executor.CodeStoppedFollow
	if d, ok := v.took(); ok && ran {
		h = append(h, Words(after(v.Cycle.Result.Verdict)+lasted(d)))
		if u := usually(v.Usual); len(u) > 0 {
			h = line(h, " (", u, ")")
		}
	}
	return join(", ", h, v.asked())
}

func after(v executor.Verdict) string {
	if v == executor.Succeeded {
		return " in "
	}
	return " after "
}

// changed says what a good cycle changed, where the source shows it, and what is known where it does not.
func (v CycleView) changed() Text {
	source, _ := sourceWords(v.Cycle.Result.Source)
	if v.Cycle.Result.Source == executor.FromEventLog {
		return line("no errors in ", source, "; counts not readable over WinRM")
	}
	return join("; ", v.moved("Import", "imported"), v.moved("Export", "exported"), line("no errors in "+source))
}

// moved is "exported 1 new, 4 changed, 0 deleted".
func (v CycleView) moved(kind, did string) Text {
	total, shown := v.sum(kind)
	switch {
	case !shown && kind == "Export" && v.Cycle.Baseline.Staging:
		return nil // said below: a staging server exports nothing
	case !shown:
		return line(did, " counts not shown")
	}
	return line(did, " ", changes(total))
}

// sum adds up the counters of all runs of a kind. It is false unless every one of them shows its counters: part of the
// truth would read like all of it.
func (v CycleView) sum(kind string) (total executor.Counters, shown bool) {
	for _, r := range v.Cycle.Runs {
		if !hasWord(r.Profile, kind) {
			continue
		}
		c := r.Counters
		if c == nil || c.Adds < 0 || c.Updates < 0 || c.Deletes < 0 {
			return executor.Counters{}, false
		}
		total.Adds += c.Adds
		total.Updates += c.Updates
		total.Deletes += c.Deletes
		shown = true
	}
	return total, shown
}

func changes(c executor.Counters) Text {
	if c.Adds+c.Updates+c.Deletes == 0 {
		return line("nothing")
	}
	return line(Wordsf("%d new, %d changed, %d deleted", c.Adds, c.Updates, c.Deletes))
}

// findings lists what the source says against success, then what it lists without counting. Runs are listed where
// nothing else explains the verdict.
func (v CycleView) findings() (all, rest []Text) {
	var counted, noted []Text
	for _, f := range v.Cycle.Result.Findings {
		if f.Verdict == "" {
			noted = append(noted, line("Also logged, not counted: ", finding(f)))
			continue
		}
		counted = append(counted, line("• ", finding(f)))
	}
	if len(counted) == 0 {
		for _, r := range v.Cycle.Runs {
			if r.Verdict != "" && r.Verdict != executor.Succeeded {
				counted = append(counted, line("• ", r.Profile, " on ", Code(r.Connector), ": ", resultWords(r)))
			}
		}
	}
	all = slices.Concat(counted, noted)
	if more := len(all) - mostFindings; more > 0 && v.Channel != "" {
		rest = all[mostFindings:]
		all = append(all[:mostFindings:mostFindings], line(Wordsf("and %d more: they stand in the thread.", more)))
	}
	return all, rest
}

func resultWords(r executor.Run) Span {
	if r.Result != "" {
		return Code(r.Result)
	}
	words, _, _ := verdictWords(r.Verdict)
	return Words(words)
}

// finding is "Export errors on contoso.com, 3 times (event 6100)".
func finding(f executor.Finding) Text {
	t := line(Words(hideNames(f.What)))
	if f.Connector != "" {
		t = line(t, " on ", Code(f.Connector))
	}
	if f.Count > 1 {
		t = line(t, Wordsf(", %d times", f.Count))
	}
	if f.EventID != 0 {
		t = line(t, Wordsf(" (event %d)", f.EventID))
	}
	return t
}
