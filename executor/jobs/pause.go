package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	// holdLooks is how often one looks whether a pause still holds: each look calls the cloud.
	holdLooks = 5 * time.Minute
	// resumeFails is after how many failures to end a pause people are told to do it themselves; it is tried on.
	resumeFails = 3
	// slowest is how far apart the tries to end a pause come to be.
	slowest = time.Minute
)

// pause does the next piece of work on a pause. The scheduler is looked at before it is told anything: one that is off
// already is somebody else's, and is neither taken over nor switched on again.
func (s *actSlice) pause(ctx context.Context) (time.Duration, error) {
	switch s.act.Phase {
	case executor.ActAsked:
		return s.findEnabled(ctx)
	case executor.ActTelling:
		return s.tellPause(ctx)
	case executor.ActHolding:
		return s.hold(ctx)
	default:
		return s.tellResume(ctx)
	}
}

func (s *actSlice) findEnabled(ctx context.Context) (time.Duration, error) {
	if s.late(stopPatience) {
		return s.end(ctx, executor.ActUnreached, executor.CodeUnreachable, s.act.Problem)
	}
	seen, err := s.look(ctx)
	switch {
	case err != nil:
		return s.notTold(ctx, err)
	case !seen.Enabled:
		return s.end(ctx, executor.ActRefused, executor.CodeDisabled, "")
	case seen.Suspended:
		return s.end(ctx, executor.ActRefused, executor.CodeSuspended, "")
	}
	s.act.Phase, s.act.ToldAt, s.act.Problem = executor.ActTelling, s.now(), ""
	if err := s.save(ctx, "", ""); err != nil {
		return 0, err
	}
	return s.tellPause(ctx)
}

// tellPause switches the scheduler off. It was on when the intent was stored: one that a later try finds off is ours.
func (s *actSlice) tellPause(ctx context.Context) (time.Duration, error) {
	if !s.now().Before(s.act.Until) {
		s.act.Phase, s.act.Tries = executor.ActEnding, 1
		return 0, s.save(ctx, "", "")
	}
	s.act.Tries++
	if err := s.save(ctx, "", ""); err != nil {
		return 0, err
	}
	seen, err := s.turn(ctx, false)
	refusal, refused := errors.AsType[*executor.Refusal](err)
	run, failed := errors.AsType[*executor.RunError](err)
	switch {
	case seen.Read && !seen.Enabled && (seen.ReadBack || s.act.Tries > 1):
		s.act.Phase, s.act.Since, s.act.AcceptedAt, s.act.Tries, s.act.Problem = executor.ActHolding, s.now(), seen.AcceptedAt, 0, ""
		if err := s.save(ctx, store.DecisionTold, ""); err != nil {
			return 0, err
		}
		return 0, s.teller.Tell(ctx, s.act)
	case refused:
		return s.end(ctx, executor.ActRefused, refusal.Code, refusal.Message)
	case seen.ReadBack:
		return s.end(ctx, executor.ActRefused, executor.CodeOther, "the server took it, and its scheduler is still on")
	case err == nil && seen.Read && !seen.Enabled: // somebody was faster
		return s.end(ctx, executor.ActRefused, executor.CodeDisabled, "")
	case failed && !run.Started && s.act.Tries == 1:
		s.act.Tries = 0 // nothing has reached the server
		if lasting(run.Kind) || s.late(stopPatience) {
			return s.end(ctx, executor.ActUnreached, executor.CodeUnreachable, problem(err))
		}
	case err == nil:
		err = errors.New("not read back")
	}
	return s.again(ctx, err)
}

// turn switches the scheduler.
func (s *actSlice) turn(ctx context.Context, enabled bool) (executor.Scheduled, error) {
	act, cancel := context.WithTimeoutCause(ctx, actTell, fmt.Errorf("switch the scheduler of %s: no end after %s", s.act.Server, actTell))
	defer cancel()
	failpoint.Strike(failpoint.ActBefore)
	seen, err := s.executor.Switch(act, s.act.Server, enabled)
	failpoint.Strike(failpoint.ActAfter)
	return seen, err
}

// hold looks whether the pause still holds until its time has come.
func (s *actSlice) hold(ctx context.Context) (time.Duration, error) {
	if err := s.teller.Tell(ctx, s.act); err != nil { // told before, unless a crash came between
		return 0, err
	}
	if !s.now().Before(s.act.Until) {
		s.act.Phase, s.act.Tries = executor.ActEnding, 0
		if err := s.save(ctx, "", ""); err != nil {
			return 0, err
		}
		return s.tellResume(ctx)
	}
	if s.now().Sub(s.act.Since) >= stopLooks {
		seen, err := s.look(ctx)
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case err == nil && seen.Enabled:
			return s.end(ctx, executor.PauseOverrode, "", "")
		case err != nil:
			s.log.Warn("a pause was not looked at", "error", err)
		}
	}
	return max(min(s.act.Until.Sub(s.now()), holdLooks), 0), nil
}

// tellResume switches the scheduler on again, and does not give up: a server that stays paused syncs nothing.
func (s *actSlice) tellResume(ctx context.Context) (time.Duration, error) {
	s.act.Tries++ // stored before the act: a scheduler that a later try finds on was switched on by us
	if err := s.save(ctx, "", ""); err != nil {
		return 0, err
	}
	seen, err := s.turn(ctx, true)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	switch {
	case err == nil && seen.Read && seen.Enabled && !seen.Accepted && s.act.Tries == 1:
		return s.end(ctx, executor.PauseOverrode, "", "")
	case seen.Read && seen.Enabled:
		return s.end(ctx, executor.PauseOver, "", "")
	case err == nil:
		err = errors.New("not on after it was switched on")
	}
	s.act.Problem = problem(err)
	s.act.Code, s.act.Detail = executor.CodeUnreachable, s.act.Problem
	if refusal, ok := errors.AsType[*executor.Refusal](err); ok {
		s.act.Code, s.act.Detail = refusal.Code, refusal.Message
	}
	s.log.Error("a pause does not end", "tries", s.act.Tries, "error", err)
	if err := s.save(ctx, "", ""); err != nil {
		return 0, err
	}
	if s.act.Tries >= resumeFails {
		if err := s.teller.Tell(ctx, s.act); err != nil {
			return 0, err
		}
	}
	return min(time.Duration(s.act.Tries)*retryAct, slowest), nil
}

// resume ends a pause before its time by doing the pause's own next piece of work.
func (s *actSlice) resume(ctx context.Context) (time.Duration, error) {
	p, err := s.store.Act(ctx, s.act.About)
	if err != nil {
		return 0, err
	}
	if p.Live() {
		next, _, err := s.slice(ctx, p.ID)
		if err != nil {
			return 0, err
		}
		if p, err = s.store.Act(ctx, p.ID); err != nil {
			return 0, err
		}
		if p.Live() {
			return max(min(next, retryAct), time.Second), nil
		}
	}
	if p.Result != executor.PauseOver {
		return s.end(ctx, p.Result, p.Code, p.Detail)
	}
	return s.end(ctx, executor.ResumeDone, "", "")
}
