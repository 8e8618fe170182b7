package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
)

func tryOpen(t testing.TB, url string, role Role) (*Store, error) {
	return Open(t.Context(), url, Options{Now: clock, Role: role}, slog.New(slog.DiscardHandler))
}

func TestASecondOwnerIsRefusedAndToldWhoIsTheFirst(t *testing.T) {
	url := sqliteFile(t)
	first, err := tryOpen(t, url, Owner)
	check(t, err)
	link := filepath.Join(t.TempDir(), "link.db")
	check(t, os.Symlink(strings.TrimPrefix(url, "sqlite:"), link))
	for _, name := range []string{url, "sqlite:" + link} {
		_, err := tryOpen(t, name, Owner)
		var locked *LockedError
		if !errors.Is(err, ErrLocked) || !errors.As(err, &locked) {
			t.Fatalf("a second owner of %s: %v, want ErrLocked", name, err)
		}
		if locked.PID != os.Getpid() || !strings.HasSuffix(locked.Path, "bot.db.lock") || !strings.Contains(err.Error(), locked.Path) {
			t.Errorf("the error is %+v: %v; want it to name this process and the file", locked, err)
		}
	}
	beside := open(t, url, Options{Role: Beside})
	check(t, beside.SetFact(t.Context(), "seen", "beside"))
	if v, err := first.Fact(t.Context(), "seen"); err != nil || v != "beside" {
		t.Errorf("the owner reads %q, %v", v, err)
	}
	check(t, first.Close())
	open(t, url, Options{Role: Owner}) // free again
}

func TestBesideMakesANewDatabaseAndLeavesItFree(t *testing.T) {
	url := sqliteFile(t)
	open(t, url, Options{Role: Beside})
	open(t, url, Options{Role: Owner})
}

func TestBesideWaitsForTheOwnersMigrationButNotForAnOlderOwner(t *testing.T) {
	url := sqliteFile(t)
	files, err := fs.Glob(migrations, "migrations/*.sql")
	check(t, err)
	synctest.Test(t, func(t *testing.T) {
		owner, err := tryOpen(t, url, Owner)
		check(t, err)
		version := func(statement string) {
			_, err := owner.exec(t.Context(), statement)
			check(t, err)
		}
		version(`DELETE FROM adsyncbot_schema`) // as an older program would have left it
		_, err = tryOpen(t, url, Beside)
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "older than this program") {
			t.Errorf("beside an older owner: %v", err)
		}
		done := make(chan error)
		go func() {
			s, err := tryOpen(t, url, Beside)
			if err == nil {
				err = s.Close()
			}
			done <- err
		}()
		synctest.Wait() // it waits for us
		version(fmt.Sprintf(`INSERT INTO adsyncbot_schema (version, applied_at) VALUES (%d, 0)`, len(files)))
		if err := <-done; err != nil {
			t.Errorf("beside an owner that has migrated meanwhile: %v", err)
		}
		check(t, owner.Close())
	})
}

func TestATakeoverIsSeenByOtherProcesses(t *testing.T) {
	url := sqliteFile(t)
	owner, beside := open(t, url, Options{}), open(t, url, Options{Role: Beside})
	out, _ := ask(t, beside, request(t, "aadc01", executor.Delta))
	c, stamp, err := owner.Stamp(t.Context(), out.Cycle.ID)
	check(t, err)
	_, err = beside.SaveCycle(t.Context(), c, stamp)
	check(t, err)
}

func TestOnlyWeReadTheFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the mode of a file means nothing on windows")
	}
	path := filepath.Join(t.TempDir(), "bot.db")
	check(t, os.WriteFile(path, nil, 0o644))
	s := open(t, "sqlite:"+path, Options{})
	check(t, s.SetFact(t.Context(), "a", "b"))
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path+suffix, info.Mode())
		}
	}
}

func TestAPathIsTakenAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ünd %41 #1 x?y&_txlock=z.db")
	if runtime.GOOS == "windows" {
		path = filepath.Join(t.TempDir(), "ünd %41 #1 x&y.db")
	}
	s := open(t, "sqlite:"+path, Options{})
	check(t, s.SetFact(t.Context(), "a", "b"))
	info, err := os.Stat(path)
	check(t, err)
	wal, err := os.Stat(path + "-wal")
	check(t, err)
	if info.Size()+wal.Size() == 0 {
		t.Error("the database is in another file")
	}
}

func TestTheDatabaseIsSetUpForOneWriterAndUTC(t *testing.T) {
	s := open(t, sqliteFile(t), Options{})
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "synchronous": "1", "locking_mode": "normal",
	} {
		got, err := one(t.Context(), s, scanOne[string], "PRAGMA "+pragma)
		check(t, err)
		if got != want {
			t.Errorf("%s = %s, want %s", pragma, got, want)
		}
	}
	if n := s.db.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			url := db.create(t)
			s, err := tryOpen(t, url, Owner)
			check(t, err)
			_, err = s.exec(t.Context(), `INSERT INTO adsyncbot_schema (version, applied_at) VALUES (999, 0)`)
			check(t, err)
			check(t, s.Close())
			for _, role := range []Role{Owner, Beside} {
				if _, err := tryOpen(t, url, role); !errors.Is(err, ErrNewer) {
					t.Errorf("role %d: %v, want ErrNewer", role, err)
				}
			}
		})
	}
}

func TestSeveralMayStartAtOnce(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	check(t, err)
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			url := db.create(t)
			role := Owner
			if db.name == SQLite {
				role = Beside
			}
			stores := make([]*Store, 4)
			var wg sync.WaitGroup
			for i := range stores {
				wg.Go(func() {
					s, err := tryOpen(t, url, role)
					if err != nil {
						t.Error(err)
						return
					}
					stores[i] = s
				})
			}
			wg.Wait()
			for _, s := range stores {
				if s == nil {
					continue
				}
				if n := count(t, s, `SELECT COUNT(*) FROM adsyncbot_schema`); n != len(files) {
					t.Errorf("%d migrations were applied, want %d", n, len(files))
				}
				if n := count(t, s, `SELECT COUNT(*) FROM river_job`); n != 0 {
					t.Errorf("a new database has %d jobs", n)
				}
				check(t, s.Close())
			}
		})
	}
}

func TestWhatIsStoredIsThereAfterAReopen(t *testing.T) {
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			url := db.create(t)
			s, err := tryOpen(t, url, Owner)
			check(t, err)
			out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
			check(t, s.Close())
			s = open(t, url, Options{})
			if live, err := s.LiveCycles(t.Context()); err != nil || len(live) != 1 || live[0].ID != out.Cycle.ID {
				t.Errorf("live cycles after a reopen: %+v, %v", live, err)
			}
		})
	}
}

func TestNoErrorShowsAPassword(t *testing.T) {
	const secret = "hunter2"
	for _, url := range []string{
		"postgres://bot:hunter2@127.0.0.1:1/db?connect_timeout=1",
		"postgres://bot:hunter2@127.0.0.1:notaport/db",
		"postgres://bot:hunter2@[::1/db",
		"postgres://bot:%zz-hunter2@host/db",
		"postgres://bot:hun/ter2-hunter2@host/db",
		"postgres://127.0.0.1:1/db?password=hunter2&sslmode=bogus",
		"postgresql://bot:hunter2@127.0.0.1:1/db?sslmode=disable",
		"postgre://bot:hunter2@host/db",
		"mysql://bot:hunter2@host/db",
	} {
		var log strings.Builder
		s, err := Open(t.Context(), url, Options{}, slog.New(slog.NewTextHandler(&log, nil)))
		if err == nil {
			t.Errorf("%s was opened", url)
			_ = s.Close()
			continue
		}
		if strings.Contains(err.Error()+log.String(), secret) {
			t.Errorf("the password is shown: %v %s", err, log.String())
		}
	}
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*")
	check(t, err)
	for i, f := range files {
		if want := fmt.Sprintf("migrations/%03d_", i+1); !strings.HasPrefix(f, want) || !strings.HasSuffix(f, ".sql") {
			t.Errorf("migration %d is called %s", i+1, f)
		}
	}
}

// A process that freezes in the middle of a transaction must let go of what others wait for before they take over.
func TestPostgresEndsTransactionsInWhichNothingHappens(t *testing.T) {
	s := open(t, storetest.Postgres(t), Options{})
	got, err := one(t.Context(), s, scanOne[string], `SHOW idle_in_transaction_session_timeout`)
	check(t, err)
	if got != "10s" {
		t.Errorf("after %s, want 10s", got)
	}
}
