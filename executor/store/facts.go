package store

import (
	"context"
	"errors"
	"fmt"
)

// Fact returns a small thing that was remembered under a name; empty when nothing was.
func (q *queries) Fact(ctx context.Context, name string) (string, error) {
	v, err := one(ctx, q, scanOne[string], `SELECT value FROM facts WHERE name = $1`, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", fmt.Errorf("read fact %s: %w", name, err)
	}
	return v, nil
}

// SetFact remembers a small thing under a name.
func (q *queries) SetFact(ctx context.Context, name, value string) error {
	_, err := q.exec(ctx, `
		INSERT INTO facts (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, text(value))
	if err != nil {
		return fmt.Errorf("set fact %s: %w", name, err)
	}
	return nil
}
