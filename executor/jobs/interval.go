package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// shortestInterval is how often Entra Connect supports cycles by a schedule, where the server has not told otherwise.
const shortestInterval = 30 * time.Minute

// tooSoon reports whether only schedules ask for the cycle and one of theirs began on this server less than its shortest
// supported interval ago. That limits schedules, never people. The server's own cycles do not count: they come as often
// as it allows, and a schedule would never run between them.
func (s *slice) tooSoon(ctx context.Context) bool {
	ours, err := s.scheduled(ctx, s.cycle)
	if err != nil || !ours {
		s.unread(ctx, err)
		return false
	}
	past, err := s.store.History(ctx, s.cycle.Server, 50)
	if err != nil {
		s.unread(ctx, err)
		return false
	}
	for _, c := range past {
		interval := c.Preflight.Allowed
		if interval <= 0 {
			interval = shortestInterval
		}
		// A fire is never on the second: one that comes a little early is not a rhythm that is too fast.
		if c.Origin != executor.Started || c.Intent.IsZero() || c.Result.Verdict == executor.NotStarted || s.now().Sub(c.Intent) >= interval-onTime {
			continue
		}
		before, err := s.scheduled(ctx, c)
		if err != nil || before {
			s.unread(ctx, err)
			return before
		}
	}
	return false
}

// scheduled reports whether nobody but schedules asked for a cycle.
func (s *slice) scheduled(ctx context.Context, c executor.Cycle) (bool, error) {
	requests, err := s.store.Requests(ctx, c.ID)
	return len(requests) > 0 && !slices.ContainsFunc(requests, func(r executor.Request) bool { return r.Asker.Way != executor.FromSchedule }), err
}

func (s *slice) unread(ctx context.Context, err error) {
	if err != nil {
		s.log.WarnContext(ctx, "the interval of schedules not checked", "error", err)
	}
}
