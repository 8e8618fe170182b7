package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// actArgs is the stored form of an act's job.
type actArgs struct {
	Act uuid.UUID `json:"act" river:"unique"`
}

func (actArgs) Kind() string { return "act" }

func (actArgs) InsertOpts() river.InsertOpts { return onceWhileLive() }

const (
	// actLook bounds one look of an act, actTell one telling: the server reads back how it stands, ten seconds later.
	actLook = 25 * time.Second
	actTell = 50 * time.Second
	// retryAct is how soon what did not get through is tried again.
	retryAct = 5 * time.Second
)

type actWorker struct {
	river.WorkerDefaults[actArgs]

	acts *acts
}

func (w *actWorker) Work(ctx context.Context, job *river.Job[actArgs]) error {
	next, done, err := w.acts.slice(ctx, job.Args.Act)
	return snoozed(ctx, next, done, err)
}

func (w *actWorker) NextRetry(job *river.Job[actArgs]) time.Time { return nextRetry(job.Attempt) }

// acts takes stops, pauses and resumes from one slice to the next.
type acts struct {
	store    *store.Store
	executor Executor
	teller   Teller
	now      func() time.Time
	log      *slog.Logger
}

// actSlice is one slice's hold on an act.
type actSlice struct {
	*acts

	act   executor.Act
	stamp string
	log   *slog.Logger
}

// slice does the next piece of work on an act and says when the one after it is due. An act that has ended is done with
// once people are told: whoever told them and died before that counted tells them again, which changes nothing.
func (a *acts) slice(ctx context.Context, id uuid.UUID) (next time.Duration, done bool, err error) {
	act, stamp, err := a.store.StampAct(ctx, id)
	if err != nil {
		return 0, false, err
	}
	s := &actSlice{acts: a, act: act, stamp: stamp, log: a.log.With("ref", act.Ref(), "server", act.Server, "kind", string(act.Kind))}
	if act.Live() {
		switch act.Kind {
		case executor.StopAct:
			next, err = s.stop(ctx)
		case executor.PauseAct:
			next, err = s.pause(ctx)
		case executor.ResumeAct:
			next, err = s.resume(ctx)
		default:
			err = fmt.Errorf("act of unknown kind %q", act.Kind)
		}
	}
	if err != nil || s.act.Live() {
		return next, false, err
	}
	failpoint.Strike(failpoint.ActEnded)
	if err := a.teller.Tell(ctx, s.act); err != nil {
		return 0, false, err
	}
	return 0, true, nil
}

// save stores the act as it stands, together with an entry of the audit if there is one.
func (s *actSlice) save(ctx context.Context, decision, result string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var saved executor.Act
	err := s.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if saved, err = tx.SaveAct(ctx, s.act, s.stamp); err != nil || decision == "" {
			return err
		}
		return tx.Record(ctx, s.entry(decision, result))
	})
	if err != nil {
		return err
	}
	s.act = saved
	return nil
}

// entry is what the audit says of an act; the same thing happens to an act once.
func (s *actSlice) entry(decision, result string) store.Entry {
	a := s.act
	return store.Entry{
		ID: uuid.NewSHA1(a.ID, []byte(decision)), At: s.now(), Team: a.Asker.Team, Who: a.Asker.User, What: string(a.Kind),
		Where: a.Audience.Channel, Server: a.Server, Decision: decision, Rule: a.Rule, Result: result, Ref: a.Ref(),
	}
}

// end stores how the act came out.
func (s *actSlice) end(ctx context.Context, r executor.ActResult, code executor.Code, detail string) (time.Duration, error) {
	s.act.Phase, s.act.EndedAt, s.act.Result, s.act.Code, s.act.Detail = executor.ActEnded, s.now(), r, code, detail
	came := string(r)
	if code != "" {
		came += ": " + string(code)
	}
	if err := s.save(ctx, store.DecisionEnded, came); err != nil {
		return 0, err
	}
	s.log.Info("act ended", "result", string(r), "code", string(code))
	return 0, nil
}

// again stores why a try did not get through, and says when the next one is due.
func (s *actSlice) again(ctx context.Context, err error) (time.Duration, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	s.log.Warn("act did not get through", "phase", string(s.act.Phase), "error", err)
	s.act.Problem = problem(err)
	return retryAct, s.save(ctx, "", "")
}

// Acts returns every stop, pause and resume that has not ended.
func (q *Queue) Acts(ctx context.Context) ([]executor.Act, error) { return q.store.LiveActs(ctx) }

// Act stores a stop, pause or resume and its job in one transaction. Asking for the same one again changes nothing and
// returns what has become of it. replyTo is where an ephemeral answer can be sent.
func (q *Queue) Act(ctx context.Context, a executor.Act, replyTo string) (executor.Act, error) {
	var out executor.Act
	err := q.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var fresh bool
		var err error
		if out, fresh, err = tx.AddAct(ctx, a, replyTo); err != nil || !fresh {
			return err
		}
		return q.engine.insert(ctx, tx, actArgs{Act: out.ID})
	})
	if err != nil {
		return executor.Act{}, fmt.Errorf("ask for %s on %s: %w", a.Kind, a.Server, err)
	}
	failpoint.Strike(failpoint.RequestAfter)
	q.acts.teller.Changed()
	return out, nil
}
