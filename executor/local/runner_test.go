package local_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/local"
	"github.com/adsyncbot/adsyncbot/executor/runnertest"
)

// TestMain makes this binary the program that the tests start: it is asked with PowerShell's arguments.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args[1:], strings.Fields(executor.CommandLine)[1:]) {
		os.Exit(runnertest.Program(context.Background(), os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

func newRunner(t *testing.T) *local.Runner {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return local.New("here", program, slog.New(slog.DiscardHandler))
}

func TestContract(t *testing.T) {
	runnertest.Run(t, func(t *testing.T) runnertest.Subject {
		return runnertest.Subject{Runner: newRunner(t), Server: "here", Left: func() int { return children(t) }}
	})
}

func TestStartFailures(t *testing.T) {
	unstartable := t.TempDir()
	for name, test := range map[string]struct {
		program string
		kind    executor.Failure
	}{
		"a program that is not there":       {"/does/not/exist", executor.FailureUnreachable},
		"a program that may not be started": {unstartable, executor.FailureAccess},
	} {
		t.Run(name, func(t *testing.T) {
			runner := local.New("here", test.program, slog.New(slog.DiscardHandler))
			err := runner.Run(t.Context(), nil, func([]byte) error { return nil })
			failed, ok := errors.AsType[*executor.RunError](err)
			if !ok || failed.Kind != test.kind || failed.Started || failed.Server != "here" {
				t.Errorf("got %+v, want %s, not started", err, test.kind)
			}
		})
	}
}
