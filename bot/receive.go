package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	storeLimit = time.Second     // for the one insert before the acknowledgement
	afterLimit = 2 * time.Second // for what is stored after it
)

// The inbox's words for a slash command and for the press of a button; they are never renamed.
const (
	kindCommand = "slash"
	kindPress   = "press"
)

// received is a stored command, or press, on its way to the Handler.
type received struct {
	id      uuid.UUID
	at      time.Time
	command storedCommand
}

// ref is what people and the log call the command.
func (r received) ref() string { return executor.Reference("E", r.id) }

func (r received) kind() string {
	if r.command.Action != "" {
		return kindPress
	}
	return kindCommand
}

// request is the id of the request that this leads to, if to any: a press leads to that of the command that asked first.
func (r received) request() uuid.UUID {
	if about, err := uuid.Parse(r.command.About); err == nil {
		return about
	}
	return r.id
}

// accept implements receiver: it stores what must not be lost, acknowledges, and hands off. Slack does not deliver a
// slash command a second time, so an acknowledged one that is not stored would be lost.
func (b *Bot) accept(ctx context.Context, e envelope, ack acknowledge) {
	ack = b.metrics.timed(ack, b.clock.Now)
	switch e.Type {
	case typeSlash:
		b.acceptCommand(ctx, e, ack)
		return
	case typeEvents:
		b.note(ctx, e.Payload)
	case typeInteractive:
		b.acceptPress(ctx, e, ack)
		return
	default:
		b.log.WarnContext(ctx, "an envelope of an unknown type was acknowledged unread", "type", e.Type, "envelope", e.ID)
	}
	b.reply(ctx, e, ack, nil)
}

func (b *Bot) acceptCommand(ctx context.Context, e envelope, ack acknowledge) {
	c, err := parseSlash(e.Payload)
	if err != nil {
		b.metrics.command(commandUnreadable)
		b.log.ErrorContext(ctx, "slash command not understood", "envelope", e.ID, "cause", scrub(err))
		b.reply(ctx, e, ack, private(notRead()))
		return
	}
	if b.foreign(c.Team, c.App) {
		b.metrics.command(commandForeign)
		b.log.WarnContext(ctx, "slash command of another workspace or app refused", "envelope", e.ID, "team", c.Team, "app", c.App, "user", c.User)
		b.reply(ctx, e, ack, private(notHome()))
		return
	}
	b.take(ctx, e, ack, c.stored(), c.key(e.ID))
}

// acceptPress takes the press of a button. What is none of ours is acknowledged and ignored. An acknowledgement cannot hold
// an answer here, so a press that is not stored is not acknowledged: Slack shows its presser a warning sign, and the button
// stays.
func (b *Bot) acceptPress(ctx context.Context, e envelope, ack acknowledge) {
	p, ours, err := parsePress(e.Payload)
	switch {
	case err != nil:
		b.metrics.command(commandUnreadable)
		b.log.ErrorContext(ctx, "press not understood", "envelope", e.ID, "cause", scrub(err))
	case !ours:
		b.log.WarnContext(ctx, "an interaction with nothing of ours was acknowledged and ignored", "envelope", e.ID, "type", p.Type)
	case b.foreign(p.Team.ID, p.App):
		b.metrics.command(commandForeign)
		b.log.WarnContext(ctx, "press of another workspace or app ignored", "envelope", e.ID, "team", p.Team.ID, "app", p.App, "user", p.User.ID)
	default:
		b.take(ctx, e, ack, p.stored(), p.key(e.ID))
		return
	}
	b.reply(ctx, e, ack, nil)
}

func (b *Bot) foreign(team, app string) bool {
	return team != b.cfg.Identity.Team || app != "" && app != b.cfg.Identity.App
}

// take stores a command or a press, acknowledges it, and hands it off.
func (b *Bot) take(ctx context.Context, e envelope, ack acknowledge, c storedCommand, key string) {
	r := received{id: uuid.Must(uuid.NewV7()), at: b.clock.Now(), command: c}
	b.mine.add(r.id)
	failpoint.Strike(failpoint.InboxBefore)
	fresh, err := b.write(ctx, r, key)
	if err != nil || !fresh {
		b.mine.remove(r.id)
	}
	switch {
	case err != nil:
		b.metrics.command(commandNotStored)
		b.log.ErrorContext(ctx, "not stored", "kind", r.kind(), "ref", r.ref(), "envelope", e.ID, "user", c.User, "channel", c.Channel, "cause", scrub(err))
		if r.kind() == kindCommand {
			b.reply(ctx, e, ack, private(notStored()))
		}
	case !fresh:
		b.metrics.command(commandDuplicate)
		b.log.InfoContext(ctx, "delivered again: nothing to do", "kind", r.kind(), "envelope", e.ID)
		b.reply(ctx, e, ack, nil)
	default:
		b.acknowledge(ctx, e, ack, r)
	}
}

func (b *Bot) write(ctx context.Context, r received, key string) (fresh bool, err error) {
	payload, err := json.Marshal(r.command)
	if err != nil {
		return false, fmt.Errorf("encode %s: %w", r.kind(), err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, storeLimit, fmt.Errorf("the store took longer than %s", storeLimit))
	defer cancel()
	return b.store.Inbox(ctx, store.Envelope{ID: r.id, Key: key, Kind: r.kind(), Payload: payload, ReceivedAt: r.at})
}

// acknowledge tells Slack that a stored command has arrived, and hands it off. One that could not be acknowledged does
// not count: its asker has seen an error.
func (b *Bot) acknowledge(ctx context.Context, e envelope, ack acknowledge, r received) {
	failpoint.Strike(failpoint.AckBefore)
	if err := ack(ctx, nil); err != nil {
		b.metrics.command(commandNotAcknowledged)
		b.log.WarnContext(ctx, "not acknowledged, so not served", "kind", r.kind(), "ref", r.ref(), "envelope", e.ID, "cause", scrub(err))
		b.settle(ctx, r, ackLate(r), false)
		return
	}
	failpoint.Strike(failpoint.AckAfter)
	stored, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterLimit)
	defer cancel()
	counts, err := b.store.Acknowledged(stored, r.id, b.clock.Now())
	switch {
	case err != nil:
		// It is served all the same. After a crash before its request is stored it is answered with "I was down".
		b.log.ErrorContext(ctx, "acknowledgement not noted", "ref", r.ref(), "envelope", e.ID, "cause", scrub(err))
	case !counts:
		b.metrics.command(commandNotAcknowledged)
		b.log.WarnContext(ctx, "acknowledged too late: its asker was told that nothing was started", "kind", r.kind(), "ref", r.ref(), "envelope", e.ID)
		b.mine.remove(r.id)
		return
	}
	failpoint.Strike(failpoint.AckStored)
	// Before it is handed off, so that it stands in the log before everything that comes of it.
	b.log.InfoContext(ctx, "command taken", "kind", r.kind(), "ref", r.ref(), "envelope", e.ID, "user", r.command.User, "channel", r.command.Channel)
	select {
	case b.work <- r:
		b.metrics.command(commandStored)
	default:
		b.metrics.command(commandOverload)
		b.log.WarnContext(ctx, "too many commands at once, one refused", "ref", r.ref(), "user", r.command.User, "channel", r.command.Channel)
		b.settle(ctx, r, tooBusy(r), false)
	}
}

// reply acknowledges, with an answer in the acknowledgement itself or with nil.
func (b *Bot) reply(ctx context.Context, e envelope, ack acknowledge, payload any) {
	if err := ack(ctx, payload); err != nil {
		b.log.WarnContext(ctx, "envelope not acknowledged", "type", e.Type, "envelope", e.ID, "cause", scrub(err))
	}
}

// note logs the events that an operator has to know of.
func (b *Bot) note(ctx context.Context, payload []byte) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		b.log.WarnContext(ctx, "event not understood", "cause", scrub(err))
		return
	}
	switch {
	case e.Team != "" && e.Team != b.cfg.Identity.Team, e.App != "" && e.App != b.cfg.Identity.App:
		b.log.WarnContext(ctx, "event of another workspace or app ignored", "team", e.Team, "app", e.App)
	case e.Event.Type == "app_uninstalled", e.Event.Type == "tokens_revoked":
		b.log.ErrorContext(ctx, "the app was uninstalled or its tokens were revoked", "event", e.Event.Type)
	case e.Event.Type == "channel_id_changed":
		b.log.ErrorContext(ctx, "a channel has a new id: its grants do not apply until the configuration names the new one",
			"old_channel", e.Event.OldChannel, "new_channel", e.Event.NewChannel)
	}
}
