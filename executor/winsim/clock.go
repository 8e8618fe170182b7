package winsim

import (
	"slices"
	"sync"
	"time"
)

// Clock is the server's idea of time: idle times, operation time-outs, delays and the Date header. The computer's clock
// and ManualClock are its implementations.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once d has passed, unless stop was called before; f must not block.
	AfterFunc(d time.Duration, f func()) (stop func())
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) AfterFunc(d time.Duration, f func()) func() {
	timer := time.AfterFunc(d, f)
	return func() { timer.Stop() }
}

// ManualClock stands still until Advance is called.
type ManualClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*manualTimer
}

type manualTimer struct {
	at time.Time
	f  func()
}

// NewManualClock returns a clock that shows now.
func NewManualClock(now time.Time) *ManualClock { return &ManualClock{now: now} }

// Now implements Clock.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc implements Clock.
func (c *ManualClock) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	timer := &manualTimer{at: c.now.Add(d), f: f}
	c.timers = append(c.timers, timer)
	return func() { c.remove(timer) }
}

// Advance moves the clock by d and runs what has become due, earliest first, before it returns.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	end := c.now.Add(d)
	c.mu.Unlock()
	for {
		timer := c.next(end)
		if timer == nil {
			return
		}
		timer.f()
	}
}

// next takes the earliest timer due until end and sets the clock to it, or to end if there is none.
func (c *ManualClock) next(end time.Time) *manualTimer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var first *manualTimer
	for _, timer := range c.timers {
		if !timer.at.After(end) && (first == nil || timer.at.Before(first.at)) {
			first = timer
		}
	}
	if first == nil {
		c.now = end
		return nil
	}
	if first.at.After(c.now) {
		c.now = first.at
	}
	c.timers = slices.DeleteFunc(c.timers, func(t *manualTimer) bool { return t == first })
	return first
}

func (c *ManualClock) remove(timer *manualTimer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timers = slices.DeleteFunc(c.timers, func(t *manualTimer) bool { return t == timer })
}
