package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// migrations are numbered from 1 without gaps and only ever added to; the number is the schema's version.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the advisory lock on Postgres: "adsyncbo" in ASCII.
const migrationLock = 0x616473796e63626f

// waitForOwner is how long a process beside an SQLite database's owner waits for it to finish its migration.
const waitForOwner = 5 * time.Second

// migrate brings River's tables and then ours up to date. The caller holds a lock: River's migrations take none, and
// several starters break each other.
func (s *Store) migrate(ctx context.Context, log *slog.Logger) error {
	files, have, err := s.schema(ctx)
	if err != nil {
		return err
	}
	if err := s.migrateRiver(ctx); err != nil {
		return fmt.Errorf("migrate the job tables: %w", err)
	}
	for i, name := range files[have:] {
		version := have + i + 1
		if err := s.apply(ctx, name, version); err != nil {
			return fmt.Errorf("migrate to version %d: %w", version, err)
		}
		log.Info("database migrated", "version", version)
	}
	return nil
}

// migrateBeside migrates for a process that does not own an SQLite database. Under a running owner the schema does not
// change: the owner is given time to do it, and if it does not, it is of an older version.
func (s *Store) migrateBeside(ctx context.Context, path, holder string, log *slog.Logger) error {
	giveUp := time.NewTimer(waitForOwner)
	defer giveUp.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		current, err := s.current(ctx)
		if err != nil || current {
			return err
		}
		lock, err := acquireLock(path, holder)
		if err == nil {
			return errors.Join(s.migrate(ctx, log), lock.release())
		}
		if !errors.Is(err, ErrLocked) {
			return err
		}
		select {
		case <-again.C:
		case <-giveUp.C:
			return fmt.Errorf("%w, which is older than this program: restart it with this version first", err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// migratePostgres migrates under an advisory lock. A connection of its own holds that, so that it is gone with it.
func (s *Store) migratePostgres(ctx context.Context, log *slog.Logger) error {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	return s.migrate(ctx, log)
}

// schema returns the migrations there are and the version that the database has; ErrNewer when it has more.
func (s *Store) schema(ctx context.Context) (files []string, have int, err error) {
	if files, err = fs.Glob(migrations, "migrations/*.sql"); err != nil {
		return nil, 0, err
	}
	_, err = s.exec(ctx, `CREATE TABLE IF NOT EXISTS adsyncbot_schema (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`)
	if err != nil {
		return nil, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	have, err = one(ctx, s, scanOne[int], `SELECT COALESCE(MAX(version), 0) FROM adsyncbot_schema`)
	if err != nil {
		return nil, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	if have > len(files) {
		return nil, 0, fmt.Errorf("schema version %d, known are %d: %w", have, len(files), ErrNewer)
	}
	return files, have, nil
}

// current reports whether there is nothing to migrate.
func (s *Store) current(ctx context.Context) (bool, error) {
	files, have, err := s.schema(ctx)
	if err != nil || have < len(files) {
		return false, err
	}
	river, err := rivermigrate.New(riversqlite.New(s.db), riverConfig())
	if err != nil {
		return false, err
	}
	checked, err := river.Validate(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("check the job tables: %w", err)
	}
	return checked.OK, nil
}

// apply runs one migration and notes it, in one transaction.
func (s *Store) apply(ctx context.Context, name string, version int) error {
	script, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	return s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.exec(ctx, string(script)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO adsyncbot_schema (version, applied_at) VALUES ($1, $2)`, version, millis(s.now()))
		return err
	})
}

func (s *Store) migrateRiver(ctx context.Context) error {
	if s.pool == nil {
		river, err := rivermigrate.New(riversqlite.New(s.db), riverConfig())
		if err != nil {
			return err
		}
		_, err = river.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}
	river, err := rivermigrate.New(riverpgxv5.New(s.pool), riverConfig())
	if err != nil {
		return err
	}
	_, err = river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// riverConfig silences River's own words: what it does is reported as one of our errors, or is not worth a line.
func riverConfig() *rivermigrate.Config {
	return &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)}
}
