package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	// serveLimit bounds one command: a look at a server may take 20 s, and a refused logon comes late.
	serveLimit = time.Minute
	// catchUp is how old an acknowledged command may be to be served after a restart.
	catchUp = 2 * time.Minute
	// settling is how long a command may stand in the inbox unacknowledged before it is given up: another process that
	// shares the store may be about to acknowledge it.
	settling = 10 * time.Second
)

// worker serves commands until ctx ends. What it has not finished then stands in the inbox and is served after the
// restart; a request has the id of its envelope, so that it is asked once only.
func (b *Bot) worker(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-b.work:
			b.serve(ctx, r)
		}
	}
}

// serve answers one command.
func (b *Bot) serve(ctx context.Context, r received) {
	limited, cancel := context.WithTimeoutCause(ctx, serveLimit, fmt.Errorf("the command took longer than %s", serveLimit))
	defer cancel()
	answer, err := b.handle(limited, r)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		b.log.ErrorContext(ctx, "command failed", "ref", r.ref(), "user", r.command.User, "channel", r.command.Channel, "cause", scrub(err))
		answer = explained(commands.Explain(err, r.ref()))
	}
	b.settle(ctx, r, answer)
}

// handle asks the Handler, and turns a panic of it into an error.
func (b *Bot) handle(ctx context.Context, r received) (a commands.Answer, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
			b.log.ErrorContext(ctx, "panic while a command was served", "ref", r.ref(), "panic", fmt.Sprint(cause), "stack", stack())
		}
	}()
	c := r.command
	return b.handler.Handle(ctx, commands.Input{
		ID: r.id, Caller: b.people.logging(b.log.With("ref", r.ref())).caller(ctx, c), Text: c.Text, Command: c.Command, At: r.at, ReplyTo: c.ReplyTo,
	})
}

func stack() string { return string(debug.Stack()) }

// settle stores the answer for delivery and marks the command as done, in one transaction.
func (b *Bot) settle(ctx context.Context, r received, a commands.Answer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterLimit)
	defer cancel()
	m, err := ephemeral(r.id, r.command, a) // the answer has the command's id, so that the log calls both the same
	if err == nil {
		err = b.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AddMessage(ctx, m), tx.Handled(ctx, r.id))
		})
	}
	if err != nil {
		b.log.ErrorContext(ctx, "answer not stored", "ref", r.ref(), "cause", scrub(err))
		return
	}
	b.poster.Changed()
}

// ephemeral is the outbox row of an answer that only its asker sees.
func ephemeral(id uuid.UUID, c storedCommand, a commands.Answer) (store.Message, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return store.Message{}, fmt.Errorf("encode answer: %w", err)
	}
	return store.Message{
		ID: id, Kind: store.Ephemeral, Team: c.Team, Channel: c.Channel, User: c.User, ReplyTo: c.ReplyTo, Body: body,
	}, nil
}

// workOff deals with what the last process left: a recent acknowledged command is served, every other one answered. It
// returns those that another process may still be about to acknowledge.
func (b *Bot) workOff(ctx context.Context) (young map[uuid.UUID]bool, err error) {
	rows, err := b.store.Unhandled(ctx)
	if err != nil {
		return nil, err
	}
	young = map[uuid.UUID]bool{}
	for _, row := range rows {
		r, err := readStored(row)
		if err != nil {
			b.log.ErrorContext(ctx, "a stored command cannot be read any more", "ref", executor.Reference("E", row.ID), "cause", scrub(err))
			if err := b.store.Handled(ctx, row.ID); err != nil {
				return nil, err
			}
			continue
		}
		age := b.clock.Now().Sub(row.ReceivedAt)
		switch acknowledged := !row.AckedAt.IsZero(); {
		case acknowledged && age < catchUp:
			b.log.InfoContext(ctx, "command taken up after a restart", "ref", r.ref(), "age", age)
			select {
			case b.work <- r:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		case !acknowledged && age < settling:
			young[row.ID] = true
		default:
			b.log.WarnContext(ctx, "command too old to be served after a restart", "ref", r.ref(), "age", age, "acknowledged", acknowledged)
			b.settle(ctx, r, wasDown())
		}
	}
	return young, nil
}

// giveUp answers those of the young commands that nobody has acknowledged in the meantime.
func (b *Bot) giveUp(ctx context.Context, young map[uuid.UUID]bool) error {
	if len(young) == 0 || !b.clock.wait(ctx, settling) {
		return nil
	}
	rows, err := b.store.Unhandled(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if r, err := readStored(row); err == nil && young[row.ID] && row.AckedAt.IsZero() {
			b.settle(ctx, r, wasDown())
		}
	}
	return nil
}

func readStored(row store.Envelope) (received, error) {
	r := received{id: row.ID, at: row.ReceivedAt}
	if row.Kind != kindCommand {
		return r, fmt.Errorf("inbox row of unknown kind %q", row.Kind)
	}
	if err := json.Unmarshal(row.Payload, &r.command); err != nil {
		return r, fmt.Errorf("read stored command: %w", err)
	}
	return r, nil
}
