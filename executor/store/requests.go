package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

const requestColumns = `id, policy, server, asker_way, asker_team, asker_user, audience_team, audience_channel, reason, rule, asked_at, objects`

// Ask stores a request and decides what becomes of it: it joins the server's live cycle, or is refused because of it, or
// gets a new cycle, whose job the caller inserts in the same transaction. The cycle's message to the request's audience
// is put into the outbox, once for each. A request that is known changes nothing: it reports false and what has become of
// it. Any number of callers may ask at once.
func (t *Tx) Ask(ctx context.Context, r executor.Request, replyTo string) (out executor.Outcome, fresh bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store request %s: %w", r.ID, err)
		}
	}()
	// The row comes first: whoever stores the same request at the same time waits here for us.
	n, err := t.exec(ctx, `
		INSERT INTO requests (`+requestColumns+`, joined, reply_to)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, FALSE, $13)
		ON CONFLICT (id) DO NOTHING`,
		key(r.ID), string(r.Policy), r.Server, string(r.Asker.Way), r.Asker.Team, text(r.Asker.User),
		r.Audience.Team, r.Audience.Channel, text(r.Reason), text(r.Rule), millis(r.AskedAt), r.Objects, text(replyTo))
	if err != nil {
		return out, false, err
	}
	if n == 0 {
		out, err = t.outcome(ctx, r.ID)
		return out, false, err
	}
	c, joined, err := t.take(ctx, r)
	if err != nil {
		return out, false, err
	}
	if !c.Policy.Serves(r.Policy) {
		_, err := t.exec(ctx, `UPDATE requests SET refused_by = $2, reply_to = '' WHERE id = $1`, key(r.ID), key(c.ID))
		return executor.Outcome{Refused: &c}, true, err
	}
	if _, err := t.exec(ctx, `UPDATE requests SET cycle_id = $2, joined = $3 WHERE id = $1`, key(r.ID), key(c.ID), joined); err != nil {
		return out, false, err
	}
	if r.Audience.Channel != "" {
		if err := t.addCycleMessage(ctx, c, r.Audience); err != nil {
			return out, false, err
		}
	}
	if joined { // its messages name everybody who asked
		if c.Version, err = t.touch(ctx, c.ID); err != nil {
			return out, false, err
		}
	}
	return executor.Outcome{Cycle: c, Joined: joined}, true, nil
}

// take returns the server's live cycle, locked until the transaction ends, or a new one.
func (t *Tx) take(ctx context.Context, r executor.Request) (c executor.Cycle, joined bool, err error) {
	for ctx.Err() == nil {
		if c, err = newCycle(r); err != nil {
			return c, false, err
		}
		// Of several at once the index lets one in; the others wait here until that one is committed.
		fresh, err := t.insertCycle(ctx, c)
		if err != nil || fresh {
			return c, false, err
		}
		// An update that changes nothing is the row lock that both databases have: a cycle that is joined cannot end
		// before the request is in it.
		locked, err := all(ctx, t, scanCycle, `
			UPDATE cycles SET phase = phase WHERE server = $1 AND phase <> 'ended' RETURNING `+cycleColumns, r.Server)
		if err != nil {
			return c, false, err
		}
		if len(locked) == 1 {
			err := t.fillRuns(ctx, locked)
			return locked[0], true, err
		}
		// It has ended between the two statements, so the next round can start one.
	}
	return c, false, context.Cause(ctx)
}

// outcome returns what has become of a stored request.
func (q *queries) outcome(ctx context.Context, id uuid.UUID) (executor.Outcome, error) {
	type fate struct {
		served, refused uuid.NullUUID
		joined          bool
	}
	scan := func(r row) (f fate, err error) {
		err = r.Scan(&f.served, &f.refused, &f.joined)
		return f, err
	}
	f, err := one(ctx, q, scan, `SELECT cycle_id, refused_by, joined FROM requests WHERE id = $1`, key(id))
	if err != nil {
		return executor.Outcome{}, err
	}
	if f.refused.Valid {
		c, err := q.Cycle(ctx, f.refused.UUID)
		return executor.Outcome{Refused: &c}, err
	}
	c, err := q.Cycle(ctx, f.served.UUID)
	return executor.Outcome{Cycle: c, Joined: f.joined}, err
}

// Request returns a request; ErrNotFound when there is none.
func (q *queries) Request(ctx context.Context, id uuid.UUID) (executor.Request, error) {
	r, err := one(ctx, q, scanRequest, `SELECT `+requestColumns+` FROM requests WHERE id = $1`, key(id))
	if err != nil {
		return r, fmt.Errorf("read request %s: %w", id, err)
	}
	return r, nil
}

// Requests returns the requests that a cycle serves, in the order of their asking.
func (q *queries) Requests(ctx context.Context, cycle uuid.UUID) ([]executor.Request, error) {
	out, err := all(ctx, q, scanRequest, `
		SELECT `+requestColumns+` FROM requests WHERE cycle_id = $1 ORDER BY asked_at, id`, key(cycle))
	if err != nil {
		return nil, fmt.Errorf("read requests of cycle %s: %w", cycle, err)
	}
	return out, nil
}

// ReplyTo returns where an ephemeral answer to a request can be sent; empty when its way in has no such thing.
func (q *queries) ReplyTo(ctx context.Context, request uuid.UUID) (string, error) {
	to, err := one(ctx, q, scanOne[string], `SELECT reply_to FROM requests WHERE id = $1`, key(request))
	if err != nil {
		return "", fmt.Errorf("read where to answer request %s: %w", request, err)
	}
	return to, nil
}

func scanRequest(r row) (req executor.Request, err error) {
	err = r.Scan(&req.ID, &req.Policy, &req.Server, &req.Asker.Way, &req.Asker.Team, &req.Asker.User,
		&req.Audience.Team, &req.Audience.Channel, &req.Reason, &req.Rule, (*moment)(&req.AskedAt), &req.Objects)
	return req, err
}
