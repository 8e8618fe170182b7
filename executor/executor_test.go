package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// at is the server's clock in these tests: the morning of a day, s seconds after nine.
func at(s int) time.Time { return time.Date(2026, 11, 24, 9, 0, s, 0, time.UTC) }

// o is at as scripts write it.
func o(s int) string { return written(at(s)) }

// player is a Runner that plays lines and keeps the script it was sent.
type player struct {
	lines  []string
	fail   error
	script string
	line   func(i int) // called before every line
}

func (p *player) Run(ctx context.Context, script []byte, line func([]byte) error) error {
	p.script = string(script)
	for i, text := range p.lines {
		if p.line != nil {
			p.line(i)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := line([]byte(text)); err != nil {
			return err
		}
	}
	return p.fail
}

// parameters returns what the script was given.
func (p *player) parameters(t *testing.T) map[string]any {
	t.Helper()
	body := strings.TrimSuffix(p.script, "'\n\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(body[strings.LastIndex(body, "} '")+3:]), &got); err != nil {
		t.Fatalf("parameters: %v", err)
	}
	return got
}

// script makes a whole output of lines: the clock before, the end after.
func script(lines ...string) []string {
	all := append([]string{`{"t":"clock","utc":"` + o(0) + `","computer":"AADC01","culture":"de-DE","language_mode":"FullLanguage","ps":"5.1","x64":true}`}, lines...)
	return append(all, fmt.Sprintf(`{"t":"end","lines":%d}`, len(all)))
}

func beat(doing string) string { return `{"t":"beat","doing":"` + doing + `"}` }

func scheduler(inProgress bool, next int) string {
	return fmt.Sprintf(`{"t":"scheduler","enabled":true,"suspended":false,"in_progress":%t,"staging":false,"maintenance":true,"allowed_interval":"00:30:00","effective_interval":"00:30:00","next_policy":"Delta","next_start":"%s"}`, inProgress, o(next))
}

func running(names ...string) string {
	list, err := json.Marshal(append([]string{}, names...))
	if err != nil {
		panic(err)
	}
	return `{"t":"running","connectors":` + string(list) + `}`
}

func trace(record, s int, message string) string {
	return event(sourceDirectory, 904, "Information", record, s, message)
}

func event(source string, id int, level string, record, s int, message string) string {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"t":"event","source":"%s","id":%d,"level":"%s","at":"%s","record":%d,"message":%s}`, source, id, level, o(s), record, text)
}

func events(n int) string { return fmt.Sprintf(`{"t":"events","count":%d,"truncated":false}`, n) }

// accepted is a start that the server took five seconds after the clock line.
func accepted() string { return `{"t":"accepted","at":"` + o(5) + `"}` }

func refused(code, on, message string) string {
	return fmt.Sprintf(`{"t":"refused","code":%q,"on":%q,"message":%q}`, code, on, message)
}

func adopted(why, since, policy string) string {
	return fmt.Sprintf(`{"t":"adopted","why":%q,"since_at":%q,"policy":%q}`, why, since, policy)
}

func done(s int) string { return `{"t":"done","why":"seen","at":"` + o(s) + `"}` }

const connectors = `{"t":"connectors","list":[{"name":"contoso.com","id":"fffb4a69-4ed6-444d-8b89-73bc16f373dd","type":"AD","subtype":""},` +
	`{"name":"contoso.onmicrosoft.com - AAD","id":"b891884f-051e-4a83-95af-2544101c9083","type":"Extensible2","subtype":"Windows Azure Active Directory (Microsoft)"}]}`

const pipe = `{"t":"history","readable":false,"source":"","message":"There was no endpoint listening at net.pipe://localhost/ADSyncManagement that could accept the message."}`

// cycleEvents is what a whole delta cycle writes, one second apart, with more events put before the end of a run.
func cycleEvents(first int, during map[string]string) []string {
	const ad, cloud = "contoso.com", "contoso.onmicrosoft.com - AAD"
	record := 100
	var all []string
	add := func(message string) {
		all = append(all, trace(record, first+record-100, message))
		record++
	}
	run := func(profile, connector string) {
		add("Before Execute RunProfile:" + profile + " on Connector:" + connector + ".")
		if extra, ok := during[profile+" on "+connector]; ok {
			all = append(all, strings.ReplaceAll(extra, "AT", o(first+record-100)))
		}
		add("After Execute RunProfile:" + profile + " on Connector:" + connector + ".")
	}
	add("Scheduler::SchedulerThreadMain : Started a new sync cycle run.")
	add("Import/Sync/Export cycle started (Delta).")
	run("Delta Import", ad)
	run("Delta Import", cloud)
	run("Delta Synchronization", ad)
	run("Delta Synchronization", cloud)
	run("Export", cloud)
	run("Export", ad)
	add("Import/Sync/Export cycle completed (Delta).")
	return append(all, events(len(all)))
}

func executorOver(p *player) *Executor {
	return New(map[string]Runner{"aadc01": p}, slog.New(slog.DiscardHandler))
}

func TestStartOfAWholeCycle(t *testing.T) {
	lines := []string{
		`{"t":"service","status":"Running"}`, beat(importing), `{"t":"module","version":"2.6.92.0","by":"name"}`,
		beat("Get-ADSyncScheduler"), scheduler(false, 600), running(), beat("Start-ADSyncSyncCycle"), accepted(),
		running("contoso.com"), beat("Get-WinEvent"),
	}
	lines = append(lines, trace(100, 6, "Import/Sync/Export cycle started (Delta)."), trace(101, 7, "Before Execute RunProfile:Delta Import on Connector:contoso.com."), events(2))
	p := &player{lines: script(lines...)}
	var notes []Look
	look, err := executorOver(p).Start(t.Context(), "aadc01", StartOrder{Policy: Delta}, func(l Look) { notes = append(notes, l) })
	if err != nil {
		t.Fatal(err)
	}
	if !look.Accepted || look.Adopted || look.Done {
		t.Errorf("accepted %t, adopted %t, done %t", look.Accepted, look.Adopted, look.Done)
	}
	if want := (Baseline{ServerTime: at(0), NextStart: at(600)}); look.Baseline != want {
		t.Errorf("baseline %v, want %v", look.Baseline, want)
	}
	if !look.ReadsFrom.Equal(at(6)) {
		t.Errorf("reads from %v, want the import's beginning", look.ReadsFrom)
	}
	if f := look.Follow; !f.Seen || f.Connector != "contoso.com" || f.Profile != "Delta Import" || f.Record != 101 || f.Slices != 1 {
		t.Errorf("follow state %+v", f)
	}
	if len(look.Runs) != 1 || look.Version != "2.6.92.0" {
		t.Errorf("runs %v, version %q", look.Runs, look.Version)
	}
	if len(notes) == 0 || notes[0].Baseline.ServerTime != at(0) || !notes[0].Baseline.NextStart.IsZero() || notes[0].Accepted {
		t.Fatalf("the first of %d notes is not the clock's: %+v", len(notes), notes)
	}
	if second := notes[1]; second.Baseline.NextStart != at(600) || second.Accepted {
		t.Errorf("the scheduler's state was not told before the start: %+v", second)
	}
}

func TestAnUnknownServerIsAnError(t *testing.T) {
	if _, err := executorOver(&player{}).Status(t.Context(), "aadc02"); err == nil {
		t.Error("no error")
	}
}

func TestARunnersErrorIsReturnedAsItIs(t *testing.T) {
	lost := &RunError{Kind: FailureLost, Server: "aadc01", Op: "receive", Started: true}
	p := &player{lines: script(scheduler(false, 600), running(), accepted())[:4], fail: lost}
	look, err := executorOver(p).Start(t.Context(), "aadc01", StartOrder{Policy: Delta}, nil)
	if !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
	if !look.Accepted || !look.ReadsFrom.Equal(at(5)) {
		t.Errorf("the accepted start was forgotten: %+v", look)
	}
}
