//go:build unix

package crash

import (
	"sync"
	"time"
)

// wireClock is the computer's clock, but that it can skip ahead: nobody wants to wait until a shell is idle.
type wireClock struct {
	mu     sync.Mutex
	ahead  time.Duration
	timers map[*wireTimer]bool
}

type wireTimer struct {
	at   time.Time
	f    func()
	real *time.Timer
}

func newWireClock() *wireClock { return &wireClock{timers: map[*wireTimer]bool{}} }

// Now implements winsim.Clock.
func (c *wireClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// AfterFunc implements winsim.Clock.
func (c *wireClock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &wireTimer{at: time.Now().Add(c.ahead + d), f: f}
	t.real = time.AfterFunc(d, func() { c.fire(t) })
	c.timers[t] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		t.real.Stop()
		delete(c.timers, t)
	}
}

func (c *wireClock) fire(t *wireTimer) {
	c.mu.Lock()
	due := c.timers[t]
	delete(c.timers, t)
	c.mu.Unlock()
	if due {
		t.f()
	}
}

// skip lets d pass at once.
func (c *wireClock) skip(d time.Duration) {
	c.mu.Lock()
	c.ahead += d
	var due []*wireTimer
	for t := range c.timers {
		left := t.at.Sub(time.Now().Add(c.ahead))
		if left <= 0 {
			due = append(due, t)
		} else {
			t.real.Reset(left)
		}
	}
	c.mu.Unlock()
	for _, t := range due {
		c.fire(t)
	}
}
