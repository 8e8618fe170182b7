package winrm

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

const (
	// receiveGrace is how much longer than the operation timeout an answer to Receive may take.
	receiveGrace = 10 * time.Second
	// A server that still works on the previous Send says busy: it is asked again, that often and with that pause.
	busyTries = 3
	busyPause = 5 * time.Second
)

// session is one shell with one command in it: Create, Command, Send…, Receive…, Signal, Delete, one after the other.
type session struct {
	config   *Config
	messages messages
	log      *slog.Logger
	wire     *wire

	shell   string // once the server has named it
	command string
	started bool // the command may have been started
}

// run runs the script and leaves no shell behind, as far as the server can be reached.
func (s *session) run(ctx context.Context, script []byte, line func([]byte) error) error {
	if err := s.create(ctx); err != nil {
		return s.failure(ctx, "create shell", err)
	}
	op, err := s.execute(ctx, script, line)
	var exit *exitError
	if err != nil && !errors.As(err, &exit) {
		s.abandon(ctx, err)
		return s.failure(ctx, op, err)
	}
	s.finish(ctx)
	if err != nil {
		return s.failure(context.WithoutCancel(ctx), op, err) // the process has ended: that outlives a late cancel
	}
	return nil
}

// create opens the shell. When ctx ends while the request is on its way, the answer is waited for a little: without it
// the shell could not be deleted.
func (s *session) create(ctx context.Context) error {
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	lingering, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		if !sent.Load() {
			cancel(context.Cause(ctx))
			return
		}
		timer := time.AfterFunc(s.config.CleanupTimeout, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(lingering, func() { timer.Stop() })
	})
	defer stop()
	return s.call(httptrace.WithClientTrace(lingering, trace), opCreate, s.config.RequestTimeout, s.messages.create(), func(body []byte) (err error) {
		s.shell, err = parseShell(body)
		return err
	})
}

// execute starts the command, feeds it and reads it to its end. It returns what was being done when it failed, and an
// *exitError when the process ended with another code than 0.
func (s *session) execute(ctx context.Context, script []byte, line func([]byte) error) (op string, err error) {
	if err := s.start(ctx); err != nil {
		return "start command", err
	}
	if err := s.feed(ctx, script); err != nil {
		return "send script", err
	}
	stdout, stderr := lines{emit: line}, excerpt{}
	for {
		out, err := s.receive(ctx, &stdout, &stderr)
		switch {
		case stdout.err != nil:
			return "receive", &lineError{stdout.err}
		case err != nil:
			return "receive", err
		case !out.done:
			continue
		}
		stdout.end()
		switch {
		case stdout.err != nil:
			return "receive", &lineError{stdout.err}
		case out.exitCode != 0:
			return "run script", &exitError{code: out.exitCode, stderr: stderr.text()}
		}
		return "", nil
	}
}

func (s *session) start(ctx context.Context) error {
	if ctx.Err() != nil { // while the shell was opened
		return context.Cause(ctx)
	}
	s.started = true
	err := s.call(ctx, opCommand, s.config.RequestTimeout, s.messages.command(s.shell, executor.CommandLine), func(body []byte) (err error) {
		s.command, err = parseCommand(body)
		return err
	})
	var flt *fault
	if s.wire.refused || errors.As(err, &flt) && flt.code != codeTimedOut {
		s.started = false // the server has said no
	}
	return err
}

// feed sends the script and its end.
func (s *session) feed(ctx context.Context, script []byte) error {
	for {
		chunk := script[:min(len(script), chunkSize)]
		script = script[len(chunk):]
		if err := s.send(ctx, chunk, len(script) == 0); err != nil {
			return err
		}
		if len(script) == 0 {
			return nil
		}
	}
}

// send sends one chunk. A busy server has not taken it. One that says "timed out" has: it is only slow (both as Ansible
// has found in the field).
func (s *session) send(ctx context.Context, chunk []byte, last bool) error {
	for try := 1; ; try++ {
		err := s.call(ctx, opSend, s.config.RequestTimeout, s.messages.send(s.shell, s.command, chunk, last), parseEmpty)
		var flt *fault
		switch {
		case !errors.As(err, &flt):
			return err
		case flt.code == codeTimedOut:
			return nil
		case flt.code != codeBusy || try == busyTries:
			return err
		}
		timer := time.NewTimer(busyPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// receive asks once for output; none in the operation timeout is no error. A lost answer is not asked for again: the
// protocol hands every piece of output out once.
func (s *session) receive(ctx context.Context, stdout *lines, stderr *excerpt) (output, error) {
	var out output
	err := s.call(ctx, opReceive, s.config.OperationTimeout+receiveGrace, s.messages.receive(s.shell, s.command), func(body []byte) (err error) {
		out, err = parseOutput(body, stdout, stderr)
		return err
	})
	var flt *fault
	if errors.As(err, &flt) && flt.code == codeTimedOut {
		return output{}, nil
	}
	return out, err
}

// finish acknowledges the end of the command and deletes the shell. The result stands, whatever comes of it.
func (s *session) finish(ctx context.Context) {
	err := s.tidy(ctx, opSignal, s.config.RequestTimeout, s.messages.signal(s.shell, s.command, signalTerminate))
	if err == nil {
		err = s.tidy(ctx, opDelete, s.config.RequestTimeout, s.messages.remove(s.shell))
	}
	if err != nil {
		s.abandon(ctx, err)
	}
}

// abandon ends the command, if there is one, and deletes the shell after cause, in a short time of its own.
func (s *session) abandon(ctx context.Context, cause error) {
	if s.wire.refused {
		return // every further request would be one more wrong logon
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), s.config.CleanupTimeout, errNoAnswer)
	defer cancel()
	step := s.config.CleanupTimeout / 3 // so that an unanswered signal leaves time for Delete
	var flt *fault
	known := !errors.As(cause, &flt) || !flt.gone()
	if s.command != "" && known {
		for _, code := range []string{signalCtrlC, signalTerminate} {
			// Delete ends the process as well, so the next step is worth taking whatever this one brings.
			_ = s.tidy(ctx, opSignal, step, s.messages.signal(s.shell, s.command, code))
		}
	}
	if err := s.tidy(ctx, opDelete, step, s.messages.remove(s.shell)); err != nil {
		s.log.WarnContext(ctx, "shell left to its idle timeout", "server", s.config.Server, "shell", s.shell, "error", err)
	}
}

// tidy sends a request that only cleans up: what is gone already is as good as cleaned.
func (s *session) tidy(ctx context.Context, op operation, timeout time.Duration, envelope string) error {
	err := s.call(ctx, op, timeout, envelope, parseEmpty)
	var flt *fault
	if errors.As(err, &flt) && flt.gone() {
		return nil
	}
	return err
}

// call sends an envelope, waits for the answer no longer than timeout, and reads it.
func (s *session) call(ctx context.Context, op operation, timeout time.Duration, envelope string, read func(body []byte) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errNoAnswer)
	defer cancel()
	body, err := s.wire.call(ctx, envelope)
	var held *gateError
	switch {
	case err == nil:
		err = read(body)
	case errors.Is(context.Cause(ctx), errNoAnswer) && !errors.As(err, &held):
		err = errNoAnswer
	}
	s.config.Metrics.answered(op, err)
	return err
}
