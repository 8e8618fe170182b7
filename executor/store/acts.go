package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

const actColumns = `id, kind, server, scope, about, asker_way, asker_team, asker_user, audience_team, audience_channel, reason, rule,
	asked_at, until_at, phase, ended_at, result, state, version`

// storedAct is what an act has beside its columns. A tag is never renamed nor given another meaning.
type storedAct struct {
	Began      time.Time `json:"began,omitzero"`
	ToldAt     time.Time `json:"told_at,omitzero"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	Since      time.Time `json:"since,omitzero"`
	Reach      []string  `json:"reach,omitempty"`
	Tries      int       `json:"tries,omitempty"`
	Problem    string    `json:"problem,omitempty"`
	Code       string    `json:"code,omitempty"`
	Detail     string    `json:"detail,omitempty"`
}

func encodeAct(a executor.Act) (string, error) {
	b, err := json.Marshal(storedAct{
		Began: a.Began.UTC(), ToldAt: a.ToldAt.UTC(), AcceptedAt: a.AcceptedAt.UTC(), Since: a.Since.UTC(), Reach: a.Reach,
		Tries: a.Tries, Problem: text(a.Problem), Code: string(a.Code), Detail: text(a.Detail),
	})
	return string(b), err
}

// AddAct stores an act. A known one changes nothing: it reports false and what has become of it. A stop is about the live
// cycle of its server, which it asks to end; a resume about the live pause of its scope. A pause of a scope that is paused
// already is ErrPaused.
func (t *Tx) AddAct(ctx context.Context, a executor.Act, replyTo string) (executor.Act, bool, error) {
	added, fresh, err := t.addAct(ctx, a, replyTo)
	if err != nil && !errors.Is(err, ErrPaused) && !errors.Is(err, ErrNotPaused) {
		err = fmt.Errorf("store %s %s: %w", a.Kind, a.ID, err)
	}
	return added, fresh, err
}

// ErrPaused says that what a pause is for is paused already.
var ErrPaused error = pauseError{paused: true}

// pauseError is why a pause or resume changes nothing.
type pauseError struct{ paused bool }

// Error implements error.
func (e pauseError) Error() string {
	if e.paused {
		return "it is paused already"
	}
	return "it is not paused by this bot"
}

// Paused reports which of the two it is.
func (e pauseError) Paused() bool { return e.paused }

func (t *Tx) addAct(ctx context.Context, a executor.Act, replyTo string) (executor.Act, bool, error) {
	known, err := t.act(ctx, `SELECT `+actColumns+` FROM acts WHERE id = $1`, key(a.ID))
	if !errors.Is(err, ErrNotFound) {
		return known, false, err
	}
	if a.Kind == executor.StopAct {
		// The row lock: whoever saves the cycle after us reads the flag.
		locked, err := all(ctx, t, scanCycle, `UPDATE cycles SET phase = phase WHERE server = $1 AND phase <> 'ended' RETURNING `+cycleColumns, a.Server)
		if err != nil {
			return a, false, err
		}
		for _, c := range locked {
			a.About = c.ID
			if err := t.SetCancel(ctx, c.ID, a.AskedAt); err != nil {
				return a, false, err
			}
		}
	}
	if a.Kind == executor.ResumeAct {
		if a, err = t.endEarly(ctx, a); err != nil {
			return a, false, err
		}
	}
	a.Phase, a.Version = executor.ActAsked, 1
	state, err := encodeAct(a)
	if err != nil {
		return a, false, err
	}
	n, err := t.exec(ctx, `
		INSERT INTO acts (`+actColumns+`, stamp, reply_to)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL, '', $16, 1, '', $17)
		ON CONFLICT DO NOTHING`,
		key(a.ID), string(a.Kind), a.Server, a.Scope, key(a.About), string(a.Asker.Way), a.Asker.Team, text(a.Asker.User),
		a.Audience.Team, a.Audience.Channel, text(a.Reason), text(a.Rule), millis(a.AskedAt), millis(a.Until), string(a.Phase), state, text(replyTo))
	switch {
	case err != nil:
		return a, false, err
	case n == 1:
		return a, true, nil
	}
	// The same act was stored meanwhile, or there is another pause.
	known, err = t.act(ctx, `SELECT `+actColumns+` FROM acts WHERE id = $1`, key(a.ID))
	if errors.Is(err, ErrNotFound) {
		return a, false, ErrPaused
	}
	return known, false, err
}

// ErrNotPaused says that there is no pause to end.
var ErrNotPaused error = pauseError{}

// endEarly lets the pause that a resume is about end now, for its asker.
func (t *Tx) endEarly(ctx context.Context, a executor.Act) (executor.Act, error) {
	p, err := t.act(ctx, `
		UPDATE acts SET until_at = CASE WHEN until_at > $2 THEN $2 ELSE until_at END
		WHERE scope = $1 AND kind = 'pause' AND phase <> 'ended' RETURNING `+actColumns, a.Scope, millis(a.AskedAt))
	if errors.Is(err, ErrNotFound) {
		return a, ErrNotPaused
	}
	a.About, a.Reach = p.ID, p.Reach
	return a, err
}

// Resumes returns who asked for the end of a pause before its time, in the order of their asking.
func (q *queries) Resumes(ctx context.Context, pause uuid.UUID) ([]executor.Act, error) {
	out, err := all(ctx, q, scanAct, `SELECT `+actColumns+` FROM acts WHERE about = $1 AND kind = 'resume' ORDER BY asked_at, id`, key(pause))
	if err != nil {
		return nil, fmt.Errorf("read resumes of pause %s: %w", pause, err)
	}
	return out, nil
}

// Act returns an act; ErrNotFound when there is none.
func (q *queries) Act(ctx context.Context, id uuid.UUID) (executor.Act, error) {
	a, err := q.act(ctx, `SELECT `+actColumns+` FROM acts WHERE id = $1`, key(id))
	if err != nil {
		return a, fmt.Errorf("read act %s: %w", id, err)
	}
	return a, nil
}

// LiveActs returns every act that has not ended, oldest first.
func (q *queries) LiveActs(ctx context.Context) ([]executor.Act, error) {
	out, err := all(ctx, q, scanAct, `SELECT `+actColumns+` FROM acts WHERE phase <> 'ended' ORDER BY asked_at, id`)
	if err != nil {
		return nil, fmt.Errorf("read live acts: %w", err)
	}
	return out, nil
}

// Stops returns the stops of a cycle, in the order of their asking.
func (q *queries) Stops(ctx context.Context, cycle uuid.UUID) ([]executor.Act, error) {
	out, err := all(ctx, q, scanAct, `SELECT `+actColumns+` FROM acts WHERE about = $1 AND kind = 'stop' ORDER BY asked_at, id`, key(cycle))
	if err != nil {
		return nil, fmt.Errorf("read stops of cycle %s: %w", cycle, err)
	}
	return out, nil
}

// Paused returns the live pause of a scope and whether there is one.
func (q *queries) Paused(ctx context.Context, scope string) (executor.Act, bool, error) {
	a, err := q.act(ctx, `SELECT `+actColumns+` FROM acts WHERE scope = $1 AND kind = 'pause' AND phase <> 'ended'`, scope)
	if errors.Is(err, ErrNotFound) {
		return a, false, nil
	}
	if err != nil {
		return a, false, fmt.Errorf("read pause of %s: %w", scope, err)
	}
	return a, true, nil
}

// StampAct takes an act over for one slice and returns it with the stamp that SaveAct wants, and where an ephemeral answer
// to its asker can be sent.
func (q *queries) StampAct(ctx context.Context, id uuid.UUID) (executor.Act, string, error) {
	stamp := uuid.NewString()
	a, err := q.act(ctx, `UPDATE acts SET stamp = $2 WHERE id = $1 RETURNING `+actColumns, key(id), stamp)
	if err != nil {
		return a, "", fmt.Errorf("take over act %s: %w", id, err)
	}
	return a, stamp, nil
}

// SaveAct stores a live act for the slice that holds the stamp; ErrStale when another slice has taken it over or it has
// ended. When a pause ends is not taken from a: a resume may have brought it forward.
func (t *Tx) SaveAct(ctx context.Context, a executor.Act, stamp string) (executor.Act, error) {
	state, err := encodeAct(a)
	if err != nil {
		return a, err
	}
	a, err = t.act(ctx, `
		UPDATE acts SET phase = $3, ended_at = $4, result = $5, state = $6, version = version + 1
		WHERE id = $1 AND stamp = $2 AND phase <> 'ended' RETURNING `+actColumns,
		key(a.ID), stamp, string(a.Phase), millis(a.EndedAt), string(a.Result), state)
	if errors.Is(err, ErrNotFound) {
		err = ErrStale
	}
	if err != nil {
		return a, fmt.Errorf("save act: %w", err)
	}
	return a, nil
}

// ActReplyTo returns where an ephemeral answer to an act's asker can be sent; empty when its way in has no such thing.
func (q *queries) ActReplyTo(ctx context.Context, id uuid.UUID) (string, error) {
	to, err := one(ctx, q, scanOne[string], `SELECT reply_to FROM acts WHERE id = $1`, key(id))
	if err != nil {
		return "", fmt.Errorf("read where to answer act %s: %w", id, err)
	}
	return to, nil
}

func (q *queries) act(ctx context.Context, query string, args ...any) (executor.Act, error) {
	return one(ctx, q, scanAct, query, args...)
}

func scanAct(r row) (a executor.Act, err error) {
	var state string
	var about uuid.NullUUID
	err = r.Scan(&a.ID, &a.Kind, &a.Server, &a.Scope, &about, &a.Asker.Way, &a.Asker.Team, &a.Asker.User, &a.Audience.Team, &a.Audience.Channel,
		&a.Reason, &a.Rule, (*moment)(&a.AskedAt), (*moment)(&a.Until), &a.Phase, (*moment)(&a.EndedAt), &a.Result, &state, &a.Version)
	if err != nil {
		return a, err
	}
	var s storedAct
	if err := json.Unmarshal([]byte(state), &s); err != nil {
		return a, fmt.Errorf("read stored act: %w", err)
	}
	a.About = about.UUID
	a.Began, a.ToldAt, a.AcceptedAt, a.Since, a.Reach = s.Began, s.ToldAt, s.AcceptedAt, s.Since, s.Reach
	a.Tries, a.Problem, a.Code, a.Detail = s.Tries, s.Problem, executor.Code(s.Code), s.Detail
	return a, nil
}
