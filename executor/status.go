package executor

import (
	"context"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// Status is what a server is doing. Its times are the server's own.
type Status struct {
	Server                                  string
	At                                      time.Time
	Service                                 string // "Running", "Stopped", …, "Missing"; empty when it could not be read
	Version                                 string // of Entra Connect; empty when it could not be read
	Scheduled                               bool   // whether the scheduler answered; the next six fields mean nothing otherwise
	Enabled, Suspended, InProgress, Staging bool
	NextStart                               time.Time
	Interval                                time.Duration
	Running                                 []string   // connectors at work
	LastCycle                               *SeenCycle // the newest one of the last 24 hours; nil when there was none or the log is not readable
	EventsReadable                          bool
	Heartbeat                               time.Time // of password hash synchronization, within the last 24 hours; zero when there was none
	HeartbeatRead                           bool      // whether that could be read
	Problems                                []Problem
}

// SeenCycle is a cycle as the event log tells of it.
type SeenCycle struct {
	Policy Policy // empty when the log does not tell
	Start  time.Time
	End    time.Time // zero while it runs, or when its end is not in the log
}

type statusParameters struct {
	SinceUTC string `json:"since_utc"`
}

// Status looks at a server. What could not be read is in the Status' problems; an error means that the server could not
// be reached or understood.
func (e *Executor) Status(ctx context.Context, server string) (Status, error) {
	s := Status{Server: server}
	var read []eventLine
	err := e.play(ctx, server, scripts.Status, statusParameters{}, func(line any) {
		if event, ok := line.(eventLine); ok {
			read = append(read, event)
		}
		s.take(line)
	})
	if err != nil {
		return Status{}, err
	}
	s.LastCycle = lastCycle(read)
	return s, nil
}

// take reads one line.
func (s *Status) take(line any) {
	switch line := line.(type) {
	case clockLine:
		s.At = line.UTC.Time
	case serviceLine:
		s.Service = line.Status
	case moduleLine:
		s.Version = line.Version
	case schedulerLine:
		s.Scheduled = true
		s.Enabled, s.Suspended, s.InProgress, s.Staging = line.Enabled, line.Suspended, line.InProgress, line.Staging
		s.NextStart, s.Interval = line.NextStart.Time, time.Duration(line.EffectiveInterval)
	case runningLine:
		s.Running = line.Connectors
	case eventsLine:
		s.EventsReadable = true
	case heartbeatLine:
		s.Heartbeat, s.HeartbeatRead = line.At.Time, true
	case problemLine:
		s.Problems = append(s.Problems, line.problem())
	}
}

// lastCycle finds the newest cycle. Its beginning is written twice, first without its policy; the first counts.
func lastCycle(events []eventLine) *SeenCycle {
	var last *SeenCycle
	for _, e := range events {
		m, ok := mark(e)
		switch {
		case !ok:
		case m.begin && (last == nil || !last.End.IsZero() || last.Policy != "" || m.policy == ""):
			last = &SeenCycle{Policy: m.policy, Start: e.At.Time}
		case m.begin:
			last.Policy = m.policy
		case last != nil && last.End.IsZero():
			last.End = e.At.Time
		}
	}
	return last
}

// laterCycles finds the cycles that began after a time and ended: after an outage of ours the server has gone on by itself.
func laterCycles(events []eventLine, after time.Time) []SeenCycle {
	if after.IsZero() {
		return nil
	}
	var found []SeenCycle
	var rest []eventLine
	for _, e := range events {
		m, ok := mark(e)
		if !ok || !e.At.After(after) {
			continue
		}
		rest = append(rest, e)
		if m.begin {
			continue
		}
		if c := lastCycle(rest); c != nil && !c.End.IsZero() {
			found = append(found, *c)
		}
		rest = nil
	}
	return found
}
