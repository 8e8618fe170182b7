package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

const cycleColumns = `id, server, policy, origin, phase, asked_at, intent_at, ended_at, cancel_at, verdict, state, version`

// newCycle returns the cycle that starts with a request.
func newCycle(r executor.Request) (executor.Cycle, error) {
	id, err := uuid.NewV7()
	return executor.Cycle{
		ID: id, Server: r.Server, Policy: r.Policy, Origin: executor.Started, Phase: executor.PhaseQueued,
		AskedAt: r.AskedAt.UTC().Truncate(time.Millisecond), Version: 1,
	}, err
}

// insertCycle stores a new cycle and reports false when its server has a live one.
func (q *queries) insertCycle(ctx context.Context, c executor.Cycle) (bool, error) {
	state, err := encodeState(c)
	if err != nil {
		return false, err
	}
	n, err := q.exec(ctx, `
		INSERT INTO cycles (id, ref, server, policy, origin, phase, asked_at, verdict, state, stamp, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, '', $9)
		ON CONFLICT (server) WHERE phase <> 'ended' DO NOTHING`,
		key(c.ID), c.Ref(), c.Server, string(c.Policy), string(c.Origin), string(c.Phase), millis(c.AskedAt), state, c.Version)
	return n == 1, err
}

// Cycle returns a cycle; ErrNotFound when there is none.
func (q *queries) Cycle(ctx context.Context, id uuid.UUID) (executor.Cycle, error) {
	c, err := q.cycle(ctx, `SELECT `+cycleColumns+` FROM cycles WHERE id = $1`, key(id))
	if err != nil {
		return c, fmt.Errorf("read cycle %s: %w", id, err)
	}
	return c, nil
}

// CycleByRef returns the cycle with a short name, the newest if several have come to the same; ErrNotFound when there is
// none.
func (q *queries) CycleByRef(ctx context.Context, ref string) (executor.Cycle, error) {
	c, err := q.cycle(ctx, `SELECT `+cycleColumns+` FROM cycles WHERE ref = $1 ORDER BY asked_at DESC, id DESC LIMIT 1`, ref)
	if err != nil {
		return c, fmt.Errorf("read cycle %s: %w", ref, err)
	}
	return c, nil
}

// LiveCycle returns the server's live cycle and whether there is one.
func (q *queries) LiveCycle(ctx context.Context, server string) (executor.Cycle, bool, error) {
	c, err := q.cycle(ctx, `SELECT `+cycleColumns+` FROM cycles WHERE server = $1 AND phase <> 'ended'`, server)
	if errors.Is(err, ErrNotFound) {
		return executor.Cycle{}, false, nil
	}
	if err != nil {
		return executor.Cycle{}, false, fmt.Errorf("read live cycle of %s: %w", server, err)
	}
	return c, true, nil
}

// LiveCycles returns every live cycle, oldest first.
func (q *queries) LiveCycles(ctx context.Context) ([]executor.Cycle, error) {
	out, err := q.cycles(ctx, `SELECT `+cycleColumns+` FROM cycles WHERE phase <> 'ended' ORDER BY asked_at, id`)
	if err != nil {
		return nil, fmt.Errorf("read live cycles: %w", err)
	}
	return out, nil
}

// History returns the last n ended cycles of a server, newest first.
func (q *queries) History(ctx context.Context, server string, n int) ([]executor.Cycle, error) {
	out, err := q.cycles(ctx, `
		SELECT `+cycleColumns+` FROM cycles WHERE server = $1 AND phase = 'ended' ORDER BY ended_at DESC, id DESC LIMIT $2`, server, n)
	if err != nil {
		return nil, fmt.Errorf("read history of %s: %w", server, err)
	}
	return out, nil
}

const (
	usualOf    = 20 // how many cycles Usual looks at
	usualNeeds = 3  // with fewer, nothing is usual yet
)

// Usual returns how long a cycle like c usually takes: the median of the last 20 other cycles of its policy on its server
// that went through, from their start on the server to their end. It is 0 while there are fewer than three.
func (q *queries) Usual(ctx context.Context, c executor.Cycle) (time.Duration, error) {
	cycles, err := all(ctx, q, scanCycle, `
		SELECT `+cycleColumns+` FROM cycles
		WHERE server = $1 AND phase = 'ended' AND policy = $2 AND verdict IN ('succeeded', 'warnings') AND id <> $3
		ORDER BY ended_at DESC, id DESC LIMIT $4`, c.Server, string(c.Policy), c.ID.String(), usualOf)
	if err != nil {
		return 0, fmt.Errorf("read durations on %s: %w", c.Server, err)
	}
	var took []time.Duration
	for _, c := range cycles {
		if !c.ReadsFrom.IsZero() && c.EndedAt.After(c.ReadsFrom) {
			took = append(took, c.EndedAt.Sub(c.ReadsFrom))
		}
	}
	if len(took) < usualNeeds {
		return 0, nil
	}
	return median(took), nil
}

// UsualDeletes returns the least and the most that the exports of a cycle like c deleted in the last 20 other cycles on its
// server, of those whose source shows it; ok is false while there are fewer than three.
func (q *queries) UsualDeletes(ctx context.Context, c executor.Cycle) (least, most int, ok bool, err error) {
	sums, err := all(ctx, q, scanOne[int], `
		SELECT CAST(SUM(r.deletes) AS BIGINT) FROM cycles c JOIN runs r ON r.cycle_id = c.id
		WHERE c.server = $1 AND c.phase = 'ended' AND c.policy = $2 AND c.id <> $3 AND r.profile = 'Export'
		GROUP BY c.id, c.ended_at HAVING COUNT(r.deletes) = COUNT(*) AND MIN(r.deletes) >= 0
		ORDER BY c.ended_at DESC, c.id DESC LIMIT $4`, c.Server, string(c.Policy), key(c.ID), usualOf)
	if err != nil {
		return 0, 0, false, fmt.Errorf("read deletes on %s: %w", c.Server, err)
	}
	if len(sums) < usualNeeds {
		return 0, 0, false, nil
	}
	return slices.Min(sums), slices.Max(sums), true, nil
}

// cycle reads one cycle with its runs.
func (q *queries) cycle(ctx context.Context, query string, args ...any) (executor.Cycle, error) {
	c, err := one(ctx, q, scanCycle, query, args...)
	if err != nil {
		return c, err
	}
	found := []executor.Cycle{c}
	err = q.fillRuns(ctx, found)
	return found[0], err
}

// cycles reads cycles with their runs.
func (q *queries) cycles(ctx context.Context, query string, args ...any) ([]executor.Cycle, error) {
	out, err := all(ctx, q, scanCycle, query, args...)
	if err != nil {
		return nil, err
	}
	return out, q.fillRuns(ctx, out)
}

func scanCycle(r row) (c executor.Cycle, err error) {
	var state string
	err = r.Scan(&c.ID, &c.Server, &c.Policy, &c.Origin, &c.Phase, (*moment)(&c.AskedAt), (*moment)(&c.Intent),
		(*moment)(&c.EndedAt), (*moment)(&c.CancelAt), &c.Result.Verdict, &state, &c.Version)
	if err != nil {
		return c, err
	}
	return c, decodeState(state, &c)
}
