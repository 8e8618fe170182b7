//go:build failpoint && unix

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// hits counts up to the one that strikes. A strike is no part of any object: it belongs to the process.
var hits struct { //nolint:gochecknoglobals // of a build that only tests run
	sync.Mutex

	seen int
}

// Strike ends this process as kill -9 does, or freezes it, if it is the hit of the point that Variable names.
func Strike(p Point) {
	name, rest, _ := strings.Cut(os.Getenv(Variable), ":")
	if name != string(p) {
		return
	}
	n, how, _ := strings.Cut(rest, ":")
	hits.Lock()
	defer hits.Unlock()
	hits.seen++
	if strconv.Itoa(hits.seen) != n {
		return
	}
	f, err := os.OpenFile(os.Getenv(FileVariable), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the harness names it
	if err != nil {
		return // another process was first
	}
	pid := os.Getpid()
	_, _ = f.WriteString(strconv.Itoa(pid))
	_ = f.Close()
	if how == "freeze" {
		must(syscall.Kill(pid, syscall.SIGSTOP)) // and goes on from here
		return
	}
	must(syscall.Kill(pid, syscall.SIGKILL))
	select {} // until it takes effect
}

func must(err error) {
	if err != nil {
		panic("failpoint: " + err.Error())
	}
}
