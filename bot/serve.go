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
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// serveLimit bounds one command: a look at a server may take 20 s, and a refused logon comes late.
const serveLimit = time.Minute

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
	if commands.Action(r.command.Action).Turns() {
		b.turn(ctx, r)
		return
	}
	limited, cancel := context.WithTimeoutCause(ctx, serveLimit, fmt.Errorf("the command took longer than %s", serveLimit))
	defer cancel()
	answer, replaces, err := b.handle(limited, r)
	if ctx.Err() != nil {
		return
	}
	failpoint.Strike(failpoint.AnswerBefore)
	if err != nil {
		b.log.ErrorContext(ctx, "command failed", "ref", r.ref(), "user", r.command.User, "channel", r.command.Channel, "cause", scrub(err))
		answer, replaces = explained(commands.Explain(err, r.ref())), false
	}
	b.settle(ctx, r, answer, replaces)
}

// handle asks the Handler, and turns a panic of it into an error.
func (b *Bot) handle(ctx context.Context, r received) (a commands.Answer, replaces bool, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
			b.log.ErrorContext(ctx, "panic while a command was served", "ref", r.ref(), "panic", fmt.Sprint(cause), "stack", stack())
		}
	}()
	c := r.command
	caller := b.people.logging(b.log.With("ref", r.ref())).caller(ctx, c)
	if r.kind() == kindPress {
		return b.handler.Press(ctx, commands.Press{
			ID: r.id, Caller: caller, Action: commands.Action(c.Action), Question: r.request(), At: r.at, ReplyTo: c.ReplyTo,
		})
	}
	a, err = b.handler.Handle(ctx, commands.Input{ID: r.id, Caller: caller, Text: c.Text, Command: c.Command, At: r.at, ReplyTo: c.ReplyTo})
	return a, false, err
}

func stack() string { return string(debug.Stack()) }

// settle stores the answer for delivery and marks the command as done, in one transaction. Where that fails, workOff takes
// the command up again. replaces is for the answer to a press that takes the place of what was pressed.
func (b *Bot) settle(ctx context.Context, r received, a commands.Answer, replaces bool) {
	defer b.mine.remove(r.id)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterLimit)
	defer cancel()
	a, pages, err := firstPage(r, a, b.clock.Now())
	if err != nil {
		b.log.ErrorContext(ctx, "answer not stored", "ref", r.ref(), "cause", scrub(err))
		return
	}
	m, err := ephemeral(r.id, r.command, a) // the answer has the command's id, so that the log calls both the same
	m.Replaces = replaces
	if err == nil {
		err = b.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if pages != nil {
				if err := tx.AddPages(ctx, *pages); err != nil {
					return err
				}
			}
			return errors.Join(tx.AddMessage(ctx, m), tx.Handled(ctx, r.id))
		})
	}
	if err != nil {
		b.log.ErrorContext(ctx, "answer not stored", "ref", r.ref(), "cause", scrub(err))
		return
	}
	failpoint.Strike(failpoint.AnswerAfter)
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
