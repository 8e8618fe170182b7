package adsync

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const commandLine = "powershell.exe -NoLogo -NoProfile -NonInteractive -OutputFormat Text -Command -"

// program is the path of a PowerShell like Windows', without which the tests that need one are skipped.
func program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("ADSYNCBOT_POWERSHELL")
	if path == "" {
		t.Skip("ADSYNCBOT_POWERSHELL does not name a PowerShell")
	}
	return path
}

// shell runs statements in PowerShell on m's server; each of them is one script.
func shell(t testing.TB, m *Model, statements ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	text := strings.Join(statements, "\n\n") + "\n\n"
	if code := PowerShell(m, program(t))(t.Context(), commandLine, strings.NewReader(text), &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), strings.ReplaceAll(errs.String(), "\r\n", "\n")
}

type cmdletTest struct{ name, situation, statement, want string }

func TestCmdletsInPowerShell(t *testing.T) {
	tests := []cmdletTest{
		{"enums are objects, not words", "ok", `(Start-ADSyncSyncCycle -PolicyType Delta).Result | % { "$_ $([int]$_) $($_ -is [Enum])" }`, "Success 0 True"},
		{
			"the scheduler has eleven properties", "ok", `(Get-ADSyncScheduler).PSObject.Properties.Name -join ' '`,
			"AllowedSyncCycleInterval CurrentlyEffectiveSyncCycleInterval CustomizedSyncCycleInterval NextSyncCyclePolicyType NextSyncCycleStartTimeInUTC " +
				"PurgeRunHistoryInterval SyncCycleEnabled MaintenanceEnabled StagingModeEnabled SchedulerSuspended SyncCycleInProgress",
		},
		{"the policy is an enum, the intervals are TimeSpans", "ok", `$s = Get-ADSyncScheduler; "$($s.NextSyncCyclePolicyType) $([int]$s.NextSyncCyclePolicyType) $($s.AllowedSyncCycleInterval) $($s.PurgeRunHistoryInterval.GetType().Name)"`, "Delta 1 00:30:00 TimeSpan"},
		{"its date is UTC and does not say so", "umlauts", `$d = (Get-ADSyncScheduler).NextSyncCycleStartTimeInUTC; "$($d.Kind) $($d.ToString('o'))"`, "Unspecified 2026-11-24T09:05:30.0000000"},
		{"idle is nothing at all", "ok", `$null -eq (Get-ADSyncConnectorRunStatus); @(Get-ADSyncConnectorRunStatus).Count`, "True\n0"},
		{"busy is one row", "busy", `$r = Get-ADSyncConnectorRunStatus; "$($r.RunState) $($r.ConnectorName)"`, "Busy " + EntraConnector},
		{"the Entra connector is known by its identifier", "ok", `(Get-ADSyncConnector | ? { $_.Identifier -eq '` + EntraConnectorID + `' }).Subtype`, "Windows Azure Active Directory (Microsoft)"},
		{"names keep their characters", "umlauts", `(Get-ADSyncConnector).Name -contains ('m' + [char]0xfc + 'nchen.example')`, "True"},
		{"a run's dates are Unspecified, its steps only on demand", "history readable", `$r = Get-ADSyncRunProfileResult -NumberRequested 1; "$(@($r).Count) $($r.StartDate.Kind) $($r.Result) $($null -eq $r.RunStepResults)"`, "1 Unspecified success True"},
		{"a running run has no end", "running delta", `(Get-ADSyncScheduler).SyncCycleInProgress; (Get-ADSyncConnectorStatistics 'contoso.com').TotalConnectors`, "True\n4711"},
		{"the service's status is an enum", "service stopped", `$s = Get-Service ADSync; "$($s.Status) $([int]$s.Status)"`, "Stopped 1"},
		{"a service that is not there", "service missing", `try { Get-Service ADSync -ErrorAction Stop } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }`, "NoServiceFoundForGivenName,Get-Service\nCannot find any service with service name 'ADSync'."},
		{
			"the pipe cannot be reached over the network", "ok", `try { Get-ADSyncRunProfileResult -NumberRequested 1 } catch { $_.Exception.GetType().Name; $_.Exception.Message }`,
			"EndpointNotFoundException\n" + pipeText,
		},
		{"the log is told in local time", "umlauts", `$e = Get-WinEvent -FilterHashtable @{ LogName = 'Application'; Id = 904 } -MaxEvents 1; "$($e.TimeCreated.Kind) $($e.TimeCreated.ToString('HH:mm')) $($e.Level) $($e.LevelDisplayName)"`, "Local 09:36 4 Informationen"},
		{"the log from a time on, oldest first", "ok", `(Get-WinEvent -FilterHashtable @{ LogName = 'Application'; ProviderName = 'Directory Synchronization'; Id = 904; StartTime = (Get-Date).AddHours(-1) } -Oldest)[1].Message`, "Import/Sync/Export cycle started (Delta)."},
		{"nothing found in the log", "ok", `try { Get-WinEvent -FilterHashtable @{ LogName = 'Application'; Id = 4711 } -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }`, "NoMatchingEventsFound,Get-WinEvent"},
		{"nothing found and nobody minds", "ok", `@(Get-WinEvent -FilterHashtable @{ LogName = 'Application'; Id = 4711 } -ErrorAction SilentlyContinue).Count`, "0"},
		{"the log of somebody else", "event log unreadable", `try { Get-WinEvent -FilterHashtable @{ LogName = 'Application' } -ErrorAction Stop } catch { $_.Exception.GetType().Name }`, "UnauthorizedAccessException"},
		{"the groups", "ok", `(whoami.exe /groups /fo csv | ConvertFrom-Csv | ? { $_.SID -eq 'S-1-5-2' }).'Group Name'`, `NT AUTHORITY\NETWORK`},
		{"the version", "ok", `(Get-Item 'C:\Program Files\Microsoft Azure AD Sync\Bin\miiserver.exe').VersionInfo.FileVersion`, "2.6.92.0"},
		{"the culture", "umlauts", `(Get-Culture).Name`, "de-DE"},
	}
	// One process for each situation: it takes a while to start one.
	const mark = "'-----'"
	for _, situation := range Situations() {
		of := slices.DeleteFunc(slices.Clone(tests), func(test cmdletTest) bool { return test.situation != situation.Name })
		if len(of) == 0 {
			continue
		}
		t.Run(situation.Name, func(t *testing.T) {
			m, clock := in(t, situation.Name)
			clock.Advance(time.Second)
			statements := []string{"Import-Module ADSync -ErrorAction SilentlyContinue"}
			for _, test := range of {
				statements = append(statements, mark, test.statement)
			}
			stdout, stderr := shell(t, m, statements...)
			if stderr != "" {
				t.Errorf("standard error: %s", stderr)
			}
			answers := strings.Split(stdout, strings.Trim(mark, "'")+"\n")[1:]
			if len(answers) != len(of) {
				t.Fatalf("%d answers to %d statements: %s", len(answers), len(of), stdout)
			}
			for i, test := range of {
				if got := strings.TrimSpace(answers[i]); got != test.want {
					t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
				}
			}
		})
	}
}

func TestARefusalInPowerShell(t *testing.T) {
	m, _ := in(t, "busy")
	stdout, _ := shell(t, m, "Import-Module ADSync", "try { Start-ADSyncSyncCycle Delta } catch { $_.Exception.GetType().FullName; $_.Exception.Message; $_.CategoryInfo.Category; $_.FullyQualifiedErrorId }")
	text := "System.InvalidOperationException: Connector: " + EntraConnector + " is busy.\n" +
		"   at Microsoft.MetadirectoryServices.Scheduler.Scheduler.StartSyncCycle(String overridePolicy, Boolean interactiveMode)\n" +
		"   at SchedulerUtils.StartSyncCycle(SchedulerUtils* , Char* policyType, Int32 interactiveMode, Char** errorString)"
	want := "System.InvalidOperationException\n" + text + "\nWriteError\n" + text + ",Start-ADSyncSyncCycle\n"
	if stdout != want {
		t.Errorf("got:\n%s\nwant:\n%s", stdout, want)
	}
	if _, stderr := shell(t, m, "Import-Module ADSync", "Start-ADSyncSyncCycle Delta"); !strings.HasPrefix(stderr, "Start-ADSyncSyncCycle : System.InvalidOperationException:") {
		t.Errorf("standard error: %s", stderr)
	}
}

func TestTheModuleIsFoundWhereItIs(t *testing.T) {
	const byPath = `C:\Program Files\Microsoft Azure AD Sync\Bin\ADSync\ADSync.psd1`
	for _, test := range []struct{ situation, name, want string }{
		{"ok", "ADSync", "loaded"},
		{"module by path", "ADSync", "Modules_ModuleNotFound,"},
		{"module by path", byPath, "loaded"},
		{"module missing", "ADSync", "Modules_ModuleNotFound,"},
		{"module missing", byPath, "Modules_ModuleNotFound,"},
		{"constrained language", "ADSync", "loaded"},
	} {
		t.Run(test.situation+" "+test.name[:2], func(t *testing.T) {
			m, _ := in(t, test.situation)
			stdout, _ := shell(t, m, `$ErrorActionPreference = 'Stop'; try { Import-Module '`+test.name+`'; $null = Get-ADSyncScheduler; 'loaded' } catch { $_.FullyQualifiedErrorId }`)
			if !strings.HasPrefix(stdout, test.want) {
				t.Errorf("got %s, want %s", stdout, test.want)
			}
		})
	}
}

func TestConstrainedLanguageBindsTheScriptAlone(t *testing.T) {
	m, _ := in(t, "constrained language")
	stdout, _ := shell(t, m, "Import-Module ADSync",
		`try { [Math]::Max(1, 2) } catch { $_.FullyQualifiedErrorId }`, `"$((Start-ADSyncSyncCycle Delta).Result)"`)
	if want := "MethodInvocationNotSupportedInConstrainedLanguage\nSuccess\n"; stdout != want {
		t.Errorf("got %s, want %s", stdout, want)
	}
}

// What csexport.exe wrote holds names of people: nothing of it is left, nor what a script that was killed left behind.
func TestNoFileOfCsexportIsLeft(t *testing.T) {
	m, _ := in(t, "chronic error")
	const list = `(Get-ChildItem -Path 'C:\Windows\Temp' | Sort-Object Name | ForEach-Object { $_.Name }) -join ' '`
	old := `$null = New-Item -Path 'C:\Windows\Temp\adsyncbot-old.xml' -ItemType File; (Get-Item 'C:\Windows\Temp\adsyncbot-old.xml').LastWriteTime = (Get-Date).AddHours(-2)`
	young := `$null = New-Item -Path 'C:\Windows\Temp\adsyncbot-new.xml' -ItemType File; (Get-Item 'C:\Windows\Temp\adsyncbot-new.xml').LastWriteTime = (Get-Date)`
	stdout, stderr := shell(t, m, old, young, strings.TrimSpace(compose(t, "errors", `{"history":"none","seconds":14}`))+"\n", list)
	if stderr != "" || !strings.Contains(stdout, `"t":"object"`) || !strings.HasSuffix(stdout, "\nadsyncbot-new.xml\n") {
		t.Errorf("standard error %q, output %s", stderr, stdout)
	}
}

// compose makes a script of the fragments that are sent to servers, as they stand in their files.
func compose(t testing.TB, name, parameters string) string {
	t.Helper()
	parts := map[string]string{
		"start":   "base server events result objects bridge history deletes watch start end",
		"follow":  "base server events result objects bridge history watch follow end",
		"status":  "base server events status end",
		"check":   "base server events result objects bridge history check end",
		"errors":  "base server events result objects bridge history csexport errors end",
		"pending": "base server result pending end",
		"stop":    "base server engine stop end",
		"switch":  "base server engine switch end",
	}[name]
	var b strings.Builder
	b.WriteString("& { # adsyncbot " + name + "\nparam($json)\n")
	for part := range strings.FieldsSeq(parts) {
		text, err := os.ReadFile(filepath.Join("..", "..", "scripts", part+".ps1"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if bare := strings.TrimSpace(line); bare != "" && bare[0] != '#' {
				b.WriteString(strings.TrimRight(line, " \r\n") + "\n")
			}
		}
	}
	b.WriteString("} '" + parameters + "'\n\n")
	return b.String()
}

// Both ways to answer a script print the same lines, times included: simulated time moves alike in both. PowerShell
// gets all scripts in one process, which it runs one after the other, because it takes a while to start.
func TestScriptsPrintWhatAnswersPrints(t *testing.T) {
	type sent struct{ name, parameters string }
	all := []sent{
		{"start", startDelta},
		{"start", startInitial},
		{"stop", `{"began":"2026-11-24T09:00:00.5000000Z"}`},
		{"switch", `{"enabled":false}`},
		{"follow", `{"since_utc":"2026-11-24T09:00:30.0000000Z","old_next":"2026-11-24T09:05:30.0000000Z","seen":true,"cycle":"","scheduler_age_seconds":10,"after_record":0,"watch_seconds":120,"history":"probe"}`},
		{"start", retryDelta},
		{"status", status},
		{"check", "{}"},
		{"errors", `{"history":"probe","seconds":14}`},
		{"pending", "{}"},
	}
	shell := program(t)
	for _, situation := range Situations() {
		if testing.Short() && situation.Name != "ok" && situation.Name != "umlauts" {
			continue
		}
		t.Run(situation.Name, func(t *testing.T) {
			inGo := situation.New(NewSimulatedClock(epoch), nil)
			inPowerShell := situation.New(NewSimulatedClock(epoch), nil)
			var stdout, stderr bytes.Buffer
			var scripts strings.Builder
			for _, s := range all {
				scripts.WriteString(compose(t, s.name, s.parameters))
			}
			if code := PowerShell(inPowerShell, shell)(t.Context(), commandLine, strings.NewReader(scripts.String()), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
				t.Fatalf("PowerShell: exit code %d: %s", code, &stderr)
			}
			rest := stdout.Bytes()
			for _, s := range all {
				var want bytes.Buffer
				if code := Answers(inGo)(t.Context(), strings.NewReader(script(s.name, s.parameters)), &want, &stderr); code != 0 {
					t.Fatalf("%s: exit code %d: %s", s.name, code, &stderr)
				}
				end := bytes.Index(rest, []byte(`"t":"end"`))
				if end < 0 {
					t.Fatalf("%s has no end: %s", s.name, rest)
				}
				end += bytes.IndexByte(rest[end:], '\n') + 1
				compare(t, s.name, lines(t, rest[:end]), lines(t, want.Bytes()))
				rest = rest[end:]
			}
			if got, want := inPowerShell.State(), inGo.State(); got.Starts != want.Starts || got.Cycles != want.Cycles || !got.Now.Equal(want.Now) {
				t.Errorf("PowerShell left %+v, Answers left %+v", got, want)
			}
		})
	}
}

// compare shows the first line that differs.
func compare(t *testing.T, name string, got, want []object) {
	t.Helper()
	for _, all := range [][]object{got, want} {
		delete(all[0], "ps") // each its own
	}
	for i := range max(len(got), len(want)) {
		var a, b object
		if i < len(got) {
			a = got[i]
		}
		if i < len(want) {
			b = want[i]
		}
		if !same(a, b) {
			t.Errorf("%s, line %d: PowerShell printed\n%v\nAnswers printed\n%v", name, i+1, a, b)
			return
		}
	}
}

func TestTheEndOfTheContextKillsPowerShell(t *testing.T) {
	m, _ := in(t, "ok")
	ctx, cancel := context.WithCancelCause(t.Context())
	ready := make(chan struct{})
	stdout := writerFunc(func(text []byte) {
		if bytes.Contains(text, []byte("ready")) {
			close(ready)
		}
	})
	var stderr bytes.Buffer
	ended := make(chan int)
	run := PowerShell(m, program(t))
	go func() {
		ended <- run(ctx, commandLine, strings.NewReader("'ready'\n\nwhile ($true) { $null = 1 }\n\n"), stdout, &stderr)
	}()
	<-ready
	cancel(errors.New("enough"))
	if code := <-ended; code != 1 || !strings.Contains(stderr.String(), "enough") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(text []byte) (int, error) { f(text); return len(text), nil }

// In real time the script's own clock is the right one, and the script is sent as it is.
func TestAScriptInRealTime(t *testing.T) {
	situation, _ := Find("ok")
	m := situation.New(WallClock{}, func(s *Settings) { s.Speed = 100 })
	var stdout, stderr bytes.Buffer
	text := compose(t, "start", strings.Replace(startDelta, `"look_seconds":4`, `"look_seconds":0`, 1))
	if code := PowerShell(m, program(t))(t.Context(), commandLine, strings.NewReader(text), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	if got := kinds(lines(t, stdout.Bytes())); !strings.HasPrefix(got, "clock, service, module, scheduler, running, connectors, deletes, accepted, ") || m.Starts() != 1 {
		t.Errorf("%d starts; got %s", m.Starts(), got)
	}
	if err := m.Wait(t.Context(), func(s State) bool { return s.Cycles == 2 }); err != nil {
		t.Error(err)
	}
}

func TestTheExitCodeIsPowerShells(t *testing.T) {
	m, _ := in(t, "ok")
	var out bytes.Buffer
	if code := PowerShell(m, program(t))(t.Context(), `C:\Windows\System32\PowerShell.exe -Command "exit 7"`, strings.NewReader(""), &out, &out); code != 7 {
		t.Errorf("exit code %d: %s", code, &out)
	}
	if n := len(m.Calls(Process)); n != 1 {
		t.Errorf("%d processes", n)
	}
}

func TestPowerShellArguments(t *testing.T) {
	for _, test := range []struct {
		commandLine string
		want        []string
	}{
		{commandLine, []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-Command", "-"}},
		{`"C:\Program Files\powershell.exe" -Command "a \"b\" c" ""`, []string{"-Command", `a "b" c`, ""}},
		{"PowerShell", nil},
	} {
		got, err := powershellArguments(test.commandLine)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v; want %q", test.commandLine, got, err, test.want)
		}
	}
	for _, wrong := range []string{"", "cmd.exe /c dir", "pwsh -Command -"} {
		if _, err := powershellArguments(wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
