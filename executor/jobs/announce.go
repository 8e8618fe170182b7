package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
)

// announceArgs is the stored form of one fire of a schedule.
type announceArgs struct {
	Name   string  `json:"name"          river:"unique"`
	Due    int64   `json:"due_ms"        river:"unique"`
	Missed []int64 `json:"missed_ms"`
}

func (announceArgs) Kind() string { return "announce" }

func (announceArgs) InsertOpts() river.InsertOpts { return onceWhileLive() }

const (
	// looks bounds how many servers are looked at at once for a report, lookLimit the look at one, and reportLimit all of
	// them: it leaves time within jobTimeout to post the report, whose dead servers would otherwise keep it from everybody.
	looks       = 64
	lookLimit   = 25 * time.Second
	reportLimit = jobTimeout - 10*time.Second
)

type announceWorker struct {
	river.WorkerDefaults[announceArgs]

	queue    *Queue
	executor Executor
	teller   Teller
	plans    map[string]planned
	log      *slog.Logger
}

func (w *announceWorker) NextRetry(job *river.Job[announceArgs]) time.Time {
	return nextRetry(job.Attempt)
}

// Work posts one fire. Run again after a crash it does nothing twice: requests and the report have ids made from the fire.
func (w *announceWorker) Work(ctx context.Context, job *river.Job[announceArgs]) error {
	a, ok := w.plans[job.Args.Name]
	if !ok {
		return nil // gone from the configuration since
	}
	due := time.UnixMilli(job.Args.Due).UTC()
	failpoint.Strike(failpoint.AnnounceBefore)
	var err error
	if a.Post == PostDelta {
		err = w.delta(ctx, a, due, len(job.Args.Missed))
	} else {
		err = w.status(ctx, a, due, job.Args.Missed)
	}
	failpoint.Strike(failpoint.AnnounceAfter)
	return snoozed(ctx, 0, err == nil, err)
}

// fireID is the id of one thing that one fire does.
func fireID(name string, due time.Time, what string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("adsyncbot:schedule:"+name+":"+due.Format(time.RFC3339)+":"+what))
}

// delta asks for a cycle on each server. What was missed is the reason that people read in its message.
func (w *announceWorker) delta(ctx context.Context, a planned, due time.Time, missed int) error {
	now := w.queue.cycles.now()
	reason := ""
	switch {
	case now.Sub(due) > onTime:
		reason = fmt.Sprintf("the scheduled cycle of %s was missed", due.Format("2006-01-02 15:04 UTC"))
	case missed > 0:
		reason = fmt.Sprintf("scheduled; missed since the last one: %d", missed)
	}
	for _, server := range a.Servers {
		out, err := w.queue.Ask(ctx, executor.Request{
			ID: fireID(a.Name, due, server), Policy: executor.Delta, Server: server,
			Asker:    executor.Asker{Way: executor.FromSchedule, Team: a.Audience.Team, User: a.Name},
			Audience: a.Audience, Reason: reason, Rule: "announcements: " + a.Name, AskedAt: now,
		}, "")
		if err != nil {
			return err
		}
		w.log.InfoContext(ctx, "scheduled cycle asked for", "ref", out.Cycle.Ref(), "schedule", a.Name, "server", server, "due", due, "joined", out.Joined)
	}
	return nil
}

func (w *announceWorker) status(ctx context.Context, a planned, due time.Time, missed []int64) error {
	r := executor.Report{ID: fireID(a.Name, due, "report"), Schedule: a.Name, Audience: a.Audience, Due: due}
	for _, ms := range missed {
		r.Missed = append(r.Missed, time.UnixMilli(ms).UTC())
	}
	r.Servers = w.look(ctx, a.Servers)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return w.teller.Announce(ctx, r)
}

// look looks at every server. One that cannot be looked at, or whose turn does not come in time, is in the report as such.
func (w *announceWorker) look(ctx context.Context, servers []string) []executor.ServerReport {
	ctx, cancel := context.WithTimeout(ctx, reportLimit)
	defer cancel()
	seen := make([]executor.ServerReport, len(servers))
	var g errgroup.Group
	g.SetLimit(looks)
	for i, server := range servers {
		g.Go(func() error {
			seen[i] = w.lookAt(ctx, server)
			return nil
		})
	}
	_ = g.Wait()
	return seen
}

func (w *announceWorker) lookAt(ctx context.Context, server string) executor.ServerReport {
	r := executor.ServerReport{Server: server}
	if err := ctx.Err(); err != nil {
		r.Err = fmt.Errorf("look at %s: its turn did not come within %s: %w", server, reportLimit, err)
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	r.Status, r.Err = w.executor.Status(ctx, server)
	return r
}
