package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// MessageKind is what a message is to its reader.
type MessageKind string

// The kinds of message.
const (
	CycleMessage MessageKind = "cycle"     // shows a cycle in one channel and is edited as it goes on; has no Body
	Ephemeral    MessageKind = "ephemeral" // for one person's eyes, once
	Post         MessageKind = "post"      // for a channel, once
)

// MessageState is where a message stands.
type MessageState string

// The states of a message.
const (
	MessagePending MessageState = "pending" // is to be sent
	MessageSent    MessageState = "sent"
	MessageDead    MessageState = "dead" // given up
)

// Message is something that must reach people. It is a row from before it is sent until long after.
type Message struct {
	ID        uuid.UUID
	Kind      MessageKind
	CycleID   uuid.UUID // zero when it is about no cycle
	Team      string
	Channel   string
	User      string // with Ephemeral
	Thread    string
	ReplyTo   string // with Ephemeral; empty once sent
	Replaces  bool   // with ReplyTo of a pressed button: takes the place of what that belongs to
	TS        string // what the first sending was called; empty before
	Body      []byte
	Want      int // the version that is to be shown: the cycle's, else 1
	Sent      int // the version that is shown
	Final     bool
	Attempts  int // since the last success
	NextAt    time.Time
	State     MessageState
	LastError string
	CreatedAt time.Time
	Claimed   time.Time // until when it is reserved for the one who sends it; zero when nobody does
}

const (
	newColumns     = `id, kind, cycle_id, team, channel, user_id, thread, reply_to, ts, body, want, sent, final, attempts, next_at, state, last_error, created_at, replaces`
	messageColumns = newColumns + `, claimed_until`
)

// AddMessage puts an Ephemeral or a Post into the outbox, to be sent once. A known ID changes nothing.
func (q *queries) AddMessage(ctx context.Context, m Message) error {
	now := millis(q.now())
	_, err := q.exec(ctx, `
		INSERT INTO messages (`+newColumns+`, waits_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, 1, 0, TRUE, 0, $10, 'pending', '', $10, $11, $10)
		ON CONFLICT (id) DO NOTHING`,
		key(m.ID), string(m.Kind), key(m.CycleID), m.Team, m.Channel, m.User, m.Thread, text(m.ReplyTo), m.Body, now, m.Replaces)
	if err != nil {
		return fmt.Errorf("put message %s into the outbox: %w", m.ID, err)
	}
	return nil
}

// addCycleMessage puts the message about a cycle for an audience into the outbox, or revives it: who asks again has
// mended what made it undeliverable.
func (t *Tx) addCycleMessage(ctx context.Context, c executor.Cycle, to executor.Audience) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `
		INSERT INTO messages (`+newColumns+`, waits_at)
		VALUES ($1, 'cycle', $2, $3, $4, '', '', '', '', NULL, $5, 0, FALSE, 0, $6, 'pending', '', $6, FALSE, $6)
		ON CONFLICT (cycle_id, team, channel) WHERE kind = 'cycle'
		DO UPDATE SET state = 'pending', attempts = 0, next_at = excluded.next_at, waits_at = excluded.waits_at
		WHERE messages.state = 'dead'`,
		key(id), key(c.ID), to.Team, to.Channel, c.Version, millis(t.now()))
	return err
}

// wantVersion asks for a version of a cycle to be shown wherever it is shown. The last one does not wait because one before
// it was put off.
func (t *Tx) wantVersion(ctx context.Context, cycle uuid.UUID, version int, final bool) error {
	_, err := t.exec(ctx, `
		UPDATE messages SET want = $2, final = $3,
			state = CASE WHEN state = 'sent' THEN 'pending' ELSE state END,
			next_at = CASE WHEN $3 AND NOT final THEN $4 ELSE next_at END,
			waits_at = CASE WHEN state = 'sent' THEN $4 ELSE waits_at END
		WHERE cycle_id = $1 AND kind = 'cycle'`, key(cycle), version, final, millis(t.now()))
	return err
}

// isDue says, with the time as $1, that a message is to be sent and nobody is sending it.
const isDue = `state = 'pending' AND next_at <= $1 AND (claimed_until IS NULL OR claimed_until <= $1)`

// Due returns what is to be sent now, at most limit of each queue: what is final first, then what has waited longest. All
// edits are one queue, all answers for one person's eyes are one, and the posts of each channel: Slack limits each of them
// by itself, so that a long one must not hide the others.
func (q *queries) Due(ctx context.Context, now time.Time, limit int) ([]Message, error) {
	out, err := all(ctx, q, scanMessage, `
		SELECT `+messageColumns+` FROM (
			SELECT `+messageColumns+`, waits_at, ROW_NUMBER() OVER (
				PARTITION BY CASE WHEN kind = 'cycle' AND ts <> '' THEN 'edit' WHEN kind = 'ephemeral' THEN kind ELSE channel END
				ORDER BY final DESC, waits_at, id) AS place
			FROM messages WHERE `+isDue+`) AS due
		WHERE place <= $2 ORDER BY final DESC, waits_at, id`, millis(now), limit)
	if err != nil {
		return nil, fmt.Errorf("read what is due in the outbox: %w", err)
	}
	return out, nil
}

// Claim reserves a message that is due for sending and returns it as it stands now. It reports false when there is nothing
// to send any more, or another process is sending it. Posted, Retry and Dead give it back; so does the time, when the
// process that holds it is gone. One that was only held up for so long is known by the claim in what it was given.
func (q *queries) Claim(ctx context.Context, id uuid.UUID, now, until time.Time) (m Message, claimed bool, err error) {
	// Of several at once the others wait for the first one's row, and then find it claimed.
	m, err = one(ctx, q, scanMessage, `UPDATE messages SET claimed_until = $3, again = FALSE WHERE id = $2 AND `+isDue+` RETURNING `+messageColumns,
		millis(now), key(id), millis(until))
	if errors.Is(err, ErrNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("claim message %s: %w", id, err)
	}
	return m, true, nil
}

// Unclaim gives every message back. It is for the start of the only process that sends from the database: what is claimed
// then was claimed by one that is gone.
func (q *queries) Unclaim(ctx context.Context) error {
	if _, err := q.exec(ctx, `UPDATE messages SET claimed_until = NULL WHERE claimed_until IS NOT NULL`); err != nil {
		return fmt.Errorf("give claimed messages back: %w", err)
	}
	return nil
}

// Messages returns everything in the outbox about a cycle, oldest first.
func (q *queries) Messages(ctx context.Context, cycle uuid.UUID) ([]Message, error) {
	out, err := all(ctx, q, scanMessage, `
		SELECT `+messageColumns+` FROM messages WHERE cycle_id = $1 ORDER BY created_at, id`, key(cycle))
	if err != nil {
		return nil, fmt.Errorf("read messages about cycle %s: %w", cycle, err)
	}
	return out, nil
}

// isHeld says that nobody has claimed a message since the claim with the time that follows.
const isHeld = `claimed_until IS NOT DISTINCT FROM `

// Posted notes that a version of a message, as it was claimed, is shown under ts. The first ts stays. What was for one
// person's eyes is forgotten.
func (q *queries) Posted(ctx context.Context, m Message, ts string, version int) error {
	n, err := q.exec(ctx, `
		UPDATE messages SET
			ts = CASE WHEN ts = '' THEN $2 ELSE ts END,
			sent = $3,
			state = CASE WHEN want > $3 OR again THEN 'pending' ELSE 'sent' END,
			reply_to = CASE WHEN kind = 'ephemeral' THEN '' ELSE reply_to END,
			body = CASE WHEN kind = 'ephemeral' THEN NULL ELSE body END,
			attempts = 0, last_error = '', claimed_until = NULL
		WHERE id = $1 AND (kind <> 'cycle' OR `+isHeld+`$4)`, key(m.ID), ts, version, millis(m.Claimed))
	if err == nil && n == 0 {
		err = q.late(ctx, m, ts)
	}
	if err == nil {
		_, err = q.exec(ctx, forgetReplies, key(m.ID))
	}
	if err != nil {
		return fmt.Errorf("note sending of message %s: %w", m.ID, err)
	}
	return nil
}

// late notes that a cycle's message was sent, or may have been, by a process that was held up for longer than its claim,
// so that another one has claimed it since. Nobody knows whose words Slack took last: the newest are to be shown once
// more.
func (q *queries) late(ctx context.Context, m Message, ts string) error {
	_, err := q.exec(ctx, `
		UPDATE messages SET
			ts = CASE WHEN ts = '' THEN $2 ELSE ts END,
			again = TRUE,
			waits_at = CASE WHEN state = 'sent' THEN $3 ELSE waits_at END,
			state = CASE WHEN state = 'sent' THEN 'pending' ELSE state END
		WHERE id = $1 AND kind = 'cycle'`, key(m.ID), ts, millis(q.now()))
	return err
}

// forgetReplies forgets where those who asked in the channel of a cycle's message ($1) could be answered: that was for the
// case that the message cannot be posted there.
const forgetReplies = `
	UPDATE requests SET reply_to = '' WHERE reply_to <> ''
		AND cycle_id = (SELECT cycle_id FROM messages WHERE id = $1 AND kind = 'cycle')
		AND audience_channel = (SELECT channel FROM messages WHERE id = $1)`

// ForgetReplies forgets where those who asked in the channel of a cycle's message could be answered. Posted does it as
// well; it is for a message that was given up, when they have been told.
func (q *queries) ForgetReplies(ctx context.Context, message uuid.UUID) error {
	if _, err := q.exec(ctx, forgetReplies, key(message)); err != nil {
		return fmt.Errorf("forget reply addresses of message %s: %w", message, err)
	}
	return nil
}

// Retry notes that a message, as it was claimed, could not be sent and is to be tried again at a time.
func (q *queries) Retry(ctx context.Context, m Message, at time.Time, cause error) error {
	n, err := q.exec(ctx, `
		UPDATE messages SET attempts = attempts + 1, next_at = $2, last_error = $3, claimed_until = NULL
		WHERE id = $1 AND `+isHeld+`$4`, key(m.ID), millis(at), text(cause.Error()), millis(m.Claimed))
	if err == nil && n == 0 {
		err = q.late(ctx, m, m.TS)
	}
	if err != nil {
		return fmt.Errorf("put message %s off: %w", m.ID, err)
	}
	return nil
}

// Dead gives a message, as it was claimed, up. It reports false when another process has claimed it since, which will see
// for itself. What was for one person's eyes is forgotten.
func (q *queries) Dead(ctx context.Context, m Message, cause error) (counts bool, err error) {
	n, err := q.exec(ctx, `
		UPDATE messages SET state = 'dead', attempts = attempts + 1, last_error = $2, claimed_until = NULL,
			reply_to = CASE WHEN kind = 'ephemeral' THEN '' ELSE reply_to END,
			body = CASE WHEN kind = 'ephemeral' THEN NULL ELSE body END
		WHERE id = $1 AND `+isHeld+`$3`, key(m.ID), text(cause.Error()), millis(m.Claimed))
	if err == nil && n == 0 {
		err = q.late(ctx, m, m.TS)
	}
	if err != nil {
		return false, fmt.Errorf("give message %s up: %w", m.ID, err)
	}
	return n > 0, nil
}

// OutboxDepth returns how many messages are to be sent, since when the oldest of them waits (zero when there is none),
// and how many were given up. Progress does not count for the oldest: when Slack is slow it is left out.
func (q *queries) OutboxDepth(ctx context.Context) (pending int, oldest time.Time, dead int, err error) {
	scan := func(r row) (struct{}, error) {
		return struct{}{}, r.Scan(&pending, (*moment)(&oldest), &dead)
	}
	_, err = one(ctx, q, scan, `
		SELECT COUNT(CASE WHEN state = 'pending' THEN 1 END),
			MIN(CASE WHEN state = 'pending' AND (final OR ts = '') THEN waits_at END),
			COUNT(CASE WHEN state = 'dead' THEN 1 END)
		FROM messages`)
	if err != nil {
		return 0, time.Time{}, 0, fmt.Errorf("count the outbox: %w", err)
	}
	return pending, oldest, dead, nil
}

func scanMessage(r row) (m Message, err error) {
	var cycle uuid.NullUUID
	err = r.Scan(&m.ID, &m.Kind, &cycle, &m.Team, &m.Channel, &m.User, &m.Thread, &m.ReplyTo, &m.TS, &m.Body, &m.Want, &m.Sent,
		&m.Final, &m.Attempts, (*moment)(&m.NextAt), &m.State, &m.LastError, (*moment)(&m.CreatedAt), &m.Replaces, (*moment)(&m.Claimed))
	m.CycleID = cycle.UUID
	return m, err
}
