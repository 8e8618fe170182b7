package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	// stopPatience is how long after the asking a server may still be told to stop: what runs later is something else.
	stopPatience = 2 * time.Minute
	// stopSettles is how long a cycle may take to stop before people are told that it goes on.
	stopSettles = 2 * time.Minute
	// stopLooks is how often one looks meanwhile: each look calls the cloud.
	stopLooks = 10 * time.Second
)

// stop does the next piece of work on a stop. Which cycle is meant is stored before the server is told to stop it: told
// again after a crash, the server stops that one or nothing, and never the one that its scheduler has begun since.
func (s *actSlice) stop(ctx context.Context) (time.Duration, error) {
	switch s.act.Phase {
	case executor.ActAsked:
		return s.findCycle(ctx)
	case executor.ActTelling:
		return s.tellStop(ctx)
	default:
		return s.seeStopped(ctx)
	}
}

func (s *actSlice) late(limit time.Duration) bool { return s.now().Sub(s.act.AskedAt) >= limit }

// look reads how the scheduler stands.
func (s *actSlice) look(ctx context.Context) (executor.Scheduled, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, actLook, fmt.Errorf("look at %s: no end after %s", s.act.Server, actLook))
	defer cancel()
	st, err := s.executor.Status(ctx, s.act.Server)
	if err != nil {
		return executor.Scheduled{}, err
	}
	if !st.Scheduled {
		return executor.Scheduled{}, silentScheduler(st)
	}
	return executor.Scheduled{At: st.At, Read: true, Enabled: st.Enabled, Was: st.Enabled, Suspended: st.Suspended, InProgress: st.InProgress, NextStart: st.NextStart}, nil
}

// silentScheduler says why the scheduler did not answer.
func silentScheduler(st executor.Status) *executor.Refusal {
	switch st.Service {
	case "Running", "":
	case "Missing":
		return &executor.Refusal{Code: executor.CodeServiceMissing}
	default:
		return &executor.Refusal{Code: executor.CodeServiceStopped}
	}
	for _, p := range st.Problems {
		return &executor.Refusal{Code: p.Code, Message: p.Message}
	}
	return &executor.Refusal{Code: executor.CodeOther}
}

// findCycle finds out what is to be stopped. A cycle of ours that has not begun ends by its own slice, which reads the flag;
// only when the server may have been told to start it is it waited for, and then stopped there.
func (s *actSlice) findCycle(ctx context.Context) (time.Duration, error) {
	if s.late(stopPatience) && s.act.About == uuid.Nil {
		return s.end(ctx, executor.ActUnreached, executor.CodeUnreachable, s.act.Problem)
	}
	c, err := s.ours(ctx)
	switch {
	case err != nil:
		return 0, err
	case c.ID == uuid.Nil:
	case c.Phase == executor.PhaseQueued, c.Phase == executor.PhaseStarting:
		if s.late(executor.BusyPatience) {
			return s.end(ctx, executor.ActUnknown, executor.CodeUnreachable, s.act.Problem)
		}
		return time.Second, nil
	case c.Phase == executor.PhaseEnded && c.Result.Verdict == executor.NotStarted:
		return s.end(ctx, executor.StopUnstarted, "", "")
	case c.Phase == executor.PhaseEnded:
		return s.end(ctx, executor.StopOver, "", "")
	}
	seen, err := s.look(ctx)
	switch {
	case err != nil:
		return s.notTold(ctx, err)
	case seen.InProgress && !c.Follow.Cycle.IsZero() && !seen.Runs(c.Follow.Cycle):
		return s.end(ctx, executor.StopOver, "", "") // ours is over, and a later one runs: nobody asked for its end
	case seen.InProgress:
		s.act.Began, s.act.Phase, s.act.ToldAt, s.act.Problem = seen.NextStart, executor.ActTelling, s.now(), ""
		if err := s.save(ctx, "", ""); err != nil {
			return 0, err
		}
		return s.tellStop(ctx)
	case c.ID != uuid.Nil && !c.Follow.Seen && !s.late(stopPatience):
		return stopLooks, nil // the server has taken our start, and not begun
	case c.ID != uuid.Nil:
		return s.end(ctx, executor.StopOver, "", "")
	}
	return s.end(ctx, executor.StopIdle, "", "")
}

// ours is the cycle that the stop is about; the zero one when it is not one of ours.
func (s *actSlice) ours(ctx context.Context) (executor.Cycle, error) {
	if s.act.About == uuid.Nil {
		return executor.Cycle{}, nil
	}
	return s.store.Cycle(ctx, s.act.About)
}

// notTold sorts a failure before the server was told anything into: try again, or over.
func (s *actSlice) notTold(ctx context.Context, err error) (time.Duration, error) {
	refusal, refused := errors.AsType[*executor.Refusal](err)
	run, failed := errors.AsType[*executor.RunError](err)
	switch {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case refused:
		return s.end(ctx, executor.ActRefused, refusal.Code, refusal.Message)
	case failed && lasting(run.Kind), s.late(stopPatience):
		return s.end(ctx, executor.ActUnreached, executor.CodeUnreachable, problem(err))
	}
	return s.again(ctx, err)
}

// tellStop tells the server to stop the cycle that is meant.
func (s *actSlice) tellStop(ctx context.Context) (time.Duration, error) {
	if s.late(stopPatience + stopSettles) {
		return s.end(ctx, executor.ActUnknown, executor.CodeUnreachable, s.act.Problem)
	}
	s.act.Tries++ // stored before the act: a later try cannot know what an earlier one has done
	if err := s.save(ctx, "", ""); err != nil {
		return 0, err
	}
	act, cancel := context.WithTimeoutCause(ctx, actTell, fmt.Errorf("stop on %s: no end after %s", s.act.Server, actTell))
	defer cancel()
	failpoint.Strike(failpoint.ActBefore)
	seen, err := s.executor.Stop(act, s.act.Server, s.act.Began)
	failpoint.Strike(failpoint.ActAfter)
	switch {
	case seen.Accepted:
		// Even when the slice broke off later.
		s.act.Phase, s.act.AcceptedAt, s.act.Problem = executor.ActAccepted, seen.AcceptedAt, ""
		if err := s.save(ctx, store.DecisionTold, ""); err != nil {
			return 0, err
		}
		if seen.ReadBack && !seen.Runs(s.act.Began) {
			return s.end(ctx, executor.StopDone, "", "")
		}
		return stopLooks, nil
	case err == nil && s.act.Tries > 1:
		return s.end(ctx, executor.StopGone, "", "")
	case err == nil:
		return s.end(ctx, executor.StopOver, "", "")
	}
	if _, refused := errors.AsType[*executor.Refusal](err); refused {
		return s.notTold(ctx, err)
	}
	if run, ok := errors.AsType[*executor.RunError](err); ok && !run.Started && s.act.Tries == 1 {
		s.act.Tries = 0 // nothing has reached the server
		return s.notTold(ctx, err)
	}
	return s.again(ctx, err)
}

// seeStopped looks whether a stop that was taken is done.
func (s *actSlice) seeStopped(ctx context.Context) (time.Duration, error) {
	seen, err := s.look(ctx)
	since := s.now().Sub(s.act.ToldAt)
	switch {
	case err != nil && since >= stopPatience+stopSettles:
		return s.end(ctx, executor.ActUnknown, executor.CodeUnreachable, problem(err))
	case err != nil:
		return s.again(ctx, err)
	case !seen.Runs(s.act.Began):
		return s.end(ctx, executor.StopDone, "", "")
	case since >= stopSettles:
		return s.end(ctx, executor.StopGoesOn, "", "")
	}
	return stopLooks, nil
}
