package executor_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/scripts"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// setting is a language mode and a culture that a script runs in.
type setting struct{ language, culture string }

func settings() []setting {
	var all []setting
	for _, language := range []string{"FullLanguage", "ConstrainedLanguage"} {
		for _, culture := range []string{"en-US", "de-DE", "ja-JP"} {
			all = append(all, setting{language, culture})
		}
	}
	return all
}

// tally notes which scripts ran.
type tally struct {
	mu  sync.Mutex
	ran map[string]int
}

// count is run, and notes every script by the name in its first line.
func (y *tally) count(run program) program {
	return func(ctx context.Context, commandLine string, stdin io.Reader, stdout, stderr io.Writer) int {
		script, err := io.ReadAll(stdin)
		if err != nil {
			return 1
		}
		first, _, _ := strings.Cut(string(script), "\n")
		y.mu.Lock()
		if y.ran == nil {
			y.ran = make(map[string]int)
		}
		y.ran[strings.TrimPrefix(first, "& { # adsyncbot ")]++
		y.mu.Unlock()
		return run(ctx, commandLine, bytes.NewReader(script), stdout, stderr)
	}
}

// uses is how each script is run on its own, and in which situation.
func uses() map[string]struct {
	situation string
	run       func(ctx context.Context, e *executor.Executor) error
} {
	type use = struct {
		situation string
		run       func(ctx context.Context, e *executor.Executor) error
	}
	const server = "aadc01"
	return map[string]use{
		scripts.Start: {"ok", func(ctx context.Context, e *executor.Executor) error {
			look, err := e.Start(ctx, server, executor.StartOrder{Policy: executor.Delta}, nil)
			if err == nil && (!look.Accepted || len(look.Follow.Connectors) != 2 || look.Follow.At.Before(epoch())) {
				err = fmt.Errorf("started: %+v", look)
			}
			return err
		}},
		scripts.Follow: {"running delta", func(ctx context.Context, e *executor.Executor) error {
			look, err := e.Follow(ctx, server, executor.FollowOrder{Policy: executor.Delta, Baseline: executor.Baseline{ServerTime: epoch()}, Watch: 4 * time.Second}, nil)
			if err == nil && (!look.Follow.Seen || len(look.Runs) != 1 || look.Follow.At.Before(epoch())) {
				err = fmt.Errorf("followed: %+v", look)
			}
			return err
		}},
		scripts.Status: {"umlauts", func(ctx context.Context, e *executor.Executor) error {
			s, err := e.Status(ctx, server)
			if err == nil && (!s.Scheduled || !s.EventsReadable || s.LastCycle == nil) {
				err = fmt.Errorf("status: %+v", s)
			}
			return err
		}},
		scripts.Check: {"umlauts", func(ctx context.Context, e *executor.Executor) error {
			c, err := e.Check(ctx, server)
			if err == nil && (!c.ConnectorsListed || len(c.Groups) == 0 || c.HistoryReadable) {
				err = fmt.Errorf("check: %+v", c)
			}
			return err
		}},
		scripts.Errors: {"chronic error", func(ctx context.Context, e *executor.Executor) error {
			r, err := e.Errors(ctx, server, executor.ErrorsOrder{History: executor.RoadNone})
			if err == nil && len(r.Objects) != 1 {
				err = fmt.Errorf("errors: %+v", r)
			}
			return err
		}},
		scripts.Stop: {"running delta", func(ctx context.Context, e *executor.Executor) error {
			s, err := e.Stop(ctx, server, epoch())
			if err == nil && (!s.Accepted || !s.ReadBack || s.InProgress) {
				err = fmt.Errorf("stopped: %+v", s)
			}
			return err
		}},
		scripts.Switch: {"ok", func(ctx context.Context, e *executor.Executor) error {
			s, err := e.Switch(ctx, server, true) // it is so already; anything else needs another account
			if err == nil && (!s.Read || !s.Enabled || s.Accepted) {
				err = fmt.Errorf("switched: %+v", s)
			}
			return err
		}},
		scripts.Pending: {"umlauts", func(ctx context.Context, e *executor.Executor) error {
			r, err := e.Pending(ctx, server)
			if err == nil && len(r.Pending) != 3 {
				err = fmt.Errorf("pending: %+v", r)
			}
			return err
		}},
	}
}

// Every script does what it should in every language mode and in cultures that write dates and numbers their own way. What
// winsim answers by itself is tried too: without PowerShell that is all.
func TestEveryScriptInEverySetting(t *testing.T) {
	for _, name := range scripts.Names() {
		if _, ok := uses()[name]; !ok {
			t.Errorf("nobody has said how the script %q is run on its own", name)
		}
	}
	run := func(t *testing.T, name string, s setting, on func(m *adsync.Model) program) {
		use := uses()[name]
		situation, ok := adsync.Find(use.situation)
		if !ok {
			t.Fatalf("no situation %q", use.situation)
		}
		m := situation.New(adsync.NewSimulatedClock(epoch()), func(now *adsync.Settings) { now.Language, now.Culture = s.language, s.culture })
		e := withAdmin(on(m))
		if err := use.run(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	for name := range uses() {
		t.Run("answered "+name, func(t *testing.T) { run(t, name, settings()[0], answers) })
	}
	t.Run("in PowerShell", func(t *testing.T) {
		cases := len(scripts.Names()) * len(settings())
		t.Logf("%d scripts in %d settings: %d cases", len(scripts.Names()), len(settings()), cases)
		on := shell(t)
		for name := range uses() {
			for i, s := range settings() {
				if testing.Short() && i != 4 {
					continue
				}
				t.Run(name+" "+s.language+" "+s.culture, func(t *testing.T) {
					t.Parallel()
					run(t, name, s, on)
				})
			}
		}
	})
}

// A delta comes to the same in every situation, whether winsim answers the scripts by itself or they run in PowerShell; the
// settings take turns. The table tells.
func TestTheSameInBothWays(t *testing.T) {
	var both tally
	rows := make([]string, len(adsync.Situations()))
	t.Run("situations", func(t *testing.T) {
		t.Logf("%d situations", len(rows))
		on := shell(t)
		for i, situation := range adsync.Situations() {
			if testing.Short() && i%8 != 0 {
				continue
			}
			s := settings()[i%len(settings())]
			t.Run(situation.Name, func(t *testing.T) {
				t.Parallel()
				change := func(now *adsync.Settings) {
					if now.Language == adsync.DefaultSettings().Language && now.Culture == adsync.DefaultSettings().Culture {
						now.Language, now.Culture = s.language, s.culture
					}
					now.Speed = 4 // fewer looks, each of which is a process
				}
				want := delta(t, answers(situation.New(adsync.NewSimulatedClock(epoch()), change)))
				got := delta(t, both.count(on(situation.New(adsync.NewSimulatedClock(epoch()), change))))
				rows[i] = fmt.Sprintf("%s\t%s\t%s\t%t", situation.Name, want, got, same(want, got))
				if !same(want, got) {
					t.Errorf("in PowerShell %s\nwinsim says    %s", got, want)
				}
			})
		}
	})
	rows = slices.DeleteFunc(rows, func(r string) bool { return r == "" })
	if len(rows) == 0 {
		t.Logf("skipped: %d situations in PowerShell", len(adsync.Situations()))
		return
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "situation\twinsim\tPowerShell\tthe same")
	for _, r := range rows {
		_, _ = fmt.Fprintln(w, r)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d situations, %v scripts in PowerShell\n%s", len(rows), both.ran, &table)
}

// String is "busy: connector_busy", or "succeeded by the event log, 6 runs, findings [6100]".
func (o outcome) String() string {
	if o.refused != "" {
		return "refused: " + string(o.refused)
	}
	text := fmt.Sprintf("%s %s by %s, %d runs", o.policy, o.verdict, o.source, o.runs)
	if o.adopted {
		text = "adopted " + text
	}
	if o.code != "" {
		text += ", " + string(o.code)
	}
	if o.bridge != "" {
		text += ", " + string(o.bridge)
	}
	if len(o.findings) > 0 {
		text += fmt.Sprint(", findings ", o.findings)
	}
	return text
}
