package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Tx is one transaction over these tables and, by SQL or PGX, the job engine's. It belongs to one goroutine and ends with
// the function it was handed to.
type Tx struct {
	queries

	sqlTx *sql.Tx
	pgxTx pgx.Tx
}

// SQL returns the transaction on SQLite, else nil.
func (t *Tx) SQL() *sql.Tx { return t.sqlTx }

// PGX returns the transaction on Postgres, else nil.
func (t *Tx) PGX() pgx.Tx { return t.pgxTx }

// Tx runs do in one transaction, which is committed when do returns nil and rolled back otherwise. Inside do use tx only:
// SQLite has one connection, so a call on the Store would wait for the transaction that waits for it, until ctx ends.
func (s *Store) Tx(ctx context.Context, do func(ctx context.Context, tx *Tx) error) error {
	if s.pool == nil {
		return s.txSQLite(ctx, do)
	}
	return s.txPostgres(ctx, do)
}

func (s *Store) txSQLite(ctx context.Context, do func(ctx context.Context, tx *Tx) error) (err error) {
	tx, err := s.db.BeginTx(ctx, nil) // immediate, by the DSN
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() { err = rolledBack(err, tx.Rollback()) }()
	if err := do(ctx, &Tx{queries: queries{sqlQuerier{tx}, s.now}, sqlTx: tx}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

func (s *Store) txPostgres(ctx context.Context, do func(ctx context.Context, tx *Tx) error) (err error) {
	// The queries are written for read committed: a statement sees what was committed before it.
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = rolledBack(err, tx.Rollback(ctx))
	}()
	if err := do(ctx, &Tx{queries: queries{pgxQuerier{tx}, s.now}, pgxTx: tx}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// rolledBack adds the error of a roll-back to err. After a commit there is nothing to roll back; after err the database
// rolls back by itself when the connection is gone.
func rolledBack(err, rollback error) error {
	if err != nil || errors.Is(rollback, sql.ErrTxDone) || errors.Is(rollback, pgx.ErrTxClosed) {
		return err
	}
	return rollback
}
