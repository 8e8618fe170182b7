package adsync

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// script is what is sent, as far as Answers looks at it.
func script(name, parameters string) string {
	return "& { # adsyncbot " + name + "\nparam($json)\n'only the first and the last line matter'\n} '" + parameters + "'\n\n"
}

const (
	startDelta   = `{"policy":"Delta","adopt":"any","since_seconds":0,"since_utc":"","look_seconds":4,"history":"probe"}`
	startInitial = `{"policy":"Initial","adopt":"initial","since_seconds":0,"since_utc":"","look_seconds":4,"history":"probe"}`
	startWatched = `{"policy":"Delta","adopt":"any","since_seconds":0,"since_utc":"","look_seconds":300,"history":"probe"}`
	retryDelta   = `{"policy":"Delta","adopt":"any","since_seconds":600,"since_utc":"","look_seconds":0,"history":"probe"}`
	status       = `{"since_utc":""}`
)

type object map[string]any

// kind is the line's kind, with its doing or why, as the tests write it down.
func (l object) kind() string {
	switch l["t"] {
	case "adopted", "done":
		return fmt.Sprintf("%s %s", l["t"], l["why"])
	case "refused":
		return strings.TrimRight(fmt.Sprintf("%s %s%s %s", l["t"], l["code"], l["message"], l["on"]), " ")
	case "problem":
		return fmt.Sprintf("%s %s", l["t"], l["code"])
	default:
		return fmt.Sprint(l["t"])
	}
}

// lines reads what a script printed, and checks what holds of every script.
func lines(t testing.TB, stdout []byte) []object {
	t.Helper()
	var all []object
	for text := range strings.Lines(string(stdout)) {
		for _, c := range []byte(text) {
			if c > 126 {
				t.Fatalf("not ASCII: %q", text)
			}
		}
		var l object
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		all = append(all, l)
	}
	if len(all) == 0 || all[0]["t"] != "clock" {
		t.Fatalf("the first line is no clock: %v", all)
	}
	if end := all[len(all)-1]; end["t"] != "end" || end["lines"] != float64(len(all)-1) {
		t.Fatalf("the last line of %d: %v", len(all), end)
	}
	return all
}

func ask(t testing.TB, m *Model, name, parameters string) []object {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := Answers(m)(t.Context(), strings.NewReader(script(name, parameters)), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	return lines(t, stdout.Bytes())
}

// kinds are the kinds of lines but those that tell no outcome; a kind that repeats is named once, with its count.
func kinds(all []object) string {
	var names []string
	count := 0
	all = slices.DeleteFunc(slices.Clone(all), func(l object) bool { return l["t"] == "beat" })
	for i, l := range all {
		count++
		if i+1 < len(all) && all[i+1].kind() == l.kind() && l["t"] != "running" && l["t"] != "scheduler" {
			continue
		}
		name := l.kind()
		if count > 1 {
			name = fmt.Sprintf("%s×%d", name, count)
		}
		names, count = append(names, name), 0
	}
	return strings.Join(names, ", ")
}

func TestStart(t *testing.T) {
	const fit = "clock, service, module, scheduler, running, "
	const looked = fit + "connectors, deletes, "
	for _, test := range []struct{ situation, parameters, want string }{
		{"ok", startDelta, looked + "accepted, event×2, events, past×3, end"},
		{"race", startDelta, looked + "accepted, events, past×3, end"},
		{"running delta", startDelta, fit + "adopted in_progress, connectors, event×3, events, past×3, end"},
		{"running delta", startInitial, fit + "refused already_running, end"},
		{"running initial", startInitial, fit + "adopted in_progress, connectors, event×3, events, past×3, end"},
		{"running initial", startDelta, fit + "adopted in_progress, connectors, event×3, events, past×3, end"},
		{"staging", startDelta, fit + "connectors, " + "accepted, event×2, events, past×3, end"},
		{"suspended", startDelta, fit + "refused scheduler_suspended, end"},
		{"disabled", startDelta, fit + "refused scheduler_disabled, end"},
		{"wizard", startDelta, fit + "refused wizard_open, end"},
		{"wizard hidden", startDelta, looked + "refused " + refuseWizard + ", end"},
		{"shutting down", startDelta, looked + "refused " + refuseShutdown + ", end"},
		{"busy", startDelta, fit + "refused connector_busy " + EntraConnector + ", end"},
		{"service stopped", startDelta, "clock, service, refused service_stopped, end"},
		{"service missing", startDelta, "clock, service, refused service_missing, end"},
		{"module by path", startDelta, looked + "accepted, event×2, events, past×3, end"},
		{"module missing", startDelta, "clock, service, problem not_found, refused module_missingThe specified module 'ADSync' was not loaded because " +
			"no valid module file was found in any module directory., end"},
		{"cloud settings unreadable", startDelta, "clock, service, module, refused " + refuseCloud + ", end"},
		{"no rights", startDelta, "clock, service, module, refused " + refuseRole + ", end"},
		{"browse only", startDelta, looked + "refused " + refuseRights + ", end"},
		{"event log unreadable", startDelta, looked + "accepted, problem access_denied, end"},
		{"constrained language", startDelta, looked + "accepted, event×2, events, past×3, end"},
	} {
		t.Run(test.situation+" "+test.parameters, func(t *testing.T) {
			m, _ := in(t, test.situation)
			all := ask(t, m, "start", test.parameters)
			if got := kinds(all); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
			if want := strings.Count(test.want, "accepted"); m.Starts() != want {
				t.Errorf("%d starts, want %d", m.Starts(), want)
			}
		})
	}
}

// whole starts a delta, follows it to its end within one script and returns the lines.
func whole(t *testing.T, situation string, change ...func(*Settings)) []object {
	t.Helper()
	m, _ := in(t, situation, change...)
	return ask(t, m, "start", startWatched)
}

func TestAWholeCycleInOneLook(t *testing.T) {
	for _, test := range []struct {
		situation string
		runs      int // 0: the run history cannot be read
		events    string
	}{
		{"ok", 0, ""},
		{"race", 0, ""},
		{"staging", 0, ""},
		{"history readable", 6, ""},
		{"export errors", 0, "ADSync 6941 Error, ADSync 6941 Error, ADSync 6100 Warning"},
		{"sync errors", 0, "ADSync 6100 Warning"},
		{"import failure", 0, "Directory Synchronization 106 Error, Directory Synchronization 109 Error"},
		{"no domain controller", 0, "ADSync 6007 Error"},
		{"deletion threshold", 0, "Directory Synchronization 116 Warning"},
		{"cancelled", 0, "ADSync 6051 Information"},
		{"umlauts", 0, ""},
	} {
		t.Run(test.situation, func(t *testing.T) {
			all := whole(t, test.situation)
			var events []string
			runs, seen, steps, done := 0, false, 0, ""
			for _, l := range all {
				switch l["t"] {
				case "scheduler":
					seen = seen || l["in_progress"] == true
				case "event":
					if l["id"] != 904.0 {
						events = append(events, fmt.Sprintf("%s %v %s", l["source"], l["id"], l["level"]))
					} else if strings.HasPrefix(l["message"].(string), "After Execute") {
						steps++
					}
				case "run":
					runs++
				case "done":
					done = l["why"].(string)
				}
			}
			if !seen || done != "seen" {
				t.Errorf("seen in progress %t, done %q", seen, done)
			}
			if got := strings.Join(events, ", "); got != test.events {
				t.Errorf("events %s, want %s", got, test.events)
			}
			if runs != test.runs {
				t.Errorf("%d runs, want %d", runs, test.runs)
			}
			want := map[string]int{"staging": 4, "umlauts": 9, "cancelled": 1}[test.situation]
			if want == 0 {
				want = 6
			}
			if steps != want {
				t.Errorf("%d steps ended, want %d", steps, want)
			}
		})
	}
}

func TestARetryTakesTheCycleThatHasStartedSince(t *testing.T) {
	m, clock := in(t, "ok")
	ask(t, m, "start", startDelta)
	clock.Advance(5 * time.Minute)
	all := ask(t, m, "start", retryDelta)
	if got, want := kinds(all), "clock, service, module, scheduler, running, adopted since, connectors, event×15, events, past×3, end"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if m.Starts() != 1 {
		t.Errorf("%d starts", m.Starts())
	}
}

func TestFollowPollsTheSchedulerEveryTenSeconds(t *testing.T) {
	m, clock := in(t, "running delta", instantly)
	clock.Advance(time.Second)
	parameters := `{"since_utc":"2026-11-24T09:00:30.0000000Z","old_next":"","seen":true,"cycle":"","scheduler_age_seconds":10,"after_record":0,"watch_seconds":300,"history":"none"}`
	all := ask(t, m, "follow", parameters)
	calls := m.Calls("Get-ADSyncScheduler")
	if len(calls) != 6 {
		t.Errorf("%d calls", len(calls))
	}
	for i := 1; i < len(calls); i++ {
		if d := calls[i].Sub(calls[i-1]); d < 10*time.Second {
			t.Errorf("call %d came %s after the one before", i, d)
		}
	}
	var busy []string
	for _, l := range all {
		if l["t"] == "running" {
			busy = append(busy, fmt.Sprint(len(l["connectors"].([]any))))
		}
	}
	if len(busy) == 0 || busy[0] != "1" || busy[len(busy)-1] != "0" {
		t.Errorf("busy: %v", busy)
	}
	if got := kinds(all); !strings.Contains(got, "done seen, connectors, statistics×2, event×15, events, end") {
		t.Errorf("got %s", got)
	}
}

func TestFollowTellsOnlyNewEventsUntilTheEnd(t *testing.T) {
	m, clock := in(t, "running delta", instantly)
	clock.Advance(10 * time.Second)
	follow := func(after int) []object {
		return ask(t, m, "follow", fmt.Sprintf(`{"since_utc":"2026-11-24T09:00:30Z","old_next":"","seen":true,"cycle":"","scheduler_age_seconds":0,"after_record":%d,"watch_seconds":0,"history":"none"}`, after))
	}
	all := follow(0)
	if got, want := kinds(all), "clock, module, running, event×5, events, end"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	last := int(all[len(all)-3]["record"].(float64))
	if got, want := kinds(follow(last)), "clock, module, running, events, end"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnUnseenCycleIsOverWhenTheNextStartHasMoved(t *testing.T) {
	m, clock := in(t, "ok")
	ask(t, m, "start", `{"policy":"Delta","adopt":"any","since_seconds":0,"since_utc":"","look_seconds":0,"history":"probe"}`)
	clock.Advance(10 * time.Minute)
	all := ask(t, m, "follow", `{"since_utc":"2026-11-24T09:00:32Z","old_next":"2026-11-24T09:05:30Z","seen":false,"cycle":"","scheduler_age_seconds":60,"after_record":0,"watch_seconds":12,"history":"probe"}`)
	if got, want := kinds(all), "clock, module, running, scheduler, done next_start, connectors, statistics×2, history, event×15, events, end"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestStatus(t *testing.T) {
	for _, test := range []struct{ situation, want string }{
		{"ok", "clock, service, module, scheduler, running, event×3, events, heartbeat, end"},
		{"running delta", "clock, service, module, scheduler, running, event×5, events, heartbeat, end"},
		{"service stopped", "clock, service, module, problem other×2, event×3, events, heartbeat, end"},
		{"service missing", "clock, service, problem not_found, events, heartbeat, end"},
		{"no rights", "clock, service, module, problem access_denied×2, event×3, events, heartbeat, end"},
		{"event log unreadable", "clock, service, module, scheduler, running, problem access_denied, end"},
	} {
		t.Run(test.situation, func(t *testing.T) {
			m, _ := in(t, test.situation)
			if got := kinds(ask(t, m, "status", status)); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct{ situation, want string }{
		{"ok", "clock, service, module, scheduler, running, group×7, event, events, history, connectors, end"},
		{"module missing", "clock, service, problem not_found, group×7, event, events, end"},
		{"no rights", "clock, service, module, problem access_denied×2, group×5, event, events, history, problem access_denied, end"},
	} {
		t.Run(test.situation, func(t *testing.T) {
			m, _ := in(t, test.situation)
			if got := kinds(ask(t, m, "check", "{}")); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestWhatIsNoScriptOfOursIsRefused(t *testing.T) {
	for _, test := range []struct{ name, stdin, want string }{
		{"nothing", "", "first line"},
		{"another script", "Get-Process\n\n", "first line"},
		{"an unknown script", script("destroy", "{}"), `no script "destroy"`},
		{"no blank line at the end", strings.TrimSuffix(script("status", status), "\n"), "blank line"},
		{"a blank line inside", strings.Replace(script("status", status), "param", "\nparam", 1), "quoted parameters"},
		{"a quote in the parameters", script("status", `{"since_utc":"'"}`), "quoted parameters"},
		{"characters beyond ASCII", script("status", `{"since_utc":"ü"}`), "ASCII"},
		{"a missing parameter", script("status", `{}`), `"since_utc" is missing`},
		{"an unknown parameter", script("check", `{"user":"ann"}`), "unknown field"},
		{"parameters that are not JSON", script("status", `{`), "read the parameters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, _ := in(t, "ok")
			var stdout, stderr bytes.Buffer
			code := Answers(m)(t.Context(), strings.NewReader(test.stdin), &stdout, &stderr)
			if code != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("exit code %d, %q, %q; want 1 and %q", code, &stdout, &stderr, test.want)
			}
		})
	}
}

func TestAnEndedContextEndsTheScriptBeforeItsEnd(t *testing.T) {
	m, _ := in(t, "running delta")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := Answers(m)(ctx, strings.NewReader(script("start", startDelta)), &stdout, &stderr); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(stdout.String(), `"t":"end"`) {
		t.Errorf("it claims to be complete: %s", &stdout)
	}
}

func FuzzAnswersNeverPanics(f *testing.F) {
	f.Add(script("start", startDelta))
	f.Add(script("status", status))
	f.Add("& { # adsyncbot \n} ''\n\n")
	f.Fuzz(func(t *testing.T, stdin string) {
		m, _ := in(t, "ok")
		var stdout, stderr bytes.Buffer
		if code := Answers(m)(t.Context(), strings.NewReader(stdin), &stdout, &stderr); code == 0 {
			lines(t, stdout.Bytes())
		}
	})
}

// same compares two lines as a reader of JSON sees them.
func same(a, b object) bool { return reflect.DeepEqual(a, b) }
