package jobs

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// world is a queue over a real store, with an Executor and a Teller that do as they are told.
type world struct {
	store  *store.Store
	queue  *Queue
	server *fakeExecutor
	teller *fakeTeller
	close  func()
}

func newWorld(t *testing.T, cfg Config) *world {
	t.Helper()
	return openWorld(t, filepath.Join(t.TempDir(), "adsyncbot.db"), cfg)
}

func openWorld(t *testing.T, path string, cfg Config) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: time.Now, Role: store.Owner}, log)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: st, server: &fakeExecutor{}, teller: &fakeTeller{}}
	w.close = sync.OnceFunc(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.close)
	cfg.Now = time.Now
	w.queue, err = New(st, w.server, w.teller, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) ask(t *testing.T, p executor.Policy, channel string) executor.Outcome {
	t.Helper()
	out, err := w.queue.Ask(t.Context(), request(p, channel), "")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func request(p executor.Policy, channel string) executor.Request {
	return executor.Request{
		ID: uuid.Must(uuid.NewV7()), Policy: p, Server: "aadc01", Rule: "grants[0]", AskedAt: time.Now(),
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "UANN"},
		Audience: executor.Audience{Team: "T1", Channel: channel},
	}
}

// run works a cycle to its end and returns it.
func (w *world) run(t *testing.T, id uuid.UUID) executor.Cycle {
	t.Helper()
	if err := w.queue.RunOne(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c, err := w.store.Cycle(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fakeExecutor answers each slice with the next step; the last step repeats.
type fakeExecutor struct {
	mu      sync.Mutex
	starts  []executor.StartOrder
	follows []executor.FollowOrder
	start   []step
	follow  []step
	status  func(ctx context.Context, server string) (executor.Status, error)
	errors  func(server string) (executor.ErrorReport, error) // none when nil
	stop    func(began time.Time) (executor.Scheduled, error)
	turn    func(enabled bool) (executor.Scheduled, error)
	told    int // starts that reached the server and were accepted
}

type step struct {
	look   executor.Look
	err    error
	takes  time.Duration
	before func() // what happens meanwhile elsewhere
	notes  []executor.Look
}

// set says how the server answers from now on when a cycle is followed.
func (f *fakeExecutor) set(follow []step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follow = follow
}

func (f *fakeExecutor) Start(ctx context.Context, _ string, o executor.StartOrder, note func(executor.Look)) (executor.Look, error) {
	f.mu.Lock()
	f.starts = append(f.starts, o)
	s := next(&f.start)
	f.mu.Unlock()
	look, err := play(ctx, s, note)
	if look.Accepted {
		f.mu.Lock()
		f.told++
		f.mu.Unlock()
	}
	return look, err
}

func (f *fakeExecutor) Follow(ctx context.Context, _ string, o executor.FollowOrder, note func(executor.Look)) (executor.Look, error) {
	f.mu.Lock()
	f.follows = append(f.follows, o)
	s := next(&f.follow)
	f.mu.Unlock()
	return play(ctx, s, note)
}

func (f *fakeExecutor) Status(ctx context.Context, server string) (executor.Status, error) {
	return f.status(ctx, server)
}

func (f *fakeExecutor) Errors(_ context.Context, server string, _ executor.ErrorsOrder) (executor.ErrorReport, error) {
	if f.errors == nil {
		return executor.ErrorReport{}, errors.New("no errors are to be asked for")
	}
	return f.errors(server)
}

func (f *fakeExecutor) Stop(_ context.Context, _ string, began time.Time) (executor.Scheduled, error) {
	return f.stop(began)
}

func (f *fakeExecutor) Switch(_ context.Context, _ string, enabled bool) (executor.Scheduled, error) {
	return f.turn(enabled)
}

func next(steps *[]step) step {
	s := (*steps)[0]
	if len(*steps) > 1 {
		*steps = (*steps)[1:]
	}
	return s
}

func play(ctx context.Context, s step, note func(executor.Look)) (executor.Look, error) {
	if s.before != nil {
		s.before()
	}
	for _, l := range s.notes {
		note(l)
	}
	if s.takes > 0 {
		if err := wait(ctx, s.takes); err != nil {
			return executor.Look{}, err
		}
	}
	return s.look, s.err
}

type fakeTeller struct {
	mu      sync.Mutex
	ready   []error // answers of Ready, then nil
	changes int
	reports []executor.Report
	acts    []executor.Act
	hold    bool // Ready waits for its context
}

func (f *fakeTeller) Ready(ctx context.Context, _ uuid.UUID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hold {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	if len(f.ready) == 0 {
		return nil
	}
	err := f.ready[0]
	f.ready = f.ready[1:]
	return err
}

func (f *fakeTeller) Changed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes++
}

func (f *fakeTeller) Announce(_ context.Context, r executor.Report) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = append(f.reports, r)
	return nil
}

func (f *fakeTeller) Tell(_ context.Context, a executor.Act) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acts = append(f.acts, a)
	return nil
}

type undeliverable struct{ error }

func (undeliverable) Undeliverable() (channel, code string) { return "C1", "not_in_channel" }

var errNotInChannel = undeliverable{errors.New("not in channel")}

// accepted and friends are looks of a server.
func accepted() executor.Look {
	return executor.Look{Accepted: true, Policy: executor.Delta, ReadsFrom: time.Now(), Baseline: executor.Baseline{ServerTime: time.Now()}}
}

func running() executor.Look {
	l := accepted()
	l.Accepted, l.Follow.Seen = false, true
	l.Runs = []executor.Run{{Connector: "contoso.com", Profile: "Delta Import", Start: time.Now()}}
	return l
}

func done(v executor.Verdict) executor.Look {
	l := running()
	l.Done, l.EndedAt = true, time.Now()
	l.Result = executor.Result{Verdict: v, Source: executor.FromEventLog}
	return l
}
