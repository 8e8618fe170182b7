//go:build unix

package crash

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// table adds strikes up, by database and point.
type table struct {
	mu   sync.Mutex
	rows map[[2]string]*row
}

type row struct {
	outcome

	strikes int
	longest time.Duration
}

func (r *row) add(o outcome) {
	r.strikes++
	r.starts += o.starts
	r.second += o.second
	r.lost += o.lost
	r.untrue += o.untrue
	r.doubled += o.doubled
	r.shells += o.shells
	r.took += o.took
	r.longest = max(r.longest, o.took)
}

func (t *table) add(k strike, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[[2]string]*row{}
	}
	key := [2]string{k.database, cmp.Or(string(k.point), "at random")}
	for _, key := range [][2]string{key, {"~", "all"}} {
		if t.rows[key] == nil {
			t.rows[key] = &row{}
		}
		t.rows[key].add(o)
	}
}

func (t *table) print(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\ndatabase\tpoint\tstrikes\tstarts\tsecond starts\tresults lost\tuntrue\tdoubled, true\tshells left\tseconds, mean\tmax")
	for _, key := range slices.SortedFunc(maps.Keys(t.rows), func(a, b [2]string) int { return cmp.Compare(a[0]+a[1], b[0]+b[1]) }) {
		r := t.rows[key]
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\t%.1f\n", key[0], key[1], r.strikes, r.starts, r.second, r.lost,
			r.untrue, r.doubled, r.shells, r.took.Seconds()/float64(r.strikes), r.longest.Seconds())
	}
	_ = w.Flush()
}
