package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adsyncbot/adsyncbot/executor"
)

// onlyNew is the word that leaves chronic errors out.
const onlyNew = "new"

// freshOnly takes the word new out of the words behind errors.
func freshOnly(words []word) (fresh bool, left []word) {
	left = slices.DeleteFunc(slices.Clone(words), func(w word) bool { return w.folded == onlyNew })
	return len(left) < len(words), left
}

// newFor is how far back an error is new where no cycle of the server is known.
const newFor = 24 * time.Hour

// errorsOf is what is known of one server's errors.
type errorsOf struct {
	server string
	report executor.ErrorReport
	err    error
	before executor.Before // what is older is chronic
	cycle  bool            // before is when the last cycle began
}

// errors tells which objects could not be synchronised. The answer names people, and only the asker sees it.
func (j *job) errors(ctx context.Context, a asked) Answer {
	names := j.named(a)
	all := make([]errorsOf, len(names))
	j.each(ctx, names, func(ctx context.Context, i int) {
		all[i] = j.lookErrors(ctx, names[i])
	})
	failures := 0
	for _, e := range all {
		if e.err != nil {
			failures++
		}
	}
	j.entry.Result = fmt.Sprintf("%d of %d servers answered", len(all)-failures, len(all))
	if len(all) == 1 {
		return j.oneServersErrors(ctx, all[0], a.fresh)
	}
	answer := Answer{Headline: line("Objects with errors on ", count(len(all), "server", "servers"), ":")}
	var marks []Mark
	for _, e := range all {
		if e.err != nil {
			marks = append(marks, MarkBad)
			answer.Lines = append(answer.Lines, j.failed(ctx, "errors", e.server, e.err).about(e.server))
			continue
		}
		mark, t := e.sum(a.fresh)
		marks = append(marks, mark)
		answer.Lines = append(answer.Lines, line(Code(e.server), ": ", t))
	}
	answer.Mark = worst(marks)
	answer.Footer = line("Which objects: ", Code(j.sight.typed(Errors, "<server>")))
	return answer
}

// each does something for several servers, some at a time, each within its limit.
func (j *job) each(ctx context.Context, names []string, do func(ctx context.Context, i int)) {
	var g errgroup.Group
	g.SetLimit(looks)
	for i, name := range names {
		g.Go(func() error {
			look, cancel := context.WithTimeoutCause(ctx, lookLimit, fmt.Errorf("look at %s: no answer within %s: %w", name, lookLimit, context.DeadlineExceeded))
			defer cancel()
			do(look, i)
			return nil
		})
	}
	_ = g.Wait() // what a server does not answer is part of the answer
}

func (j *job) lookErrors(ctx context.Context, server string) errorsOf {
	e := errorsOf{server: server}
	known, err := j.records.Capability(ctx, server)
	if err != nil {
		j.log.WarnContext(ctx, "capability not read", "server", server, "error", err) // then it is found out
	}
	e.report, e.err = j.looker.Errors(ctx, server, executor.ErrorsOrder{History: known.Order(j.now())})
	if e.err != nil {
		if ctx.Err() != nil {
			e.err = context.Cause(ctx)
		}
		return e
	}
	e.before = executor.Before{Server: e.report.At.Add(-newFor), Ours: j.now().Add(-newFor)}
	past, err := j.records.History(ctx, server, lastCycles)
	if err != nil {
		j.log.WarnContext(ctx, "last cycle not read", "server", server, "error", err)
	}
	if i := slices.IndexFunc(past, func(c executor.Cycle) bool { return !c.ReadsFrom.IsZero() && c.ReadsFrom.Before(e.report.At) }); i >= 0 {
		e.before, e.cycle = executor.Before{Server: past[i].ReadsFrom, Ours: cmp.Or(past[i].Intent, past[i].ReadsFrom)}, true
	}
	return e
}

// split sorts the listed objects, those of one type together, the new ones first.
func (e errorsOf) split() (fresh, chronic []executor.ObjectError) {
	objects := slices.Clone(e.report.Objects)
	slices.SortStableFunc(objects, func(a, b executor.ObjectError) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Connector, b.Connector), cmp.Compare(a.Kind, b.Kind), b.First.Compare(a.First))
	})
	for _, o := range objects {
		if o.Chronic(e.before, time.Time{}) {
			chronic = append(chronic, o)
		} else {
			fresh = append(fresh, o)
		}
	}
	return fresh, chronic
}

// since says what is called new.
func (e errorsOf) since() Text {
	if e.cycle {
		return line("since the last cycle I know of began, ", At(e.before.Server, RelativeDay))
	}
	return line("in the last 24 hours")
}

// sum is "3 objects, 2 of them new since …".
func (e errorsOf) sum(onlyFresh bool) (Mark, Text) {
	total := e.report.Total()
	fresh, _ := e.split()
	switch {
	case e.report.Source == executor.FromNothing:
		return MarkUnknown, line("its errors could not be read.")
	case e.report.Source == executor.FromEventLog && total == 0:
		return MarkInfo, line("no error with an object in the events of the newest cycle of the last day. Which objects still have older errors could not be read.")
	case e.report.Source == executor.FromEventLog:
		return MarkBad, line(count(total, "error", "errors"), " with objects in the events of the newest cycle; which objects, and since when, could not be read.")
	case total == 0 && !e.report.Complete:
		return MarkUnknown, line("no object with an error in what could be read, which is not all.")
	case total == 0:
		return MarkGood, line("no object has an error.")
	case onlyFresh && len(fresh) == 0:
		return MarkGood, line("no new error ", e.since(), "; ", count(total, "older one", "older ones"), ".")
	}
	return MarkBad, line(count(total, "object has", "objects have"), " an error, ", Wordsf("%d of them new ", len(fresh)), e.since(), ".")
}

// oneServersErrors lists the objects of one server by type of error.
func (j *job) oneServersErrors(ctx context.Context, e errorsOf, onlyFresh bool) Answer {
	if e.err != nil {
		return Answer{Mark: MarkBad, Headline: j.failed(ctx, "errors", e.server, e.err).about(e.server)}
	}
	mark, head := e.sum(onlyFresh)
	answer := Answer{Mark: mark, Headline: line(Code(e.server), ": ", head)}
	fresh, chronic := e.split()
	answer.Lines = append(answer.Lines, listed("New", fresh)...)
	if !onlyFresh {
		answer.Lines = append(answer.Lines, listed("Chronic", chronic)...)
		if more := e.report.Total() - len(fresh) - len(chronic); more > 0 && len(e.report.Objects) > 0 {
			answer.Lines = append(answer.Lines, line(Wordsf("and %d more, all of them older than these: Synchronization Service Manager on ", more), Code(e.server), " shows them."))
		}
	}
	if len(e.report.Objects) == 0 {
		for _, c := range e.report.Counts {
			answer.Lines = append(answer.Lines, counted(c))
		}
	}
	answer.Lines = append(answer.Lines, e.unread()...)
	if e.report.Source == executor.FromNothing {
		return answer
	}
	source, _ := sourceWords(e.report.Source)
	answer.Footer = line("Read from ", source, " at ", At(e.report.At, TimeOfDay))
	if !onlyFresh && len(fresh) > 0 && len(chronic) > 0 {
		answer.Footer = line(answer.Footer, " · only the new ones: ", Code(j.sight.typed(Errors, e.server)+" "+onlyNew))
	}
	return answer
}

// listed is a line for each type of error that says what it means and what to do, and below it one for each object.
func listed(word string, objects []executor.ObjectError) []Text {
	var lines []Text
	for i, o := range objects {
		if i == 0 || o.Type != objects[i-1].Type || o.Connector != objects[i-1].Connector || o.Kind != objects[i-1].Kind {
			lines = append(lines, line(Bold(word+": "+errorName(o.Type)), " on ", Code(o.Connector), " (", o.Kind, "). ", errorWords(o.Type, o.Detail)))
		}
		lines = append(lines, object(o))
	}
	return lines
}

// object is "• ann@contoso.com (CN=…), since 12 Nov, 09:41, tried again 77 times".
func object(o executor.ObjectError) Text {
	t := line("• ", Code(o.DN))
	if o.Name != "" {
		t = line("• ", Code(o.Name), " (", Code(o.DN), ")")
	}
	if o.First.IsZero() {
		t = line(t, ", since when is not known")
	} else {
		t = line(t, ", since ", At(o.First, RelativeDay))
	}
	if o.Retries > 0 {
		t = line(t, ", tried again ", count(o.Retries, "time", "times"))
	}
	if o.Detail != "" {
		t = line(t, ": ", Words(clip(o.Detail, 240)))
	}
	return t
}

func counted(c executor.ErrorCount) Text {
	t := line("• ", Bold(errorName(c.Type)))
	if c.Connector != "" {
		t = line(t, " on ", Code(c.Connector))
	}
	return line(t, " (", c.Kind, "), ", count(c.Count, "error", "errors"), ". ", errorWords(c.Type, ""))
}

// unread says what could not be read, and what would help.
func (e errorsOf) unread() []Text {
	var lines []Text
	denied := false
	for _, u := range e.report.Unread {
		denied = denied || strings.Contains(strings.ToLower(u.Why), "denied") || strings.Contains(strings.ToLower(u.Why), "role")
		lines = append(lines, line("Not read: ", u.Kind, " errors of ", Code(u.Connector), " (", Words(hideNames(clip(u.Why, 160))), ")."))
	}
	if (e.report.Source == executor.FromNothing || e.report.Source == executor.FromEventLog) && len(lines) == 0 {
		for _, p := range e.report.Problems {
			cause, next, _ := codeWords(p.Code, e.server, "")
			lines = append(lines, line(Code(p.Doing), " failed. ", cause, " ", next))
		}
	}
	if denied {
		lines = append(lines, line("The bot's account needs ", Code("ADSyncBrowse"), " or ", Code("ADSyncOperators"), " on ", Code(e.server), " for that; a new membership counts from its next logon."))
	}
	return lines
}
