package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockedByte is what is locked of the file: one byte far behind its content, because Windows lets nobody else read what
// is locked, and the process id is there to be read.
const lockedByte = 1 << 30

// tryLock takes the lock of f and reports whether it was free.
func tryLock(f *os.File) (bool, error) {
	at := &windows.Overlapped{Offset: lockedByte}
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY)
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
