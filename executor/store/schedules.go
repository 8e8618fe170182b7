package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Schedule is where a schedule of the configuration stands.
type Schedule struct {
	Name   string
	Spec   string
	Zone   string
	Next   time.Time   // the next planned fire; zero when there is none
	Last   time.Time   // the last fire that was worked off, run or not
	Missed []time.Time // fires that nobody was told of yet
	Paused bool
}

// SyncSchedules brings the rows in line with the configuration: new ones are inserted, with their first Next, and gone ones
// dropped. The others stay as they are; one whose Spec or Zone has changed takes the given Next.
func (t *Tx) SyncSchedules(ctx context.Context, want []Schedule) error {
	// By name, so that two processes that start at once lock the rows in the same order.
	want = slices.SortedFunc(slices.Values(want), func(a, b Schedule) int { return cmp.Compare(a.Name, b.Name) })
	for _, w := range want {
		_, err := t.exec(ctx, `
			INSERT INTO schedules (name, spec, zone, next_at, missed, paused) VALUES ($1, $2, $3, $4, '[]', $5)
			ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, zone = excluded.zone, next_at = excluded.next_at
			WHERE schedules.spec <> excluded.spec OR schedules.zone <> excluded.zone`,
			w.Name, w.Spec, w.Zone, millis(w.Next), w.Paused)
		if err != nil {
			return fmt.Errorf("store schedule %s: %w", w.Name, err)
		}
	}
	have, err := t.Schedules(ctx)
	if err != nil {
		return err
	}
	for _, h := range have {
		if slices.ContainsFunc(want, func(w Schedule) bool { return w.Name == h.Name }) {
			continue
		}
		if _, err := t.exec(ctx, `DELETE FROM schedules WHERE name = $1`, h.Name); err != nil {
			return fmt.Errorf("drop schedule %s: %w", h.Name, err)
		}
	}
	return nil
}

// SyncSchedules is Tx.SyncSchedules in a transaction of its own.
func (s *Store) SyncSchedules(ctx context.Context, want []Schedule) error {
	return s.Tx(ctx, func(ctx context.Context, tx *Tx) error { return tx.SyncSchedules(ctx, want) })
}

// Schedules returns every schedule, by name.
func (q *queries) Schedules(ctx context.Context) ([]Schedule, error) {
	out, err := all(ctx, q, scanSchedule, `SELECT name, spec, zone, next_at, last_at, missed, paused FROM schedules ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("read schedules: %w", err)
	}
	return out, nil
}

// Fire works off the fire that was expected and plans the next one (zero: none). It reports false when another process
// has been faster, or the schedule is paused, gone or changed. The job is inserted in the same transaction.
func (t *Tx) Fire(ctx context.Context, name string, expected, next time.Time, missed []time.Time) (won bool, err error) {
	stored, err := encodeTimes(missed)
	if err != nil {
		return false, err
	}
	n, err := t.exec(ctx, `
		UPDATE schedules SET last_at = $2, next_at = $3, missed = $4
		WHERE name = $1 AND next_at = $2 AND NOT paused`, name, millis(expected), millis(next), stored)
	if err != nil {
		return false, fmt.Errorf("fire schedule %s: %w", name, err)
	}
	return n == 1, nil
}

func scanSchedule(r row) (s Schedule, err error) {
	var missed string
	err = r.Scan(&s.Name, &s.Spec, &s.Zone, (*moment)(&s.Next), (*moment)(&s.Last), &missed, &s.Paused)
	if err != nil {
		return s, err
	}
	s.Missed, err = decodeTimes(missed)
	return s, err
}

// encodeTimes returns the stored form of times: an array of milliseconds.
func encodeTimes(times []time.Time) (string, error) {
	ms := make([]int64, len(times))
	for i, t := range times {
		ms[i] = t.UnixMilli()
	}
	b, err := json.Marshal(ms)
	return string(b), err
}

func decodeTimes(stored string) ([]time.Time, error) {
	var ms []int64
	if err := json.Unmarshal([]byte(stored), &ms); err != nil {
		return nil, fmt.Errorf("read stored times: %w", err)
	}
	var times []time.Time
	for _, m := range ms {
		times = append(times, time.UnixMilli(m).UTC())
	}
	return times, nil
}
