package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// skew is by how much a server's clock may differ from ours where the two are compared to find cycles at all.
const skew = 24 * time.Hour

// Observe stores cycles that ran on a server by themselves, and reports how many it did: none while it runs, twice, or that
// is one that we started or took. Two cycles of one server never overlap, so one that overlaps with a stored one is that
// one; all of it by the server's own clock. What they came to is not known.
func (s *Store) Observe(ctx context.Context, server string, cycles ...executor.SeenCycle) (stored int, err error) {
	cycles = slices.DeleteFunc(slices.Clone(cycles), func(c executor.SeenCycle) bool { return c.Start.IsZero() || !c.End.After(c.Start) })
	if len(cycles) == 0 {
		return 0, nil
	}
	first := slices.MinFunc(cycles, func(a, b executor.SeenCycle) int { return a.Start.Compare(b.Start) })
	err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		stored = 0
		near, err := all(ctx, tx, scanCycle, `
			SELECT `+cycleColumns+` FROM cycles WHERE server = $1 AND (phase <> 'ended' OR ended_at >= $2)`,
			server, millis(first.Start.Add(-skew)))
		if err != nil {
			return err
		}
		for _, seen := range cycles {
			if slices.ContainsFunc(near, func(c executor.Cycle) bool { return same(c, seen) }) {
				continue
			}
			c, fresh, err := tx.observe(ctx, server, seen)
			if err != nil {
				return err
			}
			near = append(near, c)
			if fresh {
				stored++
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("store observed cycles of %s: %w", server, err)
	}
	return stored, nil
}

func (t *Tx) observe(ctx context.Context, server string, seen executor.SeenCycle) (c executor.Cycle, fresh bool, err error) {
	c = executor.Cycle{
		// Two who see it at once make the same id.
		ID:     uuid.NewSHA1(uuid.NameSpaceURL, []byte("adsyncbot:observed:"+server+":"+seen.Start.UTC().Format(time.RFC3339Nano))),
		Server: server, Policy: seen.Policy, Origin: executor.Observed, Phase: executor.PhaseEnded,
		AskedAt: seen.Start, ReadsFrom: seen.Start, EndedAt: seen.End,
		Result:  executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing},
		Version: 1,
	}
	state, err := encodeState(c)
	if err != nil {
		return c, false, err
	}
	n, err := t.exec(ctx, `
		INSERT INTO cycles (id, ref, server, policy, origin, phase, asked_at, ended_at, verdict, state, stamp, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11)
		ON CONFLICT (id) DO NOTHING`,
		key(c.ID), c.Ref(), server, string(c.Policy), string(c.Origin), string(c.Phase), millis(c.AskedAt), millis(c.EndedAt),
		string(c.Result.Verdict), state, c.Version)
	return c, n == 1, err
}

// same reports whether a stored cycle may be the one that was seen.
func same(c executor.Cycle, seen executor.SeenCycle) bool {
	// When the server does not tell, it may have begun at any time after our first look, or our intent (by our clock).
	began := cmp.Or(c.ReadsFrom, c.Baseline.ServerTime, c.Intent)
	switch {
	case c.Result.Verdict == executor.NotStarted:
		return false
	case c.Live() && c.Intent.IsZero():
		return false // what has ended already is not what is still to be started
	case began.After(seen.End):
		return false
	}
	return c.Live() || !c.EndedAt.Before(seen.Start.Truncate(time.Millisecond))
}
