// Package local holds a Runner for the machine the program itself runs on: a process with the script on its standard
// input, ended with everything it has started.
//
// It does not know what the scripts say, nor anything of other machines.
package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strings"

	"github.com/adsyncbot/adsyncbot/executor"
)

// stderrLimit is how much of standard error is kept for the detail of an error, in bytes.
const stderrLimit = 64 << 10

// Runner runs scripts on this machine. It may be used by many goroutines.
type Runner struct {
	server  string
	program string
	log     *slog.Logger
}

var _ executor.Runner = (*Runner)(nil)

// New returns a Runner. server is the short name this machine has in errors and the log; program is started with the
// arguments of executor.CommandLine, and is the 64-bit Windows PowerShell when empty.
func New(server, program string, log *slog.Logger) *Runner {
	if program == "" {
		program = powerShell()
	}
	return &Runner{server: server, program: program, log: log}
}

// Run implements executor.Runner.
func (r *Runner) Run(ctx context.Context, script []byte, line func([]byte) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p, err := start(r.program, arguments())
	if err != nil {
		return r.failure(&executor.RunError{Kind: startKind(err), Op: "start process", Err: err})
	}
	r.log.DebugContext(ctx, "process started", "server", r.server, "pid", p.cmd.Process.Pid)
	result := p.run(ctx, script, line)
	switch {
	case result.line != nil && !errors.Is(result.line, bufio.ErrTooLong):
		return result.line
	case result.killed != nil:
		return result.killed
	case result.line != nil:
		return r.failure(&executor.RunError{Kind: executor.FailureProtocol, Op: "read output", Started: true, Err: result.line})
	case result.code > 0:
		return r.failure(&executor.RunError{
			Kind: executor.FailureExit, Op: "run script", Started: true, ExitCode: result.code, Detail: result.stderr,
		})
	case result.err != nil:
		return r.failure(&executor.RunError{
			Kind: executor.FailureLost, Op: "run script", Started: true, Detail: result.stderr, Err: result.err,
		})
	}
	return nil
}

func (r *Runner) failure(err *executor.RunError) error {
	err.Server = r.server
	return err
}

// arguments are those of the one command line, after the program's name.
func arguments() []string { return strings.Fields(executor.CommandLine)[1:] }

func startKind(err error) executor.Failure {
	if errors.Is(err, fs.ErrPermission) {
		return executor.FailureAccess
	}
	return executor.FailureUnreachable
}

// process is a started program with its pipes and what holds its descendants together.
type process struct {
	cmd    *exec.Cmd
	tree   tree
	stdin  *os.File // our ends
	stdout *os.File
	stderr *os.File
}

// result is how a process ended. At most one of code and err says something.
type result struct {
	line   error // of the receiver of the lines, or bufio.ErrTooLong
	killed error // the cause of ctx, when that ended the process
	code   int   // above 0
	err    error // it ended by a signal, or could not be waited for
	stderr string
}

// start starts a program as the head of a tree of processes. Pipes are our own and not those of os/exec, whose Wait
// would wait for descendants that keep them open.
func start(program string, args []string) (_ *process, err error) {
	var pipes [3]struct{ theirs, ours *os.File }
	defer func() {
		for _, p := range pipes {
			_ = p.theirs.Close()
			if err != nil {
				_ = p.ours.Close()
			}
		}
	}()
	for i := range pipes {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, fmt.Errorf("open pipe: %w", err)
		}
		pipes[i].theirs, pipes[i].ours = write, read
		if i == 0 {
			pipes[i].theirs, pipes[i].ours = read, write
		}
	}
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // the program is the operator's; p.run ends the whole tree with ctx
	cmd.Stdin, cmd.Stdout, cmd.Stderr = pipes[0].theirs, pipes[1].theirs, pipes[2].theirs
	prepare(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	tree, err := hold(cmd.Process)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return &process{cmd: cmd, tree: tree, stdin: pipes[0].ours, stdout: pipes[1].ours, stderr: pipes[2].ours}, nil
}

// run feeds the process and reads it to its end. When it returns, the process and all it has started have ended.
func (p *process) run(ctx context.Context, script []byte, line func([]byte) error) result {
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		_, _ = p.stdin.Write(script) // a process that ends early does not read it all
		_ = p.stdin.Close()
	}()
	complaint := make(chan string, 1)
	go func() {
		kept, _ := io.ReadAll(io.LimitReader(p.stderr, stderrLimit))
		_, _ = io.Copy(io.Discard, p.stderr)
		complaint <- string(bytes.ToValidUTF8(bytes.TrimSpace(kept), []byte("\uFFFD")))
	}()
	ended := make(chan error, 1)
	go func() {
		err := p.cmd.Wait()
		p.tree.kill() // what it has left behind holds the pipes open
		ended <- err
	}()
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		p.tree.kill()
	})

	var out result
	if out.line = p.read(line); out.line != nil {
		p.tree.kill()
	}
	_, _ = io.Copy(io.Discard, p.stdout)
	err := <-ended
	out.stderr = <-complaint
	<-fed
	if !stop() {
		<-cancelled
		out.killed = context.Cause(ctx)
	}
	p.tree.close()
	_ = p.stdout.Close()
	_ = p.stderr.Close()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		out.code = exit.ExitCode()
	} else {
		out.err = err
	}
	return out
}

// read hands on the lines of standard output until it ends.
func (p *process) read(line func([]byte) error) error {
	scanner := bufio.NewScanner(p.stdout)
	scanner.Buffer(nil, executor.MaxLine+2) // and a line end
	for scanner.Scan() {
		if len(scanner.Bytes()) > executor.MaxLine {
			return bufio.ErrTooLong
		}
		if err := line(scanner.Bytes()); err != nil {
			return err
		}
	}
	return scanner.Err()
}
