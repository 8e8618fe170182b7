//go:build unix

package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// strike is one kill -9.
type strike struct {
	database string
	act      string          // stop or pause; empty: while a cycle is asked for and followed
	point    failpoint.Point // empty: at a random moment
	hit      int             // which of the point's hits in one process
	number   int             // of the strike, for what is random in it
}

func (k strike) name() string {
	if k.point == "" {
		return fmt.Sprintf("%d %s random", k.number, k.database)
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%d %s %s %s %d", k.number, k.database, k.act, k.point, k.hit)), " ")
}

// TestStrikes kills the program at every point and at random moments. On SQLite it is started again; on Postgres a second
// replica lives and takes over.
func TestStrikes(t *testing.T) {
	t.Parallel()
	long(t)
	var rows table
	t.Run("each", func(t *testing.T) {
		for _, k := range plan() {
			t.Run(k.name(), func(t *testing.T) {
				t.Parallel()
				begin := time.Now()
				o := k.strike(t)
				o.took = time.Since(begin)
				rows.add(k, o)
			})
		}
	})
	rows.print(os.Stdout)
}

// plan says where to strike: at every point on SQLite; with more strikes on Postgres, then at the points'
// second hits, then half at random moments and half at the points again.
func plan() []strike {
	databases := []string{store.SQLite}
	if os.Getenv(storetest.Variable) != "" {
		databases = append(databases, store.Postgres)
	}
	random := rand.New(rand.NewPCG(*seed, 0))
	points := slices.Concat(failpoint.Command(), failpoint.Schedule())
	var out []strike
	add := func(database string, p failpoint.Point, hit int) {
		if database == store.Postgres && slices.Contains(failpoint.Schedule(), p) {
			hit = 1 // two replicas share two fires, so neither may come to a second one
		}
		out = append(out, strike{database: database, point: p, hit: hit, number: len(out) + 1})
	}
	acts := func(database string) {
		for _, k := range strikesInActs(database) {
			k.number = len(out) + 1
			out = append(out, k)
		}
	}
	for _, p := range points {
		add(store.SQLite, p, 1)
	}
	acts(store.SQLite)
	if *strikes == 0 { // a part: some on Postgres, too
		for _, database := range databases[1:] {
			for range 6 {
				add(database, points[random.IntN(len(points))], 1)
			}
		}
		add(store.SQLite, "", 0)
		return out
	}
	for _, database := range databases[1:] {
		for _, i := range random.Perm(len(points)) {
			add(database, points[i], 1)
		}
		acts(database)
	}
	for _, p := range points {
		add(store.SQLite, p, 2)
	}
	for i := 0; len(out) < *strikes; i++ {
		database := databases[i/2%len(databases)]
		if i%2 == 0 {
			add(database, "", 0)
		} else {
			add(database, points[random.IntN(len(points))], 1+random.IntN(2))
		}
	}
	return out[:*strikes]
}

// strike strikes once and returns what it left.
func (k strike) strike(t *testing.T) outcome {
	if k.act != "" {
		return k.runAct(t)
	}
	return k.run(t)
}

// run strikes once while people ask for cycles.
func (k strike) run(t *testing.T) outcome {
	url, more := "", ""
	if k.database == store.Postgres {
		url = storetest.Postgres(t)
	}
	scheduled := slices.Contains(failpoint.Schedule(), k.point)
	if scheduled {
		more = announcements
	}
	s := open(t, url, more)
	random := rand.New(rand.NewPCG(*seed, uint64(k.number)))
	o := outcome{verdict: "succeeded"}
	if k.number%2 == 0 { // a cycle with errors must not be told as a success
		o.verdict = "ended with errors"
		for range 8 {
			s.Servers[server].Model().Plan(adsync.ExportErrors(2))
		}
	}
	if k.point != "" {
		s.at(k.point, k.hit)
	}
	if scheduled {
		s.plan(3 * time.Second)
	}
	s.start()
	if k.database == store.Postgres {
		s.start()
	}
	if k.point == "" {
		victim := s.processes[random.IntN(len(s.processes))]
		after := time.Duration(random.Int64N(int64(2 * time.Second)))
		if random.IntN(2) == 0 {
			after = time.Duration(random.Int64N(int64(14 * time.Second)))
		}
		kill := time.AfterFunc(after, victim.Kill)
		defer kill.Stop()
	}
	if scheduled {
		s.struckBy(time.Now().Add(patience))
	} else {
		s.talk(6)
	}
	s.recover()
	if scheduled {
		s.until("both schedules have fired", func() bool { return s.count(`SELECT COUNT(*) FROM schedules WHERE last_at IS NULL`) == 0 })
	}
	s.until("nobody waits", func() bool { return s.waiting() == "" })
	for i, p := range s.processes {
		if !p.Alive() && !p.Killed() {
			t.Errorf("process %d ended by itself: %v", i, p.Err)
		}
	}
	if k.point != "" && !s.reached() {
		t.Errorf("the point was never reached")
	}
	o.judge(s, scheduled)
	return o
}

// talk lets people ask until somebody is struck: two at once, then one by one.
func (s *scene) talk(most int) {
	s.ask()
	for len(s.asks) < most {
		s.recover()
		s.ask()
		s.until("struck or done", func() bool { return s.dead() > 0 || s.waiting() == "" })
		if s.dead() > 0 || s.restarted() {
			return
		}
	}
}

// struckBy waits for the strike.
func (s *scene) struckBy(limit time.Time) {
	s.until("struck", func() bool { return s.dead() > 0 || time.Now().After(limit) })
}

func (s *scene) dead() (n int) {
	for _, p := range s.processes {
		if !p.Alive() {
			n++
		}
	}
	return n
}

// recover starts the program again when nobody is left.
func (s *scene) recover() {
	if s.dead() == len(s.processes) {
		s.start()
	}
}

// restarted reports whether the strike is behind us.
func (s *scene) restarted() bool { return s.dead() > 0 && s.dead() < len(s.processes) }

// plan lets both schedules fire in a while: a configuration that asks for a delta more often than every half hour is
// refused, so the first fire is written where the program keeps it.
func (s *scene) plan(in time.Duration) {
	next := time.Now().Add(in)
	err := s.store.SyncSchedules(s.t.Context(), []store.Schedule{
		{Name: "fresh", Spec: often, Zone: "UTC", Next: next}, {Name: "morning", Spec: often, Zone: "UTC", Next: next},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

const often = "@every 30m"

const announcements = `announcements:
  - name: morning
    schedule: "` + often + `"
    time_zone: UTC
    channel: C0REPORTS
    post: status
    servers: ["*"]
    missed: run-once
  - name: fresh
    schedule: "` + often + `"
    time_zone: UTC
    channel: C0REPORTS
    post: delta
    servers: [aadc01]
    missed: run-once
`
