package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
)

// linkDisabled is Slack's reason when Socket Mode was switched off.
const linkDisabled = "link_disabled"

// disconnectError is Slack asking us to leave a connection.
type disconnectError struct{ reason string }

// Error implements error.
func (e *disconnectError) Error() string {
	return fmt.Sprintf("slack ended the connection (%s)", e.reason)
}

// renewal reports an end that says nothing bad: Slack renews every connection after some hours.
func renewal(err error) bool {
	asked, ok := errors.AsType[*disconnectError](err)
	return ok && (asked.reason == "warning" || asked.reason == "refresh_requested")
}

// keep keeps link n: it opens a socket, waits for its end, and opens the next one. A socket that Slack wants back is left
// when the next one is ready, so that what comes by it in the meantime is taken.
func (l *links) keep(ctx context.Context, n int) error {
	var (
		p       pace
		old     *socket // Slack wants it back
		leaving sync.WaitGroup
	)
	leave := func(s *socket) {
		if s != nil {
			leaving.Go(func() { s.leave(); l.forget(s) })
		}
	}
	defer leaving.Wait()
	defer func() { leave(old) }()
	for l.turn(ctx, n, &p, old != nil) {
		p.started(l.clock.Now())
		s, err := l.open(ctx, n)
		<-l.opening
		if err == nil {
			leave(old)
			old = nil
			if err = l.watch(ctx, s); renewal(err) {
				old, s = s, nil
			}
		}
		leave(s)
		l.down(n, err)
		if err := l.final(ctx, err); err != nil {
			return err
		}
		p.lived(l.clock.Now(), 0)
		if ctx.Err() == nil {
			l.ended(ctx, n, err)
		}
	}
	return nil
}

// open opens a socket and waits for Slack's greeting. After an error the socket, if there is one, is of no use.
func (l *links) open(ctx context.Context, n int) (*socket, error) {
	address, err := l.client.open(ctx)
	if err != nil {
		if neverSent(err) {
			l.unused()
		}
		l.stayAway(judge(err).after)
		return nil, err
	}
	conn, err := l.client.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	s := newSocket(conn, l.receiver, l.clock, l.silence, l.log)
	l.opened(n, s)
	go s.read(context.WithoutCancel(ctx)) // leave waits for it
	select {
	case <-s.ready:
		l.up(ctx, n, s)
		return s, nil
	case reason := <-s.told:
		return s, &disconnectError{reason}
	case <-s.ended:
		return s, s.cause
	case <-ctx.Done():
		return s, context.Cause(ctx)
	}
}

// neverSent reports whether a request failed before anything of it was on the wire.
func neverSent(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}

// watch returns why a socket does not serve any more.
func (l *links) watch(ctx context.Context, s *socket) error {
	select {
	case reason := <-s.told:
		return &disconnectError{reason}
	case <-s.ended:
		select {
		case reason := <-s.told: // and was closed right behind it
			return &disconnectError{reason}
		default:
			return s.cause
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// final returns the error that ends the program: Socket Mode is switched off, or the token is refused and no other link
// serves. While one does, people's commands are worth more than a clean end.
func (l *links) final(ctx context.Context, err error) error {
	if asked, ok := errors.AsType[*disconnectError](err); ok && asked.reason == linkDisabled {
		return fmt.Errorf("connect to Slack: %w", &TokenError{Token: appTokenKey, Code: linkDisabled, Advice: adviceFor(linkDisabled)})
	}
	refused := refusal(appTokenKey, err)
	if refused == nil {
		return nil
	}
	if l.now().Connected {
		l.log.ErrorContext(ctx, "slack refuses the app token: the connection that is left serves as long as it lasts", "cause", scrub(refused))
		return nil
	}
	return fmt.Errorf("connect to Slack: %w", refused)
}

func (l *links) ended(ctx context.Context, n int, cause error) {
	level, connected := slog.LevelWarn, l.now().Connected
	if connected && renewal(cause) {
		level = slog.LevelInfo
	}
	l.log.Log(ctx, level, "slack connection ended", "link", n+1, "cause", scrub(cause), "connected", connected)
}
