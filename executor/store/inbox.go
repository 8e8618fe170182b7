package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// keepInbox is how long a handled envelope is kept at least, so that a late duplicate is known.
const keepInbox = 24 * time.Hour

// Envelope is something that came in and must not be lost once it is acknowledged.
type Envelope struct {
	ID         uuid.UUID // UUIDv7, ours
	Key        string    // the same for a duplicate: a hash of what the sender calls it
	Kind       string
	Payload    []byte // empty once handled
	ReceivedAt time.Time
	AckedAt    time.Time // zero: not acknowledged, as far as we know
}

// Inbox stores an envelope before it is acknowledged. It reports false for one whose Key is known.
func (q *queries) Inbox(ctx context.Context, e Envelope) (fresh bool, err error) {
	n, err := q.exec(ctx, `
		INSERT INTO inbox (id, dedup_key, kind, payload, received_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (dedup_key) DO NOTHING`,
		key(e.ID), e.Key, e.Kind, e.Payload, millis(e.ReceivedAt))
	if err != nil {
		return false, fmt.Errorf("store envelope %s: %w", e.ID, err)
	}
	return n == 1, nil
}

// Acknowledged notes that the sender was told that the envelope has arrived. From here on it counts. It reports false when
// the envelope has been handled: another process has given up waiting for this one, and its sender knows.
func (q *queries) Acknowledged(ctx context.Context, id uuid.UUID, at time.Time) (counts bool, err error) {
	n, err := q.exec(ctx, `UPDATE inbox SET acked_at = $2 WHERE id = $1 AND handled_at IS NULL`, key(id), millis(at))
	if err != nil {
		return false, fmt.Errorf("note acknowledgement of envelope %s: %w", id, err)
	}
	return n == 1, nil
}

// Handled notes that nothing is left to do for the envelope, and forgets what was in it.
func (q *queries) Handled(ctx context.Context, id uuid.UUID) error {
	_, err := q.exec(ctx, `UPDATE inbox SET handled_at = $2, payload = NULL WHERE id = $1`, key(id), millis(q.now()))
	if err != nil {
		return fmt.Errorf("note handling of envelope %s: %w", id, err)
	}
	return nil
}

// Unhandled returns what is left to do, oldest first: acknowledged or not.
func (q *queries) Unhandled(ctx context.Context) ([]Envelope, error) {
	out, err := all(ctx, q, scanEnvelope, `
		SELECT id, dedup_key, kind, payload, received_at, acked_at FROM inbox
		WHERE handled_at IS NULL ORDER BY received_at, id`)
	if err != nil {
		return nil, fmt.Errorf("read unhandled envelopes: %w", err)
	}
	return out, nil
}

// PruneInbox forgets handled envelopes, and where requests wanted their ephemeral answers, from before a time, but never
// what is younger than 24 hours.
func (q *queries) PruneInbox(ctx context.Context, before time.Time) error {
	if latest := q.now().Add(-keepInbox); before.After(latest) {
		before = latest
	}
	_, err := q.exec(ctx, `DELETE FROM inbox WHERE handled_at IS NOT NULL AND received_at < $1`, millis(before))
	if err != nil {
		return fmt.Errorf("prune inbox: %w", err)
	}
	_, err = q.exec(ctx, `UPDATE requests SET reply_to = '' WHERE asked_at < $1 AND reply_to <> ''`, millis(before))
	if err != nil {
		return fmt.Errorf("prune reply addresses: %w", err)
	}
	return nil
}

func scanEnvelope(r row) (e Envelope, err error) {
	err = r.Scan(&e.ID, &e.Key, &e.Kind, &e.Payload, (*moment)(&e.ReceivedAt), (*moment)(&e.AckedAt))
	return e, err
}
