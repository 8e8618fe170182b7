package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// minConns is the least number of connections that is enough: River listens on one and works with another, and the
// store's own transactions must not wait for those.
const minConns = 4

// endIdle lets the database end a transaction in which its process does nothing for 10 s, which is half the time after which
// others take its work over: one that froze in the middle of a transaction holds locks that they wait for. It is not a
// parameter of the connection, which poolers refuse.
const endIdle = `SET idle_in_transaction_session_timeout = '10s'`

func openPostgres(ctx context.Context, url string, opts Options, log *slog.Logger) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The cause is dropped: it quotes the url, and what is password in a malformed one is anybody's guess.
		return nil, errors.New("open store: the postgres url cannot be read; it looks like postgres://user@host:5432/database?sslmode=verify-full")
	}
	cfg.MaxConns = max(cfg.MaxConns, minConns)
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, endIdle)
		return err
	}
	where := fmt.Sprintf("%s on %s", cfg.ConnConfig.Database, cfg.ConnConfig.Host)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", where, err)
	}
	s := &Store{queries: queries{pgxQuerier{pool}, opts.Now}, pool: pool}
	if err := s.migratePostgres(ctx, log); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open store %s: %w", where, err)
	}
	return s, nil
}
