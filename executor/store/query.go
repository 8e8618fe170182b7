package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// queries are the queries that a Store and a Tx have in common.
type queries struct {
	db  querier
	now func() time.Time
}

// querier runs queries. *sql.DB, *sql.Tx and *sql.Conn are its production implementations.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec runs a statement and returns how many rows it changed.
func (q *queries) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := q.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row is *sql.Row or *sql.Rows.
type row interface{ Scan(dest ...any) error }

// one reads the only row of a query; ErrNotFound when there is none.
func one[T any](ctx context.Context, q *queries, scan func(row) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrNotFound
	}
	return v, err
}

// all reads every row of a query.
func all[T any](ctx context.Context, q *queries, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// millis is the argument for a time: UTC milliseconds, null for the zero time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// moment scans what millis has written.
type moment time.Time

// Scan implements sql.Scanner.
func (m *moment) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*m = moment{}
	case int64:
		*m = moment(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("a time in milliseconds is stored as %T", src)
	}
	return nil
}

// nanos is the argument for a server's clock: UTC nanoseconds, null for the zero time.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// instant scans what nanos has written.
type instant time.Time

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = instant{}
	case int64:
		*i = instant(time.Unix(0, v).UTC())
	default:
		return fmt.Errorf("a time in nanoseconds is stored as %T", src)
	}
	return nil
}

// key is the argument for an id: 36 characters, null for the zero id.
func key(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

// text is the argument for words that came from outside. Postgres refuses NUL and broken UTF-8 in text, and a row must
// not be lost for them.
func text(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}
