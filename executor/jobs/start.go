package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
)

// How soon a start that had to wait is tried again.
const (
	retryMessage = time.Second
	retryServer  = 10 * time.Second
	retryBusy    = 10 * time.Second
	// readyLimit bounds the wait for the first message within one slice.
	readyLimit = 8 * time.Second
	// heldUp is how long it may take from the plan for a start to the start: less than the time after which others take over
	// from a process that has frozen.
	heldUp = silentAfter - 5*time.Second
)

var errTooLate = errors.New("not accepted within the time a request may wait")

// announce sees to it that the cycle's message stands before anything is started, then starts it.
func (s *slice) announce(ctx context.Context) (time.Duration, error) {
	if s.cancelled() {
		return 0, s.notStarted(ctx, executor.CodeCancelled, "")
	}
	if s.late(executor.Patience) {
		return 0, s.notStarted(ctx, executor.CodeTooLate, s.waitingOn())
	}
	ready, cancel := context.WithTimeout(ctx, readyLimit)
	err := s.teller.Ready(ready, s.cycle.ID)
	cancel()
	var never interface{ Undeliverable() (channel, code string) }
	switch {
	case errors.As(err, &never):
		_, code := never.Undeliverable()
		return 0, s.notStarted(ctx, executor.CodeUndeliverable, code)
	case err != nil:
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		s.log.Warn("first message not out yet", "error", err)
		return retryMessage, s.wait(ctx, "message", "")
	}
	// The intent is stored before the act: whatever is lost from here on, a retry looks first whether a cycle has
	// started since.
	s.cycle.Phase = executor.PhaseStarting
	s.cycle.Waiting = nil
	return s.start(ctx)
}

// start tells the server to start a cycle, or takes one that has started since our intent.
func (s *slice) start(ctx context.Context) (time.Duration, error) {
	free, ok := s.starts.take()
	if !ok {
		return spread(nextTurn), nil
	}
	defer free()
	planned := s.now()
	order := executor.StartOrder{Policy: s.cycle.Policy, Baseline: s.cycle.Baseline, History: s.road(ctx)}
	late := s.late(s.patience())
	switch {
	case !s.cycle.Intent.IsZero():
		order.SinceIntent = s.now().Sub(s.cycle.Intent)
		order.LookOnly = late || s.cancelled()
	case late:
		return 0, s.notStarted(ctx, executor.CodeTooLate, s.waitingOn())
	case s.tooSoon(ctx):
		return 0, s.notStarted(ctx, executor.CodeTooSoon, "")
	default:
		s.cycle.Intent = s.now()
		if err := s.save(ctx); err != nil {
			return 0, err
		}
		if s.cancelled() { // meanwhile; from here on the server is told to stop it
			return 0, s.notStarted(ctx, executor.CodeCancelled, "")
		}
	}

	act, cancel := context.WithTimeoutCause(ctx, startSlice, fmt.Errorf("start slice on %s: no end after %s", s.cycle.Server, startSlice))
	defer cancel()
	act, giveUp := context.WithCancelCause(act)
	defer giveUp(nil)
	tooLate := time.AfterFunc(s.cycle.AskedAt.Add(s.patience()).Sub(s.now()), func() { giveUp(errTooLate) })
	if order.LookOnly {
		tooLate.Stop()
	}
	defer tooLate.Stop()

	n := s.noting()
	failpoint.Strike(failpoint.StartBefore)
	if took := s.now().Sub(planned); took > heldUp {
		s.log.WarnContext(ctx, "held up before a start, so the plan is made anew", "took", took)
		return 0, nil // another process may have started the cycle meanwhile, and seen its end
	}
	look, err := s.executor.Start(act, s.cycle.Server, order, func(l executor.Look) {
		if l.Accepted || l.Adopted {
			tooLate.Stop()
		}
		n.note(ctx, l)
		if n.err != nil && !l.Accepted && !l.Adopted {
			giveUp(n.err) // we were held up, and another slice has the cycle: it must not be started twice
		}
	})
	failpoint.Strike(failpoint.StartAfter)
	s.learn(ctx, look)
	if look.Accepted || look.Adopted {
		// Even when the slice broke off later: the server has taken it, so from here on it is followed.
		return s.started(ctx, look, err)
	}
	if n.err != nil {
		return 0, n.err
	}
	return s.startFailed(ctx, order, err)
}

func (s *slice) started(ctx context.Context, look executor.Look, err error) (time.Duration, error) {
	s.take(look)
	s.cycle.Phase = executor.PhaseFollowing
	s.cycle.Waiting = nil
	s.cycle.Origin = executor.Started
	if look.Adopted && !look.Accepted {
		s.cycle.Origin = executor.Adopted
	}
	s.taken = true
	if err != nil {
		s.log.Warn("first look broke off", "error", err)
		s.cycle.Follow.LastProblem = problem(err)
	}
	s.log.Info("cycle started", "origin", string(s.cycle.Origin), "policy", string(s.cycle.Policy))
	next, err := s.looked(ctx, look)
	if err == nil {
		s.observe(ctx, look.Before)
	}
	return next, err
}

// startFailed sorts what went wrong into: wait and try again, or over.
func (s *slice) startFailed(ctx context.Context, order executor.StartOrder, err error) (time.Duration, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	var refusal *executor.Refusal
	var run *executor.RunError
	switch {
	case errors.Is(err, errTooLate):
		// What was waited for until now stays the reason that people are told. The next slice only looks.
		s.log.Info("start given up", "cause", err)
		return 0, nil
	case errors.As(err, &refusal) && order.LookOnly:
		// The look found no cycle of ours: nothing was started, and it is too late to start one, or nobody wants it any more.
		if s.cancelled() {
			return 0, s.notStarted(ctx, executor.CodeCancelled, "")
		}
		return 0, s.notStarted(ctx, executor.CodeTooLate, s.waitingOn())
	case errors.As(err, &refusal) && passing(refusal.Code):
		return retryBusy, s.wait(ctx, "connector", refusal.On)
	case errors.As(err, &refusal):
		s.log.Info("start refused", "code", string(refusal.Code))
		return 0, s.refused(ctx, refusal)
	case errors.As(err, &run) && !run.Started && lasting(run.Kind):
		s.log.Warn("start not possible", "error", err)
		return 0, s.notStarted(ctx, executor.CodeUnreachable, string(run.Kind))
	case order.LookOnly && s.late(followLimit(executor.Delta)):
		// It may have been started, and nobody could look since.
		return 0, s.end(ctx, s.now(), executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing, Code: executor.CodeUnreachable, Detail: problem(err)})
	}
	s.log.Warn("start did not get through", "error", err)
	if run != nil && !run.Started && order.SinceIntent == 0 {
		// Nothing has reached the server, so there is no start of ours to look for later on.
		s.cycle.Intent = time.Time{}
		s.cycle.Waiting = s.waiting("server", problem(err))
		return retryServer, s.save(ctx)
	}
	if order.LookOnly {
		return retryServer, s.wait(ctx, "look", problem(err))
	}
	return retryServer, s.wait(ctx, "server", problem(err))
}

// passing reports whether a refusal goes away by itself within minutes.
func passing(c executor.Code) bool {
	return c == executor.CodeConnectorBusy || c == executor.CodeRequested || c == executor.CodeRunning
}

// lasting reports whether a failure stays until a person mends something.
func lasting(f executor.Failure) bool {
	switch f {
	case executor.FailureTLS, executor.FailureCredentials, executor.FailureSecret, executor.FailureHeld, executor.FailureAccess, executor.FailureProtocol:
		return true
	default:
		return false
	}
}

func (s *slice) refused(ctx context.Context, r *executor.Refusal) error {
	detail := r.Message
	if detail == "" {
		detail = r.On
	}
	return s.notStarted(ctx, r.Code, detail)
}

func (s *slice) notStarted(ctx context.Context, code executor.Code, detail string) error {
	return s.end(ctx, s.now(), executor.Result{Verdict: executor.NotStarted, Source: executor.FromNothing, Code: code, Detail: detail})
}

// wait stores why the cycle has not started yet, once per reason.
func (s *slice) wait(ctx context.Context, reason, on string) error {
	w := s.waiting(reason, on)
	if w == s.cycle.Waiting {
		return nil
	}
	s.cycle.Waiting = w
	return s.save(ctx)
}

// waiting is what the cycle waits for: what it has been waiting for already, or something new.
func (s *slice) waiting(reason, on string) *executor.Waiting {
	if w := s.cycle.Waiting; w != nil && w.For == reason && w.On == on {
		return w
	}
	return &executor.Waiting{For: reason, On: on, Since: s.now()}
}

// patience is how long after the asking the cycle may still start.
func (s *slice) patience() time.Duration {
	if w := s.cycle.Waiting; w != nil && w.For == "connector" {
		return executor.BusyPatience
	}
	return executor.Patience
}

// cancelled reports whether somebody has asked for the cycle's end.
func (s *slice) cancelled() bool { return !s.cycle.CancelAt.IsZero() }

func (s *slice) late(limit time.Duration) bool { return s.now().Sub(s.cycle.AskedAt) >= limit }

func (s *slice) waitingOn() string {
	if s.cycle.Waiting == nil {
		return ""
	}
	return s.cycle.Waiting.On
}

// problem is the short stored word for a failed look.
func problem(err error) string {
	if run, ok := errors.AsType[*executor.RunError](err); ok {
		return string(run.Kind)
	}
	return "interrupted"
}
