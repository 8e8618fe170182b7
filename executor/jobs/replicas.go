package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// How replicas on one Postgres database notice that one of them is gone. River's own rescue would take up to two
// minutes: it cannot tell a long slice from a dead process.
const (
	beatEvery = 5 * time.Second
	// silentAfter is how long a replica may be silent before its slices are handed to others. A replica that was merely
	// frozen finds them taken when it thaws; its own writes are stale then, by the owner stamp.
	silentAfter = 20 * time.Second
	// forgetAfter is how long the row of a gone replica is kept.
	forgetAfter = time.Hour
)

// replica beats for one process, and takes over from those that have fallen silent.
type replica struct {
	id   string // River's client id
	pool *pgxpool.Pool
	log  *slog.Logger
}

// databaseNow is the database's clock in milliseconds: the one clock that all replicas share.
const databaseNow = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

func (r *replica) run(ctx context.Context) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		if err := r.beat(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("replica did not beat", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return r.leave(ctx)
		}
	}
}

// beat says that this process lives, and sets the jobs of silent ones available. Each job is moved by compare-and-set on
// its attempt, so that two replicas that notice the same silence move it once.
func (r *replica) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	_, err := r.pool.Exec(ctx, `INSERT INTO replicas (id, beat_at) VALUES ($1, `+databaseNow+`)
		ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at`, r.id)
	if err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	tag, err := r.pool.Exec(ctx, `
		UPDATE river_job j SET state = 'available', scheduled_at = now(), attempt = greatest(j.attempt - 1, 0)
		FROM (
			SELECT id, attempt FROM river_job
			WHERE state = 'running' AND NOT EXISTS (
				SELECT 1 FROM replicas r WHERE r.id = attempted_by[array_upper(attempted_by, 1)] AND r.beat_at > `+databaseNow+` - $1)
			AND attempted_at < now() - $1 * interval '1 millisecond'
		) lost
		WHERE j.id = lost.id AND j.attempt = lost.attempt AND j.state = 'running'`, silentAfter.Milliseconds())
	if err != nil {
		return fmt.Errorf("take over lost jobs: %w", err)
	}
	if n := tag.RowsAffected(); n > 0 {
		r.log.Warn("took over the slices of a silent replica", "jobs", n)
	}
	_, err = r.pool.Exec(ctx, `DELETE FROM replicas WHERE beat_at < `+databaseNow+` - $1`, forgetAfter.Milliseconds())
	if err != nil {
		return fmt.Errorf("forget gone replicas: %w", err)
	}
	return nil
}

// leave removes the beat of a process that stops in good order.
func (r *replica) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := r.pool.Exec(ctx, `DELETE FROM replicas WHERE id = $1`, r.id); err != nil {
		r.log.Warn("replica did not sign off", "error", err)
	}
	return nil
}
