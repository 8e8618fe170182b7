package commands

import (
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// serverWords says how a server stands. The first line fits behind its name.
func serverWords(st executor.Status) (Mark, []Text) {
	mark, head := state(st)
	lines := []Text{head}
	if st.Staging {
		lines = append(lines, line("It is a staging server: nothing is exported."))
	}
	if c := st.LastCycle; c != nil {
		lines = append(lines, lastCycle(*c))
	}
	if !st.EventsReadable {
		mark = worst([]Mark{mark, MarkWarning})
		lines = append(lines, line("Its event log is not readable, so results will be unknown. Add the bot's account to ", Code("Event Log Readers"), " there."))
	}
	if t, late := heartbeat(st); len(t) > 0 {
		lines = append(lines, t)
		if late {
			mark = worst([]Mark{mark, MarkWarning})
		}
	}
	if st.Version != "" {
		support := executor.SupportOf(st.Version, st.At)
		if s := support.State; s == executor.SupportEnded || s == executor.SupportTooOld {
			mark = worst([]Mark{mark, MarkWarning})
		}
		lines = append(lines, line("Entra Connect ", st.Version, ": ", supportWords(support), "."))
	}
	return mark, lines
}

// state is what matters most about a server, and what to do about it.
func state(st executor.Status) (Mark, Text) {
	next := automatic(st)
	switch {
	case strings.EqualFold(st.Service, "missing"):
		return MarkBad, line("there is no ADSync service. Check that the configuration names a server with Entra Connect Sync.")
	case st.Service != "" && !strings.EqualFold(st.Service, "running"):
		return MarkBad, line("the ADSync service is not running (", st.Service, "). Start “Microsoft Azure AD Sync” there.")
	case !st.Scheduled:
		return MarkUnknown, unscheduled(st)
	case st.InProgress && len(st.Running) > 0:
		return MarkRunning, line("a cycle is running (", strings.Join(st.Running, ", "), ").")
	case st.InProgress:
		return MarkRunning, line("a cycle is running.")
	case st.Suspended:
		return MarkWarning, line("idle, and the scheduler is suspended: an upgrade or the Entra Connect wizard holds it.")
	case !st.Enabled:
		return MarkWarning, line("idle, and the scheduler is switched off: no cycle starts by itself, and I start none.")
	case len(st.Running) > 0:
		return MarkRunning, line("busy outside a cycle (", strings.Join(st.Running, ", "), ").", next)
	}
	return MarkGood, line("idle and in order.", next)
}

// unscheduled says why the scheduler did not answer.
func unscheduled(st executor.Status) Text {
	for _, p := range st.Problems {
		if p.Code == executor.CodeOther || p.Code == executor.CodePipe {
			continue
		}
		if cause, next, ok := codeWords(p.Code, "", ""); ok {
			return line("its scheduler did not answer. ", cause, " ", next)
		}
	}
	return line("its scheduler did not answer. ", check(st.Server), " tells more.")
}

// automatic is when the server starts a cycle by itself.
func automatic(st executor.Status) Text {
	if st.NextStart.IsZero() {
		return nil
	}
	if !st.At.IsZero() && st.NextStart.Before(st.At) {
		return line(" The next automatic cycle is due.")
	}
	t := line(" The next automatic cycle starts at ", At(st.NextStart, TimeOfDay))
	if st.Interval > 0 {
		t = line(t, ", then every ", lasted(st.Interval))
	}
	return line(t, ".")
}

// heartbeatLate is when a heartbeat that comes every half hour is missed.
const heartbeatLate = 3 * time.Hour

// heartbeat says how password hash synchronization stands, which is no part of a cycle. Without any heartbeat it may just as
// well be switched off, which is no fault. A server in staging mode sends no hashes.
func heartbeat(st executor.Status) (t Text, late bool) {
	switch {
	case !st.HeartbeatRead || st.Staging:
		return nil, false
	case st.Heartbeat.IsZero():
		return line("Password hash sync: no heartbeat within a day, so it is switched off or does not work. A cycle carries no passwords."), false
	case st.At.Sub(st.Heartbeat) > heartbeatLate:
		return line("Password hash sync: no heartbeat since ", At(st.Heartbeat, RelativeDay), ". One comes every 30 minutes while it works: new passwords may not reach Entra ID."), true
	}
	return line("Password hash sync: heartbeat ", At(st.Heartbeat, RelativeDay), "."), false
}

func lastCycle(c executor.SeenCycle) Text {
	t := line("The last ", c.Policy.Word())
	switch {
	case c.End.IsZero():
		return line(t, " began ", At(c.Start, RelativeDay), ".")
	case c.Start.IsZero() || c.End.Before(c.Start):
		return line(t, " ended ", At(c.End, RelativeDay), ".")
	}
	return line(t, " ended ", At(c.End, RelativeDay), " after ", lasted(c.End.Sub(c.Start)), ".")
}

// ReportMessage is what a schedule posts about its servers. ref is the reference under which an error nobody has words
// for stands in the log.
func ReportMessage(r executor.Report, ref string) Answer {
	blocks := make([][]Text, len(r.Servers))
	marks := make([]Mark, len(r.Servers))
	for i, s := range r.Servers {
		if s.Err != nil {
			e := explain(s.Err, s.Server, ref)
			marks[i], blocks[i] = MarkBad, []Text{e.about(s.Server)}
			continue
		}
		marks[i], blocks[i] = serverWords(s.Status)
		blocks[i][0] = line(Code(s.Server), ": ", blocks[i][0])
	}
	a := statusAnswer(blocks, marks)
	if len(blocks) == 1 {
		a.Lines = append([]Text{a.Headline}, a.Lines...)
	}
	a.Headline = line("Schedule ", Code(r.Schedule), ", due ", At(r.Due, RelativeDay), ":")
	if len(r.Missed) > 0 {
		a.Lines = append(a.Lines, missed(r.Missed))
	}
	return a
}

// missed lists fires that did not happen.
func missed(fires []time.Time) Text {
	const most = 5
	t := line(count(len(fires), "report was", "reports were"), " missed while I was down: ")
	for i, f := range fires[:min(len(fires), most)] {
		if i > 0 {
			t = line(t, "; ")
		}
		t = line(t, At(f, DateAndTime))
	}
	if len(fires) > most {
		t = line(t, Wordsf(" and %d more", len(fires)-most))
	}
	return line(t, ".")
}
