package jobs

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	// maxStarts is how many starts one process has under way at once. The other half of its workers stays free for the
	// cycles that run already: their people wait for a result.
	maxStarts = workers / 2
	// maxWatched is how many cycles one process watches for the length of a slice; beyond that it only looks at each.
	maxWatched = workers / 2
	// nextTurn is how soon a start that found no room is tried again.
	nextTurn = 2 * time.Second
)

// starts are the places for starts under way.
type starts chan struct{}

// take returns what gives the place back, or false when all are taken. It does not wait: whoever waits holds a worker.
func (s starts) take() (free func(), ok bool) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, true
	default:
		return nil, false
	}
}

// crowd counts the looks at running cycles that are under way.
type crowd struct{ n atomic.Int64 }

// enter returns what is to be called at the look's end.
func (c *crowd) enter() (leave func()) {
	c.n.Add(1)
	return func() { c.n.Add(-1) }
}

// dense reports whether there are too many to watch each one.
func (c *crowd) dense() bool { return c.n.Load() > maxWatched }

// spread varies a gap by a tenth, so that cycles which began together do not come back together.
func spread(gap time.Duration) time.Duration {
	if gap < 10 {
		return gap
	}
	return gap - gap/10 + rand.N(gap/5) //nolint:gosec // no secret hangs on it
}
