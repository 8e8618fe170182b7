package adsync

import (
	"context"
	"sync"
	"time"
)

// Clock is the time a Model lives in. WallClock and SimulatedClock implement it.
type Clock interface {
	Now() time.Time
	// Sleep lets d pass, or returns the cause of ctx if that ends first.
	Sleep(ctx context.Context, d time.Duration) error
	// Alarm returns a channel that is closed once d has passed, and a function that frees it earlier.
	Alarm(d time.Duration) (passed <-chan struct{}, stop func())
}

// WallClock is real time. A demo that must be quick shortens the work (Settings.Speed), not the seconds: a server
// whose clock ran faster than ours would soon tell a nonsensical time.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (WallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Alarm implements Clock.
func (WallClock) Alarm(d time.Duration) (<-chan struct{}, func()) {
	c := make(chan struct{})
	t := time.AfterFunc(d, func() { close(c) })
	return c, func() { t.Stop() }
}

// SimulatedClock stands still until it is advanced. Sleep is what advances it first of all: a script that waits 12 s
// moves the server 12 s on and waits no real time.
type SimulatedClock struct {
	mu     sync.Mutex
	now    time.Time
	alarms map[chan struct{}]time.Time
}

// NewSimulatedClock returns a clock that shows start.
func NewSimulatedClock(start time.Time) *SimulatedClock {
	return &SimulatedClock{now: start, alarms: make(map[chan struct{}]time.Time)}
}

// Now implements Clock.
func (c *SimulatedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on by d.
func (c *SimulatedClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for alarm, at := range c.alarms {
		if !at.After(c.now) {
			delete(c.alarms, alarm)
			close(alarm)
		}
	}
}

// Sleep implements Clock.
func (c *SimulatedClock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.Advance(d)
	return nil
}

// Alarm implements Clock.
func (c *SimulatedClock) Alarm(d time.Duration) (<-chan struct{}, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	alarm := make(chan struct{})
	if d <= 0 {
		close(alarm)
		return alarm, func() {}
	}
	c.alarms[alarm] = c.now.Add(d)
	return alarm, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.alarms, alarm)
	}
}
