package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/sync/errgroup"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// Config is what a Queue needs to know beside its collaborators.
type Config struct {
	Announcements []Announcement
	Now           func() time.Time
	Metrics       prometheus.Registerer // nowhere when nil
	Tracer        trace.Tracer          // no traces when nil
}

// Queue takes requests, and works the cycles and schedules they lead to.
type Queue struct {
	store    *store.Store
	engine   engine
	cycles   *cycles
	acts     *acts
	schedule *scheduler
	log      *slog.Logger
}

// New returns a Queue over a migrated store. It does not work anything before Run.
func New(st *store.Store, ex Executor, teller Teller, cfg Config, log *slog.Logger) (*Queue, error) {
	if cfg.Tracer == nil {
		cfg.Tracer = noop.NewTracerProvider().Tracer("")
	}
	m := newMetrics(cfg.Metrics)
	q := &Queue{
		store: st,
		cycles: &cycles{
			store: st, executor: ex, teller: teller, now: cfg.Now, metrics: m, tracer: cfg.Tracer,
			starts: make(starts, maxStarts), log: log,
		},
		acts: &acts{store: st, executor: ex, teller: teller, now: cfg.Now, log: log},
		log:  log,
	}
	s, err := newScheduler(q, cfg, m, log)
	if err != nil {
		return nil, err
	}
	q.schedule = s
	w := river.NewWorkers()
	river.AddWorker(w, &cycleWorker{cycles: q.cycles})
	river.AddWorker(w, &actWorker{acts: q.acts})
	river.AddWorker(w, &announceWorker{queue: q, executor: ex, teller: teller, plans: s.plans, log: log})
	q.engine, err = newEngine(st, w, log)
	return q, err
}

// Ask stores a request and the job that serves it in one transaction. Asking the same request again changes nothing and
// returns the same outcome. replyTo is where an ephemeral answer can be sent, if the asker's way in has that.
func (q *Queue) Ask(ctx context.Context, r executor.Request, replyTo string) (executor.Outcome, error) {
	var out executor.Outcome
	err := q.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var fresh bool
		var err error
		out, fresh, err = tx.Ask(ctx, r, replyTo)
		if err != nil || !fresh {
			return err
		}
		if !out.Joined && out.Refused == nil {
			if err := q.engine.insert(ctx, tx, cycleArgs{Cycle: out.Cycle.ID}); err != nil {
				return err
			}
		}
		return recordAsk(ctx, tx, r, out)
	})
	if err != nil {
		return executor.Outcome{}, fmt.Errorf("ask for %s on %s: %w", r.Policy.Word(), r.Server, err)
	}
	failpoint.Strike(failpoint.RequestAfter)
	q.cycles.teller.Changed()
	return out, nil
}

// Run works cycles and schedules until ctx ends. A stop hands running slices over in milliseconds: their cycles go on
// in the next process.
func (q *Queue) Run(ctx context.Context) error {
	if q.store.Kind() == store.SQLite {
		if err := resetRunning(ctx, q.store.SQLDB()); err != nil {
			return err
		}
	}
	if err := q.readopt(ctx); err != nil {
		return err
	}
	if err := q.wakeActs(ctx); err != nil {
		return err
	}
	// River's own context must outlive ctx, or its last writes (the snoozes) would fail.
	if err := q.engine.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the job engine: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return q.schedule.run(ctx) })
	if pool := q.store.Pool(); pool != nil {
		r := &replica{id: q.engine.ID(), pool: pool, log: q.log}
		g.Go(func() error { return r.run(ctx) })
	}
	g.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := q.engine.StopAndCancel(stop); err != nil {
			return fmt.Errorf("stop the job engine: %w", err)
		}
		return nil
	})
	return g.Wait()
}

// readopt makes sure that every live cycle and act has a job: one whose job was lost (a restored database, a discarded job)
// would otherwise block its server for ever.
func (q *Queue) readopt(ctx context.Context) error {
	live, err := q.store.LiveCycles(ctx)
	if err != nil {
		return err
	}
	for _, c := range live {
		if err := q.insert(ctx, cycleArgs{Cycle: c.ID}); err != nil {
			return err
		}
	}
	acts, err := q.store.LiveActs(ctx)
	if err != nil {
		return err
	}
	for _, a := range acts {
		if err := q.insert(ctx, actArgs{Act: a.ID}); err != nil {
			return err
		}
	}
	return nil
}

// wakeActs makes every act due that waits: the end of a pause may have come while nobody was there.
func (q *Queue) wakeActs(ctx context.Context) error {
	var err error
	if pool := q.store.Pool(); pool != nil {
		_, err = pool.Exec(ctx, `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = 'act' AND state = 'scheduled'`)
	} else {
		_, err = q.store.SQLDB().ExecContext(ctx, `UPDATE river_job SET state = 'available', scheduled_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
			WHERE kind = 'act' AND state = 'scheduled'`)
	}
	if err != nil {
		return fmt.Errorf("wake waiting acts: %w", err)
	}
	return nil
}

func (q *Queue) insert(ctx context.Context, args river.JobArgs) error {
	return q.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return q.engine.insert(ctx, tx, args) })
}

// RunOne works one cycle to its end without the engine, for a terminal that owns the store. A cycle that is left in the
// middle is taken up by the next Run.
func (q *Queue) RunOne(ctx context.Context, cycle uuid.UUID) error {
	for {
		next, done, err := q.cycles.slice(ctx, cycle)
		switch {
		case done:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, store.ErrStale):
			next = time.Second
		case err != nil:
			return err
		}
		if err := wait(ctx, next); err != nil {
			return err
		}
	}
}

// wait waits for d or for the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
