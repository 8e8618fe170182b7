package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// Handler serves a command, and the press of a button. commands.Handler is its production implementation.
type Handler interface {
	Handle(ctx context.Context, in commands.Input) (commands.Answer, error)
	// Press says whether its answer takes the place of what the button belongs to.
	Press(ctx context.Context, in commands.Press) (a commands.Answer, replaces bool, err error)
}

// Config is what a Bot has to be told.
type Config struct {
	// Identity pins the workspace and the app: what comes from another one is refused. Client.Identify reads it.
	Identity Identity
	// UserGroups returns the ids of the user groups that grants name now. It is asked for every command.
	UserGroups func() []string
	// Clock is the real one when zero.
	Clock Clock
	// Metrics is where the bot's metrics are registered; nowhere when nil.
	Metrics prometheus.Registerer
}

const (
	workers  = 16               // commands served at once; a status waits for its server
	backlog  = 64               // commands that wait for a worker
	sweepGap = 10 * time.Second // between looks for commands that were left in the inbox
	pruneGap = time.Hour
)

// Bot takes commands from Slack: stored first, then acknowledged, then served.
type Bot struct {
	handler Handler
	poster  *Poster
	store   *store.Store
	people  *people
	cfg     Config
	clock   Clock
	metrics *metrics
	log     *slog.Logger
	links   *links
	work    chan received
	mine    *set // commands that this process has in hand
}

// New returns a bot that is ready to run. It dials nothing.
func New(client *Client, handler Handler, poster *Poster, st *store.Store, cfg Config, log *slog.Logger) *Bot {
	clock := cfg.Clock.withDefaults()
	b := &Bot{
		handler: handler, poster: poster, store: st, cfg: cfg, clock: clock, log: log,
		people: newPeople(client, cfg.UserGroups, clock, log), work: make(chan received, backlog), mine: newSet(),
	}
	b.links = newLinks(client, b, cfg.Identity, clock, log)
	b.metrics = newMetrics(cfg.Metrics, b.Link, clock.Now)
	return b
}

// Run serves commands until ctx ends; then it takes no more, finishes the acknowledgements under way and returns. It
// fails when Slack refuses a token for good (*TokenError) or when the store cannot be read at the start.
func (b *Bot) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range workers {
		group.Go(func() error { b.worker(ctx); return nil })
	}
	// The only process that a store has takes up at once what the one before it has left.
	if err := b.workOff(ctx, b.store.Kind() == store.SQLite); err != nil && ctx.Err() == nil {
		group.Go(func() error { return fmt.Errorf("work off the inbox: %w", err) })
	} else {
		group.Go(func() error { return b.links.Run(ctx) })
		group.Go(func() error { b.tidy(ctx); return nil })
	}
	return group.Wait()
}

// tidy takes up what was left in the inbox, and forgets old envelopes.
func (b *Bot) tidy(ctx context.Context) {
	var pruned time.Time
	for b.clock.wait(ctx, sweepGap) {
		if err := b.workOff(ctx, false); err != nil && ctx.Err() == nil {
			b.log.ErrorContext(ctx, "inbox not worked off", "cause", scrub(err))
		}
		if now := b.clock.Now(); now.Sub(pruned) >= pruneGap {
			pruned = now
			if err := errors.Join(b.store.PruneInbox(ctx, now), b.store.PruneQuestions(ctx, now), b.store.PrunePages(ctx, now)); err != nil && ctx.Err() == nil {
				b.log.WarnContext(ctx, "inbox not pruned", "cause", scrub(err))
			}
		}
	}
}

// Link returns how we stand with Slack.
func (b *Bot) Link() Link { return b.links.now() }

// Reachable is nil while Slack can reach us, and for the moments in which a lost connection comes back; else it says since
// when it cannot, and why.
func (b *Bot) Reachable() error { return b.links.reachable() }

// ackPayload is an answer inside an acknowledgement.
type ackPayload struct {
	ResponseType string        `json:"response_type"`
	Text         string        `json:"text"`
	Blocks       []slack.Block `json:"blocks"`
}

// private lays an answer out for an acknowledgement, for the asker only.
func private(a commands.Answer) ackPayload {
	m := layout(a)
	return ackPayload{ResponseType: slack.ResponseTypeEphemeral, Text: m.Text, Blocks: m.Blocks}
}
