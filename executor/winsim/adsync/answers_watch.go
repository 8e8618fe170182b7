package adsync

import (
	"context"
	"strings"
	"time"
)

const (
	lookEach = 2 * time.Second  // between looks at the busy connector, which costs nothing
	pollEach = 10 * time.Second // between looks at the scheduler, which asks Entra ID
)

// watch is what following a cycle needs to know.
type watch struct {
	since       time.Time
	oldNext     time.Time // the next start before our cycle
	seen        bool      // it was seen in progress
	cycle       time.Time // the next start while it was: its beginning
	polled      time.Time // when the scheduler was asked last
	until       time.Duration
	afterRecord int64
	history     string // by which road the run history is read
}

// watch looks at a cycle until it is over, or for as long as it shall, then tells what happened.
func (s *session) watch(ctx context.Context, w watch) {
	begin := s.m.Now()
	done := ""
	for {
		if _, err := s.running(ctx); err != nil {
			s.problem("Get-ADSyncConnectorRunStatus", err)
		}
		if s.m.Now().Sub(w.polled) >= pollEach {
			sched, err := s.scheduler(ctx)
			w.polled = s.m.Now()
			if err != nil {
				s.problem("Get-ADSyncScheduler", err)
			} else {
				done = w.over(sched)
			}
		}
		if s.err != nil {
			return
		}
		if done != "" || s.m.Now().Sub(begin)+lookEach > w.until {
			break
		}
		if err := s.m.Sleep(ctx, lookEach); err != nil {
			s.err = err
			return
		}
	}
	both := EventFilter{Sources: []string{SourceDirectory, SourceADSync}, Since: w.since}
	if done == "" {
		s.events(ctx, both, func(e Event) bool { return e.Record > w.afterRecord && worthTelling(e) })
		return
	}
	at := s.m.Now()
	if done == "another" {
		at = w.cycle
	}
	s.emit("done", "why", done, "at", stamp(at))
	if len(s.listed) == 0 {
		s.connectors(ctx)
	}
	for _, name := range s.listed {
		s.statistics(ctx, name)
	}
	s.history(ctx, &w.since, 100, w.history)
	s.events(ctx, both, worthTelling)
}

// over says why the cycle is over when the scheduler says so: not in progress alone may mean not yet.
func (w *watch) over(sched Scheduler) string {
	switch {
	case sched.InProgress && w.seen && !w.cycle.IsZero() && sched.NextStart.Sub(w.cycle) >= time.Second:
		w.cycle = sched.NextStart
		return "another"
	case sched.InProgress:
		w.seen, w.cycle = true, sched.NextStart
		return ""
	case w.seen:
		return "seen"
	case !w.oldNext.IsZero() && sched.NextStart.After(w.oldNext) && sched.NextStart.After(w.since):
		return "next_start"
	}
	return ""
}

// connectors prints the connectors, and keeps their names.
func (s *session) connectors(ctx context.Context) []string {
	s.beat("Get-ADSyncConnector")
	all, err := s.m.Connectors(ctx)
	if err != nil {
		s.problem("Get-ADSyncConnector", err)
		return nil
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	s.emit("connectors", "list", all)
	s.listed = names
	return names
}

func (s *session) statistics(ctx context.Context, connector string) {
	s.beat("Get-ADSyncConnectorStatistics")
	c, err := s.m.Statistics(ctx, connector)
	if err != nil {
		s.problem("Get-ADSyncConnectorStatistics", err)
		return
	}
	s.emit("statistics", "connector", c.Connector,
		"import_adds", c.ImportAdds, "import_updates", c.ImportUpdates, "import_deletes", c.ImportDeletes,
		"export_adds", c.ExportAdds, "export_updates", c.ExportUpdates, "export_deletes", c.ExportDeletes)
}

// history prints whether the run history can be read here, by which road, and its rows since a time; without one, none.
func (s *session) history(ctx context.Context, since *time.Time, limit int, road string) (all []Run, read bool) {
	if road == "none" {
		return nil, false
	}
	var rows []Run
	source, message := "", ""
	if road == "probe" || road == "direct" {
		s.beat("Get-ADSyncRunProfileResult")
		all, err := s.m.History(ctx, limit)
		if err == nil {
			rows, source = all, "direct"
		} else if f := s.failure(err); f != nil {
			message = f.firstLine()
		}
	}
	if source == "" && road != "direct" {
		var from time.Time
		if since != nil {
			from = *since
		}
		found, ok, why := s.bridge(ctx, from, limit, road)
		if ok {
			rows, source = found, "bridge"
		} else if message == "" {
			message = why
		}
	}
	s.source = source
	s.emit("history", "readable", source != "", "source", source, "message", message)
	for _, r := range rows {
		if since == nil || r.Start.Before(*since) {
			continue
		}
		if strings.HasSuffix(r.Profile, "Synchronization") { // its steps stage and export nothing
			r.Adds, r.Updates, r.Deletes = -1, -1, -1
		}
		s.emit("run", "connector", r.Connector, "profile", r.Profile, "result", r.Result, "start", stamp(r.Start),
			"end", stamp(r.End), "number", r.Number, "id", r.ID,
			"adds", r.Adds, "updates", r.Updates, "deletes", r.Deletes, "errors", r.Errors)
		s.runObjects(r)
	}
	return rows, source != ""
}
