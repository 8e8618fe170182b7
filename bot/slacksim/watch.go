package slacksim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Call is one HTTP request a client made: a Web API method, a post to a response url, an upload.
type Call struct {
	Method   string
	Args     map[string]string // without the token; blocks and other JSON as text
	At       time.Time
	Status   int    // HTTP status of the answer; 0 for a connection reset
	Error    string // what the client was told, empty for success
	Effected bool   // the call did its work, whatever the client was told
}

// Snapshot is everything that can be watched, at one instant. It never changes.
type Snapshot struct {
	Sockets    []Socket // open ones, oldest first
	Opened     int      // sockets ever opened
	Calls      []Call   // in the order of their effects
	Acks       []Ack    // in the order of arrival
	Ephemerals []Message
	Views      map[string]View      // modals by view id, home tabs by user id
	messages   map[string][]Message // by channel
}

// Messages are the living messages of a channel, threads included, in the order of posting.
func (s Snapshot) Messages(channel string) []Message { return s.messages[channel] }

// Count says how often a method was called, faults included.
func (s Snapshot) Count(method string) int {
	n := 0
	for _, c := range s.Calls {
		if c.Method == method {
			n++
		}
	}
	return n
}

// Snapshot takes one.
func (ws *Workspace) Snapshot() Snapshot {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.snapshot()
}

// snapshot shares what is only ever appended to or replaced as a whole; see find.
func (ws *Workspace) snapshot() Snapshot {
	s := Snapshot{
		Opened:     ws.opened,
		Calls:      slices.Clip(ws.calls),
		Acks:       slices.Clip(ws.acks),
		Ephemerals: slices.Clip(ws.ephemerals),
		Views:      maps.Clone(ws.views),
		messages:   make(map[string][]Message, len(ws.messages)),
	}
	for _, each := range ws.sockets {
		s.Sockets = append(s.Sockets, each.Socket)
	}
	for channel, list := range ws.messages {
		s.messages[channel] = slices.Clip(list)
	}
	return s
}

// Messages are the living messages of a channel, threads included, in the order of posting.
func (ws *Workspace) Messages(channel string) []Message { return ws.Snapshot().Messages(channel) }

// Ephemerals are what only this person sees in a channel, in the order of posting.
func (ws *Workspace) Ephemerals(channel, user string) []Message {
	var own []Message
	for _, m := range ws.Snapshot().Ephemerals {
		if m.Channel == channel && m.ForUser == user {
			own = append(own, m)
		}
	}
	return own
}

// Calls are all HTTP calls so far, in the order of their effects.
func (ws *Workspace) Calls() []Call { return ws.Snapshot().Calls }

// Acks are all frames clients sent, in the order of arrival.
func (ws *Workspace) Acks() []Ack { return ws.Snapshot().Acks }

// Wait blocks until a snapshot satisfies ready, which is asked at once and after every change. When ctx ends first, the
// error says what had happened until then.
func (ws *Workspace) Wait(ctx context.Context, ready func(Snapshot) bool) error {
	for {
		ws.mu.Lock()
		s, changed := ws.snapshot(), ws.changed
		ws.mu.Unlock()
		if ready(s) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("slacksim: wait (%s): %w", s.summary(), context.Cause(ctx))
		}
	}
}

func (s Snapshot) summary() string {
	counts, last := map[string]int{}, map[string]string{}
	for _, c := range s.Calls {
		counts[c.Method]++
		last[c.Method] = c.Error
	}
	parts := []string{fmt.Sprintf("%d sockets open, %d acks", len(s.Sockets), len(s.Acks))}
	for _, method := range slices.Sorted(maps.Keys(counts)) {
		part := fmt.Sprintf("%d %s", counts[method], method)
		if last[method] != "" {
			part += " (" + last[method] + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
