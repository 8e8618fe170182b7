package adsync

import (
	"container/heap"
	"time"
)

// timeline holds what is going to happen. Nothing runs in the background: whoever looks at the model lets everything
// happen that is due by then, each at its own time, so a model in simulated time and one in real time are the same.
type timeline struct {
	items items
	seq   int
}

type item struct {
	at  time.Time
	seq int // what was planned first happens first
	do  func()
}

func (t *timeline) add(at time.Time, do func()) {
	t.seq++
	heap.Push(&t.items, item{at: at, seq: t.seq, do: do})
}

// due takes the earliest item that is due by now.
func (t *timeline) due(now time.Time) (item, bool) {
	if len(t.items) == 0 || t.items[0].at.After(now) {
		return item{}, false
	}
	return heap.Pop(&t.items).(item), true
}

// next is when the earliest item is due.
func (t *timeline) next() (time.Time, bool) {
	if len(t.items) == 0 {
		return time.Time{}, false
	}
	return t.items[0].at, true
}

type items []item

func (s items) Len() int { return len(s) }
func (s items) Less(i, j int) bool {
	if s[i].at.Equal(s[j].at) {
		return s[i].seq < s[j].seq
	}
	return s[i].at.Before(s[j].at)
}
func (s items) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *items) Push(x any)   { *s = append(*s, x.(item)) }
func (s *items) Pop() any {
	old := *s
	last := old[len(old)-1]
	*s = old[:len(old)-1]
	return last
}
