package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// UndeliverableError says that a cycle's first message stands in no channel of its audience and never will.
type UndeliverableError struct {
	Channel string // the first one that refused it
	Code    string // Slack's error code
}

// Error implements error.
func (e *UndeliverableError) Error() string {
	return fmt.Sprintf("the message cannot be posted in %s: %s", e.Channel, e.Code)
}

// Undeliverable returns the channel and Slack's error code. Whoever must not know this package asks for this method.
func (e *UndeliverableError) Undeliverable() (channel, code string) { return e.Channel, e.Code }

// Ready waits until the first message of a cycle stands in at least one channel of its audience; a cycle without one is
// ready at once. It returns an *UndeliverableError when every channel has refused it for good, and the cause of ctx when
// that ends first.
func (p *Poster) Ready(ctx context.Context, cycle uuid.UUID) error {
	p.Changed()
	for {
		news := p.nextNews() // before reading, so that nothing is missed in between
		messages, err := p.store.Messages(ctx, cycle)
		if err == nil {
			ready, never := standing(messages)
			if ready || never != nil {
				return never
			}
		} else if ctx.Err() == nil {
			return err
		}
		select {
		case <-news:
		case <-p.clock.After(pollGap): // another process may send it
		case <-ctx.Done():
			return fmt.Errorf("post the message of cycle %s: %w", executor.Reference("C", cycle), context.Cause(ctx))
		}
	}
}

func standing(messages []store.Message) (ready bool, err error) {
	waiting := false
	for _, m := range messages {
		switch {
		case m.Kind != store.CycleMessage:
		case m.TS != "":
			return true, nil
		case m.State != store.MessageDead:
			waiting = true
		case err == nil:
			err = &UndeliverableError{Channel: m.Channel, Code: m.LastError}
		}
	}
	if waiting {
		return false, nil
	}
	return err == nil, err
}

// Announce stores a schedule's report for sending. The same report twice is sent once.
func (p *Poster) Announce(ctx context.Context, r executor.Report) error {
	ref := executor.Reference("A", r.ID)
	for _, s := range r.Servers {
		if s.Err != nil {
			p.log.WarnContext(ctx, "a report misses a server", "schedule", r.Schedule, "server", s.Server, "ref", ref, "cause", scrub(s.Err))
		}
	}
	body, err := json.Marshal(commands.ReportMessage(r, ref))
	if err != nil {
		return fmt.Errorf("encode the report of schedule %s: %w", r.Schedule, err)
	}
	err = p.store.AddMessage(ctx, store.Message{
		ID: r.ID, Kind: store.Post, Team: r.Audience.Team, Channel: r.Audience.Channel, Body: body,
	})
	if err != nil {
		return fmt.Errorf("store the report of schedule %s: %w", r.Schedule, err)
	}
	p.Changed()
	return nil
}
