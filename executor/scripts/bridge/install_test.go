package bridge

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
