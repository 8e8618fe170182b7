package bot

import "time"

// bucket is a token bucket: at most size at once, one more every so often. The zero time in it means that it is full.
type bucket struct {
	size  int
	every time.Duration
	full  time.Time // when it is full again
}

// take takes a token, or returns how long it will be until one may be taken. keep is how many must be left for others.
func (b *bucket) take(now time.Time, keep int) (wait time.Duration) {
	if b.full.Before(now) {
		b.full = now
	}
	if wait := b.full.Sub(now) - time.Duration(b.size-1-keep)*b.every; wait > 0 {
		return wait
	}
	b.full = b.full.Add(b.every)
	return 0
}

// putBack returns a token that was taken for nothing.
func (b *bucket) putBack() { b.full = b.full.Add(-b.every) }
