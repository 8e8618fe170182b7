//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// hits counts down to the one that kills. A strike is no part of any object: it belongs to the process.
var hits struct { //nolint:gochecknoglobals // of a build that only tests run
	sync.Mutex

	seen int
}

// Strike ends this process as kill -9 does if it is the hit of the point that Variable names.
func Strike(p Point) {
	name, n, _ := strings.Cut(os.Getenv(Variable), ":")
	if name != string(p) {
		return
	}
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
	_ = f.Close()
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic("failpoint: " + err.Error())
	}
	select {} // until it takes effect
}
