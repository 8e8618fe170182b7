package adsync

import (
	"cmp"
	"context"
	"slices"
	"time"
)

type startParameters struct {
	Policy       Policy `json:"policy"`
	Adopt        string `json:"adopt"` // any or initial
	SinceSeconds int    `json:"since_seconds"`
	SinceUTC     string `json:"since_utc"`
	LookSeconds  int    `json:"look_seconds"`
	History      string `json:"history"` // probe, direct, bridge or none
}

type followParameters struct {
	SinceUTC     string `json:"since_utc"`
	OldNext      string `json:"old_next"`
	Seen         bool   `json:"seen"`
	Cycle        string `json:"cycle"`
	SchedulerAge int    `json:"scheduler_age_seconds"`
	AfterRecord  int64  `json:"after_record"`
	WatchSeconds int    `json:"watch_seconds"`
	History      string `json:"history"`
}

type statusParameters struct {
	SinceUTC string `json:"since_utc"`
}

type checkParameters struct{}

func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{} // empty: not known
	}
	return t
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// start answers the script that starts a cycle, unless there is a reason not to, and watches it for a while.
func (s *session) start(ctx context.Context, p startParameters) {
	s.clock()
	since := instant(p.SinceUTC)
	if since.IsZero() && p.SinceSeconds > 0 {
		since = s.m.Now().Add(-seconds(p.SinceSeconds))
	}
	sched, busy, fit := s.preflight(ctx)
	if !fit {
		return
	}
	w := watch{oldNext: sched.NextStart, polled: s.m.Now(), until: seconds(p.LookSeconds), history: p.History}
	began, taken, refused := s.existing(ctx, p.Adopt, sched.InProgress, since)
	switch {
	case refused:
		return
	case taken:
		w.seen = true
		if sched.InProgress {
			w.cycle = sched.NextStart
		}
	case busy != "":
		s.refuse("connector_busy", busy, "")
		return
	case slices.Contains(s.m.Processes(ctx), "AzureADConnect"):
		s.refuse("wizard_open", "", "")
		return
	default:
		s.connectors(ctx)
		if !sched.Staging {
			s.deletes(ctx, p.History)
		}
		s.beat("Start-ADSyncSyncCycle")
		began = s.m.Now()
		if err := s.m.Start(ctx, p.Policy); err != nil {
			s.refuseFor(err)
			return
		}
		s.emit("accepted", "at", stamp(began))
	}
	if began.IsZero() {
		began = s.m.Now()
	}
	w.since = began
	if len(s.listed) == 0 {
		s.connectors(ctx)
	}
	s.watch(ctx, w)
	s.past(ctx, began)
}

// past prints which cycles began and ended within a day before a time.
func (s *session) past(ctx context.Context, before time.Time) {
	const most = 150
	s.beat("Get-WinEvent")
	all, err := s.read(ctx, EventFilter{Sources: []string{SourceDirectory}, IDs: traced(), Since: before.Add(-24 * time.Hour)})
	if err != nil {
		s.problem("Get-WinEvent", err)
		return
	}
	all = slices.DeleteFunc(all, func(e Event) bool { return !aboutCycle(e) || !e.At.Before(before) })
	all = all[:min(len(all), most)] // the newest come first
	slices.SortFunc(all, func(a, b Event) int { return cmp.Compare(a.Record, b.Record) })
	for _, e := range all {
		s.emit("past", "at", stamp(e.At), "message", e.Message)
	}
}

// deletes prints how many deletes wait to be exported to Entra ID, and how many would stop the export.
func (s *session) deletes(ctx context.Context, road string) {
	s.beat("Get-ADSyncConnectorStatistics")
	c, err := s.m.Statistics(ctx, EntraConnector)
	if err != nil {
		s.problem("Get-ADSyncConnectorStatistics", err)
		return
	}
	var t Threshold
	readable := false
	if c.ExportDeletes > 0 && (road == "direct" || road == "probe") {
		s.beat("Get-ADSyncExportDeletionThreshold")
		if t, err = s.m.Threshold(ctx); err == nil {
			readable = true
		}
	}
	if c.ExportDeletes > 0 && road == "bridge" {
		t, readable = s.bridgeThreshold(ctx)
	}
	s.emit("deletes", "waiting", c.ExportDeletes, "readable", readable, "prevented", t.Prevention != 0, "threshold", t.Count)
}

// preflight stops at the first thing that is in the way of a start, and prints it.
func (s *session) preflight(ctx context.Context) (sched Scheduler, busy string, fit bool) {
	switch s.service(ctx) {
	case ServiceRunning:
	case ServiceMissing:
		s.refuse("service_missing", "", "")
		return sched, "", false
	default:
		s.refuse("service_stopped", "", "")
		return sched, "", false
	}
	if f := s.module(ctx); f != nil {
		s.refuse("module_missing", "", f.firstLine())
		return sched, "", false
	}
	sched, err := s.scheduler(ctx)
	if err == nil {
		busy, err = s.running(ctx)
	}
	switch {
	case err != nil:
		s.refuseFor(err)
	case sched.Suspended:
		s.refuse("scheduler_suspended", "", "")
	case !sched.Enabled:
		s.refuse("scheduler_disabled", "", "")
	default:
		return sched, busy, true
	}
	return sched, busy, false
}

// existing looks for a cycle to adopt: the one in progress, or on a retry one that has begun since the first try.
func (s *session) existing(ctx context.Context, adopt string, inProgress bool, since time.Time) (began time.Time, taken, refused bool) {
	if inProgress {
		began, policy := s.newest(ctx, s.m.Now().Add(-25*time.Hour), "cycle started", "Started a new sync cycle run", "cycle completed")
		if adopt == "initial" && policy != Initial {
			s.refuse("already_running", "", "")
			return began, false, true
		}
		s.emit("adopted", "why", "in_progress", "since_at", stamp(began), "policy", policy)
		return began, true, false
	}
	if since.IsZero() {
		return began, false, false
	}
	what := []string{"cycle started", "Started a new sync cycle run"}
	if adopt == "initial" {
		what = []string{"cycle started (Initial)"}
	}
	began, policy := s.newest(ctx, since, what...)
	if began.IsZero() {
		return began, false, false
	}
	s.emit("adopted", "why", "since", "since_at", stamp(began), "policy", policy)
	return began, true, false
}

// newest finds the newest of the scheduler's own events that says one of words, and the policy it names, if any.
func (s *session) newest(ctx context.Context, since time.Time, words ...string) (at time.Time, policy Policy) {
	events, err := s.read(ctx, EventFilter{Sources: []string{SourceDirectory}, IDs: traced(), Since: since})
	if err != nil {
		s.problem("Get-WinEvent", err)
	}
	for _, e := range events {
		if !says(e, words...) {
			continue
		}
		switch {
		case says(e, "cycle started (Delta)"):
			policy = Delta
		case says(e, "cycle started (Initial)"):
			policy = Initial
		}
		return e.At, policy
	}
	return at, ""
}

func (s *session) refuse(code, on, message string) {
	s.emit("refused", "code", code, "message", message, "on", on)
}

// refuseFor prints a cmdlet's refusal; what it means is for the reader to say.
func (s *session) refuseFor(err error) {
	if f := s.failure(err); f != nil {
		s.refuse("", "", f.firstLine())
	}
}

// follow answers the script that looks at a cycle.
func (s *session) follow(ctx context.Context, p followParameters) {
	s.clock()
	polled := s.m.Now().Add(-seconds(p.SchedulerAge))
	if s.module(ctx) != nil {
		return
	}
	s.watch(ctx, watch{
		since: instant(p.SinceUTC), oldNext: instant(p.OldNext), seen: p.Seen, cycle: instant(p.Cycle), polled: polled,
		until: seconds(p.WatchSeconds), afterRecord: p.AfterRecord, history: p.History,
	})
}

// status answers the script that tells how the server is.
func (s *session) status(ctx context.Context, p statusParameters) {
	s.clock()
	s.overview(ctx)
	since := instant(p.SinceUTC)
	if since.IsZero() {
		since = s.m.Now().Add(-24 * time.Hour)
	}
	s.events(ctx, EventFilter{Sources: []string{SourceDirectory}, IDs: traced(), Since: since}, aboutCycle)
	s.heartbeat(ctx)
}

// heartbeat prints when password hash synchronization gave its last sign of life.
func (s *session) heartbeat(ctx context.Context) {
	found, err := s.read(ctx, EventFilter{Sources: []string{SourceDirectory}, IDs: []int{654}, Since: s.m.Now().Add(-24 * time.Hour), Max: 1})
	if err != nil {
		s.problem("Get-WinEvent", err)
		return
	}
	at := ""
	if len(found) > 0 {
		at = stamp(found[0].At)
	}
	s.emit("heartbeat", "at", at)
}

// overview prints what each script tells that changes nothing, and whether the module could be loaded.
func (s *session) overview(ctx context.Context) (loaded bool) {
	s.service(ctx)
	if s.module(ctx) != nil {
		return false
	}
	if _, err := s.scheduler(ctx); err != nil {
		s.problem("Get-ADSyncScheduler", err)
	}
	if _, err := s.running(ctx); err != nil {
		s.problem("Get-ADSyncConnectorRunStatus", err)
	}
	return true
}

// check answers the script that tries everything the others need.
func (s *session) check(ctx context.Context) {
	s.clock()
	loaded := s.overview(ctx)
	s.beat("whoami")
	for _, g := range s.m.Groups(ctx) {
		s.emit("group", "name", g.Name, "sid", g.SID)
	}
	s.events(ctx, EventFilter{Sources: []string{SourceDirectory}, Max: 1}, func(Event) bool { return true })
	if loaded {
		s.history(ctx, nil, 1, "probe")
		s.connectors(ctx)
	}
}
