//go:build unix

package load

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// program returns the path of the program, built once.
var program func() (string, error)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "adsyncbot-load-")
	if err != nil {
		panic(err)
	}
	program = sync.OnceValues(func() (string, error) { return e2e.Build(context.Background(), dir) })
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// patience bounds every wait; it is only reached when something is wrong.
const patience = 5 * time.Minute

// stage is a workspace, n servers each with a channel of its own (Slack takes one post a second in a channel, which is
// not what is measured), and the program that runs between them.
type stage struct {
	*e2e.World

	tb      testing.TB
	servers []string
	store   *store.Store // beside the program's
	bot     *e2e.Process
	starts  gauge
}

// gauge counts what goes on at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) enter() (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now++
	g.most = max(g.most, g.now)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.now--
	}
}

// peak is how many there were at once at most.
func (g *gauge) peak() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// open starts everything, after whatever else is to be done to the world. A cycle on a server stays in its first run until
// it is released.
func open(tb testing.TB, n int, before ...func(*stage)) *stage {
	tb.Helper()
	s := &stage{tb: tb}
	var grants strings.Builder
	for i := range n {
		s.servers = append(s.servers, fmt.Sprintf("lane%04d", i))
		fmt.Fprintf(&grants, "  - {channel: %s, commands: [delta, status, history], servers: [%s]}\n", channel(i), s.servers[i])
	}
	dir := tb.TempDir()
	var err error
	s.World, err = e2e.New(tb.Context(), e2e.Options{
		Dir: dir, Servers: append(s.servers, "aadc01"), // aadc01 is in the grants that every world has
		Clock:    func() adsync.Clock { return adsync.WallClock{} },
		Settings: func(set *adsync.Settings) { set.Speed = 8 },
		Scripts: func(name string) func() {
			if name != "start" {
				return func() {}
			}
			return s.starts.enter()
		},
	})
	s.check(err)
	tb.Cleanup(func() { s.check(s.Close()) })
	for i, name := range s.servers {
		s.Slack.SetChannel(slacksim.Channel{ID: channel(i), Name: name, Members: []string{e2e.Ann, slacksim.BotUser}})
		s.Servers[name].Hold()
	}
	url := "sqlite:" + filepath.Join(dir, "adsyncbot.db")
	path, err := s.WriteConfig(url, grants.String())
	s.check(err)
	for _, do := range before {
		do(s)
	}
	s.start(dir, path)
	s.store, err = store.Open(tb.Context(), url, store.Options{Role: store.Beside}, slog.New(slog.DiscardHandler))
	s.check(err)
	tb.Cleanup(func() { s.check(s.store.Close()) })
	return s
}

func channel(i int) string { return fmt.Sprintf("C0LANE%04d", i) }

// start starts the program and waits until both its connections stand.
func (s *stage) start(dir, config string) {
	s.tb.Helper()
	bin, err := program()
	s.check(err)
	env := []string{"ADSYNCBOT_CONFIG=" + config}
	for k, v := range e2e.Secrets() {
		env = append(env, k+"="+v)
	}
	s.bot, err = e2e.StartProcess(bin, dir, env, "serve", "--log-level", "warn", "--log-format", "text")
	s.check(err)
	s.tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.tb.Context()), patience)
		defer cancel()
		if err := s.bot.Stop(ctx); err != nil {
			s.tb.Errorf("%v; it logged:\n%s", err, s.bot.Log.String())
		}
	})
	s.wait("the program is connected", func(now slacksim.Snapshot) bool {
		ready := 0
		for _, socket := range now.Sockets {
			if socket.Ready {
				ready++
			}
		}
		return ready == 2
	})
}

func (s *stage) wait(what string, done func(slacksim.Snapshot) bool) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), patience)
	defer cancel()
	if err := s.Slack.Wait(ctx, done); err != nil {
		s.tb.Fatalf("%s: not after %s; the program logged:\n%s", what, patience, s.bot.Log.String())
	}
}

// delta lets somebody ask for a delta on the i-th server and returns how long the acknowledgement took.
func (s *stage) delta(i int) time.Duration {
	s.tb.Helper()
	i %= len(s.servers)
	began := time.Now()
	d, err := s.Slack.Slash(s.tb.Context(), slacksim.SlashCommand{
		UserID: e2e.Ann, ChannelID: channel(i), Command: "/adsync", Text: "delta " + s.servers[i],
	})
	took := time.Since(began)
	if err != nil || d.Error != "" {
		s.tb.Errorf("delta on %s: %v, %s", s.servers[i], err, d.Error)
	}
	return took
}

// running waits until a cycle runs on each of the first n servers and the program follows them all.
func (s *stage) running(n int) {
	s.tb.Helper()
	s.poll("all cycles are followed", func() bool { return s.phases()[executor.PhaseFollowing] == n })
}

// ended releases every cycle, waits for the ends and checks that each is true.
func (s *stage) ended(n int) {
	s.tb.Helper()
	for _, name := range s.servers {
		s.Servers[name].Model().Release()
	}
	s.poll("all cycles have ended", func() bool { return len(s.phases()) == 0 })
	good := 0
	for _, name := range s.servers {
		cycles, err := s.store.History(s.tb.Context(), name, 10)
		s.check(err)
		for _, c := range cycles {
			if c.Result.Verdict == executor.Succeeded {
				good++
			}
		}
		if starts := s.Servers[name].Model().Starts(); starts > 1 {
			s.tb.Errorf("%d starts on %s, want 1", starts, name)
		}
	}
	if good != n {
		s.tb.Errorf("%d of %d cycles are told to have succeeded", good, n)
	}
}

// phases counts the live cycles by phase.
func (s *stage) phases() map[executor.Phase]int {
	s.tb.Helper()
	live, err := s.store.LiveCycles(s.tb.Context())
	s.check(err)
	n := map[executor.Phase]int{}
	for _, c := range live {
		n[c.Phase]++
	}
	return n
}

// poll waits for something that the program does in its own time.
func (s *stage) poll(what string, done func() bool) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), patience)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.tb.Fatalf("%s: not after %s; live: %v; the program logged:\n%s", what, patience, s.phases(), s.bot.Log.String())
		}
	}
}

func (s *stage) check(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
}
