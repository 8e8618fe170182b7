package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// speed shortens the servers' own work, so that a delta of nearly a minute takes some 13 seconds. Less would not be
// quicker: the bot asks the scheduler, which alone knows the end of a cycle, every ten seconds.
const speed = 4

// stage is the two simulators and the bot between them, with everything it writes in one folder.
type stage struct {
	world *e2e.World

	dir   string
	log   *os.File
	ahead atomic.Int64 // of the bot's clock, in nanoseconds
	stop  context.CancelFunc
	ended chan struct{} // closed when the bot has stopped
	err   error         // why it stopped; valid once ended is closed
}

// raise builds a stage for a scene and waits until the bot is connected to Slack.
func raise(ctx context.Context, sc scene) (_ *stage, err error) {
	dir, err := os.MkdirTemp("", "adsyncdemo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	st := &stage{dir: dir, stop: func() {}, ended: make(chan struct{})}
	close(st.ended)
	defer func() {
		if err != nil {
			st.strike(false)
		}
	}()
	if st.log, err = os.Create(filepath.Join(dir, "adsyncbot.log")); err != nil { //nolint:gosec // our own folder
		return nil, fmt.Errorf("make the bot's log: %w", err)
	}
	st.world, err = e2e.New(ctx, e2e.Options{
		Dir:      dir,
		Clock:    func() adsync.Clock { return adsync.WallClock{} },
		Settings: func(s *adsync.Settings) { s.Speed = speed },
	})
	if err != nil {
		return nil, err
	}
	if sc.set != nil {
		if err := sc.set(st); err != nil {
			return nil, fmt.Errorf("prepare scene %s: %w", sc.name, err)
		}
	}
	cfg, err := st.configure()
	if err != nil {
		return nil, err
	}
	st.serve(ctx, cfg)
	living, done := st.living(ctx)
	defer done()
	return st, st.world.Slack.Wait(living, func(now slacksim.Snapshot) bool { return len(now.Sockets) > 0 && now.Sockets[0].Ready })
}

// configure writes the configuration file that leads the bot to the simulators, and reads it as the program does.
func (st *stage) configure() (*app.Config, error) {
	for name, value := range e2e.Secrets() {
		if err := os.Setenv(name, value); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, err)
		}
	}
	path, err := st.world.WriteConfig("sqlite:adsyncbot.db", "")
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return app.LoadConfig(path)
}

// serve starts the bot. It outlives ctx until strike, so that an interrupt stops it in order.
func (st *stage) serve(ctx context.Context, cfg *app.Config) {
	ctx, st.stop = context.WithCancel(context.WithoutCancel(ctx))
	st.ended = make(chan struct{})
	now := func() time.Time { return time.Now().Add(time.Duration(st.ahead.Load())) }
	log := slog.New(slog.NewTextHandler(st.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	go func() {
		defer close(st.ended)
		st.err = app.Serve(ctx, cfg, app.Options{Now: now}, log)
	}()
}

// living returns a context that ends with ctx, or when the bot stops by itself.
func (st *stage) living(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-st.ended:
			cancel(fmt.Errorf("the bot has stopped: %w", st.err))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// server is the one the scenes are about.
func (st *stage) server() *e2e.Server { return st.world.Servers["aadc01"] }

// later puts the bot's clock forward.
func (st *stage) later(d time.Duration) { st.ahead.Add(int64(d)) }

// look returns the state of every server.
func (st *stage) look() map[string]adsync.State {
	out := map[string]adsync.State{}
	for name, s := range st.world.Servers {
		out[name] = s.Model().State()
	}
	return out
}

// strike stops everything and removes the folder, unless the bot's log is to be kept; then it returns the log's path.
func (st *stage) strike(keep bool) (logged string) {
	st.stop()
	<-st.ended
	var errs []error
	if st.world != nil {
		errs = append(errs, st.world.Close())
	}
	if st.log != nil {
		logged = st.log.Name()
		errs = append(errs, st.log.Close())
	}
	if keep || errors.Join(errs...) != nil {
		return logged
	}
	_ = os.RemoveAll(st.dir)
	return ""
}
