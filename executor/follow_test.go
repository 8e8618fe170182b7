package executor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func followed(t *testing.T, order FollowOrder, lines ...string) (Look, *player) {
	t.Helper()
	p := &player{lines: script(lines...)}
	look, err := executorOver(p).Follow(t.Context(), "aadc01", order, nil)
	if err != nil {
		t.Fatal(err)
	}
	return look, p
}

// TestTheRace: accepted, idle, running, done. Idle after an accepted start is not the end.
func TestTheRace(t *testing.T) {
	baseline := Baseline{ServerTime: at(0), NextStart: at(600)}
	order := FollowOrder{Policy: Delta, Baseline: baseline, ReadsFrom: at(1), SinceLook: 2 * time.Hour, Watch: 12 * time.Second}
	idle, p := followed(t, order, running(), scheduler(false, 600), events(0))
	if idle.Done || idle.Follow.Seen {
		t.Fatalf("idle: %+v", idle)
	}
	got := p.parameters(t)
	for key, want := range map[string]any{
		"since_utc": o(1), "old_next": o(600), "seen": false, "cycle": "", "scheduler_age_seconds": 3600., "after_record": 0., "watch_seconds": 12., "history": "probe",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	if len(got) != 8 {
		t.Errorf("parameters %v", got)
	}

	order.Follow, order.Runs = idle.Follow, idle.Runs
	order.SinceLook = 0
	all := cycleEvents(10, nil)
	busy, p := followed(t, order, running("contoso.com"), scheduler(true, 10), all[0], all[1], all[2], events(3))
	if !busy.Follow.Seen || busy.Done || len(busy.Runs) != 1 || busy.Follow.Record != 102 || busy.Follow.Profile != "Delta Import" {
		t.Fatalf("running: %+v", busy)
	}
	if !busy.ReadsFrom.Equal(at(10)) {
		t.Errorf("reads from %v", busy.ReadsFrom)
	}
	if age := p.parameters(t)["scheduler_age_seconds"].(float64); age > 5 {
		t.Errorf("the scheduler's age is %v s", age)
	}

	order.Follow, order.Runs, order.ReadsFrom = busy.Follow, busy.Runs, busy.ReadsFrom
	order.SinceLook = -time.Hour // our clock was set back meanwhile
	end, p := followed(t, order, slices.Concat([]string{running(), scheduler(false, 1810), done(40), connectors, statistics("contoso.com", 3), pipe}, all)...)
	if !end.Done || end.Result.Verdict != Succeeded || end.Result.Source != FromEventLog || len(end.Runs) != 6 {
		t.Fatalf("done: %+v", end)
	}
	if got := p.parameters(t); got["seen"] != true || got["after_record"] != 102. || got["scheduler_age_seconds"] != 0. {
		t.Errorf("parameters %v", got)
	}
	if !end.EndedAt.Equal(at(24)) {
		t.Errorf("ended at %v, want the log's time", end.EndedAt)
	}
	if want := []Pending{{Connector: "contoso.com", ExportAdds: 3}}; !slices.Equal(end.Result.Pending, want) {
		t.Errorf("pending %+v", end.Result.Pending)
	}
	if end.Follow.Connector != "" || end.Follow.Profile != "" || end.Follow.Slices != 3 {
		t.Errorf("follow state %+v", end.Follow)
	}
}

func statistics(connector string, exportAdds int) string {
	return fmt.Sprintf(`{"t":"statistics","connector":%q,"import_adds":0,"import_updates":0,"import_deletes":0,"export_adds":%d,"export_updates":0,"export_deletes":0}`, connector, exportAdds)
}

func row(connector, profile, result string, start, end int) string {
	return fmt.Sprintf(`{"t":"run","connector":%q,"profile":%q,"result":%q,"start":%q,"end":%q,"number":7,"id":%q,"adds":1,"updates":2,"deletes":0,"errors":-1}`,
		connector, profile, result, o(start), o(end), fmt.Sprint(connector, profile, start))
}

const readable = `{"t":"history","readable":true,"source":"direct","message":""}`

// rows is the history of a whole cycle, the newest first, with one result other than success.
func rows(profile, result string) []string {
	const ad, cloud = "contoso.com", "contoso.onmicrosoft.com - AAD"
	var all []string
	for i, r := range [][2]string{{"Delta Import", ad}, {"Delta Import", cloud}, {"Delta Synchronization", ad}, {"Delta Synchronization", cloud}, {"Export", cloud}, {"Export", ad}} {
		word := "success"
		if r[0] == profile && r[1] == cloud {
			word = result
		}
		all = append(all, row(r[1], r[0], word, 10+2*i, 11+2*i))
	}
	all = append(all, readable)
	slices.Reverse(all)
	return append(all, row(ad, "Export", "stopped-server-down", -100, -90)) // of the cycle before
}

func TestResults(t *testing.T) {
	const cloud = "contoso.onmicrosoft.com - AAD"
	engine := func(id int, level, message string) string {
		return fmt.Sprintf(`{"t":"event","source":"ADSync","id":%d,"level":%q,"at":"AT","record":1,"message":%s}`, id, level, quoted(message))
	}
	with := func(where string, events ...string) []string {
		if len(events) == 0 {
			return cycleEvents(10, nil)
		}
		return cycleEvents(10, map[string]string{where: events[0]})
	}
	staging := `{"t":"scheduler","enabled":true,"suspended":false,"in_progress":false,"staging":true,"allowed_interval":"00:30:00","effective_interval":"00:30:00","next_policy":"Delta","next_start":"` + o(1800) + `"}`
	for _, test := range []struct {
		name     string
		lines    []string
		want     Verdict
		source   Source
		code     Code
		findings int
	}{
		{"nothing is said against success", append(with(""), connectors, pipe), Succeeded, FromEventLog, "", 0},
		{"the same without the list of connectors", with(""), Succeeded, FromEventLog, "", 0},
		{"an export with errors", append(with("Export on "+cloud, engine(6100, "Warning", counters(0, 0, 0, 4, 0))), connectors), Errors, FromEventLog, "", 1},
		{"a step that a person stopped", append(with("Export on "+cloud, engine(6051, "Information", "stopped")), connectors), Cancelled, FromEventLog, "", 1},
		{"an error of the engine that nobody knows", append(with("Export on "+cloud, engine(6555, "Error", "new")), connectors), Unknown, FromEventLog, CodeOther, 1},
		{"other work's trouble is listed", append(with("Export on "+cloud, event(sourceDirectory, 611, "Error", 1, 20, "password hashes")), connectors), Succeeded, FromEventLog, "", 1},
		{"the log was not read", []string{connectors, `{"t":"problem","doing":"Get-WinEvent","code":"access_denied","message":"nicht autorisiert"}`}, Unknown, FromNothing, CodeUnreadable, 0},
		{"an export is missing", slices.Concat(without(with(""), "Export on Connector:contoso.com"), []string{connectors}), Unknown, FromEventLog, CodeUnreadable, 0},
		{"a run has no end", slices.Concat(without(with(""), "After Execute RunProfile:Export on Connector:contoso.com"), []string{connectors}), Unknown, FromEventLog, CodeUnreadable, 0},
		{"no export on a staging server", slices.Concat([]string{staging}, without(with(""), "RunProfile:Export on"), []string{connectors}), Succeeded, FromEventLog, "", 0},
		{"nothing at all in the log", []string{events(0), connectors}, Unknown, FromEventLog, CodeUnreadable, 0},
		{"more events than were read", append(with("")[:14], `{"t":"events","count":14,"truncated":true}`, connectors), Unknown, FromEventLog, CodeUnreadable, 0},
		{"what is bad stands though a run is missing", slices.Concat(without(with("Export on "+cloud, engine(6050, "Error", "lost")), "Export on Connector:contoso.com"), []string{connectors}), Failed, FromEventLog, "", 1},
		{"the history says success", slices.Concat([]string{connectors}, rows("", ""), with("")), Succeeded, FromHistory, "", 0},
		{"the history says errors", slices.Concat([]string{connectors}, rows("Export", "completed-export-errors"), with("")), Errors, FromHistory, "", 1},
		{"the history says something new", slices.Concat([]string{connectors}, rows("Export", "completed-in-a-new-way"), with("")), Unknown, FromHistory, CodeOther, 1},
		{"the history counts, the log explains", slices.Concat([]string{connectors}, rows("", ""), with("Export on "+cloud, engine(6100, "Warning", counters(0, 0, 0, 4, 0)))), Succeeded, FromHistory, "", 1},
		{"a run of the history still runs", slices.Concat([]string{connectors}, rows("Export", "in-progress"), with("")), Unknown, FromHistory, CodeUnreadable, 0},
		{"the history is readable and empty", append(with(""), connectors, readable), Succeeded, FromEventLog, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			order := FollowOrder{Policy: Delta, Baseline: Baseline{ServerTime: at(0), NextStart: at(600)}, ReadsFrom: at(1), Follow: FollowState{Seen: true}}
			look, _ := followed(t, order, append([]string{done(60)}, test.lines...)...)
			r := look.Result
			if !look.Done || r.Verdict != test.want || r.Source != test.source || r.Code != test.code || len(r.Findings) != test.findings {
				t.Errorf("%+v (done %t); want %s from %s, code %q, %d findings", r, look.Done, test.want, test.source, test.code, test.findings)
			}
		})
	}
}

// Both connectors count their runs from the same number on, and one run may be told twice: a run is known by its id.
func TestRunsAreKnownByTheirIDs(t *testing.T) {
	all := rows("Export", "stopped-server-down")
	lines := slices.Concat([]string{done(60), connectors}, all, all[1:3], cycleEvents(10, nil))
	order := FollowOrder{Policy: Delta, Baseline: Baseline{ServerTime: at(0), NextStart: at(600)}, ReadsFrom: at(1), Follow: FollowState{Seen: true}}
	look, _ := followed(t, order, lines...)
	good := 0
	for _, r := range look.Runs {
		if r.Verdict == Succeeded {
			good++
		}
	}
	if len(look.Runs) != 6 || good != 5 || look.Result.Verdict != Failed || look.Result.Source != FromHistory {
		t.Errorf("%d runs, %d of them good, verdict %s: %+v", len(look.Runs), good, look.Result.Verdict, look.Runs)
	}
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// without takes the lines out that hold a text.
func without(lines []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.Contains(line, text) })
}

func TestADoneThatWasCutOffIsNotDone(t *testing.T) {
	lines := script(done(40), events(0))
	look, err := executorOver(&player{lines: lines[:len(lines)-1]}).Follow(t.Context(), "aadc01", FollowOrder{Policy: Delta}, nil)
	if err == nil || look.Done {
		t.Errorf("done %t, error %v", look.Done, err)
	}
}

func TestANewerCycleDoesNotMoveTheClaim(t *testing.T) {
	order := FollowOrder{Policy: Delta, Baseline: Baseline{ServerTime: at(0)}, ReadsFrom: at(1), Follow: FollowState{Seen: true}}
	look, _ := followed(t, order, trace(900, 1900, "Import/Sync/Export cycle started (Delta)."), events(1))
	if !look.ReadsFrom.Equal(at(1)) {
		t.Errorf("reads from %v", look.ReadsFrom)
	}
}

// TestTheNextStartIsKeptInMilliseconds: what a store keeps of it is never earlier than the server's own.
func TestTheNextStartIsKeptInMilliseconds(t *testing.T) {
	for _, next := range []time.Time{at(600), at(600).Add(100 * time.Nanosecond), at(600).Add(time.Millisecond - 100)} {
		look := newObserver(Look{}, nil)
		look.take(schedulerLine{NextStart: stamp{next}})
		kept := look.look.Baseline.NextStart
		if kept.Before(next) || !kept.Equal(kept.Truncate(time.Millisecond)) || kept.Sub(next) >= time.Millisecond {
			t.Errorf("%v is kept as %v", next, kept)
		}
	}
}
