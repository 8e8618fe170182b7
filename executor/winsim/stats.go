package winsim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Stats are a Server's counters. Those that are not described as "now" only grow.
type Stats struct {
	Connections     int
	OpenConnections int               // now
	HTTPRequests    int               // including those answered by 401
	Unauthorized    int               // answers with status 401
	Requests        map[Op]int        // SOAP requests that reached an operation, also those a rule spoilt
	Faults          map[uint32]int    // faults sent, by code
	Logons          map[string]Logons // by account; a name that is not an account's counts as it was sent
	Shells          int               // now
	ShellsEver      int
	Processes       int // programs running now
	ProcessesEver   int
	Receiving       int // Receives waiting for output now
	Pausing         int // requests held by Delay or Dribble now
	Plaintext       int // SOAP messages seen in clear text over plain http, accepted or not
	Sealed          int // sealed messages unsealed
}

// Logons counts the attempts of one account to log on. With NTLM that is one per AUTHENTICATE message, with Basic one
// per request.
type Logons struct{ Succeeded, Failed int }

// Exchange is one line of the log of exchanges. It holds no password, no script and no output.
type Exchange struct {
	At          time.Time
	Op          Op
	Account     string
	Shell       string
	Command     string
	CommandLine string // of a Command request
	Sealed      bool
	Status      int    // HTTP status; 0 if none was sent
	Fault       uint32 // its code, if the answer was a fault
	Rule        string // what a Rule did
}

// exchangesKept bounds the log: enough for any test, nothing for a demo that runs all day.
const exchangesKept = 1000

// watch holds the counters and tells waiters of every change.
type watch struct {
	mu      sync.Mutex
	stats   Stats
	log     []Exchange
	changed chan struct{} // closed and replaced at each change
	closed  bool
}

func newWatch() *watch {
	return &watch{
		stats:   Stats{Requests: map[Op]int{}, Faults: map[uint32]int{}, Logons: map[string]Logons{}},
		changed: make(chan struct{}),
	}
}

func (w *watch) update(change func(*Stats)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.stats)
	w.tell()
}

func (w *watch) note(e Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.log) == exchangesKept {
		w.log = slices.Delete(w.log, 0, exchangesKept/2)
	}
	w.log = append(w.log, e)
	w.tell()
}

func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		w.tell()
	}
}

func (w *watch) tell() {
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watch) snapshot() (stats Stats, changed <-chan struct{}, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stats = w.stats
	stats.Requests = maps.Clone(stats.Requests)
	stats.Faults = maps.Clone(stats.Faults)
	stats.Logons = maps.Clone(stats.Logons)
	return stats, w.changed, w.closed
}

// Stats returns the counters as they are now.
func (s *Server) Stats() Stats {
	stats, _, _ := s.watch.snapshot()
	return stats
}

// Wait returns when done is true of the counters, or with an error that holds the last counters when ctx ends or the
// server is closed first. It looks again after every change, so no state that lasts is missed.
func (s *Server) Wait(ctx context.Context, done func(Stats) bool) error {
	for {
		stats, changed, closed := s.watch.snapshot()
		if done(stats) {
			return nil
		}
		if closed {
			return fmt.Errorf("wait for winsim at %+v: %w", stats, errClosed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for winsim at %+v: %w", stats, context.Cause(ctx))
		}
	}
}

// Exchanges returns the most recent exchanges, oldest first.
func (s *Server) Exchanges() []Exchange {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	return slices.Clone(s.watch.log)
}
