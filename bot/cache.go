package bot

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cache remembers what Slack said about one kind of thing: a good answer for long, none for a short while. Many who ask
// at once cause one call.
type cache[T any] struct {
	clock     Clock
	good, bad time.Duration
	fetch     func(ctx context.Context, id string) (T, error)
	flights   singleflight.Group
	mu        sync.Mutex
	entries   map[string]entry[T]
}

type entry[T any] struct {
	value T
	err   error
	until time.Time
}

// fetchLimit bounds one question to Slack. An asker waits that long at most, then doubt denies.
const fetchLimit = 5 * time.Second

// maxEntries bounds the memory; what is stale goes first, then everything.
const maxEntries = 10_000

func newCache[T any](clock Clock, good, bad time.Duration, fetch func(ctx context.Context, id string) (T, error)) *cache[T] {
	return &cache[T]{clock: clock, good: good, bad: bad, fetch: fetch, entries: map[string]entry[T]{}}
}

// get returns what is known. The question to Slack is not ended by one impatient asker, because others wait for it too.
func (c *cache[T]) get(ctx context.Context, id string) (T, error) {
	if e, ok := c.known(id); ok {
		return e.value, e.err
	}
	answer := c.flights.DoChan(id, func() (any, error) {
		if e, ok := c.known(id); ok { // the flight before this one has just landed
			return e, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchLimit)
		defer cancel()
		value, err := c.fetch(ctx, id)
		return c.keep(id, value, err), nil
	})
	select {
	case r := <-answer:
		e, _ := r.Val.(entry[T])
		return e.value, e.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (c *cache[T]) known(id string) (entry[T], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	return e, ok && c.clock.Now().Before(e.until)
}

func (c *cache[T]) keep(id string, value T, err error) entry[T] {
	now := c.clock.Now()
	e := entry[T]{value: value, err: err, until: now.Add(c.good)}
	if err != nil {
		e.until = now.Add(c.bad)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxEntries {
		for other, old := range c.entries {
			if !now.Before(old.until) {
				delete(c.entries, other)
			}
		}
		if len(c.entries) >= maxEntries {
			clear(c.entries)
		}
	}
	c.entries[id] = e
	return e
}
