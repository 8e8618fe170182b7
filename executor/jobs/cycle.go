package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// cycleArgs is the stored form of a cycle's job. It is unique by cycle; that a server has one live cycle only is the
// store's index, because a job that is just finishing would swallow the insert for the next cycle.
type cycleArgs struct {
	Cycle uuid.UUID `json:"cycle" river:"unique"`
}

func (cycleArgs) Kind() string { return "cycle" }

func (cycleArgs) InsertOpts() river.InsertOpts { return onceWhileLive() }

type cycleWorker struct {
	river.WorkerDefaults[cycleArgs]

	cycles *cycles
}

func (w *cycleWorker) Work(ctx context.Context, job *river.Job[cycleArgs]) error {
	next, done, err := w.cycles.slice(ctx, job.Args.Cycle)
	return snoozed(ctx, next, done, err)
}

func (w *cycleWorker) NextRetry(job *river.Job[cycleArgs]) time.Time { return nextRetry(job.Attempt) }

// cycles takes cycles from one slice to the next.
type cycles struct {
	store    *store.Store
	executor Executor
	teller   Teller
	now      func() time.Time
	metrics  *metrics
	tracer   trace.Tracer
	starts   starts
	crowd    crowd
	log      *slog.Logger
}

// slice does the next piece of work on a cycle and says when the one after it is due.
func (c *cycles) slice(ctx context.Context, id uuid.UUID) (next time.Duration, done bool, err error) {
	ctx, span := c.tracer.Start(ctx, "slice", trace.WithAttributes(attribute.String("adsyncbot.ref", executor.Reference("C", id))))
	defer func() {
		if err != nil && !errors.Is(err, store.ErrStale) && ctx.Err() == nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}()
	cy, stamp, err := c.store.Stamp(ctx, id)
	if err != nil {
		return 0, false, err
	}
	span.SetAttributes(attribute.String("adsyncbot.server", cy.Server), attribute.String("adsyncbot.phase", string(cy.Phase)))
	s := &slice{cycles: c, cycle: cy, stamp: stamp, log: c.log.With("ref", cy.Ref(), "server", cy.Server)}
	switch cy.Phase {
	case executor.PhaseQueued:
		next, err = s.announce(ctx)
	case executor.PhaseStarting:
		next, err = s.start(ctx)
	case executor.PhaseFollowing:
		next, err = s.follow(ctx)
	case executor.PhaseEnded:
		return 0, true, nil
	}
	s.log.DebugContext(ctx, "slice done", "phase_before", string(cy.Phase), "phase", string(s.cycle.Phase), "next_in", next)
	return next, s.cycle.Phase == executor.PhaseEnded && err == nil, err
}

// slice is one slice's hold on a cycle.
type slice struct {
	*cycles

	cycle executor.Cycle
	stamp string
	taken bool // started or adopted in this slice; not stored yet
	log   *slog.Logger
}

// save stores the cycle as it stands, if this slice still owns it, together with what the audit is to say of it, and lets
// the outbox know.
func (s *slice) save(ctx context.Context) error {
	var saved executor.Cycle
	err := s.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if saved, err = tx.SaveCycle(ctx, s.cycle, s.stamp); err != nil {
			return err
		}
		return s.record(ctx, tx)
	})
	if err != nil {
		return err
	}
	s.cycle, s.taken = saved, false
	s.teller.Changed()
	return nil
}

// end stores how the cycle came out. It outlives a stop: a result that was learnt is never lost.
func (s *slice) end(ctx context.Context, at time.Time, r executor.Result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	s.cycle.Phase = executor.PhaseEnded
	s.cycle.EndedAt = at
	s.cycle.Result = r
	s.cycle.Waiting = nil
	failpoint.Strike(failpoint.EndBefore)
	if err := s.save(ctx); err != nil {
		return err
	}
	failpoint.Strike(failpoint.EndAfter)
	if r.Verdict == executor.Unknown && r.Code == executor.CodeOther {
		s.log.Warn("the source says what is not known here", "source", string(r.Source), "cause", r.Detail)
	}
	s.log.Info("cycle ended", "verdict", string(r.Verdict), "code", string(r.Code), "source", string(r.Source))
	s.metrics.ended(s.cycle)
	return nil
}
