package bot

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ann      = "U0ANN"
	bea      = "U0BEA"
	helpdesk = "C0HELPDESK"
	outside  = "C0OUTSIDE" // the bot is not in it
)

// sim is a fake workspace, a store and what a Bot needs, all for one test.
type sim struct {
	t      *testing.T
	ws     *slacksim.Workspace
	store  *store.Store
	path   string
	client *Client
	log    *logBuffer
	clock  *manual // of the store and the poster; nil for real time
}

func newSim(t *testing.T, clock *manual, opts ...slacksim.Option) *sim {
	t.Helper()
	opts = append([]slacksim.Option{
		slacksim.WithUsers(slacksim.User{ID: ann, Name: "ann"}, slacksim.User{ID: bea, Name: "bea"}),
		slacksim.WithChannels(
			slacksim.Channel{ID: helpdesk, Name: "helpdesk", Members: []string{ann, bea, slacksim.BotUser}},
			slacksim.Channel{ID: outside, Name: "outside", Members: []string{ann}},
		),
	}, opts...)
	s := &sim{t: t, ws: slacksim.New(opts...), path: filepath.Join(t.TempDir(), "bot.db"), log: &logBuffer{}, clock: clock}
	if err := s.ws.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.ws.Close)
	app := s.ws.App()
	var err error
	if s.client, err = NewClient(nil, app.AppToken, app.BotToken, s.ws.URL(), s.log.logger()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.http.CloseIdleConnections)
	s.open()
	t.Cleanup(func() { _ = s.store.Close() })
	t.Cleanup(func() {
		for _, secret := range []string{app.AppToken, app.BotToken, "/commands/", "ticket="} {
			if s.log.contains(secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
	return s
}

// open opens the store, also after it was closed.
func (s *sim) open() {
	s.t.Helper()
	var now func() time.Time
	if s.clock != nil {
		now = s.clock.now
	}
	var err error
	if s.store, err = store.Open(s.t.Context(), "sqlite:"+s.path, store.Options{Now: now}, s.log.logger()); err != nil {
		s.t.Fatal(err)
	}
}

// serve runs a bot and its poster until the returned function is called.
func (s *sim) serve(h Handler) (b *Bot, stop func() error) {
	s.t.Helper()
	id, err := s.client.Identify(s.t.Context(), Clock{})
	if err != nil {
		s.t.Fatal(err)
	}
	var clock Clock // the poster's; the bot lives in real time
	if s.clock != nil {
		clock = s.clock.clock()
	}
	poster := NewPoster(s.client, s.store, clock, s.log.logger())
	b = New(s.client, h, poster, s.store, Config{Identity: id}, s.log.logger())
	end := s.background(b.Run, poster.Run)
	return b, func() error {
		err := end()
		s.wait(func(n slacksim.Snapshot) bool { return len(n.Sockets) == 0 }) // nothing is delivered to a socket that is gone
		return err
	}
}

// background runs parts until the returned function is called, which returns their first error.
func (s *sim) background(parts ...func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(s.t.Context())
	errs := make(chan error, len(parts))
	for _, run := range parts {
		go func() { errs <- run(ctx) }()
	}
	stop = sync.OnceValue(func() error {
		cancel()
		var all error
		for range parts {
			all = errors.Join(all, <-errs)
		}
		return all
	})
	s.t.Cleanup(func() { _ = stop() })
	return stop
}

func (s *sim) wait(ready func(slacksim.Snapshot) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	if err := s.ws.Wait(ctx, ready); err != nil {
		s.t.Fatalf("%v\nlog:\n%s", err, s.log.text())
	}
}

func (s *sim) connected() {
	s.t.Helper()
	s.wait(func(n slacksim.Snapshot) bool { return len(n.Sockets) > 0 && n.Sockets[0].Ready })
}

func (s *sim) slash(text string) slacksim.Delivery {
	s.t.Helper()
	d, err := s.ws.Slash(s.t.Context(), slacksim.SlashCommand{UserID: ann, ChannelID: helpdesk, Command: "/adsync", Text: text})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// ask stores a request, as the queue does, and returns the cycle that serves it.
func (s *sim) ask(channel, replyTo string) executor.Cycle {
	s.t.Helper()
	return s.askOn("aadc01", channel, replyTo)
}

func (s *sim) askOn(server, channel, replyTo string) executor.Cycle {
	s.t.Helper()
	var out executor.Outcome
	err := s.store.Tx(s.t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
		out, _, err = tx.Ask(ctx, executor.Request{
			ID: uuid.Must(uuid.NewV7()), Policy: executor.Delta, Server: server, AskedAt: s.now(),
			Asker:    executor.Asker{Way: executor.FromSlack, Team: "T0SIM", User: ann},
			Audience: executor.Audience{Team: "T0SIM", Channel: channel},
		}, replyTo)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.Cycle
}

// change changes a cycle, as a slice does.
func (s *sim) change(id uuid.UUID, change func(*executor.Cycle)) {
	s.t.Helper()
	c, stamp, err := s.store.Stamp(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	change(&c)
	if _, err := s.store.SaveCycle(s.t.Context(), c, stamp); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sim) now() time.Time {
	if s.clock != nil {
		return s.clock.now()
	}
	return time.Now()
}

// handlerFunc is a Handler.
type handlerFunc func(ctx context.Context, in commands.Input) (commands.Answer, error)

func (f handlerFunc) Handle(ctx context.Context, in commands.Input) (commands.Answer, error) {
	return f(ctx, in)
}

func (f handlerFunc) Press(context.Context, commands.Press) (commands.Answer, bool, error) {
	return commands.Answer{}, false, errors.New("nobody presses here")
}

// counting answers every command and press, and keeps what it was asked.
type counting struct {
	mu      sync.Mutex
	inputs  []commands.Input
	presses []commands.Press
	asks    []commands.Action // buttons under every answer
}

func (c *counting) Handle(_ context.Context, in commands.Input) (commands.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inputs = append(c.inputs, in)
	return commands.Answer{Headline: commands.Text{commands.Words("You typed " + in.Text)}, Actions: c.asks, About: in.ID}, nil
}

func (c *counting) Press(_ context.Context, in commands.Press) (commands.Answer, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.presses = append(c.presses, in)
	return commands.Answer{Headline: commands.Text{commands.Words("You pressed " + in.Action.Label())}}, true, nil
}

func (c *counting) pressed() []commands.Press {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]commands.Press(nil), c.presses...)
}

func (c *counting) asked() []commands.Input {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]commands.Input(nil), c.inputs...)
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logBuffer) contains(s string) bool { return bytes.Contains([]byte(l.text()), []byte(s)) }

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// manual is a clock that goes only when it is told to.
type manual struct {
	mu      sync.Mutex
	at      time.Time
	waiters []waiter
}

type waiter struct {
	at time.Time
	c  chan time.Time
}

func newManual() *manual { return &manual{at: time.Date(2026, 11, 24, 9, 41, 0, 0, time.UTC)} }

func (m *manual) clock() Clock { return Clock{Now: m.now, After: m.after} }

func (m *manual) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

func (m *manual) after(d time.Duration) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := waiter{at: m.at.Add(d), c: make(chan time.Time, 1)}
	m.waiters = append(m.waiters, w)
	return w.c
}

// advance lets time pass and wakes whose time has come.
func (m *manual) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = m.at.Add(d)
	var later []waiter
	for _, w := range m.waiters {
		if w.at.After(m.at) {
			later = append(later, w)
		} else {
			w.c <- m.at
		}
	}
	m.waiters = later
}

// drive lets time pass, half a second at a time, until the workspace has seen what is wanted.
func (s *sim) drive(ready func(slacksim.Snapshot) bool) {
	s.t.Helper()
	s.driveBy(500*time.Millisecond, ready)
}

func (s *sim) driveBy(step time.Duration, ready func(slacksim.Snapshot) bool) {
	s.t.Helper()
	for range 2000 {
		ctx, cancel := context.WithTimeout(s.t.Context(), 4*time.Millisecond)
		err := s.ws.Wait(ctx, ready)
		cancel()
		if err == nil {
			return
		}
		s.clock.advance(step)
	}
	s.t.Fatalf("it did not happen; log:\n%s", s.log.text())
}
