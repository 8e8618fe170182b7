package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

// The limits of one slice. River must give up on a job later than the job itself does, and call it stuck later still.
const (
	startSlice  = 60 * time.Second // pre-flight, start and first look: its cmdlets call the cloud
	followSlice = 20 * time.Second
	bridgeSlice = 30 * time.Second // from when the bridge is asked: it is waited for 15 s, and the events come after it
	jobTimeout  = 70 * time.Second
	rescueAfter = 71 * time.Second
	// keepJobs is how long River keeps finished jobs. Never -1: on SQLite that means "delete at once".
	keepJobs = 7 * 24 * time.Hour
	// workers bounds the slices of one process that run at once; most of a slice is waiting.
	workers = 128
)

// engine is River on one of the two databases.
type engine interface {
	insert(ctx context.Context, tx *store.Tx, args river.JobArgs) error
	Start(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	ID() string
}

type client[T any] struct {
	*river.Client[T]

	transaction func(*store.Tx) T
}

func (c client[T]) insert(ctx context.Context, tx *store.Tx, args river.JobArgs) error {
	if _, err := c.InsertTx(ctx, c.transaction(tx), args, nil); err != nil {
		return fmt.Errorf("insert %s job: %w", args.Kind(), err)
	}
	return nil
}

// newEngine builds a client. Without workers it only inserts.
func newEngine(st *store.Store, w *river.Workers, log *slog.Logger) (engine, error) {
	cfg := &river.Config{
		// River tells its producers' counters at Info every few seconds.
		Logger:                      slog.New(atLeast{log.Handler(), slog.LevelWarn}),
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:                     w,
		FetchCooldown:               20 * time.Millisecond,
		FetchPollInterval:           500 * time.Millisecond,
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		SoftStopTimeout:             time.Second,
		CompletedJobRetentionPeriod: keepJobs,
		CancelledJobRetentionPeriod: keepJobs,
		DiscardedJobRetentionPeriod: keepJobs,
	}
	if st.Kind() == store.SQLite {
		c, err := river.NewClient(riversqlite.New(st.SQLDB()), cfg)
		if err != nil {
			return nil, fmt.Errorf("river on sqlite: %w", err)
		}
		return client[*sql.Tx]{c, (*store.Tx).SQL}, nil
	}
	c, err := river.NewClient(riverpgxv5.New(st.Pool()), cfg)
	if err != nil {
		return nil, fmt.Errorf("river on postgres: %w", err)
	}
	return client[pgx.Tx]{c, (*store.Tx).PGX}, nil
}

// live are the states in which a job may still run. River demands all but retryable; without retryable a second job
// could slip in while the first waits for its next attempt.
func live() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
		rivertype.JobStateScheduled, rivertype.JobStateRetryable,
	}
}

func onceWhileLive() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1000, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: live()}}
}

// nextRetry is for errors of our own machinery (a locked database, say): soon, then further apart.
func nextRetry(attempt int) time.Time {
	return time.Now().Add(min(time.Duration(attempt)*2*time.Second, 30*time.Second))
}

// resetRunning sets the jobs that a killed process left "running" available again. It is valid only under the lock that
// makes us the one process on a SQLite file; it turns a wait of over a minute for River's rescuer into none.
func resetRunning(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `UPDATE river_job SET state = 'available', scheduled_at = strftime('%Y-%m-%d %H:%M:%f', 'now'),
		attempt = max(attempt - 1, 0) WHERE state = 'running'`)
	if err != nil {
		return fmt.Errorf("reset running jobs: %w", err)
	}
	return nil
}

// atLeast is a slog.Handler that drops records below a level.
type atLeast struct {
	slog.Handler

	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(a), h.level}
}

func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}

// snoozed turns the end of a slice into River's words.
func snoozed(ctx context.Context, next time.Duration, done bool, err error) error {
	switch {
	case done:
		return nil
	case ctx.Err() != nil, errors.Is(err, store.ErrStale):
		// A stop hands over at once. A stale slice has nothing to say; the newer owner's job row may be this one.
		return river.JobSnooze(0)
	case err != nil:
		return err
	}
	return river.JobSnooze(next)
}
