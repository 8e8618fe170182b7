package jobs

import (
	"maps"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// daily is an announcement for nine o'clock; the bubble's clock begins at midnight.
func daily(name string, post Post, runOnce bool, server string) Announcement {
	return Announcement{
		Name: name, Spec: "0 9 * * *", Zone: "UTC", Post: post, Servers: []string{server}, RunOnce: runOnce,
		Audience: executor.Audience{Team: "T1", Channel: "C1"},
	}
}

// The bot is down for two days, over two fires of each schedule and in the middle of a cycle. It works only around nine:
// River's many timers make an hour in a bubble long.
func TestTwoDaysOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{t: t, path: filepath.Join(t.TempDir(), "adsyncbot.db"), cfg: Config{Announcements: []Announcement{
			daily("report", PostStatus, true, "aadc01"), daily("report-skipping", PostStatus, false, "aadc01"),
			daily("delta", PostDelta, true, "aadc02"), daily("delta-skipping", PostDelta, false, "aadc03"),
		}}}
		<-time.After(9*time.Hour - time.Minute)
		before := o.up()
		<-time.After(3 * time.Minute)
		if n := len(before.teller.reports); n != 2 {
			t.Errorf("%d reports before the outage, want 2", n)
		}
		o.cycles("before the outage", "aadc02", 1)
		o.cycles("before the outage", "aadc03", 1)
		before.server.set([]step{{look: running(), takes: 12 * time.Second}})
		live := before.ask(t, executor.Delta, "C1").Cycle
		<-time.After(time.Minute)
		o.down()

		<-time.After(48 * time.Hour)
		after := o.up()
		<-time.After(time.Minute)
		if rs := after.teller.reports; len(rs) != 1 || rs[0].Schedule != "report" || len(rs[0].Missed) != 1 {
			t.Errorf("reports at once after the outage: %+v; want the one that is made up for, with the fire before it", rs)
		}
		if c, err := after.store.Cycle(t.Context(), live.ID); err != nil || c.Live() || c.Result.Verdict != executor.Succeeded {
			t.Errorf("the cycle of before: %s, %q, %v; want its true end", c.Phase, c.Result.Verdict, err)
		}
		o.reason("made up for", o.cycles("after the outage", "aadc02", 2)[0], "the scheduled cycle of 2000-01-03 09:00 UTC was missed")
		o.cycles("after the outage", "aadc03", 1)
		o.down()

		<-time.After(24*time.Hour - 6*time.Minute)
		next := o.up()
		<-time.After(3 * time.Minute)
		missed := map[string]int{}
		for _, r := range next.teller.reports {
			missed[r.Schedule] = len(r.Missed)
		}
		if want := map[string]int{"report": 0, "report-skipping": 2}; !maps.Equal(missed, want) {
			t.Errorf("the next reports mention %v missed fires, want %v", missed, want)
		}
		o.cycles("a day later", "aadc02", 3)
		o.reason("skipped", o.cycles("a day later", "aadc03", 2)[0], "scheduled; missed since the last one: 2")
		o.down()
	})
}

// outage is one bot on one store, up and down.
type outage struct {
	t    *testing.T
	path string
	cfg  Config
	now  *world
	stop func()
}

func (o *outage) up() *world {
	o.t.Helper()
	o.now = openWorld(o.t, o.path, o.cfg)
	o.now.server.status = statusOf
	o.now.server.start = []step{{look: accepted()}}
	o.now.server.follow = []step{{look: done(executor.Succeeded)}}
	o.stop = o.now.working(o.t)
	return o.now
}

func (o *outage) down() {
	o.stop()
	o.now.close()
}

// cycles returns what a server has run so far, the newest first.
func (o *outage) cycles(when, server string, want int) []executor.Cycle {
	o.t.Helper()
	h, err := o.now.store.History(o.t.Context(), server, 10)
	if err != nil || len(h) != want {
		o.t.Fatalf("%s: %d cycles on %s, %v; want %d", when, len(h), server, err, want)
	}
	return h
}

func (o *outage) reason(what string, c executor.Cycle, want string) {
	o.t.Helper()
	rs, err := o.now.store.Requests(o.t.Context(), c.ID)
	if err != nil || len(rs) != 1 || rs[0].Reason != want {
		o.t.Errorf("%s: requests %+v, %v; want the reason %q", what, rs, err, want)
	}
}
