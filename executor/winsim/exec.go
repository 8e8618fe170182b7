package winsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// execGrace bounds the wait for the output of processes that outlive the one that was started.
const execGrace = 5 * time.Second

// Exec returns a Program that runs the arguments of its command line with the real program at path, in place of the one
// the line names. Its environment is what env returns, then that of the shell. The process and all its children are
// killed when the context ends, and children that are left when it ends by itself.
func Exec(path string, env func() []string) Program {
	return func(ctx context.Context, p Process) int {
		cmd := exec.CommandContext(ctx, path, arguments(p.CommandLine)...) //nolint:gosec // the caller chose the program
		cmd.Env = append(env(), p.Environment...)
		cmd.Stdout, cmd.Stderr = p.Stdout, p.Stderr
		cmd.WaitDelay = execGrace
		cmd.Cancel = func() error { return killTree(cmd.Process) }
		ownTree(cmd)
		stdin, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return write(p.Stderr, fmt.Sprintf("%s: %v\r\n", path, err), 1)
		}
		copied := make(chan struct{})
		go func() {
			defer close(copied)
			_, _ = io.Copy(stdin, p.Stdin) // a program need not read its input
			_ = stdin.Close()
		}()
		err = cmd.Wait()
		_ = killTree(cmd.Process)
		_ = p.Stdin.Close()
		<-copied
		var exit *exec.ExitError
		switch {
		case err == nil, errors.Is(err, exec.ErrWaitDelay):
			return 0
		case errors.As(err, &exit):
			return exit.ExitCode()
		default:
			return 1
		}
	}
}

// arguments splits a command line at spaces outside double quotes and leaves out the program's name.
func arguments(line string) []string {
	var args []string
	var arg strings.Builder
	quoted, inside := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, inside = !quoted, true
		case r == ' ' && !quoted:
			if inside {
				args = append(args, arg.String())
				arg.Reset()
			}
			inside = false
		default:
			arg.WriteRune(r)
			inside = true
		}
	}
	if inside {
		args = append(args, arg.String())
	}
	if len(args) == 0 {
		return nil
	}
	return args[1:]
}
