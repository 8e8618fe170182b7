package adsync

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Model is one simulated server. It is safe for concurrent use.
type Model struct {
	clock Clock

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, when something happened
	settings Settings
	tenant   []*Model  // with which it shares what is kept in Entra ID; itself, too
	now      time.Time // of what is happening, never after the clock
	timeline timeline

	requested bool     // a start was accepted and not picked up yet
	cycle     *cycle   // the running one, or nil
	busy      *running // the run of the cycle, or a foreign one, or nil
	plans     []Plan
	cycles    int // how many have ended
	next      next

	history []Run
	numbers map[string]int // the last RunNumber by connector
	pending map[string]Statistics
	failing map[string][]ObjectError // by connector and kind: what its last run could not do
	log     []Event

	bridged      []BridgeFile // answers that nobody has looked for yet
	bridging     bool         // the task runs
	bridgeStarts int

	calls  map[string][]time.Time
	starts int
}

// next is when the scheduler means to start its next cycle, and with which policy.
type next struct {
	start  time.Time
	policy Policy
}

// New returns a server whose last automatic cycle has ended a while ago. Its history and event log tell so.
func New(clock Clock, settings Settings) *Model {
	now := clock.Now().UTC()
	m := &Model{
		clock:    clock,
		changed:  make(chan struct{}),
		settings: settings,
		now:      now.Add(-settings.Interval + 5*time.Minute),
		numbers:  make(map[string]int),
		pending:  make(map[string]Statistics),
		failing:  make(map[string][]ObjectError),
		calls:    make(map[string][]time.Time),
	}
	m.next = next{start: m.now, policy: Delta}
	m.write(SourceADSync, 2001, LevelInformation, "The service was started successfully.")
	m.heartbeat()
	if settings.Service != ServiceMissing {
		m.begin(Delta)
	}
	m.every(30*time.Minute, m.heartbeat)
	m.every(time.Minute, m.wake)
	m.catchUp(now)
	m.pending[EntraConnector] = Statistics{ExportDeletes: settings.PendingDeletes} // since the last cycle
	return m
}

// every lets do happen each period from now on.
func (m *Model) every(period time.Duration, do func()) {
	m.timeline.add(m.now.Add(period), func() {
		do()
		m.every(period, do)
	})
}

// after plans do for d of the server's work later.
func (m *Model) after(d time.Duration, do func()) {
	m.timeline.add(m.now.Add(m.settings.scaled(d)), do)
}

// lock locks the model and lets everything happen that is due by now.
func (m *Model) lock() {
	m.mu.Lock()
	m.catchUp(m.clock.Now().UTC())
}

func (m *Model) unlock() { m.mu.Unlock() }

func (m *Model) catchUp(now time.Time) {
	happened := false
	for it, ok := m.timeline.due(now); ok; it, ok = m.timeline.due(now) {
		m.now = it.at
		it.do()
		happened = true
	}
	if now.After(m.now) {
		m.now = now
	}
	if happened {
		m.notify()
	}
}

func (m *Model) notify() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// called notes that a cmdlet was called.
func (m *Model) called(cmdlet string) {
	m.calls[cmdlet] = append(m.calls[cmdlet], m.now)
	m.notify()
}

// Set changes the server's settings; change must not call the model. A service that stops takes a running cycle down with it.
func (m *Model) Set(change func(*Settings)) {
	m.lock()
	defer m.unlock()
	before := m.settings.Service
	change(&m.settings)
	m.settings.Domains = slices.Clone(m.settings.Domains)
	switch was, is := before == ServiceRunning, m.settings.Service == ServiceRunning; {
	case was && !is:
		m.abort("stopped-service-shutdown", 6052, LevelWarning, "was stopped because the service is shutting down")
		m.write(SourceADSync, 2002, LevelInformation, "The service was stopped successfully.")
	case is && !was:
		m.write(SourceADSync, 2001, LevelInformation, "The service was started successfully.")
	}
	m.notify()
}

// Settings returns the server's settings.
func (m *Model) Settings() Settings {
	m.lock()
	defer m.unlock()
	s := m.settings
	s.Domains = slices.Clone(s.Domains)
	return s
}

// Sleep lets d of the model's time pass.
func (m *Model) Sleep(ctx context.Context, d time.Duration) error { return m.clock.Sleep(ctx, d) }

// Now is the server's time, in UTC.
func (m *Model) Now() time.Time { return m.clock.Now().UTC() }

// State is what tests and demos may wait for.
type State struct {
	Now        time.Time
	Requested  bool   // a start was accepted and not picked up yet
	InProgress bool   // a cycle is running
	Policy     Policy // of the running cycle
	Connector  string // the busy one, by our cycle or by other work
	Profile    string
	NextStart  time.Time
	Cycles     int // how many have ended, the one before the model's beginning included
	Starts     int // how many starts were accepted
	Runs       []Run
	Calls      map[string]int // how often each cmdlet was called
}

func (m *Model) state() State {
	s := State{
		Now: m.now, Requested: m.requested, InProgress: m.cycle != nil, NextStart: m.next.start,
		Cycles: m.cycles, Starts: m.starts, Runs: slices.Clone(m.history), Calls: make(map[string]int, len(m.calls)),
	}
	if m.cycle != nil {
		s.Policy = m.cycle.policy
	}
	if m.busy != nil {
		s.Connector, s.Profile = m.busy.run.Connector, m.busy.run.Profile
	}
	for cmdlet, times := range m.calls {
		s.Calls[cmdlet] = len(times)
	}
	return s
}

// State returns the server's state now.
func (m *Model) State() State {
	m.lock()
	defer m.unlock()
	return m.state()
}

// Wait returns when until says so of the server's state, or with the cause of ctx.
func (m *Model) Wait(ctx context.Context, until func(State) bool) error {
	for {
		m.lock()
		state, changed := m.state(), m.changed
		at, planned := m.timeline.next()
		m.unlock()
		if until(state) {
			return nil
		}
		var passed <-chan struct{}
		stop := func() {}
		if planned {
			passed, stop = m.clock.Alarm(at.Sub(m.clock.Now()))
		}
		select {
		case <-ctx.Done():
			stop()
			return context.Cause(ctx)
		case <-changed:
		case <-passed:
		}
		stop()
	}
}

// Starts is how many starts the server has accepted.
func (m *Model) Starts() int { return m.State().Starts }

// Calls are the times, on the server's clock, at which a cmdlet was called; "powershell.exe" stands for the processes.
func (m *Model) Calls(cmdlet string) []time.Time {
	m.lock()
	defer m.unlock()
	return slices.Clone(m.calls[cmdlet])
}
