package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrLocked is what a *LockedError is.
var ErrLocked = errors.New("the database is in use")

// LockedError says that another process owns an SQLite database.
type LockedError struct {
	Path   string // the lock file
	PID    int    // the owner; 0 when it has not written it yet
	Holder string // what the owner called itself
}

// Error implements error.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%v by another process (it holds %s)", ErrLocked, e.Path)
	}
	return fmt.Sprintf("%v by process %d, adsyncbot %s (it holds %s)", ErrLocked, e.PID, e.Holder, e.Path)
}

// Unwrap returns ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// lockFile is a held lock. The operating system drops it when the process ends, however it ends. The file stays: were it
// removed, a process that waits with the old one open and a process that creates a new one would both own the database.
type lockFile struct{ f *os.File }

// acquireLock takes the lock next to the database at path; a *LockedError when somebody has it.
func acquireLock(path, holder string) (*lockFile, error) {
	path += ".lock"
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	taken, err := tryLock(f)
	if err != nil || !taken {
		locked := readOwner(f)
		locked.Path = path
		err = errors.Join(err, f.Close())
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, locked
	}
	l := &lockFile{f: f}
	if err := l.write(fmt.Sprintf("%d %s\n", os.Getpid(), holder)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return l, nil
}

// release gives the lock back.
func (l *lockFile) release() error {
	return errors.Join(l.write(""), l.f.Close())
}

func (l *lockFile) write(s string) error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(s), 0)
	return err
}

// readOwner reads what the owner wrote. Only who waits for whom is decided by it, never who owns the database.
func readOwner(f *os.File) *LockedError {
	e := &LockedError{}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 64))
	if err != nil {
		return e
	}
	pid, holder, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	if e.PID, err = strconv.Atoi(pid); err != nil {
		return e
	}
	e.Holder = holder
	return e
}
