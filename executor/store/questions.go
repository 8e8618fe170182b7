package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// keepQuestions is how long a question is kept after its time, so that a late press is told what has become of it.
const keepQuestions = 24 * time.Hour

// Question is what a person was asked back before a command is carried out.
type Question struct {
	ID         uuid.UUID // of the command that asks first
	Team       string
	Channel    string
	User       string
	Slash      string // what people type before a command, such as /adsync
	Command    string // as it was understood
	AskedAt    time.Time
	Until      time.Time
	Answer     string    // which button was pressed; empty while it is open
	Press      uuid.UUID // the press that has answered
	AnsweredAt time.Time
}

const questionColumns = `id, team, channel, user_id, slash, command, asked_at, until_at, answer, press_id, answered_at`

// Pose stores an open question. A known ID changes nothing.
func (q *queries) Pose(ctx context.Context, w Question) error {
	_, err := q.exec(ctx, `
		INSERT INTO questions (`+questionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', NULL, NULL)
		ON CONFLICT (id) DO NOTHING`,
		key(w.ID), w.Team, w.Channel, w.User, text(w.Slash), text(w.Command), millis(w.AskedAt), millis(w.Until))
	if err != nil {
		return fmt.Errorf("store question %s: %w", w.ID, err)
	}
	return nil
}

// Question returns a question; ErrNotFound when there is none, or none any more.
func (q *queries) Question(ctx context.Context, id uuid.UUID) (Question, error) {
	w, err := one(ctx, q, scanQuestion, `SELECT `+questionColumns+` FROM questions WHERE id = $1`, key(id))
	if err != nil {
		return w, fmt.Errorf("read question %s: %w", id, err)
	}
	return w, nil
}

// Answer answers a question that is open. Of any number of presses it reports true to one, and to that one again and again.
func (q *queries) Answer(ctx context.Context, id, press uuid.UUID, answer string, at time.Time) (counts bool, err error) {
	n, err := q.exec(ctx, `
		UPDATE questions SET answer = $2, press_id = $3, answered_at = COALESCE(answered_at, $4)
		WHERE id = $1 AND (answer = '' OR (answer = $2 AND press_id = $3))`,
		key(id), answer, key(press), millis(at))
	if err != nil {
		return false, fmt.Errorf("answer question %s: %w", id, err)
	}
	return n == 1, nil
}

// PruneQuestions forgets the questions whose time is over for a day.
func (q *queries) PruneQuestions(ctx context.Context, now time.Time) error {
	if _, err := q.exec(ctx, `DELETE FROM questions WHERE until_at < $1`, millis(now.Add(-keepQuestions))); err != nil {
		return fmt.Errorf("prune questions: %w", err)
	}
	return nil
}

// Past returns what is known of earlier cycles of a policy on a server.
func (q *queries) Past(ctx context.Context, server string, p executor.Policy) (executor.Past, error) {
	usual, err := q.Usual(ctx, executor.Cycle{Server: server, Policy: p})
	if err != nil {
		return executor.Past{}, err
	}
	last, err := q.cycles(ctx, `
		SELECT `+cycleColumns+` FROM cycles WHERE server = $1 AND phase = 'ended' AND policy = $2 AND verdict <> $3
		ORDER BY ended_at DESC, id DESC LIMIT 1`, server, string(p), string(executor.NotStarted))
	if err != nil {
		return executor.Past{}, fmt.Errorf("read the last %s on %s: %w", p.Word(), server, err)
	}
	past := executor.Past{Usual: usual}
	if len(last) == 1 {
		past.Last = &last[0]
	}
	return past, nil
}

func scanQuestion(r row) (w Question, err error) {
	var press uuid.NullUUID
	err = r.Scan(&w.ID, &w.Team, &w.Channel, &w.User, &w.Slash, &w.Command, (*moment)(&w.AskedAt), (*moment)(&w.Until),
		&w.Answer, &press, (*moment)(&w.AnsweredAt))
	w.Press = press.UUID
	return w, err
}
