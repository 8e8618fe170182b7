package adsync

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const requestID = "1f8fad5b-d9cb-469f-a165-70867728950e"

// bridged starts the task with one request and returns what it has written once it had the time.
func bridged(t *testing.T, m *Model, text string) []BridgeFile {
	t.Helper()
	if err := m.StartTask(t.Context(), []BridgeFile{{Name: requestID + ".json", Text: text}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Sleep(t.Context(), bridgeTakes); err != nil {
		t.Fatal(err)
	}
	return m.Bridged(t.Context())
}

func historyRequest(most int) string {
	return fmt.Sprintf(`{"id":%q,"question":"history","since":"","most":%d}`, requestID, most)
}

func TestTheTask(t *testing.T) {
	for _, test := range []struct {
		bridge  Bridge
		state   string
		answers int
	}{
		{BridgeWorks, "Ready", 1},
		{BridgeDisabled, "Disabled", 1},
		{BridgeHangs, "Ready", 0},
		{BridgeBusy, "Ready", 0},
		{BridgeGarbled, "Ready", 1},
	} {
		m, _ := in(t, "ok", func(s *Settings) { s.Bridge = test.bridge })
		if state, err := m.Task(t.Context()); err != nil || state != test.state {
			t.Errorf("%s: %s, %v", test.bridge, state, err)
		}
		if got := bridged(t, m, historyRequest(3)); len(got) != test.answers {
			t.Errorf("%s: %v", test.bridge, got)
		}
		if got := m.Bridged(t.Context()); len(got) != 0 {
			t.Errorf("%s: an answer is there twice", test.bridge)
		}
	}
	for _, bridge := range []Bridge{BridgeMissing, BridgeDenied} {
		m, _ := in(t, "ok", func(s *Settings) { s.Bridge = bridge })
		if err := m.StartTask(t.Context(), nil); err == nil {
			t.Errorf("%s: it was started", bridge)
		}
	}
}

// The script that the task runs on a real server, over the module that asks the model, writes what the model says it
// does: so both stand for each other.
func TestTheWorkerWritesWhatTheModelDoes(t *testing.T) {
	shell := program(t)
	for _, test := range []struct{ situation, language, request string }{
		{"ok", "FullLanguage", historyRequest(4)},
		{"export errors", "ConstrainedLanguage", historyRequest(100)},
		{"umlauts", "ConstrainedLanguage", historyRequest(100)},
		{"ok", "ConstrainedLanguage", `{"id":"` + requestID + `","question":"threshold"}`},
		{"no rights", "FullLanguage", historyRequest(4)},
	} {
		t.Run(test.situation+" "+test.language, func(t *testing.T) {
			m, clock := in(t, test.situation, func(s *Settings) {
				s.NetworkLogon, s.Module, s.Language, s.Bridge = false, ModuleByPath, test.language, BridgeWorks
			})
			if test.situation != "no rights" {
				ask(t, m, "start", strings.Replace(startWatched, "probe", "none", 1))
			}
			clock.Advance(time.Second)
			folder := t.TempDir()
			worker, err := os.ReadFile(filepath.Join("..", "..", "scripts", "bridge", "worker.ps1"))
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{
				"worker.ps1": string(worker), "requests/keep.txt": "", "answers/keep.txt": "", "requests/" + requestID + ".json": test.request,
			} {
				if err := write(filepath.Join(folder, name), []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			commandLine := `powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File "` + filepath.Join(folder, "worker.ps1") + `"`
			if code := PowerShell(m, shell)(t.Context(), commandLine, strings.NewReader(""), &out, &out); code != 0 || out.Len() > 0 {
				t.Fatalf("exit code %d: %s", code, &out)
			}
			text, err := os.ReadFile(filepath.Join(folder, "answers", requestID+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if test.situation == "no rights" {
				m.Set(func(s *Settings) { s.Bridge = BridgeRightless })
			}
			want := bridged(t, m, test.request)
			if len(want) != 1 {
				t.Fatalf("the model has no answer: %v", want)
			}
			a, b := fields(t, string(text)), fields(t, want[0].Text)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("the worker wrote\n%v\nthe model\n%v", a, b)
			}
		})
	}
}

// fields are an answer's, without the time it was made at: the worker's is real. What is not in one is null in the other.
func fields(t *testing.T, text string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	delete(all, "made")
	return all
}

func FuzzARequestToTheBridge(f *testing.F) {
	f.Add(historyRequest(3))
	f.Add(`{"id":"` + requestID + `","question":"threshold"}`)
	f.Add(`{"question":7}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, _ := in(t, "bridge")
		for _, answer := range bridged(t, m, text) {
			if !strings.Contains(answer.Text, requestID) {
				t.Errorf("an answer to nobody: %s", answer.Text)
			}
		}
	})
}

func FuzzTheAnswerOfTheBridge(f *testing.F) {
	m, _ := in(f, "bridge")
	a, _ := m.bridge(BridgeFile{Name: requestID + ".json", Text: historyRequest(3)})
	f.Add(a.Text)
	f.Add(`{"half an ans`)
	f.Add(`{"v":1,"id":"` + requestID + `","question":"history","made":"2026-11-24T09:00:30Z","ok":true,"runs":[{"RunStepResults":[{"StageAdd":"x"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, _ := in(t, "bridge")
		var out bytes.Buffer
		s := &session{m: m, out: &out}
		runs, read, why := s.readBridge(text, requestID)
		if !read && (why == "" && out.Len() == 0 || len(runs) > 0) {
			t.Errorf("%v, %q, %s", runs, why, &out)
		}
	})
}

// The fragment that reads answers is given answers that are none, too large, of others, of another time, or of other
// shapes than they should be: each is refused with one line, and nothing of it is taken.
func TestTheReaderBelievesOnlyAnAnswerToItsRequest(t *testing.T) {
	now := `$([DateTime]::UtcNow.ToString('o'))`
	good := `{"v":1,"id":"` + requestID + `","question":"history","made":"` + now + `","ok":true,"code":"","message":"","complete":true,"runs":[]}`
	with := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("there is no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	tests := []struct{ name, text, want string }{
		{"a good one", good, "taken"},
		{"nothing", "", "bridge_garbled"},
		{"half of one", good[:40], "bridge_garbled"},
		{"no object", `7`, "bridge_garbled"},
		{"a list of two", "[" + good + "," + good + "]", "bridge_garbled"},
		{"another version", with(`"v":1`, `"v":2`), "bridge_garbled"},
		{"no version", with(`"v":1,`, ``), "bridge_garbled"},
		{"another id", with(requestID, "2f8fad5b-d9cb-469f-a165-70867728950e"), "bridge_foreign"},
		{"an id in capitals", with(requestID, strings.ToUpper(requestID)), "bridge_foreign"},
		{"another question", with("history", "threshold"), "bridge_foreign"},
		{"an hour old", with(now, `$([DateTime]::UtcNow.AddHours(-1).ToString('o'))`), "bridge_stale"},
		{"of tomorrow", with(now, `$([DateTime]::UtcNow.AddDays(1).ToString('o'))`), "bridge_stale"},
		{"a time that is none", with(now, "now"), "bridge_garbled"},
		{"a time that is none but looks so", with(now, "2026-99-99T99:99:99Z"), "bridge_garbled"},
		{"a refusal", with(`true,"code":"","message":""`, `false,"code":"pipe","message":"net.pipe"`), "bridge_failed"},
		{"a lack of rights", with(`true,"code":"","message":""`, `false,"code":"access_denied","message":"no"`), "bridge_rights"},
		{"ok in words", with(`"ok":true`, `"ok":"true"`), "bridge_failed"},
		{"too large", with(`"message":""`, `"message":"`+strings.Repeat("x", 2_100_000)+`"`), "bridge_garbled"},
	}
	var b strings.Builder
	for _, part := range []string{"base", "bridge"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "scripts", part+".ps1"))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(bytes.ReplaceAll(text, []byte("\n\n"), []byte("\n")))
	}
	dir := t.TempDir()
	for i, test := range tests {
		path := filepath.Join(dir, fmt.Sprint(i))
		// The time is put in where the script runs, which has its own clock.
		before, after, dated := strings.Cut(test.text, "$(")
		expression := ""
		if dated {
			expression, after, _ = strings.Cut(after, `)"`)
			after = `"` + after
		}
		if err := write(path, []byte(before+"@now@"+after)); err != nil {
			t.Fatal(err)
		}
		if !dated {
			if err := write(path, []byte(test.text)); err != nil {
				t.Fatal(err)
			}
		} else {
			fmt.Fprintf(&b, "Set-Content -LiteralPath '%s' -NoNewline -Value ((Get-Content -LiteralPath '%s' -Raw).Replace('@now@', (%s)))\n", path, path, expression)
		}
		fmt.Fprintf(&b, "$state.answer = $null\n'-----'\nRead-Answer '%s' '%s' 'history'\nif ($null -ne $state.answer) { 'taken' }\n", path, requestID)
	}
	m, _ := in(t, "ok", func(s *Settings) { s.Language = "ConstrainedLanguage" })
	stdout, stderr := shell(t, m, "& {\nparam($json)\n"+b.String()+"} '{}'")
	if stderr != "" {
		t.Fatal(stderr)
	}
	got := strings.Split(stdout, "-----\n")[1:]
	if len(got) != len(tests) {
		t.Fatalf("%d outcomes of %d: %s", len(got), len(tests), stdout)
	}
	for i, test := range tests {
		lines := strings.Split(strings.TrimSpace(got[i]), "\n")
		if len(lines) != 1 || !strings.Contains(lines[0], test.want) {
			t.Errorf("%s: %q, want one line with %s", test.name, got[i], test.want)
		}
	}
}

// Before a start, the bridge is asked for the deletion threshold when deletes wait and it is known to be there. One that
// does not answer leaves it unknown, and is no other trouble.
func TestTheThresholdByTheBridge(t *testing.T) {
	for _, test := range []struct {
		bridge   Bridge
		readable bool
	}{{BridgeWorks, true}, {BridgeHangs, false}, {BridgeRightless, false}} {
		start := strings.Replace(startDelta, `"history":"probe"`, `"history":"bridge"`, 1)
		fresh := func() *Model {
			m, _ := in(t, "pending deletes", func(s *Settings) { s.Bridge, s.Language = test.bridge, "ConstrainedLanguage" })
			return m
		}
		all := ask(t, fresh(), "start", start)
		found := false
		for _, l := range all {
			switch l["t"] {
			case "deletes":
				found = true
				if l["readable"] != test.readable || l["waiting"] != 120.0 || test.readable && l["threshold"] != 500.0 {
					t.Errorf("%s: %v", test.bridge, l)
				}
			case "problem":
				t.Errorf("%s: %v", test.bridge, l)
			}
		}
		if !found {
			t.Errorf("%s: no deletes", test.bridge)
		}
		if os.Getenv("ADSYNCBOT_POWERSHELL") == "" {
			continue // the next is the same in PowerShell
		}
		var stdout, stderr bytes.Buffer
		if code := PowerShell(fresh(), program(t))(t.Context(), commandLine, strings.NewReader(compose(t, "start", start)), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Fatalf("%s: exit code %d: %s", test.bridge, code, &stderr)
		}
		compare(t, string(test.bridge), lines(t, stdout.Bytes()), all)
	}
}
