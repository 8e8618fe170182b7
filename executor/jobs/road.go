package jobs

import (
	"context"
	"errors"

	"github.com/adsyncbot/adsyncbot/executor"
)

// road is the one by which the server's run history is asked for. What cannot be read from the store is found out.
func (s *slice) road(ctx context.Context) executor.Road {
	c, err := s.store.Capability(ctx, s.cycle.Server)
	if err != nil {
		s.log.WarnContext(ctx, "capability not read", "error", err)
		return executor.RoadProbe
	}
	return c.Order(s.now())
}

// learn keeps what a slice found out about the run history. It is no reason to break a slice off when that fails.
func (s *slice) learn(ctx context.Context, l executor.Look) {
	if l.Reading == nil && l.Version == "" {
		return
	}
	before, err := s.store.Capability(ctx, s.cycle.Server)
	after := before.After(s.now(), l.Reading, l.Version)
	if err == nil && after == before {
		return
	}
	if err := errors.Join(err, s.store.SetCapability(ctx, s.cycle.Server, after)); err != nil {
		s.log.WarnContext(ctx, "capability not kept", "error", err)
	}
}
