// Package store holds what must outlive the process: the inbox, requests, cycles with their runs, the outbox, schedules,
// the audit, what became of credentials, and small facts. Every query is one text for SQLite and Postgres.
//
// It knows rows and the words of the domain. It knows neither Slack nor servers, computes no schedule and no verdict, and
// of the job engine only that its tables are migrated together with these.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The kinds of database.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Role is what a process is to an SQLite database. Postgres has room for any number of owners.
type Role int

const (
	// Owner works the jobs. It holds the lock file next to the database; a second one gets ErrLocked.
	Owner Role = iota
	// Beside reads and inserts next to an owner, or without one.
	Beside
)

// Options says how a store is opened.
type Options struct {
	Now  func() time.Time // the clock of what is stamped; time.Now when nil
	Role Role
	// Holder is what the lock file calls an owner, for people: the command that it runs.
	Holder string
}

var (
	// ErrStale says that another slice has taken the cycle over, or that the cycle has ended: what was to be saved is
	// not the newest any more.
	ErrStale = errors.New("the cycle is no longer this slice's")
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrNewer says that a newer version of the program has migrated the database.
	ErrNewer = errors.New("the database was written by a newer version of adsyncbot: run that version, or restore the copy made before the upgrade")
)

// Store is an open, migrated database. It is safe for concurrent use.
type Store struct {
	queries

	db   *sql.DB       // SQLite
	pool *pgxpool.Pool // or Postgres
	lock *lockFile     // of an SQLite database's owner
}

// Open opens the database that url names, "sqlite:" with a path or "postgres://…", and migrates it.
func Open(ctx context.Context, url string, opts Options, log *slog.Logger) (*Store, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, path, opts, log)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, opts, log)
	}
	// The url is not repeated: it may be one with a password and a mistyped scheme.
	return nil, errors.New("open store: its url begins with neither sqlite: nor postgres://")
}

// Close closes the database and gives the lock back. A second call does nothing.
func (s *Store) Close() error {
	if s.pool != nil {
		s.pool.Close() // waits for who still uses it
		return nil
	}
	err := s.db.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.release())
		s.lock = nil
	}
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := one(ctx, s, scanOne[int], `SELECT 1`); err != nil {
		return fmt.Errorf("store does not answer: %w", err)
	}
	return nil
}

// Kind returns SQLite or Postgres.
func (s *Store) Kind() string {
	if s.pool != nil {
		return Postgres
	}
	return SQLite
}

// SQLDB returns the database's handle; nil on Postgres. It has one connection, which an open transaction holds.
func (s *Store) SQLDB() *sql.DB { return s.db }

// Pool returns the pool of connections; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }
