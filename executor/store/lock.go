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
	Path string // the lock file
	PID  int    // the owner; 0 when it has not written it yet
}

// Error implements error.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%v by another process (it holds %s)", ErrLocked, e.Path)
	}
	return fmt.Sprintf("%v by process %d (it holds %s)", ErrLocked, e.PID, e.Path)
}

// Unwrap returns ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// lockFile is a held lock. The operating system drops it when the process ends, however it ends. The file stays: were it
// removed, a process that waits with the old one open and a process that creates a new one would both own the database.
type lockFile struct{ f *os.File }

// acquireLock takes the lock next to the database at path; a *LockedError when somebody has it.
func acquireLock(path string) (*lockFile, error) {
	path += ".lock"
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	taken, err := tryLock(f)
	if err != nil || !taken {
		pid := readPID(f)
		err = errors.Join(err, f.Close())
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, &LockedError{Path: path, PID: pid}
	}
	l := &lockFile{f: f}
	if err := l.write(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
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

// readPID reads the owner's process id. It is for people to read; nothing is decided by it.
func readPID(f *os.File) int {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
