package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// UsualRuns returns how long the runs of a cycle like c usually take on its server: by connector and profile the median of
// those that came to an end in the last 20 other cycles of its policy. Runs of which there are fewer than three are left out.
func (q *queries) UsualRuns(ctx context.Context, c executor.Cycle) (map[executor.Step]time.Duration, error) {
	found, err := all(ctx, q, scanTook, `
		SELECT r.connector, r.profile, r.end_ns - r.start_ns FROM runs r WHERE r.cycle_id IN (
			SELECT id FROM cycles
			WHERE server = $1 AND phase = 'ended' AND policy = $2 AND id <> $3 AND origin <> 'observed' AND verdict <> 'not_started'
			ORDER BY ended_at DESC, id DESC LIMIT $4)
		AND r.end_ns > r.start_ns AND r.verdict IN ('succeeded', 'warnings', 'errors')`, c.Server, string(c.Policy), key(c.ID), usualOf)
	if err != nil {
		return nil, fmt.Errorf("read durations of runs on %s: %w", c.Server, err)
	}
	took := make(map[executor.Step][]time.Duration)
	for _, r := range found {
		took[r.step] = append(took[r.step], r.took)
	}
	usual := make(map[executor.Step]time.Duration)
	for step, all := range took {
		if len(all) >= usualNeeds {
			usual[step] = median(all)
		}
	}
	return usual, nil
}

// median sorts what it is given.
func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	lower, upper := took[(len(took)-1)/2], took[len(took)/2]
	return (lower + upper) / 2
}

type tookRow struct {
	step executor.Step
	took time.Duration
}

func scanTook(r row) (t tookRow, err error) {
	var nanoseconds int64
	err = r.Scan(&t.step.Connector, &t.step.Profile, &nanoseconds)
	t.took = time.Duration(nanoseconds)
	return t, err
}
