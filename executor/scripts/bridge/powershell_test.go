package bridge

import (
	"bytes"
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

// program is the path of a PowerShell like Windows', without which the tests that need one are skipped.
func program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("ADSYNCBOT_POWERSHELL")
	if path == "" {
		t.Skip("ADSYNCBOT_POWERSHELL does not name a PowerShell")
	}
	return path
}

func TestTheScriptsAreForWindowsPowerShell(t *testing.T) {
	text, err := Script(`CORP\svc-adsync`, "")
	if err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(t.TempDir(), "bridge.ps1")
	if err := os.WriteFile(whole, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program(t), "-Check", "install.ps1", "worker.ps1", whole).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// machine is a drive C: on which the bridge is installed, checked and removed, with fakes of what only Windows has.
type machine struct {
	t       *testing.T
	drive   string
	calls   string
	fakes   string
	folder  string // of the bridge
	setting string // what is the matter with the machine
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	program(t)
	dir := t.TempDir()
	fakes, err := filepath.Abs(filepath.Join("testdata", "fakes.ps1"))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, drive: filepath.Join(dir, "C"), calls: filepath.Join(dir, "calls"), fakes: fakes}
	files := filepath.Join(m.drive, "Program Files")
	m.folder = filepath.Join(files, "adsyncbot-bridge")
	if err := os.MkdirAll(files, 0o700); err != nil {
		t.Fatal(err)
	}
	return m
}

// run runs the file once for each list of arguments, in one process: the fakes remember in between. It returns what
// was printed and which of the fakes were called.
func (m *machine) run(runs ...string) (printed, calls string) {
	m.t.Helper()
	text, err := Script("", "")
	if err != nil {
		m.t.Fatal(err)
	}
	script := strings.ReplaceAll(string(text), "\r\n", "\n")
	script = strings.ReplaceAll(script, "[System.IO.File]::Delete(", "(Remove-TestFile ")
	script = strings.ReplaceAll(script, "[System.IO.Directory]::Delete(", "(Remove-TestFolder ")
	dir := m.t.TempDir()
	path := filepath.Join(dir, "bridge.ps1")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		m.t.Fatal(err)
	}
	var b strings.Builder
	for _, arguments := range runs {
		fmt.Fprintf(&b, "try { & '%s' %s } catch { \"failed: $_\" }\n", path, arguments)
	}
	main := filepath.Join(dir, "main.ps1")
	if err := os.WriteFile(main, []byte(b.String()), 0o600); err != nil {
		m.t.Fatal(err)
	}
	_ = os.Remove(m.calls) // of an earlier run, if there was one
	command := exec.CommandContext(m.t.Context(), program(m.t), "-NoProfile", "-NonInteractive", "-File", main)
	command.Env = append(os.Environ(), "PS51_PRELUDE="+m.fakes, "PS51_TRUSTED="+filepath.Dir(m.fakes), "PS51_DRIVE_C="+m.drive,
		"COMPUTERNAME=AADC01", "BRIDGE_TEST_LOG="+m.calls, "BRIDGE_TEST="+m.setting)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		m.t.Fatalf("%v: %s", err, &out)
	}
	noted, err := os.ReadFile(m.calls)
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), strings.ReplaceAll(string(noted), "\r\n", "\n")
}

func (m *machine) files() []string {
	m.t.Helper()
	var all []string
	err := filepath.Walk(m.folder, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			name, _ := filepath.Rel(m.folder, path)
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

const asked = `-Account CORP\svc-adsync -RunAs 'CORP\gmsa-adsync$'`

const (
	botSID  = "S-1-5-21-1-2-3-1101"
	taskSID = "S-1-5-21-1-2-3-1102"
)

func TestInstallation(t *testing.T) {
	m := newMachine(t)
	printed, calls := m.run(asked)
	if got, want := m.files(), []string{"answers/keep.txt", "requests/keep.txt", "worker.ps1"}; !slices.Equal(got, want) {
		t.Errorf("files %v\n%s", got, printed)
	}
	text, err := os.ReadFile(filepath.Join(m.folder, "worker.ps1"))
	if err != nil || strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")) != strings.TrimSpace(worker) {
		t.Errorf("worker.ps1: %v, %d bytes", err, len(text))
	}
	const folder = `C:\Program Files\adsyncbot-bridge`
	const admins = `O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)`
	want := []string{
		`rights ` + folder + ` ` + admins + `(A;OICI;0x1200a9;;;` + taskSID + `)(A;;0x1000a0;;;` + botSID + `)`,
		`rights ` + folder + `\worker.ps1 O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;` + taskSID + `)`,
		`rights ` + folder + `\requests ` + admins + `(A;;0x1200e9;;;` + taskSID + `)(A;OIIO;0x130089;;;` + taskSID + `)(A;;0x1000a2;;;` + botSID + `)(A;OIIO;0x110080;;;OW)`,
		`rights ` + folder + `\requests\keep.txt O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;FR;;;` + taskSID + `)`,
		`rights ` + folder + `\answers ` + admins + `(A;;0x1200eb;;;` + taskSID + `)(A;OIIO;0x13019f;;;` + taskSID + `)(A;OIIO;0x13019f;;;OW)(A;;0x1000a0;;;` + botSID + `)(A;OIIO;0x120089;;;` + botSID + `)`,
		`rights ` + folder + `\answers\keep.txt O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;FR;;;` + taskSID + `)`,
		`source adsyncbot-bridge in Application`,
		`task \adsyncbot-bridge runs C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File "` +
			folder + `\worker.ps1" in ` + folder + ` as CORP\gmsa-adsync$ Password Limited, IgnoreNew, 00:02:00`,
		`task rights adsyncbot-bridge flags 16 O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;` + botSID + `)`,
		`task defined adsyncbot-bridge flags 20 as CORP\gmsa-adsync$ logon 1 O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;` + botSID + `)`,
	}
	if got := strings.Split(strings.TrimSpace(calls), "\n"); !slices.Equal(got, want) {
		t.Errorf("calls:\n%s\nwant:\n%s", calls, strings.Join(want, "\n"))
	}
	if !strings.Contains(printed, "The bridge is installed") || strings.Contains(printed, "failed") {
		t.Errorf("printed: %s", printed)
	}
}

func TestAUserRunsByS4UAndNeedsNoPassword(t *testing.T) {
	m := newMachine(t)
	printed, calls := m.run(`-Account CORP\svc-adsync`)
	if !strings.Contains(calls, `as CORP\svc-adsync S4U Limited`) || !strings.Contains(calls, `logon 2 `) {
		t.Errorf("calls: %s", calls)
	}
	if !strings.Contains(printed, "is not a direct member of ADSyncOperators") {
		t.Errorf("printed: %s", printed)
	}
}

func TestInstallingAgainReplacesAllAndRemovingLeavesNothing(t *testing.T) {
	m := newMachine(t)
	printed, calls := m.run(asked, asked)
	if strings.Count(calls, `task \adsyncbot-bridge runs`) != 2 || strings.Count(calls, "unregister") != 1 || strings.Contains(printed, "failed") {
		t.Errorf("%s\n%s", printed, calls)
	}
	printed, calls = m.run("-Remove", "-Remove")
	if _, err := os.Stat(m.folder); !os.IsNotExist(err) || strings.Contains(printed, "failed") {
		t.Errorf("%v; %s\n%s", err, printed, calls)
	}
}

func TestRemovingTakesWhatTheBridgeLeftAndNothingElse(t *testing.T) {
	m := newMachine(t)
	m.run(asked)
	put := func(name string) string {
		path := filepath.Join(m.folder, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("answers/0f8fad5b-d9cb-469f-a165-70867728950e.json")
	foreign := put("requests/passwords.txt")
	printed, _ := m.run("-Remove")
	if !strings.Contains(printed, "requests holds what is not the bridge's: passwords.txt") {
		t.Errorf("printed: %s", printed)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	m.run("-Remove")
	if _, err := os.Stat(m.folder); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// A link in the place of a folder is what somebody would make who wants an administrator to remove files elsewhere.
func TestRemovingFollowsNoLink(t *testing.T) {
	m := newMachine(t)
	m.run(asked)
	elsewhere := t.TempDir()
	precious := filepath.Join(elsewhere, "0f8fad5b-d9cb-469f-a165-70867728950e.json")
	if err := os.WriteFile(precious, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	requests := filepath.Join(m.folder, "requests")
	if err := os.RemoveAll(requests); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, requests); err != nil {
		t.Fatal(err)
	}
	printed, _ := m.run("-Remove")
	if !strings.Contains(printed, "is a link to another place") {
		t.Errorf("printed: %s", printed)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}

func TestWhatIfChangesNothing(t *testing.T) {
	m := newMachine(t)
	printed, calls := m.run(asked + " -WhatIf")
	if calls != "" || strings.Count(printed, "What if:") != 4 {
		t.Errorf("calls %q\n%s", calls, printed)
	}
	if _, err := os.Stat(m.folder); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestWhoMustNotBeTakenForIt(t *testing.T) {
	for _, test := range []struct{ name, setting, arguments, want string }{
		{"not elevated", "plain", asked, "Run as administrator"},
		{"no account", "", "", "Name the account: -Account"},
		{"an unknown account", "", `-Account CORP\nobody`, `There is no account "CORP\nobody"`},
		{"the system", "", `-Account CORP\svc-adsync -RunAs 'NT AUTHORITY\SYSTEM'`, "take an account with few rights"},
		{"an administrator", "", `-Account CORP\svc-adsync -RunAs CORP\admin`, "is a member of Administrators"},
		{"Windows keeps its own rights", "rightless", asked, "did not take the rights"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			m.setting = test.setting
			printed, calls := m.run(test.arguments)
			if !strings.Contains(printed, test.want) || strings.Contains(calls, "task ") && test.setting != "rightless" {
				t.Errorf("%s\n%s", printed, calls)
			}
		})
	}
}

// The rights beside the definition may do.
func TestRightsThatTheDefinitionDoesNotTakeAreSaid(t *testing.T) {
	m := newMachine(t)
	m.setting = "managed"
	printed, _ := m.run(asked)
	if !strings.Contains(printed, "could not be put into the task's definition") || !strings.Contains(printed, "The bridge is installed") {
		t.Errorf("printed: %s", printed)
	}
}

func TestOnADomainControllerTheGroupsAreLeftToPeople(t *testing.T) {
	m := newMachine(t)
	m.setting = "domaincontroller"
	printed, _ := m.run(asked)
	if !strings.Contains(printed, "cannot be listed here") || !strings.Contains(printed, "The bridge is installed") {
		t.Errorf("printed: %s", printed)
	}
}

func TestCheck(t *testing.T) {
	m := newMachine(t)
	printed, calls := m.run("-Check", asked, "-Check")
	if !strings.Contains(printed, "failed: There is no task \\adsyncbot-bridge: install the bridge first") || !strings.Contains(printed, "The bridge works: it read 1 run of the history") {
		t.Errorf("printed: %s\n%s", printed, calls)
	}
	if !strings.Contains(calls, "event 1000 Information Request ") {
		t.Errorf("calls: %s", calls)
	}
	m.setting = "hanging"
	printed, _ = m.run(asked, "-Check")
	if !strings.Contains(printed, "No answer within a minute; the task's last result is 0x80070569") {
		t.Errorf("printed: %s", printed)
	}
	if got := m.files(); slices.ContainsFunc(got, func(name string) bool { return strings.HasPrefix(name, "requests/") && name != "requests/keep.txt" }) {
		t.Errorf("a request is left: %v", got)
	}
}

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
