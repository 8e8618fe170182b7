package executor

import (
	"slices"
	"time"
)

// Look is what one slice brought, together with what was known before. It is valid at every call of note and at the
// end. Every time in it is the server's: clocks of two machines are never compared.
type Look struct {
	Baseline Baseline
	Accepted bool   // the server took our start
	Adopted  bool   // a cycle that we did not start, or not in this slice, serves us
	Policy   Policy // the cycle's; empty when an adopted one has not told yet
	// ReadsFrom is the time since when the cycle reads AD. It is never later than the truth; zero when not known.
	ReadsFrom time.Time
	Follow    FollowState // LastLook and LastProblem are the caller's to set
	Runs      []Run
	Staging   bool
	Version   string    // the server's version of Entra Connect; empty when it could not be read
	Preflight Preflight // what was found before the start
	Done      bool
	EndedAt   time.Time
	Result    Result        // meaningful when Done
	Before    []SeenCycle   // that were over before this one began, within a day; only from a slice that starts
	Later     []SeenCycle   // that began after this one was over, and are over themselves; only when Done
	Objects   *ObjectErrors // with errors, from the run history; nil when the cycle is not over or it could not be read
	Reading   *Reading      // of the run history; nil when this slice did not ask for it
	Bridging  bool          // the bridge is asked in this slice, which takes its time
}

// observer builds a Look from the lines of one slice.
type observer struct {
	look Look
	note func(Look)

	road      Road      // that the script was told
	following bool      // the cycle was taken by an earlier slice
	seen      bool      // and seen in progress by an earlier slice
	clock     time.Time // the server's, when the slice began
	scheduler *schedulerLine
	refused   *refusedLine
	done      *doneLine
	read      []eventLine
	past      []eventLine // of cycles before this one
	heard     time.Time   // the server's time when it last said something that has a time
	evidence  evidence
}

func newObserver(look Look, note func(Look)) *observer {
	look.Runs = cloneRuns(look.Runs)
	look.Follow.Slices++
	if note == nil {
		note = func(Look) {}
	}
	return &observer{look: look, note: note, seen: look.Follow.Seen}
}

// tell hands on a copy, which later lines do not change.
func (o *observer) tell() {
	look := o.look
	look.Runs = cloneRuns(look.Runs)
	o.note(look)
}

// take reads one line.
func (o *observer) take(line any) {
	l := &o.look
	switch line := line.(type) {
	case clockLine:
		o.clock = line.UTC.Time
		o.heard = o.clock
		if len(l.Runs) == 0 { // what is told of runs is as of when the log was read
			l.Follow.At = o.clock
		}
		if l.Baseline.ServerTime.IsZero() {
			l.Baseline.ServerTime = o.clock
			o.tell()
		}
	case beatLine:
		if line.Doing == bridgeStart && !l.Bridging {
			l.Bridging = true
			o.tell()
		}
	case moduleLine:
		l.Version = line.Version
		if !o.following {
			l.Preflight.Version = line.Version
		}
	case schedulerLine:
		o.schedule(line)
		o.tell()
	case runningLine:
		o.heard = line.At.Time
		if len(l.Runs) == 0 {
			o.told(line.At.Time)
		}
		l.Follow.Connector = ""
		if len(line.Connectors) > 0 {
			l.Follow.Connector = line.Connectors[0]
		}
		o.tell()
	case acceptedLine:
		o.told(line.At.Time)
		o.accept(line.At.Time)
		o.tell()
	case adoptedLine:
		o.adopt(line)
		o.tell()
	case refusedLine:
		o.refused = &line
	case eventLine:
		o.read = append(o.read, line)
	case eventsLine:
		if !line.At.IsZero() {
			l.Follow.At = line.At.Time
		}
		o.evidence.events = &line
	case doneLine:
		o.done = &line
	case connectorsLine:
		o.evidence.connectors = line.List
		if names := route(line.List); names != nil {
			l.Follow.Connectors = names
		}
	case statisticsLine:
		o.evidence.pending = append(o.evidence.pending, Pending(line))
	case pastLine:
		o.past = append(o.past, eventLine{Source: sourceDirectory, ID: tracedFirst, At: line.At, Message: line.Message})
	case deletesLine:
		l.Preflight.Deletes = line.deletes()
		o.tell()
	case historyLine:
		o.evidence.history = &line
		l.Reading = line.reading(o.road, o.evidence.problems)
	case runLine:
		o.evidence.rows = append(o.evidence.rows, line)
	case objectLine, objectsLine:
		if l.Objects == nil {
			l.Objects = &ObjectErrors{}
		}
		l.Objects.take(line)
	case problemLine:
		o.evidence.problems = append(o.evidence.problems, line.problem())
		if !o.following && !l.Accepted && !l.Adopted {
			l.Preflight.Deletes.fail(line)
		}
	}
}

// told notes the server's time as of something that it told.
func (o *observer) told(at time.Time) {
	if at.After(o.look.Follow.At) {
		o.look.Follow.At = at
	}
}

// schedule reads what the scheduler said. In a slice that starts, its first answer comes before the act.
func (o *observer) schedule(line schedulerLine) {
	l := &o.look
	o.scheduler = &line
	l.Staging = line.Staging
	l.Follow.Polled = o.clock
	taken := o.following || l.Accepted || l.Adopted
	if !taken && l.Baseline.NextStart.IsZero() {
		l.Baseline.NextStart, l.Baseline.Staging = roundUp(line.NextStart.Time), line.Staging
	}
	if !taken {
		l.Preflight.noteLast(line, o.clock)
	}
	if taken && line.InProgress && !o.another(line) {
		l.Follow.Seen, l.Follow.Cycle = true, line.NextStart.Time
	}
}

// another reports whether the cycle that is in progress is a later one than ours.
func (o *observer) another(line schedulerLine) bool {
	f := o.look.Follow
	return f.Seen && !f.Cycle.IsZero() && line.NextStart.Sub(f.Cycle) >= time.Second
}

// accept is called when the server took our start. An earlier try has started nothing, or the script had found it, so
// that the state just before this start is the one to compare with from here on.
func (o *observer) accept(at time.Time) {
	l := &o.look
	l.Accepted = true
	l.ReadsFrom = at
	l.Baseline = o.fresh()
}

// fresh is the baseline of this slice alone.
func (o *observer) fresh() Baseline {
	b := Baseline{ServerTime: o.clock}
	if o.scheduler != nil {
		b.NextStart, b.Staging = roundUp(o.scheduler.NextStart.Time), o.scheduler.Staging
	}
	return b
}

// roundUp returns t in whole milliseconds, as stores keep it. A next start that was cut there would look moved when it is
// compared with the server's own, which is finer, and a cycle that has not begun would look done.
func roundUp(t time.Time) time.Time {
	if cut := t.Truncate(time.Millisecond); cut.Before(t) {
		return cut.Add(time.Millisecond)
	}
	return t
}

// adopt is called when a cycle serves us that runs, or ran since our intent. When the event log does not tell when it
// began, the scheduler may: while a cycle is in progress, the next start is its own. Does nobody tell, then since when
// it reads is not known, and nothing is claimed.
func (o *observer) adopt(line adoptedLine) {
	l := &o.look
	l.Adopted = true
	if s := o.scheduler; s != nil && s.InProgress {
		l.Follow.Cycle = s.NextStart.Time
	}
	l.Policy = line.Policy
	l.Follow.Seen = true
	l.ReadsFrom = line.SinceAt.Time
	if s := o.scheduler; l.ReadsFrom.IsZero() && s != nil && s.InProgress && !s.NextStart.After(o.clock) {
		l.ReadsFrom = s.NextStart.Time
	}
}

// since is the server's time from which on events belong to the cycle.
func (o *observer) since() time.Time {
	return sinceOf(o.look.Baseline, o.look.ReadsFrom)
}

func sinceOf(b Baseline, readsFrom time.Time) time.Time {
	if readsFrom.IsZero() {
		return b.ServerTime
	}
	return readsFrom
}

// finish is called once, after a slice whose output was complete.
func (o *observer) finish() {
	l := &o.look
	l.Before = laterCycles(o.past, time.Unix(0, 0))
	if o.evidence.events == nil { // the log cannot be read any more: how long the cycle has been running goes on all the same
		o.told(o.heard)
	}
	o.evidence.since, o.evidence.staging = o.since(), l.Staging
	if o.done != nil && o.done.Why == anotherRuns {
		o.evidence.until = o.done.At.Time
		o.read = slices.DeleteFunc(o.read, func(e eventLine) bool { return !e.At.Before(o.done.At.Time) })
	}
	o.evidence.journal = journal{runs: l.Runs}
	if o.evidence.events != nil {
		o.evidence.journal = readEvents(l.Runs, o.read)
		for _, e := range o.read {
			l.Follow.Record = max(l.Follow.Record, e.Record)
		}
		o.progress(o.evidence.journal)
	}
	if o.done == nil {
		return
	}
	l.Done = true
	l.EndedAt = o.done.At.Time
	if ended := o.evidence.journal.ended; !ended.IsZero() && ended.Before(l.EndedAt) {
		l.EndedAt = ended
	}
	l.Result, l.Runs = o.evidence.judge()
	l.Later = laterCycles(o.read, o.evidence.journal.ended)
	l.Follow.Connector, l.Follow.Profile = "", ""
}

// anotherRuns is why a cycle is over when the next one runs already: one that was stopped leaves a minute for that.
const anotherRuns = "another"

// progress takes what the event log says about a cycle under way. Its own time of beginning is later than that of our
// request and still the truth, unless an earlier slice has seen the cycle: then another may have begun meanwhile.
func (o *observer) progress(j journal) {
	l := &o.look
	l.Runs = j.runs
	if !j.began.IsZero() {
		l.Follow.Seen = true
		if l.ReadsFrom.IsZero() || !o.seen && j.began.After(l.ReadsFrom) {
			l.ReadsFrom = j.began
		}
	}
	if j.policy != "" {
		l.Policy = j.policy
	}
	l.Follow.Profile = ""
	for _, r := range j.runs {
		if r.End.IsZero() {
			l.Follow.Profile = r.Profile
		}
	}
}
