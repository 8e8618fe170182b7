package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// linkCount is how many connections we keep. Slack renews each of them every few hours, and keeps no command for an
	// app that has none.
	linkCount = 2
	// stagger is how far apart two connections are opened, so that Slack does not renew both at once.
	stagger = 15 * time.Second
	// linkSilence is how long a connection may carry nothing, not even a ping. Slack's own clients wait 30 s for a ping.
	linkSilence = 35 * time.Second
	// linkGrace is how long readiness lets pass without any connection: one is back in less when Slack only renews it.
	linkGrace = 10 * time.Second
	// lingering is how long Slack may count a connection that broke without either side saying so.
	lingering = time.Minute
)

// Openings of connections: Slack documents 50 apps.connections.open a minute in one place and 1 in another. We keep to
// one, over all links, after a few at once: two for a start, one to renew.
const (
	openBurst = 3
	openEvery = time.Minute
)

// Link is how we stand with Slack.
type Link struct {
	// Connected says that Slack can reach us: it has greeted us on a connection that still stands.
	Connected bool
	// Since is when that began: the greeting that ended the last outage, or the loss of the last connection. Before the
	// first greeting it is when the Bot was made.
	Since time.Time
	// Connections is how many connections of this app Slack counted at its last greeting, and Strangers how many of them
	// were not ours: another process with the same app token gets part of the commands.
	Connections, Strangers int
	// Each is one entry for each of the permanent connections.
	Each []LinkState
}

// LinkState is how one of the permanent connections stands.
type LinkState struct {
	Ready     bool      // Slack delivers on it
	Since     time.Time // when it became ready, or ceased to be; before the first time it is when the Bot was made
	LastFrame time.Time // when Slack last sent anything on it, also a ping; zero when it never did
	Cause     string    // why it is not ready, as far as is known
}

// links are the permanent Socket Mode connections. Each is kept by itself; what one may do depends on the other: only one
// opens a connection at a time, and while the other one serves nothing is urgent.
type links struct {
	client   *Client
	receiver receiver
	identity Identity
	clock    Clock
	log      *slog.Logger
	silence  time.Duration // in real time, as the wire is

	opening chan struct{} // held by the link that is opening a connection

	mu      sync.Mutex
	opens   bucket
	away    time.Time // until when Slack wants no opening
	links   [linkCount]link
	ours    map[*socket]time.Time // sockets that Slack may count as ours, with the time they broke, if they did
	state   Link                  // without Each
	greeted bool                  // at least once
}

// link is one of the links as the others see it.
type link struct {
	LinkState
	socket *socket // the last one
}

func newLinks(client *Client, r receiver, id Identity, clock Clock, log *slog.Logger) *links {
	l := &links{
		client: client, receiver: r, identity: id, clock: clock, log: log, silence: linkSilence,
		opening: make(chan struct{}, 1), opens: bucket{size: openBurst, every: openEvery}, ours: map[*socket]time.Time{},
		state: Link{Since: clock.Now()},
	}
	for n := range l.links {
		l.links[n].Since = l.state.Since
	}
	return l
}

// Run keeps the links until ctx ends, then finishes the acknowledgements under way. It fails when Slack refuses the token
// for good and no connection is left, or when Socket Mode is switched off.
func (l *links) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for n := range linkCount {
		group.Go(func() error { return l.keep(ctx, n) })
	}
	return group.Wait()
}

// turn waits until link n may open a connection. Then the link holds opening and has taken from opens. It reports false
// when ctx ended first.
func (l *links) turn(ctx context.Context, n int, p *pace, renewal bool) bool {
	for wait := jitter(p.due(l.clock.Now())); l.clock.wait(ctx, wait); {
		select {
		case l.opening <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		if wait = l.admit(n, p.gap > 0, renewal); wait == 0 {
			return true
		}
		<-l.opening
	}
	return false
}

// admit returns 0 when link n may open a connection now, else how long it has to wait.
func (l *links) admit(n int, failing, renewal bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, keep := l.clock.Now(), 0
	wait := l.away.Sub(now)
	for i, other := range l.links {
		if i == n || !other.Ready {
			continue
		}
		if !renewal {
			wait = max(wait, other.Since.Add(stagger).Sub(now))
		}
		if failing { // the other one will have to be renewed
			keep = 1
		}
	}
	if wait > 0 {
		return wait
	}
	return l.opens.take(now, keep)
}

// unused notes that an opening did not even reach Slack.
func (l *links) unused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opens.putBack()
}

// stayAway notes that Slack wants no opening for a while.
func (l *links) stayAway(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = l.clock.Now().Add(d)
}

// opened notes a socket before Slack has greeted us on it.
func (l *links) opened(n int, s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ours[s] = time.Time{}
	l.links[n].socket = s
}

// up notes that Slack has greeted us on link n.
func (l *links) up(ctx context.Context, n int, s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, h := l.clock.Now(), s.hello
	l.links[n].LinkState = LinkState{Ready: true, Since: now}
	if !l.state.Connected {
		l.state.Connected, l.state.Since = true, now
	}
	l.greeted = true
	l.log.InfoContext(ctx, "connected to slack", "link", n+1, "host", h.Debug.Host, "connections", h.Connections)
	if h.Info.App != "" && h.Info.App != l.identity.App {
		l.log.ErrorContext(ctx, "the app token belongs to another app than the bot token", "app", h.Info.App, "want_app", l.identity.App)
	}
	for other, broke := range l.ours {
		if !broke.IsZero() && now.Sub(broke) > lingering {
			delete(l.ours, other)
		}
	}
	l.state.Connections = h.Connections
	strangers := max(0, h.Connections-len(l.ours))
	if strangers == l.state.Strangers {
		return
	}
	l.state.Strangers = strangers
	if strangers == 0 {
		l.log.InfoContext(ctx, "nobody else is connected with this app token any more")
		return
	}
	l.log.WarnContext(ctx, "others are connected with this app token: slack deals commands out among us", "others", strangers, "connections", h.Connections)
}

// down notes that link n is not ready, and why.
func (l *links) down(n int, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.links[n].LinkState
	l.links[n].LinkState = LinkState{Since: was.Since, Cause: scrub(cause)}
	if !was.Ready {
		return
	}
	now := l.clock.Now()
	l.links[n].Since = now
	if !l.serving() {
		l.state.Connected, l.state.Since = false, now
	}
}

// forget notes that a socket is closed. One that ended in silence may be counted by Slack for a while.
func (l *links) forget(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(s.cause, errSilent) {
		l.ours[s] = l.clock.Now()
		return
	}
	delete(l.ours, s)
}

// serving reports whether Slack can reach us on any link. The lock is held.
func (l *links) serving() bool {
	for _, k := range l.links {
		if k.Ready {
			return true
		}
	}
	return false
}

// now returns how we stand.
func (l *links) now() Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.state
	for _, k := range l.links {
		if k.socket != nil {
			if last := k.socket.last.Load(); last != nil {
				k.LastFrame = *last
			}
		}
		state.Each = append(state.Each, k.LinkState)
	}
	return state
}

// reachable is nil while a link is ready, and for moments after the last one was.
func (l *links) reachable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state.Connected || (l.greeted && l.clock.Now().Sub(l.state.Since) < linkGrace) {
		return nil
	}
	var last LinkState
	for _, k := range l.links {
		if k.Cause != "" && !k.Since.Before(last.Since) {
			last = k.LinkState
		}
	}
	return fmt.Errorf("not connected to Slack since %s: %s", l.state.Since.UTC().Format(time.RFC3339), cmp.Or(last.Cause, "no answer yet"))
}
