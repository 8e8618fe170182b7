package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// Stamp takes a cycle over for one slice and returns it with the stamp that SaveCycle wants. Whoever held it before can no
// longer save it: the job engine may run a slice twice, and the newest one wins.
func (q *queries) Stamp(ctx context.Context, cycle uuid.UUID) (executor.Cycle, string, error) {
	stamp := uuid.NewString()
	c, err := q.cycle(ctx, `UPDATE cycles SET stamp = $2 WHERE id = $1 RETURNING `+cycleColumns, key(cycle), stamp)
	if err != nil {
		return c, "", fmt.Errorf("take over cycle %s: %w", cycle, err)
	}
	return c, stamp, nil
}

// SaveCycle stores a live cycle with its runs for the slice that holds the stamp, and asks the outbox to show it. It
// returns it as stored, with its new version, and ErrStale when another slice has taken it over or it has ended. What
// others decide is not taken from c: its server, its asking, and whether it was cancelled.
func (t *Tx) SaveCycle(ctx context.Context, c executor.Cycle, stamp string) (executor.Cycle, error) {
	saved, err := t.saveCycle(ctx, c, stamp)
	if err != nil {
		return executor.Cycle{}, fmt.Errorf("save cycle %s: %w", c.ID, err)
	}
	return saved, nil
}

func (t *Tx) saveCycle(ctx context.Context, c executor.Cycle, stamp string) (executor.Cycle, error) {
	state, err := encodeState(c)
	if err != nil {
		return c, err
	}
	found, err := all(ctx, t, scanCycle, `
		UPDATE cycles SET policy = $3, origin = $4, phase = $5, intent_at = $6, ended_at = $7, verdict = $8, state = $9, version = version + 1
		WHERE id = $1 AND stamp = $2 AND phase <> 'ended'
		RETURNING `+cycleColumns,
		key(c.ID), stamp, string(c.Policy), string(c.Origin), string(c.Phase), millis(c.Intent), millis(c.EndedAt),
		string(c.Result.Verdict), state)
	if err != nil {
		return c, err
	}
	if len(found) == 0 {
		return c, ErrStale
	}
	saved := found[0]
	if err := t.replaceRuns(ctx, c.ID, c.Runs); err != nil {
		return c, err
	}
	saved.Runs = c.Runs
	return saved, t.wantVersion(ctx, c.ID, saved.Version, !saved.Live())
}

// SaveCycle is Tx.SaveCycle in a transaction of its own.
func (s *Store) SaveCycle(ctx context.Context, c executor.Cycle, stamp string) (saved executor.Cycle, err error) {
	err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		saved, err = tx.SaveCycle(ctx, c, stamp)
		return err
	})
	return saved, err
}

// SetCancel asks for the end of a live cycle, once: a later time changes nothing. Its slice reads the flag.
func (t *Tx) SetCancel(ctx context.Context, cycle uuid.UUID, at time.Time) error {
	n, err := t.exec(ctx, `UPDATE cycles SET cancel_at = $2 WHERE id = $1 AND cancel_at IS NULL AND phase <> 'ended'`,
		key(cycle), millis(at))
	if err == nil && n == 1 {
		_, err = t.touch(ctx, cycle)
	}
	if err != nil {
		return fmt.Errorf("cancel cycle %s: %w", cycle, err)
	}
	return nil
}

// SetCancel is Tx.SetCancel in a transaction of its own.
func (s *Store) SetCancel(ctx context.Context, cycle uuid.UUID, at time.Time) error {
	return s.Tx(ctx, func(ctx context.Context, tx *Tx) error { return tx.SetCancel(ctx, cycle, at) })
}

// touch gives a live cycle a new version without changing what a slice saves, and asks the outbox to show it.
func (t *Tx) touch(ctx context.Context, cycle uuid.UUID) (version int, err error) {
	version, err = one(ctx, t, scanOne[int], `UPDATE cycles SET version = version + 1 WHERE id = $1 RETURNING version`, key(cycle))
	if err != nil {
		return 0, err
	}
	return version, t.wantVersion(ctx, cycle, version, false)
}
