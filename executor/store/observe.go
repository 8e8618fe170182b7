package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// skew is by how much a server's clock may differ from ours where the two are compared to find cycles at all.
const skew = 24 * time.Hour

// Observe stores a cycle that ran on a server by itself, and reports whether it did: not while it runs, not twice, and not
// when it is one that we started or took. Two cycles of one server never overlap, so one that overlaps with a stored one
// is that one; all of it by the server's own clock. What it came to is not known.
func (s *Store) Observe(ctx context.Context, server string, seen executor.SeenCycle) (stored bool, err error) {
	if seen.Start.IsZero() || !seen.End.After(seen.Start) {
		return false, nil
	}
	err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		stored, err = tx.observe(ctx, server, seen)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store observed cycle of %s: %w", server, err)
	}
	return stored, nil
}

func (t *Tx) observe(ctx context.Context, server string, seen executor.SeenCycle) (bool, error) {
	near, err := all(ctx, t, scanCycle, `
		SELECT `+cycleColumns+` FROM cycles WHERE server = $1 AND (phase <> 'ended' OR ended_at >= $2)`,
		server, millis(seen.Start.Add(-skew)))
	if err != nil {
		return false, err
	}
	for _, c := range near {
		if same(c, seen) {
			return false, nil
		}
	}
	c := executor.Cycle{
		// Two who see it at once make the same id.
		ID:     uuid.NewSHA1(uuid.NameSpaceURL, []byte("adsyncbot:observed:"+server+":"+seen.Start.UTC().Format(time.RFC3339Nano))),
		Server: server, Policy: seen.Policy, Origin: executor.Observed, Phase: executor.PhaseEnded,
		AskedAt: seen.Start, ReadsFrom: seen.Start, EndedAt: seen.End,
		Result:  executor.Result{Verdict: executor.Unknown, Source: executor.FromNothing},
		Version: 1,
	}
	state, err := encodeState(c)
	if err != nil {
		return false, err
	}
	n, err := t.exec(ctx, `
		INSERT INTO cycles (id, ref, server, policy, origin, phase, asked_at, ended_at, verdict, state, stamp, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11)
		ON CONFLICT (id) DO NOTHING`,
		key(c.ID), c.Ref(), server, string(c.Policy), string(c.Origin), string(c.Phase), millis(c.AskedAt), millis(c.EndedAt),
		string(c.Result.Verdict), state, c.Version)
	return n == 1, err
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
