package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// noteLimit bounds one write of progress: the slice waits for it.
const noteLimit = 2 * time.Second

// notes stores progress while a slice runs. note is called from the one goroutine that reads the script's lines.
type notes struct {
	slice *slice
	last  time.Time
	seen  executor.Look
	err   error
}

func (s *slice) noting() *notes {
	return &notes{slice: s, seen: executor.Look{Baseline: s.cycle.Baseline}}
}

// note stores what people should see now, and the baseline at once: it is what a retry goes by. Progress that cannot be
// stored is no reason to break a slice off; that another slice owns the cycle is remembered.
func (n *notes) note(ctx context.Context, l executor.Look) {
	s := n.slice
	baseline := n.seen.Baseline != l.Baseline || n.seen.Preflight != l.Preflight
	progress := l.Follow.Connector != n.seen.Follow.Connector || l.Follow.Profile != n.seen.Follow.Profile || len(l.Runs) != len(n.seen.Runs) || l.Accepted != n.seen.Accepted
	if n.err != nil || !baseline && (!progress || s.now().Sub(n.last) < noteEvery && l.Accepted == n.seen.Accepted) {
		return
	}
	failpoint.StrikeIf(l.Accepted && !n.seen.Accepted, failpoint.StartAccepted)
	n.seen, n.last = l, s.now()
	s.take(l)
	ctx, cancel := context.WithTimeout(ctx, noteLimit)
	defer cancel()
	if err := s.save(ctx); err != nil {
		n.err = err
		if !errors.Is(err, store.ErrStale) {
			s.log.Warn("progress not stored", "error", err)
			n.err = nil
		}
	}
	failpoint.StrikeIf(l.Accepted, failpoint.StartNoted)
	failpoint.StrikeIf(s.cycle.Phase == executor.PhaseFollowing, failpoint.LookNoted)
}
