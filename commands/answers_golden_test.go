package commands

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestAnswers(t *testing.T) {
	live := executor.Cycle{
		ID: id(7), Server: "aadc01", Policy: executor.Delta, Origin: executor.Started, Phase: executor.PhaseFollowing,
		AskedAt: at(-1, 0), Intent: at(-1, 1), ReadsFrom: at(-1, 3),
	}
	unread, queued := live, live
	unread.ReadsFrom = time.Time{}
	queued.ReadsFrom, queued.Intent, queued.Phase = time.Time{}, time.Time{}, executor.PhaseQueued
	here := map[uuid.UUID][]executor.Request{id(7): {request(executor.FromSlack, "U2BOB", "C2", at(-1, 0))}}
	good := executor.Status{
		At: nine41, Service: "Running", Version: "2.6.92.0", Scheduled: true, Enabled: true, NextStart: at(19, 0), Interval: 30 * time.Minute,
		EventsReadable: true, LastCycle: &executor.SeenCycle{Policy: executor.Delta, Start: at(-11, 0), End: at(-9, 0)},
	}
	running := good
	running.InProgress, running.Running = true, []string{"contoso.com - AAD"}
	beating := func(last time.Time) executor.Status {
		st := good
		st.Heartbeat, st.HeartbeatRead = last, true
		return st
	}
	past := []executor.Cycle{
		cycleView(ended(executor.Succeeded, executor.FromEventLog)).Cycle,
		cycleView(notStarted(executor.CodeDisabled, "")).Cycle,
		{ID: id(9), Server: "aadc01", Origin: executor.Observed, Phase: executor.PhaseEnded, ReadsFrom: at(-30, 0), EndedAt: at(-28, 0), Result: executor.Result{Verdict: executor.Errors}},
		{
			ID: id(10), Server: "aadc01", Policy: executor.Delta, Origin: executor.Observed, Phase: executor.PhaseEnded, ReadsFrom: at(-60, 0), EndedAt: at(-58, 0),
			Result: executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing},
		},
	}
	pastRequests := map[uuid.UUID][]executor.Request{past[0].ID: {request(executor.FromSlack, "U2BOB", "C2", nine41)}}
	lastFull := past[0]
	lastFull.Policy, lastFull.ReadsFrom, lastFull.EndedAt = executor.Initial, at(-600, 0), at(-400, 0)
	staged := past[0]
	staged.Baseline.Staging = true
	liveFull := live
	liveFull.Policy = executor.Initial
	for _, tt := range []struct {
		name, channel, text string
		world               *world
		change              func(*Caller)
	}{
		{name: "help", channel: "C1"},
		{name: "help_all", channel: "C2"},
		{name: "help_none", channel: "C9"},
		{name: "servers", channel: "C2", text: "servers"},
		{name: "servers_none", channel: "C9", text: "servers"},
		{name: "delta_queued", channel: "C1", text: "delta", world: &world{outcome: executor.Outcome{Cycle: queued}}},
		{name: "delta_joined", channel: "C2", text: "delta aadc01", world: &world{outcome: executor.Outcome{Cycle: live, Joined: true}, requests: here}},
		{name: "delta_joined_from_elsewhere", channel: "C1", text: "delta", world: &world{outcome: executor.Outcome{Cycle: live, Joined: true}, requests: here}},
		{name: "delta_joined_before_reading", channel: "C2", text: "delta aadc01", world: &world{outcome: executor.Outcome{Cycle: queued, Joined: true}, requests: here}},
		{name: "delta_joined_at_the_start", channel: "C2", text: "delta aadc01", world: &world{outcome: executor.Outcome{Cycle: unread, Joined: true}, requests: here}},
		{name: "delta_served_already", channel: "C2", text: "delta aadc01", world: &world{outcome: executor.Outcome{Cycle: past[0], Joined: true}, requests: pastRequests}},
		{name: "full_in_the_way", channel: "C2", text: "full aadc01", world: &world{live: []executor.Cycle{live}, requests: here}},
		{name: "full_asks", channel: "C2", text: "full aadc01 because new filter rule"},
		{name: "full_asks_known", channel: "C2", text: "full aadc01", world: &world{
			before: executor.Past{Usual: 3*time.Hour + 12*time.Minute, Last: &lastFull}, past: map[string][]executor.Cycle{"aadc01": {staged}}, requests: pastRequests,
		}},
		{name: "full_asks_while_one_runs", channel: "C2", text: "full aadc01", world: &world{live: []executor.Cycle{liveFull}, requests: here}},
		{name: "full_asks_not_stored", channel: "C2", text: "full aadc01", world: &world{poseErr: errors.New("disk full")}},
		{name: "store_failed", channel: "C1", text: "delta", world: &world{askErr: errors.New("disk full")}},
		{name: "which_server", channel: "C2", text: "delta because x"},
		{name: "delta_all", channel: "C2", text: "delta all"},
		{name: "too_many_words", channel: "C1", text: "delta aadc01 please"},
		{name: "typo", channel: "C1", text: "detla aadc01"},
		{name: "planned", channel: "C1", text: "watch aadc01"},
		{name: "denied_command", channel: "C1", text: "full aadc01"},
		{name: "denied_server", channel: "C1", text: "delta secret"},
		{name: "denied_near", channel: "C1", text: "delta aadc02"},
		{name: "denied_channel", channel: "C9", text: "delta"},
		{name: "denied_yaml", channel: "C1", text: "delta x],commands:[*"},
		{name: "denied_guest", channel: "C1", text: "delta", change: func(c *Caller) { c.Person.Guest = true }},
		{name: "denied_unknown_person", channel: "C1", text: "delta", change: func(c *Caller) { c.Person = Person{} }},
		{name: "denied_unknown_channel", channel: "C1", text: "delta", change: func(c *Caller) { c.Room = Room{} }},
		{name: "denied_direct", channel: "C1", text: "delta", change: func(c *Caller) { c.Room.Direct = true }},
		{name: "denied_shared", channel: "C1", text: "delta", change: func(c *Caller) { c.Room.PendingShared = true }},
		{name: "status_one", channel: "C1", text: "status", world: &world{status: statuses(map[string]executor.Status{"aadc01": good})}},
		{
			name: "status_all", channel: "C2", text: "status",
			world: &world{live: []executor.Cycle{live}, requests: here, status: statuses(map[string]executor.Status{"aadc01": running, "aadc02": good})},
		},
		{
			name: "status_with_history", channel: "C2", text: "status aadc01",
			world: &world{
				past: map[string][]executor.Cycle{"aadc01": past}, requests: pastRequests, status: statuses(map[string]executor.Status{"aadc01": beating(at(-10, 0))}),
				roads: map[string]executor.Capability{"aadc01": {Road: executor.RoadNone}},
			},
		},
		{
			name: "status_heartbeat_late", channel: "C1", text: "status",
			world: &world{status: statuses(map[string]executor.Status{"aadc01": beating(at(-300, 0))}), roads: map[string]executor.Capability{"aadc01": {Road: executor.RoadBridge}}},
		},
		{
			name: "status_heartbeat_none", channel: "C1", text: "status",
			world: &world{status: statuses(map[string]executor.Status{"aadc01": beating(time.Time{})}), roads: map[string]executor.Capability{"aadc01": {Road: executor.RoadDirect}}},
		},
		{name: "history_one", channel: "C2", text: "history aadc01", world: &world{past: map[string][]executor.Cycle{"aadc01": past}, requests: pastRequests}},
		{name: "history_number", channel: "C2", text: "history aadc01 2", world: &world{past: map[string][]executor.Cycle{"aadc01": past}, requests: pastRequests}},
		{name: "history_number_without_server", channel: "C2", text: "history 2"},
		{name: "history_one_elsewhere", channel: "C1", text: "history", world: &world{past: map[string][]executor.Cycle{"aadc01": past}, requests: pastRequests}},
		{name: "history_all", channel: "C2", text: "history", world: &world{past: map[string][]executor.Cycle{"aadc01": past}, requests: pastRequests}},
		{name: "history_none", channel: "C1", text: "history"},
		{name: "errors_one", channel: "C2", text: "errors aadc01", world: &world{errors: reports(failing()), past: map[string][]executor.Cycle{"aadc01": past}}},
		{name: "errors_new", channel: "C2", text: "errors aadc01 new", world: &world{errors: reports(failing()), past: map[string][]executor.Cycle{"aadc01": past}}},
		{name: "errors_new_none", channel: "C2", text: "errors new aadc01", world: &world{errors: reports(chronic())}},
		{name: "errors_all", channel: "C2", text: "errors", world: &world{errors: func(server string) (executor.ErrorReport, error) {
			if server == "aadc02" {
				return executor.ErrorReport{}, &executor.RunError{Kind: executor.FailureUnreachable, Server: server, Op: "connect"}
			}
			return failing(), nil
		}}},
		{name: "errors_none", channel: "C2", text: "errors aadc01", world: &world{errors: reports(executor.ErrorReport{ObjectErrors: executor.ObjectErrors{Source: executor.FromExport}, At: nine41, Complete: true})}},
		{name: "errors_partly_read", channel: "C2", text: "errors aadc01", world: &world{errors: reports(executor.ErrorReport{At: nine41, ObjectErrors: executor.ObjectErrors{
			Source: executor.FromExport, Unread: []executor.Unread{{Connector: "contoso.com", Kind: "import", Why: "the time was up"}},
		}})}},
		{name: "errors_from_events", channel: "C2", text: "errors aadc01", world: &world{errors: reports(executor.ErrorReport{At: nine41, ObjectErrors: executor.ObjectErrors{
			Source: executor.FromEventLog, Counts: []executor.ErrorCount{{Connector: cloud, Kind: "export", Type: "AttributeValueMustBeUnique", Count: 2}},
			Unread: []executor.Unread{{Connector: cloud, Kind: "export", Why: "Access is denied."}},
		}})}},
		{name: "errors_unreadable", channel: "C2", text: "errors aadc01", world: &world{errors: reports(executor.ErrorReport{
			At: nine41, ObjectErrors: executor.ObjectErrors{Source: executor.FromNothing}, Problems: []executor.Problem{{Doing: "Get-ADSyncConnector", Code: executor.CodeNoRights}},
		})}},
		{name: "errors_without_rights", channel: "C2", text: "errors aadc01", world: &world{errors: reports(executor.ErrorReport{
			At: nine41, ObjectErrors: executor.ObjectErrors{Source: executor.FromEventLog}, Problems: []executor.Problem{{Doing: "Get-ADSyncConnector", Code: executor.CodeNoRights}},
		})}},
		{name: "pending_one", channel: "C2", text: "pending aadc01", world: &world{pending: func(string) (executor.PendingReport, error) { return waiting(), nil }}},
		{name: "pending_none", channel: "C2", text: "pending aadc01", world: &world{pending: func(string) (executor.PendingReport, error) {
			return executor.PendingReport{Connectors: waiting().Connectors, Pending: []executor.Pending{{Connector: "contoso.com"}, {Connector: cloud}}}, nil
		}}},
		{name: "pending_partly_read", channel: "C2", text: "pending aadc01", world: &world{pending: func(string) (executor.PendingReport, error) {
			r := waiting()
			r.Pending, r.Running = r.Pending[:1], []string{cloud}
			r.Problems = []executor.Problem{{Doing: "Get-ADSyncConnectorStatistics", Code: executor.CodeNoRights}}
			return r, nil
		}}},
		{name: "pending_all", channel: "C2", text: "pending", world: &world{pending: func(string) (executor.PendingReport, error) { return waiting(), nil }}},
		{name: "stop_asks", channel: "C4", text: "stop aadc01"},
		{name: "stop_asks_running", channel: "C4", text: "stop aadc01 because wrong filter", world: &world{live: inPhase(executor.PhaseFollowing)}},
		{name: "stop_asks_queued", channel: "C4", text: "stop aadc01", world: &world{live: inPhase(executor.PhaseQueued)}},
		{name: "stop_not_granted", channel: "C2", text: "stop aadc01"},
		{name: "stop_without_server", channel: "C4", text: "stop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := member(tt.channel)
			if tt.change != nil {
				tt.change(&c)
			}
			w := tt.world
			if w == nil {
				w = &world{}
			}
			a, err := w.handler(testSnapshot()).Handle(t.Context(), input(c, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "answer_"+tt.name, a)
		})
	}
}

func inPhase(p executor.Phase) []executor.Cycle {
	return []executor.Cycle{{ID: id(2), Server: "aadc01", Policy: executor.Delta, Phase: p}}
}

const cloud = "contoso.onmicrosoft.com - AAD"

func reports(r executor.ErrorReport) func(string) (executor.ErrorReport, error) {
	return func(string) (executor.ErrorReport, error) { return r, nil }
}

// failing is a server with two chronic errors and a new one.
func failing() executor.ErrorReport {
	r := chronic()
	r.Objects = append(r.Objects, executor.ObjectError{
		Connector: cloud, Kind: "export", Type: "AttributeValueMustBeUnique", DN: "CN={6b49333250000001}", Name: "ann@contoso.com", First: at(2, 0), Last: at(2, 0),
		Detail: "Unable to update this object because [ProxyAddresses SMTP:ann@contoso.com;] may already be associated with another object.",
	})
	r.Counts[0].Count++
	return r
}

func chronic() executor.ErrorReport {
	return executor.ErrorReport{At: at(5, 0), Complete: true, ObjectErrors: executor.ObjectErrors{
		Source: executor.FromExport,
		Objects: []executor.ObjectError{
			{Connector: cloud, Kind: "export", Type: "AttributeValueMustBeUnique", DN: "CN={6b49333250000002}", First: nine41.AddDate(0, 0, -12), Last: at(-1, 0), Retries: 77},
			{Connector: "contoso.com", Kind: "import", Type: "sync-rule-error-function-triggered", DN: "CN=Ben,DC=contoso,DC=com", First: nine41.AddDate(0, -2, 0), Retries: -1},
		},
		Counts: []executor.ErrorCount{
			{Connector: cloud, Kind: "export", Type: "AttributeValueMustBeUnique", Count: 1},
			{Connector: "contoso.com", Kind: "import", Type: "sync-rule-error-function-triggered", Count: 1},
		},
	}}
}

func waiting() executor.PendingReport {
	return executor.PendingReport{
		At: nine41, Service: "Running", Connectors: []executor.Connector{{Name: "contoso.com"}, {Name: cloud}},
		Pending: []executor.Pending{{Connector: "contoso.com", ImportAdds: 3, ImportUpdates: 1}, {Connector: cloud, ExportDeletes: 43}},
	}
}

func TestReportMessages(t *testing.T) {
	good := executor.ServerReport{Server: "aadc01", Status: executor.Status{
		At: nine41, Service: "Running", Scheduled: true, Enabled: true, NextStart: at(19, 0), Interval: 30 * time.Minute, EventsReadable: true,
	}}
	report := func(servers ...executor.ServerReport) executor.Report {
		return executor.Report{Schedule: "morning", Due: nine41, Servers: servers}
	}
	missed := report(good)
	missed.Missed = []time.Time{nine41.AddDate(0, 0, -2), nine41.AddDate(0, 0, -1)}
	state := func(name string, change func(*executor.Status)) executor.ServerReport {
		s := good
		s.Server = name
		change(&s.Status)
		return s
	}
	for name, r := range map[string]executor.Report{
		"one":    report(good),
		"missed": missed,
		"states": report(
			good,
			state("wrong", func(s *executor.Status) { s.Service = "Missing" }),
			state("stopped", func(s *executor.Status) { s.Service = "Stopped" }),
			state("mute", func(s *executor.Status) {
				s.Scheduled = false
				s.Problems = []executor.Problem{{Doing: "Get-ADSyncScheduler", Code: executor.CodeNoRights}}
			}),
			state("suspended", func(s *executor.Status) { s.Suspended = true }),
			state("frozen", func(s *executor.Status) { s.Enabled = false }),
			state("staged", func(s *executor.Status) { s.Staging, s.EventsReadable = true, false }),
			state("busy", func(s *executor.Status) { s.Running = []string{"contoso.com"} }),
			state("running", func(s *executor.Status) { s.InProgress = true }),
			state("overdue", func(s *executor.Status) { s.NextStart = at(-5, 0) }),
			executor.ServerReport{Server: "down", Err: &executor.RunError{Kind: executor.FailureUnreachable, Server: "down", Op: "connect"}},
			executor.ServerReport{Server: "odd", Err: errors.New("no words for this")},
		),
	} {
		t.Run(name, func(t *testing.T) { golden(t, "report_"+name, ReportMessage(r, "A-0001")) })
	}
}
