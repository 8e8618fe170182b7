package adsync

import (
	"context"
	"time"
)

type stopParameters struct {
	Began string `json:"began"`
}

type switchParameters struct {
	Enabled bool `json:"enabled"`
}

// engine prints how the scheduler stands; false when it cannot be told anything.
func (s *session) engine(ctx context.Context) (Scheduler, bool) {
	s.clock()
	switch s.service(ctx) {
	case ServiceRunning:
	case ServiceMissing:
		s.refuse("service_missing", "", "")
		return Scheduler{}, false
	default:
		s.refuse("service_stopped", "", "")
		return Scheduler{}, false
	}
	if f := s.module(ctx); f != nil {
		s.refuse("module_missing", "", f.firstLine())
		return Scheduler{}, false
	}
	sched, err := s.scheduler(ctx)
	if err != nil {
		s.refuseFor(err)
	}
	return sched, err == nil
}

// readBack asks the scheduler again, no sooner than ten seconds after it was asked.
func (s *session) readBack(ctx context.Context, polled time.Time) {
	for range 5 {
		if _, err := s.running(ctx); err != nil {
			s.problem("Get-ADSyncConnectorRunStatus", err)
		}
		if s.m.Now().Sub(polled) >= pollEach {
			break
		}
		if err := s.m.Sleep(ctx, lookEach); err != nil {
			s.err = err
			return
		}
	}
	if _, err := s.scheduler(ctx); err != nil {
		s.problem("Get-ADSyncScheduler", err)
	}
}

// stop answers the script that stops the cycle that began at a time.
func (s *session) stop(ctx context.Context, p stopParameters) {
	sched, ok := s.engine(ctx)
	meant := instant(p.Began)
	apart := sched.NextStart.Sub(meant)
	if !ok || !sched.InProgress || meant.IsZero() || apart <= -time.Second || apart >= time.Second {
		return
	}
	polled := s.m.Now()
	s.beat("Stop-ADSyncSyncCycle")
	at := s.m.Now()
	if err := s.m.Stop(ctx); err != nil {
		s.refuseFor(err)
		return
	}
	s.emit("accepted", "at", stamp(at))
	s.readBack(ctx, polled)
}

// switchTo answers the script that switches the scheduler on or off.
func (s *session) switchTo(ctx context.Context, p switchParameters) {
	sched, ok := s.engine(ctx)
	if !ok || sched.Enabled == p.Enabled {
		return
	}
	polled := s.m.Now()
	s.beat("Set-ADSyncScheduler")
	at := s.m.Now()
	if err := s.m.Enable(ctx, p.Enabled); err != nil {
		s.refuseFor(err)
		return
	}
	s.emit("accepted", "at", stamp(at))
	s.readBack(ctx, polled)
}
