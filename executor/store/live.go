package store

import (
	"context"
	"fmt"

	"github.com/adsyncbot/adsyncbot/executor"
)

// LivePhases counts the cycles that have not ended, by phase.
func (q *queries) LivePhases(ctx context.Context) (map[executor.Phase]int, error) {
	type count struct {
		phase executor.Phase
		n     int
	}
	scan := func(r row) (c count, err error) {
		err = r.Scan(&c.phase, &c.n)
		return c, err
	}
	counts, err := all(ctx, q, scan, `SELECT phase, COUNT(*) FROM cycles WHERE phase <> 'ended' GROUP BY phase`)
	if err != nil {
		return nil, fmt.Errorf("count live cycles: %w", err)
	}
	out := make(map[executor.Phase]int, len(counts))
	for _, c := range counts {
		out[c.phase] = c.n
	}
	return out, nil
}
