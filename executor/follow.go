package executor

import (
	"context"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// FollowOrder is an order to look at a running cycle once more.
type FollowOrder struct {
	Policy    Policy
	Baseline  Baseline
	ReadsFrom time.Time
	Follow    FollowState // as the last look returned it
	Runs      []Run       // as the last look returned them
	// SinceLook is how long ago the last look was, by our clock; a long time when there was none.
	SinceLook time.Duration
	Watch     time.Duration
	History   Road // by which the run history is read once the cycle is over
}

// longestAge bounds what is told about the scheduler's last answer; any age beyond the ten seconds that its answers keep
// means the same.
const longestAge = time.Hour

type followParameters struct {
	SinceUTC            string `json:"since_utc"`
	OldNext             string `json:"old_next"`
	Seen                bool   `json:"seen"`
	Cycle               string `json:"cycle"`
	SchedulerAgeSeconds int    `json:"scheduler_age_seconds"`
	AfterRecord         int64  `json:"after_record"`
	WatchSeconds        int    `json:"watch_seconds"`
	History             Road   `json:"history"`
}

func (o FollowOrder) parameters() followParameters {
	p := followParameters{
		SinceUTC: written(sinceOf(o.Baseline, o.ReadsFrom)),
		OldNext:  written(o.Baseline.NextStart),
		Seen:     o.Follow.Seen,
		Cycle:    written(o.Follow.Cycle),
		// The scheduler was asked before the last look ended. Both ends of this time are our own clock's.
		SchedulerAgeSeconds: int(min(max(o.SinceLook, 0), longestAge) / time.Second),
		AfterRecord:         o.Follow.Record,
		WatchSeconds:        int(o.Watch / time.Second),
		History:             o.History.order(),
	}
	if len(o.Runs) == 0 {
		p.AfterRecord = 0
	}
	return p
}

// Follow looks at a running cycle for o.Watch, and tells its result when it is over. It returns a *RunError when the
// server could not be reached or understood, and the cause of ctx; then the next look makes up for it.
func (e *Executor) Follow(ctx context.Context, server string, order FollowOrder, note func(Look)) (Look, error) {
	o := newObserver(Look{
		Baseline: order.Baseline, Policy: order.Policy, ReadsFrom: order.ReadsFrom, Follow: order.Follow,
		Runs: order.Runs, Staging: order.Baseline.Staging,
	}, note)
	o.following, o.road = true, order.History.order()
	if err := e.play(ctx, server, scripts.Follow, order.parameters(), o.take); err != nil {
		return o.look, err
	}
	o.finish()
	o.tell()
	return o.look, nil
}
