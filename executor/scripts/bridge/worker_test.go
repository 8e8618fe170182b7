package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// request is a file in the folder for requests.
type request struct {
	name, text string
	old        bool
}

const id = "0f8fad5b-d9cb-469f-a165-70867728950e"

func history(id string) string {
	return `{"id":"` + id + `","question":"history","since":"","most":5}`
}

// work lets the worker find requests, and returns its answers by name and the fakes that were called.
func (m *machine) work(requests ...request) (answers map[string]map[string]any, calls string) {
	m.t.Helper()
	for _, folder := range []string{"requests", "answers"} {
		path := filepath.Join(m.folder, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "keep.txt"), nil, 0o600); err != nil {
			m.t.Fatal(err)
		}
	}
	for _, r := range requests {
		path := filepath.Join(m.folder, "requests", r.name)
		if err := os.WriteFile(path, []byte(r.text), 0o600); err != nil {
			m.t.Fatal(err)
		}
		if r.old {
			then := time.Now().Add(-time.Hour)
			if err := os.Chtimes(path, then, then); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	return m.once()
}

// once runs the worker as the task does.
func (m *machine) once() (answers map[string]map[string]any, calls string) {
	m.t.Helper()
	path := filepath.Join(m.folder, "worker.ps1")
	if err := os.WriteFile(path, []byte(worker), 0o600); err != nil {
		m.t.Fatal(err)
	}
	_ = os.Remove(m.calls) // of an earlier run, if there was one
	command := exec.CommandContext(m.t.Context(), program(m.t), "-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "RemoteSigned", "-File", path)
	command.Env = append(os.Environ(), "PS51_PRELUDE="+m.fakes, "PS51_TRUSTED="+filepath.Dir(m.fakes), "BRIDGE_TEST_LOG="+m.calls)
	out, err := command.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended || len(out) > 0 {
		m.t.Fatalf("%v: %s", err, out)
	}
	answers = make(map[string]map[string]any)
	files, err := os.ReadDir(filepath.Join(m.folder, "answers"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, file := range files {
		if file.Name() == "keep.txt" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.folder, "answers", file.Name()))
		if err != nil {
			m.t.Fatal(err)
		}
		var answer map[string]any
		if err := json.Unmarshal(text, &answer); err != nil {
			m.t.Fatalf("%v: %s", err, text)
		}
		answers[file.Name()] = answer
	}
	noted, err := os.ReadFile(m.calls)
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	return answers, strings.ReplaceAll(string(noted), "\r\n", "\n")
}

// left are the requests that are still there.
func (m *machine) left() (names []string) {
	m.t.Helper()
	files, err := os.ReadDir(filepath.Join(m.folder, "requests"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, file := range files {
		if file.Name() != "keep.txt" {
			names = append(names, file.Name())
		}
	}
	return names
}

func TestTheWorkerRefusesWhatIsNoRequest(t *testing.T) {
	type test struct{ name, text, log string }
	ask := func(rest string) string { return `{"id":"` + id + `","question":` + rest + `}` }
	tests := []test{
		{"not JSON", "hello", "not_json"},
		{"a list", "[" + history(id) + "]", "not_json"},
		{"nothing", "", "not_json"},
		{"another id", history("1f8fad5b-d9cb-469f-a165-70867728950e"), "other_id"},
		{"an unknown question", ask(`"Stop-Service","since":"","most":5`), "question"},
		{"a question that is none", ask(`["history"],"since":"","most":5`), "question"},
		{"a key too many", ask(`"history","since":"","most":5,"run":"calc"`), "keys"},
		{"a key too few", ask(`"history","since":""`), "keys"},
		{"a threshold with arguments", ask(`"threshold","most":1`), "keys"},
		{"too many runs", ask(`"history","since":"","most":201`), "most"},
		{"a number as text", ask(`"history","since":"","most":"5"`), "most"},
		{"no time", ask(`"history","since":"$(Get-Date)","most":5`), "since"},
		{"no day of the calendar", ask(`"history","since":"2026-02-31T00:00:00Z","most":5`), "since"},
		{"the future", ask(`"history","since":"2999-01-01T00:00:00Z","most":5`), "since"},
		{"too large", history(id) + strings.Repeat(" ", 5000), "too_large"},
		{"beyond ASCII", strings.Replace(history(id), "history", "hist\u00f6ry", 1), "not_text"},
	}
	for some := range slices.Chunk(tests, 8) { // the worker takes no more at once
		m := newMachine(t)
		var requests []request
		for i, test := range some {
			own := strings.Replace(id, "e", fmt.Sprint(i), 1)
			requests = append(requests, request{name: own + ".json", text: strings.ReplaceAll(test.text, id, own)})
		}
		answers, calls := m.work(requests...)
		for i, test := range some {
			if want := "event 1001 Warning Request " + strings.TrimSuffix(requests[i].name, ".json") + " was refused: " + test.log + ".\n"; !strings.Contains(calls, want) {
				t.Errorf("%s: %q is not in\n%s", test.name, want, calls)
			}
		}
		if len(answers) != 0 || len(m.left()) != 0 || strings.Count(calls, "\n") != len(some) {
			t.Errorf("answers %v, left %v, calls\n%s", answers, m.left(), calls)
		}
	}
}

func TestTheWorkerAnswers(t *testing.T) {
	m := newMachine(t)
	answers, calls := m.work(request{name: id + ".json", text: history(id)})
	answer := answers[id+".json"]
	if answer == nil || answer["id"] != id || answer["ok"] != true || answer["question"] != "history" || answer["complete"] != true {
		t.Fatalf("%v\n%s", answers, calls)
	}
	made, err := time.Parse(time.RFC3339Nano, answer["made"].(string))
	if err != nil || time.Since(made) > time.Hour {
		t.Errorf("made %v: %v", answer["made"], err)
	}
	runs := answer["runs"].([]any)
	if len(runs) != 1 || runs[0].(map[string]any)["StartDate"] != "2026-11-24T09:00:00.0000000Z" {
		t.Errorf("runs %v", runs)
	}
	if want := "import C:\\Program Files\\Microsoft Azure AD Sync\\Bin\\ADSync\\ADSync.psd1\nevent 1000 Information Request " + id + " (history) was answered.\n"; calls != want {
		t.Errorf("calls %q", calls)
	}
	if len(m.left()) != 0 {
		t.Errorf("left %v", m.left())
	}
	// Its answer is cleared away once nobody can wait for it any more.
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(m.folder, "answers", id+".json"), then, then); err != nil {
		t.Fatal(err)
	}
	if answers, _ := m.once(); len(answers) != 0 {
		t.Errorf("answers %v", answers)
	}
}

func TestTheWorkerIsNotDrownedByRequests(t *testing.T) {
	m := newMachine(t)
	var all []request
	for i := range 30 {
		name := fmt.Sprintf("0f8fad5b-d9cb-469f-a165-7086772895%02x", i)
		all = append(all, request{name: name + ".json", text: history(name)})
	}
	all = append(all, request{name: "1f8fad5b-d9cb-469f-a165-70867728950e.json", text: history(id), old: true}, request{name: "evil.ps1", text: "calc"}, request{name: "..json", text: "{}"})
	answers, calls := m.work(all...)
	if len(answers) != 8 || len(m.left()) != 0 {
		t.Errorf("%d answers, left %v", len(answers), m.left())
	}
	for _, want := range []string{"2 files that are no requests were removed", "23 requests were removed unread"} {
		if !strings.Contains(calls, want) {
			t.Errorf("%q is not in\n%s", want, calls)
		}
	}
}

func TestTheWorkerDoesNothingInAFolderThatWasChanged(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(m *machine, requests, elsewhere string) error
	}{
		{"the file is gone that keeps it", func(_ *machine, requests, _ string) error { return os.Remove(filepath.Join(requests, "keep.txt")) }},
		{"a link to another place", func(_ *machine, requests, elsewhere string) error {
			if err := os.WriteFile(filepath.Join(elsewhere, "keep.txt"), nil, 0o600); err != nil {
				return err
			}
			if err := os.RemoveAll(requests); err != nil {
				return err
			}
			return os.Symlink(elsewhere, requests)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			m.work()
			requests, elsewhere := filepath.Join(m.folder, "requests"), t.TempDir()
			if err := test.change(m, requests, elsewhere); err != nil {
				t.Fatal(err)
			}
			precious := filepath.Join(requests, id+".json")
			if err := os.WriteFile(precious, []byte(history(id)), 0o600); err != nil {
				t.Fatal(err)
			}
			answers, calls := m.once()
			if len(answers) != 0 || !strings.HasPrefix(calls, "event 1003 Error ") {
				t.Errorf("%v %q", answers, calls)
			}
			if _, err := os.Stat(precious); err != nil {
				t.Error(err)
			}
		})
	}
}
