package commands

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares an answer with its file: as a terminal shows it, and as the outbox stores it.
func golden(t *testing.T, name string, a Answer) {
	t.Helper()
	stored, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var again Answer
	if err := json.Unmarshal(stored, &again); err != nil || !reflect.DeepEqual(again, a) {
		t.Errorf("%s does not survive its storage: %v\n%#v\n%#v", name, err, again, a)
	}
	got := []byte(Plain{}.Answer(a) + "\n---\n" + string(stored) + "\n")
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

func at(minutes, seconds int) time.Time {
	return nine41.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second)
}

// request is a delta on aadc01.
func request(way executor.Way, user, channel string, asked time.Time) executor.Request {
	return executor.Request{
		Policy: executor.Delta, Server: "aadc01", Asker: executor.Asker{Way: way, Team: "T1", User: user},
		Audience: executor.Audience{Team: "T1", Channel: channel}, AskedAt: asked,
	}
}

// cycleView is a delta asked for by ann in C1 at 09:41, changed by the caller.
func cycleView(change func(*CycleView)) CycleView {
	v := CycleView{
		Cycle: executor.Cycle{
			ID: uuid.UUID{6: 0x70, 8: 0x80, 13: 1, 14: 2, 15: 3}, Server: "aadc01", Policy: executor.Delta,
			Origin: executor.Started, Phase: executor.PhaseQueued, AskedAt: nine41,
		},
		Requests: []executor.Request{request(executor.FromSlack, "U1ANN", "C1", nine41)},
		Channel:  "C1", Usual: 90 * time.Second, Now: at(1, 0),
	}
	if change != nil {
		change(&v)
	}
	return v
}

func following(v *CycleView) {
	v.Cycle.Phase = executor.PhaseFollowing
	v.Cycle.Intent, v.Cycle.ReadsFrom = at(0, 2), at(0, 5)
	v.Cycle.Baseline = executor.Baseline{ServerTime: at(0, 4), NextStart: at(12, 0)}
	v.Cycle.Follow = executor.FollowState{Seen: true, Connector: "contoso.com", Profile: "Delta Import", LastLook: at(0, 45)}
	v.Cycle.Runs = []executor.Run{{Connector: "contoso.com", Profile: "Delta Import", Start: at(0, 10)}}
}

// progressed is a cycle under way whose connectors are known; its first runs took 9 s each, the next one has run for 4 s.
func progressed(done int, connectors ...string) func(*CycleView) {
	return func(v *CycleView) {
		staging := v.Cycle.Baseline.Staging
		following(v)
		v.Cycle.Baseline.Staging = staging
		f := &v.Cycle.Follow
		f.Connectors, f.Connector, f.Profile, f.At = connectors, "", "", at(0, 10*done+14)
		v.Cycle.Runs = nil
		v.UsualRuns = map[executor.Step]time.Duration{}
		for i, s := range executor.Steps(v.Cycle.Policy, connectors, v.Cycle.Baseline.Staging) {
			v.UsualRuns[s] = time.Duration(i+6) * time.Second
			r := executor.Run{Connector: s.Connector, Profile: s.Profile, Start: at(0, 10*i+10)}
			switch {
			case i < done:
				r.End, r.Verdict = at(0, 10*i+19), executor.Succeeded
			case i == done:
				f.Connector, f.Profile = s.Connector, s.Profile
			default:
				continue
			}
			v.Cycle.Runs = append(v.Cycle.Runs, r)
		}
	}
}

func ended(verdict executor.Verdict, source executor.Source) func(*CycleView) {
	return func(v *CycleView) {
		following(v)
		v.Cycle.Phase = executor.PhaseEnded
		v.Cycle.EndedAt = at(1, 45)
		v.Cycle.Runs = nil
		v.Cycle.Result = executor.Result{Verdict: verdict, Source: source}
	}
}

func notStarted(code executor.Code, detail string) func(*CycleView) {
	return func(v *CycleView) {
		v.Cycle.Phase = executor.PhaseEnded
		v.Cycle.EndedAt = at(0, 10)
		v.Cycle.Baseline.NextStart = at(12, 0)
		v.Cycle.Result = executor.Result{Verdict: executor.NotStarted, Source: executor.FromNothing, Code: code, Detail: detail}
	}
}

func and(changes ...func(*CycleView)) func(*CycleView) {
	return func(v *CycleView) {
		for _, c := range changes {
			c(v)
		}
	}
}

func joinedBy(rs ...executor.Request) func(*CycleView) {
	return func(v *CycleView) { v.Requests = append(v.Requests, rs...) }
}

// cycleRuns are the runs of a whole cycle that the history shows and that changed nothing, changed by the caller.
func cycleRuns(change func([]executor.Run)) func(*CycleView) {
	return func(v *CycleView) {
		for i, r := range [][2]string{
			{"Delta Import", "contoso.com"},
			{"Delta Import", cloud},
			{"Delta Synchronization", "contoso.com"},
			{"Delta Synchronization", cloud},
			{"Export", cloud},
			{"Export", "contoso.com"},
		} {
			run := executor.Run{
				Connector: r[1], Profile: r[0], Result: "success", Verdict: executor.Succeeded, Start: at(0, 10*i), End: at(0, 10*i+9),
				Counters: &executor.Counters{},
			}
			if i == 2 || i == 3 {
				run.Counters = &executor.Counters{Adds: -1, Updates: -1, Deletes: -1}
			}
			v.Cycle.Runs = append(v.Cycle.Runs, run)
		}
		if change != nil {
			change(v.Cycle.Runs)
		}
	}
}

func TestCycleMessages(t *testing.T) {
	bob := request(executor.FromSlack, "U2BOB", "C1", at(0, 40))
	elsewhere := request(executor.FromSlack, "U3EVE", "C2", at(0, 50))
	waiting := func(reason, on string) func(*CycleView) {
		return func(v *CycleView) { v.Cycle.Waiting = &executor.Waiting{For: reason, On: on, Since: at(0, 3)} }
	}
	staging := func(v *CycleView) { v.Cycle.Baseline.Staging = true }
	adopted := func(v *CycleView) { v.Cycle.Origin, v.Cycle.ReadsFrom = executor.Adopted, at(-2, 0) }
	counted := func(v *CycleView) {
		v.Cycle.Runs = []executor.Run{
			{Connector: "contoso.com", Profile: "Delta Import", Verdict: executor.Succeeded, Counters: &executor.Counters{Adds: 2, Updates: 10}},
			{Connector: "contoso.com", Profile: "Delta Synchronization", Verdict: executor.Succeeded},
			{Connector: "contoso.com - AAD", Profile: "Export", Verdict: executor.Succeeded, Counters: &executor.Counters{Adds: 1, Updates: 4}},
			{Connector: "contoso.com", Profile: "Export", Verdict: executor.Succeeded, Counters: &executor.Counters{}},
		}
	}
	found := func(fs ...executor.Finding) func(*CycleView) {
		return func(v *CycleView) { v.Cycle.Result.Findings = fs }
	}
	stepErrors := executor.Finding{Verdict: executor.Errors, What: "a step completed with errors", Connector: "contoso.com - AAD", EventID: 6100, Count: 3}
	noted := executor.Finding{What: "password hash synchronization failed for a domain", EventID: 611, Count: 1}
	code := func(c executor.Code, detail string) func(*CycleView) {
		return func(v *CycleView) { v.Cycle.Result.Code, v.Cycle.Result.Detail = c, detail }
	}
	deletes := func(waiting int, readable, prevented bool, threshold int) func(*CycleView) {
		return func(v *CycleView) {
			v.Cycle.Preflight.Deletes = executor.Deletes{Counted: true, Waiting: waiting, Readable: readable, Prevented: prevented, Threshold: threshold}
		}
	}
	version := func(version string) func(*CycleView) {
		return func(v *CycleView) { v.Cycle.Preflight.Version = version }
	}
	seenFrom := func(channel string) func(*CycleView) { return func(v *CycleView) { v.Channel = channel } }
	named := func(v *CycleView) {
		v.Requests[0].Objects = true
		r := failing()
		v.Cycle.Result.Objects = r.Objects
		summary := r.Summary(executor.Before{Server: at(0, 5)}, nil)
		v.Cycle.Result.Errors = &summary
	}
	for name, change := range map[string]func(*CycleView){
		"queued": nil,
		"queued_reason": func(v *CycleView) {
			v.Requests[0].Reason = "new starter <!channel> *Ann* `x`"
		},
		"queued_schedule": func(v *CycleView) {
			v.Requests[0].Asker = executor.Asker{Way: executor.FromSchedule, User: "morning"}
		},
		"queued_schedule_elsewhere": and(func(v *CycleView) {
			v.Requests[0].Asker = executor.Asker{Way: executor.FromSchedule, User: "morning"}
		}, seenFrom("C2")),
		"queued_terminal": func(v *CycleView) {
			v.Requests[0] = request(executor.FromTerminal, "ann@ops1", "", nine41)
			v.Channel = ""
		},
		"queued_terminal_seen_in_channel": func(v *CycleView) {
			v.Requests[0] = request(executor.FromTerminal, "ann@ops1", "", nine41)
		},
		"queued_seen_elsewhere":    and(seenFrom("C2"), func(v *CycleView) { v.Requests[0].Reason = "for their eyes only" }),
		"queued_seen_at_terminal":  seenFrom(""),
		"waiting_connector":        waiting("connector", "contoso.com - AAD"),
		"waiting_server":           waiting("server", "unreachable"),
		"waiting_look":             waiting("look", "unreachable"),
		"waiting_interrupted":      waiting("server", "interrupted"),
		"waiting_message":          waiting("message", ""),
		"starting":                 func(v *CycleView) { v.Cycle.Phase, v.Cycle.Intent = executor.PhaseStarting, at(0, 2) },
		"following":                following,
		"following_full":           and(following, func(v *CycleView) { v.Cycle.Policy = executor.Initial }),
		"following_adopted":        and(following, adopted),
		"following_joined":         and(following, joinedBy(bob, elsewhere)),
		"following_joined_in_time": and(following, joinedBy(request(executor.FromSlack, "U2BOB", "C1", at(0, 1)))),
		"following_joined_from":    and(following, joinedBy(bob, elsewhere), seenFrom("C2")),
		"following_staging":        and(following, staging),
		"following_recent": and(following, func(v *CycleView) {
			v.Cycle.Preflight = executor.Preflight{Version: "2.6.92.0", LastCycle: at(-11, 0), Allowed: 30 * time.Minute, Deletes: executor.Deletes{Counted: true}}
		}),
		"following_deletes":               and(following, deletes(120, false, false, 0)),
		"following_too_many_deletes":      and(following, deletes(800, false, false, 0)),
		"following_deletes_readable":      and(following, deletes(600, true, true, 500)),
		"following_deletes_not_counted":   and(following, func(v *CycleView) { v.Cycle.Preflight.Deletes.Failed = true }),
		"following_deletes_not_prevented": and(following, deletes(600, true, false, 0)),
		"succeeded_many_deletes":          and(ended(executor.Succeeded, executor.FromEventLog), deletes(800, false, false, 0)),
		"succeeded_few_deletes":           and(ended(executor.Succeeded, executor.FromEventLog), deletes(12, false, false, 0)),
		"succeeded_old_version":           and(ended(executor.Succeeded, executor.FromEventLog), version("2.5.79.0")),
		"failed_too_old_version":          and(ended(executor.Failed, executor.FromEventLog), version("2.2.8.0")),
		"progress_begins":                 progressed(0, "contoso.com", cloud),
		"progress":                        progressed(2, "contoso.com", cloud),
		"progress_ends":                   progressed(5, "contoso.com", cloud),
		"progress_staging":                and(staging, progressed(2, "contoso.com", cloud)),
		"progress_full":                   and(func(v *CycleView) { v.Cycle.Policy = executor.Initial }, progressed(3, "contoso.com", cloud)),
		"progress_two_forests":            progressed(4, "contoso.com", "fabrikam.example", cloud),
		"progress_eight_forests":          progressed(19, "a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example", "h.example", cloud),
		"progress_errors_already":         and(progressed(5, "contoso.com", cloud), func(v *CycleView) { v.Cycle.Runs[4].Verdict = executor.Errors }),
		"progress_errors_already_two_forests": and(progressed(7, "contoso.com", "fabrikam.example", cloud), func(v *CycleView) {
			v.Cycle.Runs[1].Verdict = executor.Failed
		}),
		"progress_nothing_usual":      and(progressed(2, "contoso.com", cloud), func(v *CycleView) { v.Usual, v.UsualRuns = 0, nil }),
		"progress_full_step_in_delta": and(progressed(0, "contoso.com", cloud), func(v *CycleView) { v.Cycle.Runs[0].Profile = "Full Import" }),
		"progress_ahead_of_the_log": and(progressed(2, "contoso.com", cloud), func(v *CycleView) {
			v.Cycle.Runs = v.Cycle.Runs[:2]
		}),
		"progress_only_the_connector": and(progressed(2, "contoso.com", cloud), func(v *CycleView) {
			v.Cycle.Runs, v.Cycle.Follow.Connectors = v.Cycle.Runs[:2], nil
		}),
		"progress_only_the_connector_two_forests": and(progressed(2, "contoso.com", "fabrikam.example", cloud), func(v *CycleView) {
			v.Cycle.Runs, v.Cycle.Follow.Connector = v.Cycle.Runs[:2], "fabrikam.example"
		}),
		"following_out_of_reach": and(following, func(v *CycleView) { v.Cycle.Follow.LastProblem = "unreachable" }),
		"succeeded":              ended(executor.Succeeded, executor.FromEventLog),
		"succeeded_counted":      and(ended(executor.Succeeded, executor.FromHistory), counted),
		"succeeded_by_bridge":    and(ended(executor.Succeeded, executor.FromBridge), counted),
		"succeeded_partly_counted": and(ended(executor.Succeeded, executor.FromHistory), counted, func(v *CycleView) {
			v.Cycle.Runs[3].Counters = &executor.Counters{Adds: -1, Updates: -1, Deletes: -1, Errors: -1}
		}),
		"succeeded_joined":  and(ended(executor.Succeeded, executor.FromEventLog), joinedBy(bob, elsewhere)),
		"succeeded_staging": and(ended(executor.Succeeded, executor.FromEventLog), staging),
		"succeeded_adopted": and(ended(executor.Succeeded, executor.FromEventLog), adopted),
		"succeeded_noted":   and(ended(executor.Succeeded, executor.FromEventLog), found(noted)),
		"warnings": and(ended(executor.Warnings, executor.FromEventLog), found(executor.Finding{
			Verdict: executor.Warnings, What: "exported changes were not confirmed by the import", Connector: "contoso.com", EventID: 6105, Count: 1,
		})),
		"errors_many":             and(ended(executor.Errors, executor.FromEventLog), found(slices.Repeat([]executor.Finding{stepErrors, noted}, 7)...)),
		"errors_many_at_terminal": and(ended(executor.Errors, executor.FromEventLog), found(slices.Repeat([]executor.Finding{stepErrors, noted}, 7)...), seenFrom("")),
		"errors":                  and(ended(executor.Errors, executor.FromEventLog), found(stepErrors, noted)),
		"errors_from_history": and(ended(executor.Errors, executor.FromHistory), func(v *CycleView) {
			v.Cycle.Runs = []executor.Run{{Connector: "contoso.com - AAD", Profile: "Export", Result: "completed-export-errors", Verdict: executor.Errors}}
		}),
		"failed": and(ended(executor.Failed, executor.FromEventLog), found(executor.Finding{
			Verdict: executor.Failed, What: "no connection to Entra ID", EventID: 106, Count: 1,
		}), code(executor.CodeOther, "event 106\nCN=Ann Smith,OU=Staff,DC=contoso,DC=com")),
		"following_stop_asked": and(following, stopAsked("C1")),
		"cancelled_by_us":      and(ended(executor.Cancelled, executor.FromEventLog), stopAsked("C1")),
		"cancelled_elsewhere":  and(ended(executor.Cancelled, executor.FromEventLog), stopAsked("C2")),
		"stopped_before_start": and(notStarted(executor.CodeCancelled, ""), stopAsked("C1")),
		"nothing_changed":      and(ended(executor.Succeeded, executor.FromHistory), cycleRuns(nil)),
		"deleted_more_than_usual": and(ended(executor.Succeeded, executor.FromHistory), cycleRuns(func(r []executor.Run) {
			r[4].Counters.Deletes = 43
		}), func(v *CycleView) { v.UsualDeletes = &Range{Least: 0, Most: 3} }),
		"deleted_as_usual": and(ended(executor.Succeeded, executor.FromHistory), cycleRuns(func(r []executor.Run) {
			r[4].Counters.Deletes = 3
		}), func(v *CycleView) { v.UsualDeletes = &Range{Least: 0, Most: 3} }),
		"errors_new_and_chronic": and(ended(executor.Errors, executor.FromEventLog), found(stepErrors), func(v *CycleView) {
			v.Cycle.Result.Errors = &executor.ErrorSummary{Source: executor.FromExport, Types: []executor.TypeSummary{
				{Connector: cloud, Kind: "export", Type: "AttributeValueMustBeUnique", Count: 1, New: 1, Since: at(1, 0)},
				{Connector: cloud, Kind: "export", Type: "InvalidSoftMatch", Count: 1, Chronic: 1, Since: nine41.AddDate(0, 0, -12)},
			}}
			v.Cycle.Result.Pending = []executor.Pending{{Connector: "contoso.com"}, {Connector: cloud, ExportUpdates: 2}}
		}),
		"errors_named":           and(ended(executor.Errors, executor.FromEventLog), named),
		"errors_named_elsewhere": and(ended(executor.Errors, executor.FromEventLog), named, joinedBy(elsewhere), seenFrom("C2")),
		"errors_more_than_listed": and(ended(executor.Errors, executor.FromHistory), cycleRuns(func(r []executor.Run) {
			r[4].Result, r[4].Verdict, r[4].Counters.Errors = "completed-export-errors", executor.Errors, 300
		}), func(v *CycleView) {
			v.Cycle.Result.Errors = &executor.ErrorSummary{Source: executor.FromHistory, Unread: 1, Types: []executor.TypeSummary{
				{Connector: cloud, Kind: "export", Type: "InvalidSoftMatch", Count: 300, Chronic: 200, Since: nine41.AddDate(0, 0, -12)},
			}}
		}),
		"one_connector_failed": and(ended(executor.Failed, executor.FromHistory), cycleRuns(func(r []executor.Run) {
			r[0].Result, r[0].Verdict, r[0].Counters = "no-start-connection", executor.Failed, nil
		}), found(executor.Finding{Verdict: executor.Failed, What: "Delta Import: no-start-connection", Connector: "contoso.com", Count: 1})),
		"deletions_held_back": and(ended(executor.Failed, executor.FromHistory), cycleRuns(func(r []executor.Run) {
			r[4].Result, r[4].Verdict = "stopped-deletion-threshold-exceeded", executor.Failed
		}), func(v *CycleView) {
			v.Cycle.Result.Pending = []executor.Pending{{Connector: "contoso.com"}, {Connector: cloud, ExportDeletes: 800}}
		}),
		"deletions_held_back_uncounted": and(ended(executor.Failed, executor.FromEventLog), found(executor.Finding{
			Verdict: executor.Failed, What: "the export was stopped: accidental deletions are prevented", EventID: 116, Count: 1,
		})),
		"cancelled":         ended(executor.Cancelled, executor.FromEventLog),
		"unknown_result":    and(ended(executor.Unknown, executor.FromHistory), code(executor.CodeOther, `the result "completed-oddly" is not known here`)),
		"stopped_following": and(ended(executor.Unknown, executor.FromNothing), code(executor.CodeStoppedFollow, "")),
		"never_seen":        and(ended(executor.Unknown, executor.FromNothing), code(executor.CodeNeverSeen, "")),
		"unreadable":        and(ended(executor.Unknown, executor.FromEventLog), code(executor.CodeUnreadable, "no export of contoso.com was found")),
		"lost":              and(ended(executor.Unknown, executor.FromNothing), code(executor.CodeUnreachable, "unreachable")),
		"lost_interrupted":  and(ended(executor.Unknown, executor.FromNothing), code(executor.CodeUnreachable, "interrupted")),
		"too_late_server":   notStarted(executor.CodeTooLate, "unreachable"),
		"too_late_busy":     notStarted(executor.CodeTooLate, "contoso.com - AAD"),
		"not_started_join":  and(notStarted(executor.CodeWizardOpen, "wizard is open"), joinedBy(bob, elsewhere)),
	} {
		t.Run(name, func(t *testing.T) { golden(t, "cycle_"+name, CycleMessage(cycleView(change))) })
	}
	for _, c := range constants(t, "Code") {
		if strings.HasPrefix(c, "bridge_") { // no reason not to start, but one to know less
			t.Run("without the bridge: "+c, func(t *testing.T) {
				without := func(v *CycleView) { v.Cycle.Result.Bridge = executor.Code(c) }
				golden(t, "cycle_"+c, CycleMessage(cycleView(and(ended(executor.Succeeded, executor.FromEventLog), without))))
			})
			continue
		}
		t.Run("not started: "+c, func(t *testing.T) {
			golden(t, "not_started_"+c, CycleMessage(cycleView(notStarted(executor.Code(c), ""))))
		})
	}
	for _, f := range constants(t, "Failure") {
		t.Run("not started: server "+f, func(t *testing.T) {
			golden(t, "not_started_server_"+f, CycleMessage(cycleView(notStarted(executor.CodeUnreachable, f))))
		})
	}
}

// TestNoNamesFromElsewhere checks every cycle message for people and reasons of a channel that the reader may not see.
func TestNoNamesFromElsewhere(t *testing.T) {
	secret := request(executor.FromSlack, "U3EVE", "C2", nine41)
	secret.Reason = "merger"
	terminal := request(executor.FromTerminal, "root@ops1", "", at(0, 1))
	for name, change := range map[string]func(*CycleView){
		"queued": nil, "following": following, "ended": ended(executor.Errors, executor.FromEventLog),
		"not started": notStarted(executor.CodeDisabled, ""),
	} {
		v := cycleView(change)
		v.Requests = []executor.Request{secret, terminal, request(executor.FromSlack, "U1ANN", "C1", at(0, 30))}
		b, err := json.Marshal(CycleMessage(v))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"U3EVE", "merger", "root@ops1", "C2"} {
			if strings.Contains(string(b), word) {
				t.Errorf("%s tells %q: %s", name, word, b)
			}
		}
		if !strings.Contains(string(b), "U1ANN") {
			t.Errorf("%s does not name who asked here: %s", name, b)
		}
	}
}
