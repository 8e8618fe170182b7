package executor

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestStatus(t *testing.T) {
	begin := func(s int, policy string) string {
		return trace(1, s, "Import/Sync/Export cycle started ("+policy+").")
	}
	begun := func(s int) string {
		return trace(1, s, "Scheduler::SchedulerThreadMain : Started a new sync cycle run.")
	}
	end := func(s int) string { return trace(1, s, "Import/Sync/Export cycle completed (Delta).") }
	for _, test := range []struct {
		name  string
		lines []string
		want  *SeenCycle
	}{
		{"no cycle", []string{events(0)}, nil},
		{"one that is over", []string{begun(-60), begin(-60, "Delta"), end(-20), events(3)}, &SeenCycle{Policy: Delta, Start: at(-60), End: at(-20)}},
		{"one under way after another", []string{begin(-90, "Delta"), end(-80), begun(-60), begin(-59, "Initial"), events(4)}, &SeenCycle{Policy: Initial, Start: at(-60)}},
		{"one that has just begun", []string{begin(-90, "Delta"), end(-80), begun(-60), events(3)}, &SeenCycle{Start: at(-60)}},
		{"one after another that was stopped", []string{begun(-90), begin(-90, "Delta"), begun(-60), begin(-60, "Delta"), end(-50), events(5)}, &SeenCycle{Policy: Delta, Start: at(-60), End: at(-50)}},
		{"the end of one whose beginning is too old", []string{end(-50), events(1)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := append([]string{`{"t":"service","status":"Running"}`, `{"t":"module","version":"2.6.92.0","by":"name"}`, scheduler(true, 600), running("contoso.com")}, test.lines...)
			s, err := executorOver(&player{lines: script(lines...)}).Status(t.Context(), "aadc01")
			if err != nil {
				t.Fatal(err)
			}
			if s.Server != "aadc01" || !s.At.Equal(at(0)) || s.Service != "Running" || s.Version != "2.6.92.0" || !s.Scheduled || !s.Enabled || !s.InProgress ||
				!s.NextStart.Equal(at(600)) || s.Interval != 30*time.Minute || len(s.Running) != 1 || !s.EventsReadable {
				t.Errorf("%+v", s)
			}
			switch {
			case (s.LastCycle == nil) != (test.want == nil):
				t.Errorf("last cycle %+v, want %+v", s.LastCycle, test.want)
			case test.want != nil && *s.LastCycle != *test.want:
				t.Errorf("last cycle %+v, want %+v", *s.LastCycle, *test.want)
			}
		})
	}
}

func TestStatusOfAServerThatTellsLittle(t *testing.T) {
	s, err := executorOver(&player{lines: script(
		`{"t":"service","status":"Stopped"}`,
		`{"t":"problem","doing":"Import-Module ADSync","code":"not_found","message":"Das angegebene Modul wurde nicht geladen."}`,
		`{"t":"problem","doing":"Get-ADSyncScheduler","code":"other","message":"There was an issue obtaining cloud sync intervals"}`,
		`{"t":"problem","doing":"Get-WinEvent","code":"access_denied","message":"Es wurde versucht"}`,
		`{"t":"problem","doing":"x","code":"pipe","message":"y"}`,
	)}).Status(t.Context(), "aadc01")
	if err != nil {
		t.Fatal(err)
	}
	if s.Service != "Stopped" || s.Scheduled || s.EventsReadable || len(s.Problems) != 4 {
		t.Fatalf("%+v", s)
	}
	for i, want := range []Code{CodeModuleMissing, CodeCloudSettings, CodeNoRights, CodePipe} {
		if s.Problems[i].Code != want {
			t.Errorf("problem %d is %s, want %s", i, s.Problems[i].Code, want)
		}
	}
}

func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // our clock stands at midnight of 2000-01-01
		c, err := executorOver(&player{lines: script(
			`{"t":"service","status":"Running"}`, `{"t":"module","version":"2.6.92.0","by":"path"}`, scheduler(false, 600), running(),
			`{"t":"group","name":"VORDEFINIERT\\Remoteverwaltungsbenutzer","sid":"S-1-5-32-580"}`, events(1), pipe, connectors,
		)}).Check(t.Context(), "aadc01")
		if err != nil {
			t.Fatal(err)
		}
		if c.Computer != "AADC01" || c.Culture != "de-DE" || c.LanguageMode != "FullLanguage" || !c.X64 || c.ModuleBy != "path" || c.Status.Version != "2.6.92.0" {
			t.Errorf("%+v", c)
		}
		if len(c.Groups) != 1 || c.Groups[0].SID != "S-1-5-32-580" || !c.Status.EventsReadable || c.HistoryReadable || c.HistoryMessage == "" || len(c.Connectors) != 2 || !c.ConnectorsListed {
			t.Errorf("%+v", c)
		}
		if want := at(0).Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); c.Skew != want {
			t.Errorf("skew %v, want %v", c.Skew, want)
		}
	})
}

func TestCyclesAfterOurs(t *testing.T) {
	told := func(second int, message string) eventLine {
		return eventLine{Source: sourceDirectory, ID: 904, At: stamp{at(second)}, Message: message}
	}
	const begun, started, completed = "Started a new sync cycle run.", "Import/Sync/Export cycle started (Delta).", "Import/Sync/Export cycle completed (Delta)."
	events := []eventLine{
		told(0, begun), told(0, started), told(100, completed),
		told(1800, begun), told(1800, started), told(1900, completed),
		told(3600, begun), told(3601, started), told(3700, completed),
		told(5400, begun), told(5400, started),
	}
	want := []SeenCycle{{Policy: Delta, Start: at(1800), End: at(1900)}, {Policy: Delta, Start: at(3600), End: at(3700)}}
	if got := laterCycles(events, at(100)); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := laterCycles(events, time.Time{}); got != nil {
		t.Errorf("ours has no end in the log, and yet %+v came after it", got)
	}
}
