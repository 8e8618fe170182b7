package jobs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
)

// The pace of following: slices back to back at first, because most deltas are over within two minutes, then a look
// every half minute, after an hour every two minutes. A full may take a day on a server that has better things to do.
// When this process follows more cycles than it can watch at once, every cycle gets the half minute's pace from its
// beginning: all are looked at in turn instead of a few all the time.
const (
	closeFor  = 2 * time.Minute
	nearFor   = time.Hour
	nearPace  = 30 * time.Second
	farPace   = 2 * time.Minute
	longWatch = 12 * time.Second
	// neverSeenAfter is how long an accepted start may stay invisible before we say that it never ran.
	neverSeenAfter = 3 * time.Minute
	// noteEvery spaces the writes of progress within a slice.
	noteEvery = 3 * time.Second
)

// followLimit is how long a cycle is followed before we say that we stopped.
func followLimit(p executor.Policy) time.Duration {
	if p == executor.Delta {
		return time.Hour
	}
	return 24 * time.Hour
}

// pace returns how long the next slice watches, and how long after this one it comes.
func pace(age time.Duration, crowded bool) (watch, gap time.Duration) {
	switch {
	case age < closeFor && !crowded:
		return longWatch, 0
	case age < nearFor:
		return 0, nearPace
	}
	return 0, farPace
}

// follow looks at a running cycle once more.
func (s *slice) follow(ctx context.Context) (time.Duration, error) {
	age := s.now().Sub(s.cycle.Intent)
	defer s.crowd.enter()()
	watch, gap := pace(age, s.crowd.dense())
	act, more, cancel := s.limited(ctx)
	defer cancel()
	n := s.noting()
	failpoint.Strike(failpoint.LookBefore)
	look, err := s.executor.Follow(act, s.cycle.Server, executor.FollowOrder{
		Policy: s.cycle.Policy, Baseline: s.cycle.Baseline, ReadsFrom: s.cycle.ReadsFrom,
		Follow: s.cycle.Follow, Runs: s.cycle.Runs,
		SinceLook: s.now().Sub(s.cycle.Follow.LastLook), Watch: watch, History: s.road(ctx),
	}, func(l executor.Look) {
		if l.Bridging {
			more()
		}
		n.note(ctx, l)
	})
	failpoint.Strike(failpoint.LookAfter)
	if n.err != nil {
		return 0, n.err
	}
	if err != nil {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		s.log.Warn("look broke off", "error", err)
		again := s.cycle.Follow.LastProblem != ""
		s.cycle.Follow.LastProblem = problem(err)
		if again && age >= followLimit(s.cycle.Policy) {
			return 0, s.end(ctx, s.now(), s.stopped())
		}
		return spread(max(gap, retryServer)), s.save(ctx)
	}
	s.learn(ctx, look)
	s.take(look)
	s.cycle.Follow.LastProblem = ""
	return s.looked(ctx, look)
}

// limited is ctx for as long as a look may take. Once the bridge is asked, which must start a process of its own on the
// server, more gives it that time from then on.
func (s *slice) limited(ctx context.Context) (limited context.Context, more, cancel func()) {
	limited, end := context.WithCancelCause(ctx)
	late := fmt.Errorf("follow slice on %s: no end in time", s.cycle.Server) // the cycle is the slice's, not the timer's
	timer := time.AfterFunc(followSlice, func() { end(late) })
	more = sync.OnceFunc(func() {
		if timer.Stop() {
			timer.Reset(bridgeSlice)
		}
	})
	return limited, more, func() {
		timer.Stop()
		end(nil)
	}
}

// looked stores what a look brought, and ends the cycle when it is over.
func (s *slice) looked(ctx context.Context, look executor.Look) (time.Duration, error) {
	age := s.now().Sub(s.cycle.Intent)
	switch {
	case look.Done:
		err := s.end(ctx, look.EndedAt, s.explain(ctx, look))
		if err == nil {
			s.observe(ctx, look.Later)
		}
		return 0, err
	case !look.Follow.Seen && len(look.Runs) == 0 && age >= neverSeenAfter && s.cycle.Follow.LastProblem == "":
		return 0, s.end(ctx, s.now(), executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing, Code: executor.CodeNeverSeen})
	case age >= followLimit(s.cycle.Policy):
		// Only now: after an outage of days the server still knows how the cycle ended.
		return 0, s.end(ctx, s.now(), s.stopped())
	}
	_, gap := pace(age, s.crowd.dense())
	return spread(gap), s.save(ctx)
}

// observe puts into the history what the server did by itself before or after the cycle, while nobody looked. Not to have
// it there takes nothing from the cycle.
func (s *slice) observe(ctx context.Context, cycles []executor.SeenCycle) {
	if _, err := s.store.Observe(ctx, s.cycle.Server, cycles...); err != nil {
		s.log.WarnContext(ctx, "cycles seen on the server not stored", "error", err)
	}
}

// stopped is the result of a cycle that is not followed any longer.
func (s *slice) stopped() executor.Result {
	r := executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing, Code: executor.CodeStoppedFollow}
	if p := s.cycle.Follow.LastProblem; p != "" {
		r.Code, r.Detail = executor.CodeUnreachable, p
	}
	return r
}

// take moves what a look brought into the cycle.
func (s *slice) take(l executor.Look) {
	s.cycle.Baseline = l.Baseline
	s.cycle.Preflight = s.cycle.Preflight.Later(l.Preflight)
	s.cycle.Follow = l.Follow
	s.cycle.Follow.LastLook = s.now()
	s.cycle.Runs = l.Runs
	if !l.ReadsFrom.IsZero() {
		s.cycle.ReadsFrom = l.ReadsFrom
	}
	// Whose policy an adopted cycle has may become known later than that it runs.
	if l.Policy != "" && (l.Adopted || s.cycle.Origin == executor.Adopted) {
		s.cycle.Policy = l.Policy
	}
}
