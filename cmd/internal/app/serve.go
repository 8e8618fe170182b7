package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/jobs"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// Options is what a program may want otherwise than the configuration says.
type Options struct {
	Now func() time.Time // time.Now when nil
	// Ready is called once the bot takes commands.
	Ready func()
}

// ErrInUse says that another serve has the store.
var ErrInUse = errors.New("another adsyncbot serve has this store")

// Serve runs the bot until ctx ends.
func Serve(ctx context.Context, cfg *Config, opts Options, log *slog.Logger) error {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	tracer, flush, err := newTracer(ctx, log)
	if err != nil {
		return err
	}
	defer flush(ctx)
	registry := newRegistry()
	in := newInstruments(registry, tracer)
	client, err := cfg.SlackClient(ctx, slackTransport{in, http.DefaultTransport}, log)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, cfg.Listen)
	if err != nil {
		return err
	}
	st, err := openOwner(ctx, cfg, opts.Now, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = st.Close() }()
	clock := bot.Clock{Now: opts.Now}
	id, err := client.Identify(ctx, clock)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	log.Info("slack knows us", "team", id.Team, "team_name", id.TeamName, "app", id.App)

	lockout, wire := winrm.NewLockout(ledger{st}), winrm.NewMetrics(registry)
	runners, closeRunners, err := cfg.runners(ctx, lockout, wire, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer closeRunners()
	admins, closeAdmins, err := cfg.admins(ctx, lockout, wire, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer closeAdmins()
	looks := timedExecutor{in, observing{executor.NewWithAdmins(in.runners(runners), in.runners(admins), log), st, log}}
	snapshot := cfg.Snapshot(id.Team)
	poster := bot.NewPoster(client, st, clock, log)
	queue, err := jobs.New(st, looks, poster, jobs.Config{
		Announcements: cfg.Schedules(id.Team), Now: opts.Now, Metrics: registry, Tracer: tracer,
	}, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	audit, err := cfg.chronicle(st, opts.Now, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	handler := commands.New(queue, st, looks, questions{st}, countedAuditor{in, auditor{st}}, func() *commands.Snapshot { return snapshot }, opts.Now, log)
	b := bot.New(client, tracedHandler{in, handler}, poster, st, bot.Config{
		Identity: id, UserGroups: func() []string { return snapshot.Groups() }, Clock: clock, Metrics: registry,
	}, log)
	registry.MustRegister(newStockCollector(st, opts.Now))
	h := &health{listener: listener, metrics: registry, log: log, probes: []probe{
		{"slack", func(context.Context) (string, error) { return standing(b.Link()), b.Reachable() }},
		{"store", func(ctx context.Context) (string, error) { return "", st.Ping(ctx) }},
		{"outbox", func(ctx context.Context) (string, error) { return outbox(ctx, st, opts.Now()) }},
	}}
	if opts.Ready != nil {
		opts.Ready()
	}
	return runStages(ctx, audit.run, h.run, poster.Run, queue.Run, b.Run) // the audit's last head is behind everything
}

// SlackClient reads both tokens and returns a client for them, whose calls go through transport; the usual one when nil.
func (c *Config) SlackClient(ctx context.Context, transport http.RoundTripper, log *slog.Logger) (*bot.Client, error) {
	app, err := c.ReadSecret(ctx, c.Slack.AppToken)
	if err != nil {
		return nil, fmt.Errorf("slack.app_token: %w", err)
	}
	token, err := c.ReadSecret(ctx, c.Slack.BotToken)
	if err != nil {
		return nil, fmt.Errorf("slack.bot_token: %w", err)
	}
	return bot.NewClient(transport, app, token, c.Slack.APIURL, log)
}

// Who holds a store, as its lock file says.
const (
	HolderServe = "serve"
	HolderSync  = "sync"
)

// OpenStore opens the configured store.
func (c *Config) OpenStore(ctx context.Context, role store.Role, holder string, now func() time.Time, log *slog.Logger) (*store.Store, error) {
	url, err := c.StoreURL()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, url, store.Options{Now: now, Role: role, Holder: holder}, log)
}

// standing says what is worth knowing about the connections to Slack, also when they work.
func standing(l bot.Link) string {
	var remarks []string
	ready := 0
	for _, one := range l.Each {
		if one.Ready {
			ready++
		}
	}
	if ready < len(l.Each) {
		remarks = append(remarks, fmt.Sprintf("%d of %d connections stand", ready, len(l.Each)))
	}
	if l.Strangers > 0 {
		remarks = append(remarks, fmt.Sprintf("%d connections with this app token are not ours", l.Strangers))
	}
	return strings.Join(remarks, "; ")
}

// outboxAge is how long a message may wait before readiness says so: longer than one of Slack's rate limits.
const outboxAge = 2 * time.Minute

// outbox probes what waits for Slack. Dead letters are told and do not make the bot unready: nothing mends them by itself.
func outbox(ctx context.Context, st stock, now time.Time) (detail string, err error) {
	pending, oldest, dead, err := st.OutboxDepth(ctx)
	if err != nil {
		return "", err
	}
	if dead > 0 {
		detail = fmt.Sprintf("messages given up: %d; the log says which and why", dead)
	}
	if pending > 0 && now.Sub(oldest) > outboxAge {
		return detail, fmt.Errorf("messages that wait for Slack: %d, the oldest since %s", pending, oldest.UTC().Format(time.RFC3339))
	}
	return detail, nil
}
