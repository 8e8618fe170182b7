package executor

import (
	"fmt"
	"slices"
	"testing"
)

// counters is the body of event 6100 and its like.
func counters(discovery, synchronization, retry, export, warnings int) string {
	return fmt.Sprintf("The management agent \"contoso.com\" step execution completed on run profile \"Export\" with errors.\r\n \r\n"+
		" Additional Information\r\n Discovery Errors       : \"%d\"\r\n Synchronization Errors : \"%d\"\r\n Metaverse Retry Errors : \"%d\"\r\n"+
		" Export Errors          : \"%d\"\r\n Warnings               : \"%d\"\r\n \r\n User Action\r\n View the management agent run history for details.",
		discovery, synchronization, retry, export, warnings)
}

func TestWhatEventsMean(t *testing.T) {
	const other = "Something in the server's own language: Verbindung verloren."
	for _, test := range []struct {
		name    string
		source  string
		id      int
		level   level
		message string
		want    Verdict
		listed  bool
		count   int
	}{
		{"6100 with export errors", sourceEngine, 6100, warning, counters(0, 0, 0, 4, 1), Errors, true, 4},
		{"6100 with errors of all kinds", sourceEngine, 6100, warning, counters(1, 2, 3, 4, 9), Errors, true, 10},
		{"6100 with warnings alone", sourceEngine, 6100, warning, counters(0, 0, 0, 0, 2), Warnings, true, 2},
		{"6100 that does not tell", sourceEngine, 6100, warning, other, Errors, true, 1},
		{"6000", sourceEngine, 6000, failure, other, Failed, true, 1},
		{"6001", sourceEngine, 6001, failure, other, Failed, true, 1},
		{"6005", sourceEngine, 6005, failure, other, Failed, true, 1},
		{"6006", sourceEngine, 6006, failure, other, Failed, true, 1},
		{"6007", sourceEngine, 6007, failure, other, Failed, true, 1},
		{"6050 with counters of zero", sourceEngine, 6050, failure, counters(0, 0, 0, 0, 0), Failed, true, 1},
		{"6051 is informational and a cancel", sourceEngine, 6051, information, other, Cancelled, true, 1},
		{"6052", sourceEngine, 6052, warning, other, Failed, true, 1},
		{"6053", sourceEngine, 6053, information, other, Failed, true, 1},
		{"6060", sourceEngine, 6060, warning, other, Errors, true, 1},
		{"6061", sourceEngine, 6061, failure, other, Failed, true, 1},
		{"6071", sourceEngine, 6071, failure, other, Failed, true, 1},
		{"6073", sourceEngine, 6073, failure, other, Failed, true, 1},
		{"6075", sourceEngine, 6075, failure, other, Failed, true, 1},
		{"6076", sourceEngine, 6076, failure, other, Failed, true, 1},
		{"6105", sourceEngine, 6105, warning, other, Warnings, true, 1},
		{"6110", sourceEngine, 6110, warning, other, Warnings, true, 1},
		{"6126", sourceEngine, 6126, warning, other, Warnings, true, 1},
		{"6803", sourceEngine, 6803, failure, other, Errors, true, 1},
		{"6941", sourceEngine, 6941, failure, other, Errors, true, 1},
		{"6942", sourceEngine, 6942, failure, other, Errors, true, 1},
		{"6945 as an error", sourceEngine, 6945, failure, other, Errors, true, 1},
		{"6945 as a warning", sourceEngine, 6945, warning, other, Warnings, true, 1},
		{"6951", sourceEngine, 6951, warning, other, Warnings, true, 1},
		{"6208: keys", sourceEngine, 6208, failure, other, "", true, 1},
		{"6600: somebody was denied access", sourceEngine, 6600, warning, other, "", true, 1},
		{"an error of the engine that nobody knows", sourceEngine, 6777, failure, other, Unknown, true, 1},
		{"a warning of the engine that nobody knows", sourceEngine, 6777, warning, other, "", true, 1},
		{"95", sourceDirectory, 95, failure, other, Failed, true, 1},
		{"106", sourceDirectory, 106, failure, other, Failed, true, 1},
		{"107", sourceDirectory, 107, failure, other, Errors, true, 1},
		{"107 as a redirect notice", sourceDirectory, 107, information, other, "", false, 0},
		{"108", sourceDirectory, 108, failure, other, Failed, true, 1},
		{"109", sourceDirectory, 109, failure, "Failure while importing entries. Error Code: 78.", Failed, true, 1},
		{"112", sourceDirectory, 112, failure, other, Failed, true, 1},
		{"113", sourceDirectory, 113, failure, other, Warnings, true, 1},
		{"116 with its count", sourceDirectory, 116, warning, "Prevent Accidental Deletes: 612 deletions are above the threshold of 500.", Failed, true, 612},
		{"116 with its count behind", sourceDirectory, 116, warning, "Prevent Accidental Deletes: Number of deletions: 612. Threshold: 500.", Failed, true, 612},
		{"116 without a count", sourceDirectory, 116, warning, "Prevent Accidental Deletes: No deletions were exported.", Failed, true, 1},
		{"116 about the configuration", sourceDirectory, 116, information, other, "", false, 0},
		{"118", sourceDirectory, 118, warning, other, Warnings, true, 1},
		{"129", sourceDirectory, 129, warning, other, Warnings, true, 1},
		{"611: password hashes", sourceDirectory, 611, failure, other, "", true, 1},
		{"652: password hashes", sourceDirectory, 652, failure, other, "", true, 1},
		{"1014: certificate", sourceDirectory, 1014, warning, other, "", true, 1},
		{"a step that was left out", sourceDirectory, 906, failure, "Run profile 'Delta Import' not found for Connector(contoso.com)", Failed, true, 1},
		{"a cycle that found a connector busy", sourceDirectory, 905, warning, "Could not execute run profile cycle because connector: contoso.com is busy.", Failed, true, 1},
		{"an override", sourceDirectory, 904, information, "Delta Import step has been overridden to do a Full Import for Connector(contoso.com).", "", true, 1},
		{"somebody else's event", "Application Error", 1000, failure, other, "", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := Run{Connector: "contoso.com", Profile: "Export", Start: at(1)}
			j := readEvents([]Run{run}, []eventLine{{Source: test.source, ID: test.id, Level: test.level, At: stamp{at(2)}, Record: 1, Message: test.message}})
			if !test.listed {
				if len(j.findings) != 0 {
					t.Fatalf("listed: %+v", j.findings)
				}
				return
			}
			if len(j.findings) != 1 {
				t.Fatalf("findings %+v", j.findings)
			}
			f := j.findings[0]
			if f.Verdict != test.want || f.Count != test.count || f.What == "" || f.EventID != test.id {
				t.Errorf("finding %+v, want %q × %d", f, test.want, test.count)
			}
			if j.runs[0].Verdict != test.want {
				t.Errorf("the run's verdict is %q", j.runs[0].Verdict)
			}
			if test.want != "" && f.Connector != "contoso.com" {
				t.Errorf("connector %q", f.Connector)
			}
		})
	}
}

// decoded turns lines as scripts write them into events.
func decoded(t testing.TB, lines []string) []eventLine {
	t.Helper()
	var all []eventLine
	for _, text := range lines {
		line, err := decodeLine([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := line.(eventLine); ok {
			all = append(all, e)
		}
	}
	return all
}

func TestRunsAreBuiltFromTheirMessagesInOrder(t *testing.T) {
	all := decoded(t, cycleEvents(0, nil))
	j := readEvents(nil, all)
	var got []string
	for _, r := range j.runs {
		if r.Verdict != Succeeded || !r.End.After(r.Start) {
			t.Errorf("run %+v", r)
		}
		got = append(got, r.Profile+" on "+r.Connector)
	}
	want := []string{
		"Delta Import on contoso.com", "Delta Import on contoso.onmicrosoft.com - AAD",
		"Delta Synchronization on contoso.com", "Delta Synchronization on contoso.onmicrosoft.com - AAD",
		"Export on contoso.onmicrosoft.com - AAD", "Export on contoso.com",
	}
	if !slices.Equal(got, want) {
		t.Errorf("runs %q", got)
	}
	if j.policy != Delta || !j.began.Equal(at(0)) || !j.ended.Equal(all[len(all)-1].At.Time) {
		t.Errorf("policy %s, began %v, ended %v", j.policy, j.began, j.ended)
	}
}

func TestReadingTwiceChangesNothing(t *testing.T) {
	all := decoded(t, cycleEvents(0, map[string]string{"Export on contoso.com": event(sourceEngine, 6100, "Warning", 1, 20, counters(0, 0, 0, 3, 0))}))
	once := readEvents(nil, all)
	twice := readEvents(once.runs, all)
	for split := range all {
		first := readEvents(nil, all[:split])
		second := readEvents(first.runs, all[split:])
		for _, j := range []journal{twice, second} {
			if len(j.runs) != len(once.runs) {
				t.Fatalf("split at %d: %d runs, want %d", split, len(j.runs), len(once.runs))
			}
			for i, r := range j.runs {
				w := once.runs[i]
				if r.Connector != w.Connector || r.Profile != w.Profile || r.Verdict != w.Verdict || !r.Start.Equal(w.Start) || !r.End.Equal(w.End) {
					t.Errorf("split at %d: run %d is %+v, want %+v", split, i, r, w)
				}
			}
		}
	}
}

func TestTheNextCycleIsNotRead(t *testing.T) {
	lines := slices.Concat(cycleEvents(0, nil), cycleEvents(100, map[string]string{"Export on contoso.com": event(sourceEngine, 6050, "Error", 1, 125, "lost")}))
	j := readEvents(nil, decoded(t, lines))
	if len(j.runs) != 6 || len(j.findings) != 0 {
		t.Errorf("%d runs, findings %+v", len(j.runs), j.findings)
	}
	// The same when the first has ended without saying so, as a stopped one does.
	first := cycleEvents(0, nil)
	j = readEvents(nil, decoded(t, slices.Concat(first[:len(first)-2], cycleEvents(100, nil))))
	if len(j.runs) != 6 {
		t.Errorf("%d runs", len(j.runs))
	}
}

func TestTheEndOfTheCycleBeforeIsNotOurs(t *testing.T) {
	before := trace(50, 0, "Import/Sync/Export cycle completed (Initial).")
	j := readEvents(nil, decoded(t, append([]string{before}, cycleEvents(10, nil)...)))
	if j.policy != Delta || len(j.runs) != 6 || !j.began.Equal(at(10)) {
		t.Errorf("policy %s, %d runs, began %v", j.policy, len(j.runs), j.began)
	}
}

func TestARunWhoseBeginningWasNotSeen(t *testing.T) {
	j := readEvents(nil, decoded(t, []string{trace(1, 5, "After Execute RunProfile:Delta Import on Connector:contoso.com.")}))
	if len(j.runs) != 1 || !j.runs[0].Start.IsZero() || !j.runs[0].End.Equal(at(5)) || j.runs[0].Connector != "contoso.com" {
		t.Errorf("runs %+v", j.runs)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(904, "Before Execute RunProfile:Delta Import on Connector:contoso.com.", "After Execute RunProfile:Delta Import on Connector:contoso.com.")
	f.Add(904, "Import/Sync/Export cycle started (Delta).", "Import/Sync/Export cycle completed (Delta).")
	f.Add(6100, counters(1, 2, 3, 4, 5), `The management agent "x" failed on run profile "y"`)
	f.Add(116, "Prevent Accidental Deletes: 999999999 deletions", "deletions 0")
	f.Fuzz(func(t *testing.T, id int, first, second string) {
		all := []eventLine{
			{Source: sourceDirectory, ID: id, Level: warning, At: stamp{at(1)}, Message: first},
			{Source: sourceEngine, ID: id, Level: failure, At: stamp{at(2)}, Message: second},
			{Source: sourceDirectory, ID: id, Level: failure, At: stamp{at(3)}, Message: second},
		}
		j := readEvents(nil, all)
		if len(j.runs) > len(all) || len(j.findings) > len(all) {
			t.Fatalf("%d runs, %d findings from %d events", len(j.runs), len(j.findings), len(all))
		}
		for _, finding := range j.findings {
			if finding.Count < 1 || finding.What == "" {
				t.Errorf("finding %+v", finding)
			}
		}
	})
}

func FuzzStepErrors(f *testing.F) {
	f.Add(counters(1, 2, 3, 4, 5))
	f.Add("Export Errors : 99999999999999999999 Warnings:")
	f.Fuzz(func(t *testing.T, body string) {
		errs, warnings, read := stepErrors(body)
		if errs < 0 || warnings < 0 || !read && errs+warnings != 0 {
			t.Errorf("%d, %d, %t from %q", errs, warnings, read, body)
		}
	})
}
