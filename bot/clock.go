package bot

import (
	"context"
	"math/rand/v2"
	"time"
)

// Clock is the time the bot lives by. The zero value is the real one; tests hand in their own.
type Clock struct {
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
}

func (c Clock) withDefaults() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	return c
}

// wait returns false when ctx ended first.
func (c Clock) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-c.After(d):
		return true
	}
}

// The pace of attempts to reach Slack.
const (
	paceFloor = time.Second
	paceCap   = time.Minute
	paceReset = time.Minute // a connection that lived so long starts the pace anew
)

// pace spaces attempts from start to start: 1 s, doubling to a minute, and anew after one that lived. The attempt after a
// long life is therefore due at once: people's commands fail while there is no connection.
type pace struct {
	last time.Time     // when the last attempt started
	gap  time.Duration // from there to the next one
	away time.Time     // until when the other side asked us to stay away
}

// due returns how long to wait for the next attempt.
func (p *pace) due(now time.Time) time.Duration {
	if p.last.IsZero() {
		return 0
	}
	return max(0, p.last.Add(p.gap).Sub(now), p.away.Sub(now))
}

func (p *pace) started(now time.Time) {
	p.last = now
	p.gap = min(max(2*p.gap, paceFloor), paceCap)
}

// lived is told when the attempt ended, and for how long the other side asked us to stay away.
func (p *pace) lived(now time.Time, away time.Duration) {
	if now.Sub(p.last) >= paceReset {
		p.gap = 0
	}
	p.away = now.Add(away)
}

// backoff returns how long to wait before attempt n+1 of a delivery: 1 s doubling to a minute.
func backoff(n int) time.Duration {
	return jitter(min(time.Second<<min(max(n, 0), 6), time.Minute))
}

// jitter takes up to a quarter off a wait, so that many do not come back at the same instant.
func jitter(d time.Duration) time.Duration {
	if d < 4 {
		return d
	}
	return d - rand.N(d/4) //nolint:gosec // spreading load needs no secret randomness
}
