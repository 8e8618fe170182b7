package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Prune removes the oldest entries of the audit, up to the first one that is not older than before, and records that,
// with the number and hash of the last one removed: the chain can be verified from there. rule is the setting that asks
// for it. It returns what was removed last, zero when nothing was old enough.
func (s *Store) Prune(ctx context.Context, before time.Time, rule string) (last Head, err error) {
	err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		last, err = tx.prune(ctx, before, rule)
		return err
	})
	if err != nil {
		return Head{}, fmt.Errorf("prune audit: %w", err)
	}
	return last, nil
}

func (t *Tx) prune(ctx context.Context, before time.Time, rule string) (Head, error) {
	head, err := t.lockHead(ctx)
	if err != nil {
		return Head{}, err
	}
	// Entries carry the time of what they tell, so that their times are not quite in the order of the chain.
	end, err := one(ctx, t, scanOne[int64], `SELECT COALESCE(MIN(seq), $2) FROM audit WHERE at >= $1`, before.UnixMilli(), head.Seq+1)
	if err != nil {
		return Head{}, err
	}
	found, err := all(ctx, t, scanHead, `SELECT seq, hash FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT 1`, end)
	if err != nil || len(found) == 0 {
		return Head{}, err
	}
	last := found[0]
	if _, err := t.exec(ctx, `DELETE FROM audit WHERE seq <= $1`, last.Seq); err != nil {
		return Head{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Head{}, err
	}
	return last, t.link(ctx, head, Entry{ID: id, At: t.now(), What: "prune audit", Decision: decisionPruned, Rule: rule, Result: last.String()})
}
