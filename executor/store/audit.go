package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Entry is one line of the audit: who asked for what, what was decided by which rule, and what came of it.
type Entry struct {
	ID       uuid.UUID
	At       time.Time
	Who      string
	What     string
	Where    string
	Server   string
	Decision string
	Rule     string
	Result   string
	Ref      string
}

// Record adds an entry to the audit. A known ID changes nothing: nothing in the audit ever changes.
func (q *queries) Record(ctx context.Context, e Entry) error {
	_, err := q.exec(ctx, `
		INSERT INTO audit (id, at, who, what, place, server, decision, rule, result, ref)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO NOTHING`,
		key(e.ID), millis(e.At), text(e.Who), text(e.What), text(e.Where), text(e.Server), text(e.Decision), text(e.Rule),
		text(e.Result), text(e.Ref))
	if err != nil {
		return fmt.Errorf("record audit entry %s: %w", e.ID, err)
	}
	return nil
}

// Audit returns the last n entries, newest first.
func (q *queries) Audit(ctx context.Context, n int) ([]Entry, error) {
	out, err := all(ctx, q, scanEntry, `
		SELECT id, at, who, what, place, server, decision, rule, result, ref FROM audit ORDER BY at DESC, id DESC LIMIT $1`, n)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return out, nil
}

func scanEntry(r row) (e Entry, err error) {
	err = r.Scan(&e.ID, (*moment)(&e.At), &e.Who, &e.What, &e.Where, &e.Server, &e.Decision, &e.Rule, &e.Result, &e.Ref)
	return e, err
}
