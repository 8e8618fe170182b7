package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/jobs"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// Terminal is one cycle asked for at a terminal.
type Terminal struct {
	Policy executor.Policy
	Server string
	Reason string
}

// RefusedError says that the request was refused because another cycle is in the way.
type RefusedError struct{ By executor.Cycle }

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("a %s is running on %s (%s), and a full does not join it: ask again when it has ended", e.By.Policy.Word(), e.By.Server, e.By.Ref())
}

const (
	// showEvery is how often the stored state is looked at while a cycle runs.
	showEvery = 500 * time.Millisecond
	// takenWithin is how long a request may wait for another process to take it up before this one does.
	takenWithin = 5 * time.Second
)

// Sync asks for one cycle and follows it to its end; show is called with each new state. Where a serve works the store,
// it does the work; otherwise this process does, for this one cycle.
func Sync(ctx context.Context, cfg *Config, t Terminal, show func(commands.CycleView), log *slog.Logger) (executor.Cycle, error) {
	st, owner, err := openBeside(ctx, cfg, log)
	if err != nil {
		return executor.Cycle{}, err
	}
	defer func() { _ = st.Close() }()
	runners, closeRunners, err := cfg.runners(ctx, winrm.NewLockout(ledger{st}), nil, log)
	if err != nil {
		return executor.Cycle{}, err
	}
	defer closeRunners()
	queue, err := jobs.New(st, executor.New(runners, log), silent{}, jobs.Config{Now: time.Now}, log)
	if err != nil {
		return executor.Cycle{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return executor.Cycle{}, fmt.Errorf("new request id: %w", err)
	}
	r := executor.Request{
		ID: id, Policy: t.Policy, Server: t.Server, Reason: t.Reason, Rule: "terminal", AskedAt: time.Now(),
		Asker: executor.Asker{Way: executor.FromTerminal, User: operator()},
	}
	out, err := queue.Ask(ctx, r, "")
	if err != nil {
		return executor.Cycle{}, err
	}
	if out.Refused != nil {
		return executor.Cycle{}, &RefusedError{*out.Refused}
	}
	cycle, err := follow(ctx, st, queue, owner, out.Cycle.ID, show)
	(&chronicle{store: st, log: log}).head(context.WithoutCancel(ctx))
	return cycle, err
}

// openBeside takes the store for itself if nobody has it, else opens it beside its owner.
func openBeside(ctx context.Context, cfg *Config, log *slog.Logger) (st *store.Store, owner bool, err error) {
	st, err = cfg.OpenStore(ctx, store.Owner, HolderSync, time.Now, log)
	if errors.Is(err, store.ErrLocked) {
		st, err = cfg.OpenStore(ctx, store.Beside, HolderSync, time.Now, log)
		return st, false, err
	}
	return st, err == nil && st.Kind() == store.SQLite, err
}

// follow shows the cycle until it has ended, and works it when nobody else does.
func follow(ctx context.Context, st *store.Store, queue *jobs.Queue, owner bool, id uuid.UUID, show func(commands.CycleView)) (executor.Cycle, error) {
	g, ctx := errgroup.WithContext(ctx)
	taken := make(chan struct{})
	g.Go(func() error {
		if !owner {
			t := time.NewTimer(takenWithin)
			defer t.Stop()
			select {
			case <-taken:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-t.C:
			}
		}
		return queue.RunOne(ctx, id)
	})
	var last executor.Cycle
	g.Go(func() error {
		tick := time.NewTicker(showEvery)
		defer tick.Stop()
		once := taken
		for {
			c, err := st.Cycle(ctx, id)
			if err != nil {
				return err
			}
			if c.Phase != executor.PhaseQueued && once != nil {
				close(once)
				once = nil
			}
			if c.Version != last.Version || last.ID == uuid.Nil {
				requests, err := st.Requests(ctx, id)
				if err != nil {
					return err
				}
				stops, err := st.Stops(ctx, id)
				if err != nil {
					return err
				}
				usual, err := st.Usual(ctx, c)
				if err != nil {
					return err
				}
				view := commands.CycleView{Cycle: c, Requests: requests, Stops: stops, Usual: usual, Now: time.Now()}
				if view.UsualRuns, err = st.UsualRuns(ctx, c); err != nil {
					return err
				}
				if least, most, ok, err := st.UsualDeletes(ctx, c); err != nil {
					return err
				} else if ok {
					view.UsualDeletes = &commands.Range{Least: least, Most: most}
				}
				show(view)
			}
			last = c
			if !c.Live() {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
	return last, g.Wait()
}

// operator names who sits at the terminal, for the audit.
func operator() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}

// openOwner takes the store for a serve. A sync at a terminal gives it back within minutes; that is worth waiting for.
func openOwner(ctx context.Context, cfg *Config, now func() time.Time, log *slog.Logger) (*store.Store, error) {
	said := false
	for {
		st, err := cfg.OpenStore(ctx, store.Owner, HolderServe, now, log)
		locked, ok := errors.AsType[*store.LockedError](err)
		switch {
		case !ok:
			return st, err
		case locked.Holder != HolderSync:
			return nil, fmt.Errorf("%w: %w", ErrInUse, err)
		}
		if !said {
			log.Warn("a sync at a terminal has the store; waiting for its end", "process", locked.PID)
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}
