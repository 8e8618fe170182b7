package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	// ackLimit bounds an acknowledgement from the moment its envelope was read. Slack shows an error after 3 s.
	ackLimit = 2500 * time.Millisecond
	// maxAccepting bounds how many envelopes are stored and acknowledged at once.
	maxAccepting = 8
	// flushTime is how long slack-go gets to write acknowledgements that it has queued; it does not say when it has.
	flushTime = 200 * time.Millisecond
)

var (
	errDropped  = errors.New("the connection ended")
	errLinkGone = errors.New("the connection is gone")
)

// receiver takes envelopes in. Bot is its production implementation.
type receiver interface {
	// accept stores an envelope and acknowledges it, in that order, within ctx. It must not do more.
	accept(ctx context.Context, e envelope, ack acknowledge)
}

// acknowledge sends an acknowledgement, with a payload or nil. Its nil error means that it is on its way.
type acknowledge func(ctx context.Context, payload any) error

// link is the Socket Mode connection, again and again. slack-go opens and reads one connection; when the next one may be
// opened, and which refusal is final, is decided here: slack-go would open thousands a second after a connection that is
// closed at once, and would try for ever with a token that Slack refuses.
type link struct {
	client   *Client
	receiver receiver
	identity Identity
	clock    Clock
	log      *slog.Logger

	state atomic.Pointer[Link]
}

// Link is how the connection to Slack stands.
type Link struct {
	// Connected says that Slack can reach us: it has greeted us on a connection that still stands.
	Connected bool
	// Since is when that began: the greeting, or the loss of the last connection. Before the first greeting it is when
	// the Bot was made.
	Since time.Time
	// Connections is how many connections of this app Slack counted at its last greeting. More than ours means that
	// another process with the same app token gets part of the commands.
	Connections int
}

func newLink(client *Client, to receiver, identity Identity, clock Clock, log *slog.Logger) *link {
	l := &link{client: client, receiver: to, identity: identity, clock: clock, log: log}
	l.state.Store(&Link{Since: clock.Now()})
	return l
}

// lost notes that Slack cannot reach us any more.
func (l *link) lost() {
	if was := l.state.Load(); was.Connected {
		l.state.Store(&Link{Since: l.clock.Now(), Connections: was.Connections})
	}
}

// Run keeps a connection until ctx ends, then finishes the acknowledgements under way. It returns an error only when
// Slack refuses the token for good.
func (l *link) Run(ctx context.Context) error {
	var p pace
	for l.clock.wait(ctx, p.due(l.clock.Now())) {
		begin := l.clock.Now()
		p.started(begin)
		cause := l.connection(ctx)
		now := l.clock.Now()
		if refused := refusal(appTokenKey, cause); refused != nil {
			return fmt.Errorf("connect to Slack: %w", refused)
		}
		if ctx.Err() == nil {
			p.lived(now, judge(cause).after)
			l.ended(ctx, cause, now.Sub(begin), p.due(now))
		}
	}
	return nil
}

func (l *link) ended(ctx context.Context, cause error, lived, next time.Duration) {
	level := slog.LevelWarn
	if errors.Is(cause, errDropped) { // Slack renews every connection after some hours
		level = slog.LevelInfo
	}
	l.log.Log(ctx, level, "slack connection ended", "cause", scrub(cause), "lived", lived, "next_in", next)
}

// connection opens one connection and reads it until it or ctx ends.
func (l *link) connection(ctx context.Context) error {
	c := &connection{link: l, socket: l.client.socket(), gone: make(chan struct{}), slots: make(chan struct{}, maxAccepting)}
	// The socket outlives ctx until the acknowledgements under way are written.
	life, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan error, 1)
	var running sync.WaitGroup
	running.Go(func() { over <- c.socket.RunContext(life) })
	err := c.read(ctx, over)
	l.lost()
	if ctx.Err() == nil {
		close(c.gone) // what is acknowledged now would never arrive
	}
	c.accepting.Wait()
	if ctx.Err() != nil {
		l.clock.wait(life, flushTime)
	}
	hangUp()
	running.Wait()
	return err
}

// connection is one Socket Mode connection.
type connection struct {
	link      *link
	socket    *socketmode.Client
	gone      chan struct{}
	slots     chan struct{}
	accepting sync.WaitGroup
}

// read takes what slack-go reports, and returns why the connection is over.
func (c *connection) read(ctx context.Context, over <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-over:
			if err == nil || errors.Is(err, errOneConnection) {
				err = errDropped
			}
			return err
		case e := <-c.socket.Events:
			if err := c.event(ctx, e); err != nil {
				return err
			}
		}
	}
}

// event returns an error when the connection is over.
func (c *connection) event(ctx context.Context, e socketmode.Event) error {
	switch e.Type {
	case socketmode.EventTypeConnecting:
		if connecting, ok := e.Data.(*slack.ConnectingEvent); ok && connecting.ConnectionCount > 0 {
			return errDropped // slack-go is about to open the next one
		}
	case socketmode.EventTypeConnectionError:
		if failed, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
			return failed.ErrorObj
		}
		return errDropped
	case socketmode.EventTypeHello:
		c.hello(ctx, e.Request)
	case socketmode.EventTypeErrorBadMessage:
		if bad, ok := e.Data.(*socketmode.ErrorBadMessage); ok {
			c.unknown(ctx, bad)
		}
	case socketmode.EventTypeErrorWriteFailed:
		if failed, ok := e.Data.(*socketmode.ErrorWriteFailed); ok {
			c.link.log.WarnContext(ctx, "an acknowledgement did not reach slack", "envelope", failed.Response.EnvelopeID, "cause", scrub(failed.Cause))
		}
	case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
		if r := e.Request; r != nil && r.EnvelopeID != "" {
			c.take(ctx, envelope{ID: r.EnvelopeID, Type: r.Type, Payload: r.Payload})
		}
	default: // connected: only hello makes it ready; incoming errors end in a new connection
	}
	return nil
}

// hello is Slack's greeting. It looks like a request to slack-go and must not be acknowledged.
func (c *connection) hello(ctx context.Context, r *socketmode.Request) {
	l := c.link
	if r == nil {
		return
	}
	if app := r.ConnectionInfo.AppID; app != "" && app != l.identity.App {
		l.log.ErrorContext(ctx, "the app token belongs to another app than the bot token", "app", app, "want_app", l.identity.App)
	}
	l.state.Store(&Link{Connected: true, Since: l.clock.Now(), Connections: r.NumConnections})
	l.log.InfoContext(ctx, "connected to slack", "host", r.DebugInfo.Host, "connections", r.NumConnections)
	if r.NumConnections > 1 {
		l.log.WarnContext(ctx, "other connections of this app are open: slack deals commands out among them", "connections", r.NumConnections)
	}
}

// unknown takes a frame that slack-go could not read.
func (c *connection) unknown(ctx context.Context, bad *socketmode.ErrorBadMessage) {
	e, err := parseEnvelope(bad.Message)
	if err != nil {
		c.link.log.WarnContext(ctx, "a frame from slack was not understood", "cause", scrub(err))
		return
	}
	c.take(ctx, e)
}

// take hands an envelope to the receiver. When too many are being accepted, reading waits: each is bounded in time.
func (c *connection) take(ctx context.Context, e envelope) {
	c.slots <- struct{}{}
	c.accepting.Go(func() {
		defer func() { <-c.slots }()
		defer func() {
			if cause := recover(); cause != nil {
				c.link.log.ErrorContext(ctx, "panic while an envelope was accepted", "envelope", e.ID, "panic", cause, "stack", stack())
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackLimit)
		defer cancel()
		c.link.receiver.accept(ctx, e, func(ctx context.Context, payload any) error {
			select {
			case <-c.gone:
				return errLinkGone
			default:
				return c.socket.AckCtx(ctx, e.ID, payload)
			}
		})
	})
}
