package executor_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// program runs one command line on a simulated server.
type program func(ctx context.Context, commandLine string, stdin io.Reader, stdout, stderr io.Writer) int

// Run implements executor.Runner without any wire. What the server prints is read when its process has ended.
func (p program) Run(ctx context.Context, script []byte, line func([]byte) error) error {
	var stdout, stderr bytes.Buffer
	if code := p(ctx, executor.CommandLine, bytes.NewReader(script), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		return fmt.Errorf("exit code %d: %s", code, &stderr)
	}
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, executor.MaxLine)
	for lines.Scan() {
		if err := line(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// answers is a server that answers scripts by what they are called.
func answers(m *adsync.Model) program {
	run := adsync.Answers(m)
	return func(ctx context.Context, _ string, stdin io.Reader, stdout, stderr io.Writer) int {
		return run(ctx, stdin, stdout, stderr)
	}
}

// shell is a server that runs scripts in a PowerShell, without which the test is skipped.
func shell(t *testing.T) func(m *adsync.Model) program {
	t.Helper()
	path := os.Getenv("ADSYNCBOT_POWERSHELL")
	if path == "" {
		t.Skip("ADSYNCBOT_POWERSHELL does not name a PowerShell")
	}
	return func(m *adsync.Model) program { return program(adsync.PowerShell(m, path)) }
}

// epoch is when a simulated server is switched on.
func epoch() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) }

// outcome is what a delta comes to on a server.
type outcome struct {
	refused  executor.Code // nothing was started
	verdict  executor.Verdict
	source   executor.Source
	code     executor.Code
	policy   executor.Policy
	adopted  bool
	runs     int
	findings []int         // their events
	bridge   executor.Code // why it did not tell
	claimed  bool          // since when it reads AD is known
}

// delta asks for a delta and follows the cycle to its end.
func delta(t *testing.T, run program) outcome {
	t.Helper()
	e := executor.New(map[string]executor.Runner{"aadc01": run}, slog.New(slog.DiscardHandler))
	look, err := e.Start(t.Context(), "aadc01", executor.StartOrder{Policy: executor.Delta}, nil)
	if refusal, ok := errors.AsType[*executor.Refusal](err); ok {
		return outcome{refused: refusal.Code}
	}
	if err != nil {
		t.Fatal(err)
	}
	adopted := look.Adopted
	for slice := 0; !look.Done; slice++ {
		if slice == 120 {
			t.Fatalf("no end: %+v", look)
		}
		look, err = e.Follow(t.Context(), "aadc01", executor.FollowOrder{
			Policy: look.Policy, Baseline: look.Baseline, ReadsFrom: look.ReadsFrom, Follow: look.Follow, Runs: look.Runs, Watch: 12 * time.Second,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	r := look.Result
	o := outcome{verdict: r.Verdict, source: r.Source, code: r.Code, bridge: r.Bridge, policy: look.Policy, adopted: adopted, runs: len(look.Runs), claimed: !look.ReadsFrom.IsZero()}
	for _, f := range r.Findings {
		o.findings = append(o.findings, f.EventID)
	}
	if look.ReadsFrom.After(look.EndedAt) {
		t.Errorf("reads from %v, ended at %v", look.ReadsFrom, look.EndedAt)
	}
	return o
}

func same(a, b outcome) bool {
	found := slices.Equal(a.findings, b.findings)
	a.findings, b.findings = nil, nil
	return found && fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

func refusedWith(code executor.Code) outcome { return outcome{refused: code} }

// ends is a cycle of ours that the event log judges.
func ends(v executor.Verdict, runs int, findings ...int) outcome {
	return outcome{verdict: v, source: executor.FromEventLog, policy: executor.Delta, runs: runs, findings: findings, claimed: true}
}

// expected is what a delta comes to in every situation.
func expected() map[string]outcome {
	taken := ends(executor.Succeeded, 6)
	taken.adopted = true
	full := taken
	full.policy = executor.Initial
	blind := outcome{verdict: executor.Unknown, source: executor.FromNothing, code: executor.CodeUnreadable, policy: executor.Delta, claimed: true}
	read := ends(executor.Succeeded, 6)
	read.source = executor.FromHistory
	bridged := ends(executor.Succeeded, 6)
	bridged.source = executor.FromBridge
	without := func(why executor.Code) outcome {
		o := ends(executor.Succeeded, 6)
		o.bridge = why
		return o
	}
	return map[string]outcome{
		"ok":                        ends(executor.Succeeded, 6),
		"race":                      ends(executor.Succeeded, 6),
		"running delta":             taken,
		"running initial":           full,
		"staging":                   ends(executor.Succeeded, 4),
		"suspended":                 refusedWith(executor.CodeSuspended),
		"disabled":                  refusedWith(executor.CodeDisabled),
		"wizard":                    refusedWith(executor.CodeWizardOpen),
		"wizard hidden":             refusedWith(executor.CodeWizardOpen),
		"pending deletes":           ends(executor.Succeeded, 6),
		"shutting down":             refusedWith(executor.CodeShuttingDown),
		"busy":                      refusedWith(executor.CodeConnectorBusy),
		"service stopped":           refusedWith(executor.CodeServiceStopped),
		"service missing":           refusedWith(executor.CodeServiceMissing),
		"module by path":            ends(executor.Succeeded, 6),
		"module missing":            refusedWith(executor.CodeModuleMissing),
		"cloud settings unreadable": refusedWith(executor.CodeCloudSettings),
		"no rights":                 refusedWith(executor.CodeNoRights),
		"browse only":               refusedWith(executor.CodeNoRights),
		"event log unreadable":      blind,
		"history readable":          read,
		"bridge":                    bridged,
		"bridge busy":               bridged,
		"bridge denied":             without(executor.CodeBridgeDenied),
		"bridge disabled":           without(executor.CodeBridgeDisabled),
		"bridge hangs":              without(executor.CodeBridgeSilent),
		"bridge stale":              without(executor.CodeBridgeStale),
		"bridge foreign":            without(executor.CodeBridgeForeign),
		"bridge garbled":            without(executor.CodeBridgeGarbled),
		"bridge rightless":          without(executor.CodeBridgeRights),
		"constrained language":      ends(executor.Succeeded, 6),
		"two forests":               ends(executor.Succeeded, 9),
		"umlauts":                   ends(executor.Succeeded, 9),
		"export errors":             ends(executor.Errors, 6, 6941, 6100),
		"chronic error":             ends(executor.Errors, 6, 6941, 6100),
		"csexport denied":           ends(executor.Errors, 6, 6941, 6100),
		"csexport missing":          ends(executor.Errors, 6, 6941, 6100),
		"sync errors":               ends(executor.Errors, 6, 6100),
		"import failure":            ends(executor.Failed, 6, 106, 109),
		"no domain controller":      ends(executor.Failed, 6, 6007),
		"deletion threshold":        ends(executor.Failed, 6, 116),
		"cancelled":                 ends(executor.Cancelled, 2, 6051),
		// The event log does not tell result strings; a run that logs nothing against itself has succeeded as far as it
		// tells.
		"unknown result": ends(executor.Succeeded, 6),
	}
}

func TestADeltaInEverySituation(t *testing.T) {
	want := expected()
	for _, situation := range adsync.Situations() {
		t.Run(situation.Name, func(t *testing.T) {
			expect, ok := want[situation.Name]
			if !ok {
				t.Fatal("nobody has said what a delta comes to here")
			}
			m := situation.New(adsync.NewSimulatedClock(epoch()), nil)
			if got := delta(t, answers(m)); !same(got, expect) {
				t.Errorf("got  %+v\nwant %+v", got, expect)
			}
		})
	}
	t.Logf("%d situations", len(adsync.Situations()))
}

func TestAResultThatNobodyKnowsIsUnknownWhereTheHistoryIsRead(t *testing.T) {
	situation, _ := adsync.Find("unknown result")
	m := situation.New(adsync.NewSimulatedClock(epoch()), func(s *adsync.Settings) { s.NetworkLogon = false })
	got := delta(t, answers(m))
	if got.verdict != executor.Unknown || got.source != executor.FromHistory || got.code != executor.CodeOther {
		t.Errorf("%+v", got)
	}
}

func TestStatusAndCheckInPowerShell(t *testing.T) {
	on := shell(t)
	cases := 0
	for _, language := range []string{"FullLanguage", "ConstrainedLanguage"} {
		for _, culture := range []string{"en-US", "de-DE", "ja-JP"} {
			t.Run(language+" "+culture, func(t *testing.T) {
				situation, _ := adsync.Find("running delta")
				m := situation.New(adsync.NewSimulatedClock(epoch()), func(s *adsync.Settings) { s.Language, s.Culture = language, culture })
				e := executor.New(map[string]executor.Runner{"aadc01": on(m)}, slog.New(slog.DiscardHandler))
				s, err := e.Status(t.Context(), "aadc01")
				if err != nil {
					t.Fatal(err)
				}
				if s.Service != "Running" || s.Version != "2.6.92.0" || !s.InProgress || s.Interval != 30*time.Minute || !s.EventsReadable || len(s.Problems) != 0 ||
					s.LastCycle == nil || *s.LastCycle != (executor.SeenCycle{Policy: executor.Delta, Start: epoch()}) {
					t.Errorf("%+v, last cycle %+v", s, s.LastCycle)
				}
				c, err := e.Check(t.Context(), "aadc01")
				if err != nil {
					t.Fatal(err)
				}
				if c.LanguageMode != language || c.Culture != culture || !c.X64 || c.ModuleBy != "name" || len(c.Groups) == 0 || !c.Status.EventsReadable ||
					c.HistoryReadable || c.HistoryMessage == "" || len(c.Connectors) != 2 || len(c.Status.Problems) != 0 {
					t.Errorf("%+v", c)
				}
			})
			cases += 2
		}
	}
	t.Logf("%d cases", cases)
}

// withAdmin is an executor whose one server runs the scripts of both credentials.
func withAdmin(r executor.Runner) *executor.Executor {
	servers := map[string]executor.Runner{"aadc01": r}
	return executor.NewWithAdmins(servers, servers, slog.New(slog.DiscardHandler))
}
