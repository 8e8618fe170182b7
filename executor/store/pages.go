package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Pages is a long answer for one person's eyes, and the page of it that is shown.
type Pages struct {
	ID      uuid.UUID // of the command that was answered
	Team    string
	Channel string
	User    string
	Body    []byte
	Page    int // from 0
	Until   time.Time
}

const pagesColumns = `id, team, channel, user_id, body, page, until_at`

// AddPages stores a long answer, opened at its first page. A known ID changes nothing.
func (q *queries) AddPages(ctx context.Context, p Pages) error {
	_, err := q.exec(ctx, `INSERT INTO pages (`+pagesColumns+`, turned_by) VALUES ($1, $2, $3, $4, $5, 0, $6, '') ON CONFLICT (id) DO NOTHING`,
		key(p.ID), p.Team, p.Channel, p.User, p.Body, millis(p.Until))
	if err != nil {
		return fmt.Errorf("store pages %s: %w", p.ID, err)
	}
	return nil
}

// TurnPages turns to the page that turn says, once for each press, and returns them as they are then; ErrNotFound when they
// are not kept, or not any more. An error of turn leaves the page as it is.
func (t *Tx) TurnPages(ctx context.Context, id, press uuid.UUID, turn func(Pages) (int, error)) (Pages, error) {
	type turned struct {
		Pages

		by string
	}
	scan := func(r row) (p turned, err error) {
		err = r.Scan(&p.ID, &p.Team, &p.Channel, &p.User, &p.Body, &p.Page, (*moment)(&p.Until), &p.by)
		return p, err
	}
	// An update that changes nothing is the row lock that both databases have.
	p, err := one(ctx, t, scan, `UPDATE pages SET page = page WHERE id = $1 RETURNING `+pagesColumns+`, turned_by`, key(id))
	if err != nil {
		return p.Pages, fmt.Errorf("read pages %s: %w", id, err)
	}
	if p.by == press.String() {
		return p.Pages, nil
	}
	to, err := turn(p.Pages)
	if err != nil {
		return p.Pages, err
	}
	if _, err := t.exec(ctx, `UPDATE pages SET page = $2, turned_by = $3 WHERE id = $1`, key(id), to, press.String()); err != nil {
		return p.Pages, fmt.Errorf("turn pages %s: %w", id, err)
	}
	p.Page = to
	return p.Pages, nil
}

// PrunePages forgets the answers whose time is over.
func (q *queries) PrunePages(ctx context.Context, now time.Time) error {
	if _, err := q.exec(ctx, `DELETE FROM pages WHERE until_at <= $1`, millis(now)); err != nil {
		return fmt.Errorf("prune pages: %w", err)
	}
	return nil
}
