package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// Announcement is something posted on a cron schedule.
type Announcement struct {
	Name     string
	Spec     string // five cron fields or a descriptor
	Zone     string // IANA
	Audience executor.Audience
	Post     Post
	Servers  []string
	RunOnce  bool // a missed fire is made up for once; else it is only mentioned in the next report
}

// Post is what an announcement posts.
type Post string

// The kinds of announcement. There is none for a full: cron never starts one.
const (
	PostStatus Post = "status"
	PostDelta  Post = "delta"
)

const (
	// onTime is how late a fire may be and still count as on time: longer than a restart, shorter than a minute's rhythm.
	onTime = 45 * time.Second
	// lookAhead bounds the sleep of the scheduler, so that a schedule moved by another replica is noticed.
	lookAhead = 30 * time.Second
	// keepMissed bounds the list of missed fires a report mentions.
	keepMissed = 20
)

// scheduler fires announcements. The next planned fire is a row; it is moved by compare-and-set in the transaction that
// inserts the fire's job, so each fire happens once, over restarts and replicas. (River's own periodic jobs lose a fire
// when the leading process dies.)
type scheduler struct {
	queue   *Queue
	plans   map[string]planned
	now     func() time.Time
	metrics *metrics
	log     *slog.Logger
}

type planned struct {
	Announcement

	plan Plan
}

func newScheduler(q *Queue, cfg Config, m *metrics, log *slog.Logger) (*scheduler, error) {
	s := &scheduler{queue: q, plans: map[string]planned{}, now: cfg.Now, metrics: m, log: log}
	for _, a := range cfg.Announcements {
		p, err := ParsePlan(a.Spec, a.Zone)
		if err != nil {
			return nil, fmt.Errorf("announcement %s: %w", a.Name, err)
		}
		s.plans[a.Name] = planned{a, p}
	}
	return s, nil
}

func (s *scheduler) run(ctx context.Context) error {
	if err := s.sync(ctx); err != nil {
		return err
	}
	if len(s.plans) == 0 {
		<-ctx.Done()
		return nil
	}
	s.log.Info("schedules in force", "count", len(s.plans))
	for {
		next := s.now().Add(time.Second)
		if due, err := s.fireDue(ctx); err == nil {
			next = due
		} else if ctx.Err() == nil {
			s.log.Error("schedules not worked", "error", err)
		}
		select {
		case <-time.After(min(next.Sub(s.now()), lookAhead)):
		case <-ctx.Done():
			return nil
		}
	}
}

// sync brings the rows in line with the configuration.
func (s *scheduler) sync(ctx context.Context) error {
	rows := make([]store.Schedule, 0, len(s.plans))
	for name, p := range s.plans {
		rows = append(rows, store.Schedule{Name: name, Spec: p.Spec, Zone: p.Zone, Next: p.plan.Next(s.now())})
	}
	return s.queue.store.SyncSchedules(ctx, rows)
}

// fireDue fires what is due and returns when the next fire is.
func (s *scheduler) fireDue(ctx context.Context) (time.Time, error) {
	rows, err := s.queue.store.Schedules(ctx)
	if err != nil {
		return time.Time{}, err
	}
	soonest := s.now().Add(lookAhead)
	for _, row := range rows {
		p, ok := s.plans[row.Name]
		if !ok {
			continue
		}
		next := row.Next
		if !next.After(s.now()) {
			if next, err = s.fire(ctx, p, row); err != nil {
				return time.Time{}, err
			}
		}
		if next.Before(soonest) {
			soonest = next
		}
	}
	return soonest, nil
}

// fire works off one schedule: all its fires up to now, of which one at most is run.
func (s *scheduler) fire(ctx context.Context, p planned, row store.Schedule) (next time.Time, err error) {
	now := s.now()
	due, missed := row.Next, row.Missed
	skipped := 0
	next = p.plan.Next(due)
	for !next.IsZero() && !next.After(now) {
		missed = append(missed, due)
		skipped++
		due, next = next, p.plan.Next(next)
	}
	run := now.Sub(due) <= onTime || p.RunOnce
	if !run {
		missed = append(missed, due)
		skipped++
	}
	if n := len(missed); n > keepMissed {
		missed = missed[n-keepMissed:]
	}
	args := announceArgs{Name: p.Name, Due: due.UnixMilli(), Missed: millis(missed)}
	left := missed
	if run {
		left = nil // the report mentions them
	}
	won := false // else another replica was first
	failpoint.Strike(failpoint.FireBefore)
	err = s.queue.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		won, err = tx.Fire(ctx, p.Name, row.Next, next, left)
		failpoint.Strike(failpoint.FireWithin)
		if err != nil || !won || !run {
			return err
		}
		return s.queue.engine.insert(ctx, tx, args)
	})
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("fire %s: %w", p.Name, err)
	case !won:
		return next, nil
	}
	failpoint.Strike(failpoint.FireAfter)
	s.metrics.fired(p.Post, now.Sub(due), run, skipped)
	s.log.Info("schedule fired", "schedule", p.Name, "due", due, "run", run, "missed", len(missed))
	return next, nil
}

func millis(ts []time.Time) []int64 {
	out := make([]int64, len(ts))
	for i, t := range ts {
		out[i] = t.UnixMilli()
	}
	return out
}

// NextFires returns the next n fires of an announcement after t.
func (a Announcement) NextFires(t time.Time, n int) ([]time.Time, error) {
	p, err := ParsePlan(a.Spec, a.Zone)
	if err != nil {
		return nil, err
	}
	out := make([]time.Time, 0, n)
	for range n {
		if t = p.Next(t); t.IsZero() {
			return out, errors.New("no fire any more")
		}
		out = append(out, t)
	}
	return out, nil
}
