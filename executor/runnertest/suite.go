package runnertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

// Subject is a Runner under test, and the server behind it.
type Subject struct {
	Runner executor.Runner // runs Program
	Server string          // its short name
	Left   func() int      // how many shells or processes of runs are left on the server
	Silent func()          // returns when the server has been asked for output in vain; nil if it is never asked
}

// Run runs the suite. Each test gets a subject of its own.
func Run(t *testing.T, start func(t *testing.T) Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"hands on lines in order":                     inOrder,
		"hands on a line while the script still runs": whileRunning,
		"hands on a last line without a line end":     lastLine,
		"tolerates carriage returns and empty lines":  lineEnds,
		"keeps umlauts, CJK and emoji":                unicode,
		"takes eight megabytes of output":             bigOutput,
		"takes a script of many chunks":               bigScript,
		"takes a line of the longest length":          longestLine,
		"refuses a longer line":                       tooLongLine,
		"reports an exit code with standard error":    exitCode,
		"ignores standard error when all went well":   harmlessErrors,
		"waits through silence":                       silence,
		"stops when the receiver of the lines fails":  receiverFails,
		"stops with the cause of a cancelled context": cancelled,
		"stops with the cause of a deadline":          deadline,
		"does not start when the context has ended":   neverStarted,
		"runs again and again, and two at a time":     again,
		"runs an empty script":                        emptyScript,
	} {
		t.Run(name, func(t *testing.T) {
			subject := start(t)
			test(t, subject)
			if left := subject.Left(); left != 0 {
				t.Errorf("%d left on the server, want 0", left)
			}
		})
	}
}

// collect runs a script and returns its lines.
func collect(ctx context.Context, s Subject, script ...string) ([]string, error) {
	var got []string
	err := s.Runner.Run(ctx, []byte(strings.Join(script, "\n")+"\n"), func(line []byte) error {
		got = append(got, string(line))
		return nil
	})
	return got, err
}

func want(t *testing.T, s Subject, lines []string, script ...string) {
	t.Helper()
	got, err := collect(t.Context(), s, script...)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	if !slices.Equal(got, lines) {
		t.Errorf("got %q, want %q", got, lines)
	}
}

func inOrder(t *testing.T, s Subject) {
	want(t, s, []string{"one", "two", "three"}, "print one", "print two", "print three")
}

func lastLine(t *testing.T, s Subject) {
	want(t, s, []string{"one", "two"}, `write "one\ntwo"`)
}

func lineEnds(t *testing.T, s Subject) {
	want(t, s, []string{"one", "", "two", "a\rb"}, `write "one\r\n\r\ntwo\na\rb\r\n"`)
}

func unicode(t *testing.T, s Subject) {
	lines := []string{"Grüße aus Köln", "同期が完了しました", "👩🏽‍🚀 🚀"}
	want(t, s, lines, "print "+lines[0], "print "+lines[1], "print "+lines[2])
}

func emptyScript(t *testing.T, s Subject) { want(t, s, nil, "") }

func bigOutput(t *testing.T, s Subject) {
	const count = 8 << 10
	text := strings.Repeat("ü", 511)
	n := 0
	err := s.Runner.Run(t.Context(), fmt.Appendf(nil, "repeat %d %s\n", count, text), func(line []byte) error {
		if string(line) != text {
			return fmt.Errorf("line %d is %.40q", n, line)
		}
		n++
		return nil
	})
	if err != nil || n != count {
		t.Errorf("got %d lines and error %v, want %d lines", n, err, count)
	}
}

func bigScript(t *testing.T, s Subject) {
	var script, lines []string
	for i := range 3000 {
		lines = append(lines, fmt.Sprintf("%d %s", i, strings.Repeat("é", 50)))
		script = append(script, "print "+lines[i])
	}
	want(t, s, lines, script...)
}

func longestLine(t *testing.T, s Subject) {
	want(t, s, []string{strings.Repeat("x", executor.MaxLine)}, `write "`+strings.Repeat("x", executor.MaxLine)+`\r\n"`)
}

func tooLongLine(t *testing.T, s Subject) {
	lines, err := collect(t.Context(), s, "print before", "print "+strings.Repeat("x", executor.MaxLine+1), "print after")
	if failed := failure(t, s, err, executor.FailureProtocol); failed.ExitCode != 0 {
		t.Errorf("got exit code %d, want none", failed.ExitCode)
	}
	if !slices.Equal(lines, []string{"before"}) {
		t.Errorf("got %.80q, want the line before", lines)
	}
}

// failure checks that err is a *executor.RunError of that kind after a start, and returns it.
func failure(t *testing.T, s Subject, err error, kind executor.Failure) *executor.RunError {
	t.Helper()
	failed, ok := errors.AsType[*executor.RunError](err)
	if !ok {
		t.Fatalf("got error %v, want a RunError", err)
	}
	if failed.Kind != kind || failed.Server != s.Server || !failed.Started || failed.Op == "" {
		t.Errorf("got %+v, want kind %s on %s, started", failed, kind, s.Server)
	}
	return failed
}

func exitCode(t *testing.T, s Subject) {
	lines, err := collect(t.Context(), s, "print before", "error schön kaputt", "exit 7")
	failed := failure(t, s, err, executor.FailureExit)
	if failed.ExitCode != 7 || failed.Detail != "schön kaputt" {
		t.Errorf("got %+v, want exit code 7 and standard error", failed)
	}
	if !slices.Equal(lines, []string{"before"}) {
		t.Errorf("got %q, want the line before", lines)
	}
}

func harmlessErrors(t *testing.T, s Subject) {
	want(t, s, []string{"fine"}, "error only a warning", "print fine")
}

func whileRunning(t *testing.T, s Subject) {
	gate := newGate(t)
	var got []string
	err := s.Runner.Run(t.Context(), []byte("print one\nawait "+gate.address()+"\nprint two\n"), func(line []byte) error {
		if got = append(got, string(line)); len(got) == 1 {
			gate.arrive(t).open()
		}
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q and error %v", got, err)
	}
}

func silence(t *testing.T, s Subject) {
	gate := newGate(t)
	go func() {
		visitor := gate.arrive(t)
		if s.Silent != nil {
			s.Silent()
		}
		visitor.open()
	}()
	want(t, s, []string{"after"}, "await "+gate.address(), "print after")
}

func receiverFails(t *testing.T, s Subject) {
	gate := newGate(t)
	full := errors.New("full")
	arrived := make(chan visitor, 1)
	calls := 0
	err := s.Runner.Run(t.Context(), []byte("print one\nawait "+gate.address()+"\nprint two\n"), func([]byte) error {
		calls++
		arrived <- gate.arrive(t)
		return full
	})
	if err != full || calls != 1 { //nolint:errorlint // the error must come back as it is
		t.Errorf("got error %v after %d calls, want %v after 1", err, calls, full)
	}
	(<-arrived).gone()
}

func cancelled(t *testing.T, s Subject) {
	gate := newGate(t)
	reason := errors.New("somebody said stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	arrived := make(chan visitor, 1)
	go func() {
		visitor := gate.arrive(t)
		cancel(reason)
		arrived <- visitor
	}()
	_, err := collect(ctx, s, "print one", "await "+gate.address(), "print two")
	if err != reason { //nolint:errorlint // the cause must come back as it is
		t.Errorf("got error %v, want %v", err, reason)
	}
	(<-arrived).gone()
}

// deadline uses a context that ends with a cause of its own while lines keep coming.
func deadline(t *testing.T, s Subject) {
	reason := errors.New("the slice is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	n := 0
	err := s.Runner.Run(ctx, []byte("repeat 100000000 x\n"), func([]byte) error {
		if n++; n == 1000 {
			cancel(reason)
		}
		return nil
	})
	if err != reason { //nolint:errorlint // the cause must come back as it is
		t.Errorf("got error %v, want %v", err, reason)
	}
}

func neverStarted(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if lines, err := collect(ctx, s, "print one"); !errors.Is(err, context.Canceled) || len(lines) != 0 {
		t.Errorf("got %q and error %v", lines, err)
	}
}

func again(t *testing.T, s Subject) {
	want(t, s, []string{"first"}, "print first")
	gate := newGate(t)
	done := make(chan error, 1)
	var first bytes.Buffer
	go func() {
		done <- s.Runner.Run(t.Context(), []byte("await "+gate.address()+"\nprint slow\n"), func(line []byte) error {
			first.Write(line)
			return nil
		})
	}()
	visitor := gate.arrive(t)
	want(t, s, []string{"fast"}, "print fast")
	visitor.open()
	if err := <-done; err != nil || first.String() != "slow" {
		t.Errorf("got %q and error %v", first.String(), err)
	}
}
