package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite" // also the driver "sqlite", in pure Go
)

func openSQLite(ctx context.Context, path string, opts Options, log *slog.Logger) (_ *Store, err error) {
	path, err = prepareFile(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	// SQLite has one writer. With one connection nobody ever waits for a lock inside this process.
	db.SetMaxOpenConns(1)
	s := &Store{queries: queries{sqlQuerier{db}, opts.Now}, db: db}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err = connectSQLite(ctx, db); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if opts.Role == Owner {
		if s.lock, err = acquireLock(path, opts.Holder); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
		err = s.migrate(ctx, log)
	} else {
		err = s.migrateBeside(ctx, path, opts.Holder, log)
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

// connectSQLite makes the first connection. SQLite's own waiting for a lock does not cover the switch of a new file to its
// write-ahead log, which a second process may be making at the same moment; therefore we wait for that.
func connectSQLite(ctx context.Context, db *sql.DB) error {
	giveUp := time.NewTimer(waitForOwner)
	defer giveUp.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := db.PingContext(ctx)
		if busy, ok := errors.AsType[*sqlite.Error](err); !ok || busy.Code()&0xff != sqliteBusy {
			return err
		}
		select {
		case <-again.C:
		case <-giveUp.C:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sqliteBusy is SQLite's primary result code for "somebody else holds a lock".
const sqliteBusy = 5

// prepareFile makes sure that only we can read the database, before anything is in it; SQLite gives its -wal and -shm
// files the same mode. It returns the one name of the file, however it was reached, because the lock file is named by it.
func prepareFile(path string) (string, error) {
	if path == "" {
		return "", errors.New("sqlite: is followed by no path")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the operator's
	if err != nil {
		return "", err
	}
	err = f.Chmod(0o600)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// dsn returns the driver's name for the database at an absolute path.
func dsn(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join([]string{
		"_pragma=busy_timeout(5000)", // a command beside the owner writes too
		"_pragma=journal_mode(WAL)",
		"_pragma=synchronous(NORMAL)",
		"_pragma=foreign_keys(1)",
		"_pragma=secure_delete(1)", // what is forgotten, a response_url above all, must not stay in free pages
		"_txlock=immediate",
		"_timezone=UTC", // River compares times as text
	}, "&")
}
