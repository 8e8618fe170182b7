package executor

import (
	"context"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// Scheduled is how a server's scheduler stood, and what was done about it, in one slice. Its times are the server's.
type Scheduled struct {
	At         time.Time // the slice's beginning
	Read       bool      // the scheduler answered; the next four fields mean nothing otherwise
	Enabled    bool
	Suspended  bool
	InProgress bool
	NextStart  time.Time // while a cycle is in progress: when it began
	// Accepted says that the server took what it was told at AcceptedAt, which is not done; the fields above were read
	// after it when ReadBack says so.
	Accepted   bool
	AcceptedAt time.Time
	ReadBack   bool
	Was        bool // whether it was Enabled before anything was done
}

// Runs reports whether the cycle that began at a time is in progress.
func (s Scheduled) Runs(began time.Time) bool {
	apart := s.NextStart.Sub(began)
	return s.Read && s.InProgress && apart > -time.Second && apart < time.Second
}

// take reads one line.
func (s *Scheduled) take(line any) {
	switch line := line.(type) {
	case clockLine:
		s.At = line.UTC.Time
	case schedulerLine:
		if !s.Read {
			s.Was = line.Enabled
		}
		s.Read, s.ReadBack = true, s.Accepted
		s.Enabled, s.Suspended, s.InProgress, s.NextStart = line.Enabled, line.Suspended, line.InProgress, line.NextStart.Time
	case acceptedLine:
		s.Accepted, s.AcceptedAt = true, line.At.Time
	}
}

type stopParameters struct {
	Began string `json:"began"`
}

// Stop tells a server to stop the cycle that began at a time, by its scheduler, and no other: does another one run, or
// none, it does nothing. So the same stop may be told twice.
//
// It returns a *Refusal when the server does not take it, a *RunError when the server could not be reached or understood,
// and the cause of ctx; what it returns with an error is valid.
func (e *Executor) Stop(ctx context.Context, server string, began time.Time) (Scheduled, error) {
	return e.command(ctx, server, scripts.Stop, stopParameters{Began: written(began)})
}

type switchParameters struct {
	Enabled bool `json:"enabled"`
}

// Switch switches the cycles that a server starts by itself on or off, unless they are so already. Its errors are Stop's.
// The setting is kept in the cloud, for every server of the tenant.
func (e *Executor) Switch(ctx context.Context, server string, enabled bool) (Scheduled, error) {
	return e.command(ctx, server, scripts.Switch, switchParameters{Enabled: enabled})
}

func (e *Executor) command(ctx context.Context, server, script string, parameters any) (Scheduled, error) {
	var s Scheduled
	var refused *refusedLine
	err := e.play(ctx, server, script, parameters, func(line any) {
		if line, ok := line.(refusedLine); ok {
			refused = &line
		}
		s.take(line)
	})
	if refused != nil && !s.Accepted {
		r := &Refusal{Code: refused.Code, On: refused.On, Message: firstLine(refused.Message)}
		if r.Code == "" {
			r.Code = Refuse(refused.Message)
		}
		return s, r
	}
	return s, err
}
