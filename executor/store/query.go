package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// queries are the queries that a Store and a Tx have in common.
type queries struct {
	querier

	now func() time.Time
}

// querier runs queries. sqlQuerier and pgxQuerier are its production implementations.
type querier interface {
	// exec runs a statement, or several without arguments, and returns how many rows the last one changed.
	exec(ctx context.Context, query string, args ...any) (int64, error)
	query(ctx context.Context, query string, args ...any) (rows, error)
}

// rows are what *sql.Rows and pgx.Rows have in common.
type rows interface {
	row
	Next() bool
	Err() error
	Close()
}

// row is one of them.
type row interface{ Scan(dest ...any) error }

// sqlQuerier runs queries on a *sql.DB or a *sql.Tx.
type sqlQuerier struct {
	db interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (q sqlQuerier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := q.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (q sqlQuerier) query(ctx context.Context, query string, args ...any) (rows, error) {
	r, err := q.db.QueryContext(ctx, query, args...) //nolint:rowserrcheck // each does
	return sqlRows{r}, err
}

type sqlRows struct{ *sql.Rows }

func (r sqlRows) Close() { _ = r.Rows.Close() } // Err says what went wrong

// pgxQuerier runs queries on a *pgxpool.Pool or a pgx.Tx.
type pgxQuerier struct {
	db interface {
		Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	}
}

func (q pgxQuerier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := q.db.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (q pgxQuerier) query(ctx context.Context, query string, args ...any) (rows, error) {
	return q.db.Query(ctx, query, args...) //nolint:sqlclosecheck // each does
}

// each hands every row of a query to do, one at a time. On SQLite do must not use the Store: it has one connection.
func each[T any](ctx context.Context, q querier, scan func(row) (T, error), do func(T) error, query string, args ...any) error {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err == nil {
			err = do(v)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// all reads every row of a query.
func all[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := each(ctx, q, scan, func(v T) error {
		out = append(out, v)
		return nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// one reads the only row of a query; ErrNotFound when there is none.
func one[T any](ctx context.Context, q querier, scan func(row) (T, error), query string, args ...any) (T, error) {
	found, err := all(ctx, q, scan, query, args...)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

// scanOne scans a row of one column.
func scanOne[T any](r row) (v T, err error) {
	err = r.Scan(&v)
	return v, err
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
