package jobs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func announcement(post Post, runOnce bool) Announcement {
	return Announcement{
		Name: "often", Spec: "*/5 * * * *", Zone: "UTC", Post: post, Servers: []string{"aadc01", "aadc02"}, RunOnce: runOnce,
		Audience: executor.Audience{Team: "T1", Channel: "C1"},
	}
}

func statusOf(_ context.Context, server string) (executor.Status, error) {
	if server == "aadc02" {
		return executor.Status{}, errors.New("down")
	}
	return executor.Status{Server: server}, nil
}

func TestAScheduleFiresOnceEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{Announcements: []Announcement{announcement(PostStatus, true)}})
		w.server.status = statusOf
		stop := w.working(t)
		<-time.After(15*time.Minute + 20*time.Second)
		stop()
		if n := len(w.teller.reports); n != 3 {
			t.Fatalf("%d reports in three rounds, want 3", n)
		}
		r := w.teller.reports[0]
		if len(r.Servers) != 2 || r.Servers[0].Err != nil || r.Servers[1].Err == nil || len(r.Missed) != 0 {
			t.Errorf("report %+v, want one server well, one down, nothing missed", r)
		}
		if w.teller.reports[0].ID == w.teller.reports[1].ID {
			t.Error("two fires have one id")
		}
	})
}

func TestAMissedFire(t *testing.T) {
	for _, tc := range []struct {
		name    string
		runOnce bool
		reports int
		missed  int // in the first report after the outage
	}{
		{"is made up for once when the rule says so", true, 2, 2},
		{"is mentioned in the next report when the rule says skip", false, 1, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "adsyncbot.db")
				cfg := Config{Announcements: []Announcement{announcement(PostStatus, tc.runOnce)}}
				first := openWorld(t, path, cfg)
				stop := first.working(t)
				<-time.After(time.Minute)
				stop()
				first.close()
				<-time.After(15 * time.Minute) // down over three fires

				second := openWorld(t, path, cfg)
				second.server.status = statusOf
				stop = second.working(t)
				<-time.After(5 * time.Minute) // one more fire
				stop()
				if n := len(second.teller.reports); n != tc.reports {
					t.Fatalf("%d reports, want %d", n, tc.reports)
				}
				if n := len(second.teller.reports[0].Missed); n != tc.missed {
					t.Errorf("the first report mentions %d missed fires, want %d", n, tc.missed)
				}
			})
		})
	}
}

func TestADeltaThatMakesUpForAMissedOneSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "adsyncbot.db")
		cfg := Config{Announcements: []Announcement{announcement(PostDelta, true)}}
		first := openWorld(t, path, cfg)
		stop := first.working(t)
		<-time.After(time.Minute)
		stop()
		first.close()
		<-time.After(8 * time.Minute)

		second := openWorld(t, path, cfg)
		second.server.start = []step{{look: accepted()}}
		second.server.follow = []step{{look: done(executor.Succeeded)}}
		stop = second.working(t)
		<-time.After(10 * time.Second)
		stop()
		h, err := second.store.History(t.Context(), "aadc01", 5)
		if err != nil || len(h) != 1 {
			t.Fatalf("%d cycles, %v", len(h), err)
		}
		rs, err := second.store.Requests(t.Context(), h[0].ID)
		if err != nil || len(rs) != 1 || rs[0].Reason == "" {
			t.Errorf("requests %+v, %v: no word of what was missed", rs, err)
		}
	})
}

func TestAScheduledDeltaIsAskedOncePerServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{Announcements: []Announcement{announcement(PostDelta, true)}})
		w.server.start = []step{{look: accepted()}}
		w.server.follow = []step{{look: done(executor.Succeeded)}}
		stop := w.working(t)
		<-time.After(5*time.Minute + 20*time.Second)
		stop()
		if w.server.told != 2 {
			t.Errorf("%d starts, want one for each of two servers", w.server.told)
		}
		for _, server := range []string{"aadc01", "aadc02"} {
			h, err := w.store.History(t.Context(), server, 5)
			if err != nil || len(h) != 1 {
				t.Fatalf("history of %s: %d cycles, %v", server, len(h), err)
			}
			rs, err := w.store.Requests(t.Context(), h[0].ID)
			if err != nil || len(rs) != 1 || rs[0].Asker.Way != executor.FromSchedule || rs[0].Audience.Channel != "C1" {
				t.Errorf("requests of %s: %+v, %v", server, rs, err)
			}
		}
	})
}

func TestAReportOverManyDeadServersIsPostedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := announcement(PostStatus, true)
		a.Servers = nil
		for i := range 300 {
			a.Servers = append(a.Servers, fmt.Sprintf("aadc%03d", i))
		}
		var mu sync.Mutex
		now, most := 0, 0
		server := &fakeExecutor{status: func(ctx context.Context, _ string) (executor.Status, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			now--
			mu.Unlock()
			return executor.Status{}, context.Cause(ctx)
		}}
		teller := &fakeTeller{}
		ctx, cancel := context.WithTimeout(t.Context(), jobTimeout)
		defer cancel()
		w := announceWorker{executor: server, teller: teller}
		if err := w.status(ctx, planned{Announcement: a}, time.Now(), nil); err != nil {
			t.Fatal(err)
		}
		if len(teller.reports) != 1 || len(teller.reports[0].Servers) != len(a.Servers) {
			t.Fatalf("%d reports, want one over every server", len(teller.reports))
		}
		for i, s := range teller.reports[0].Servers {
			if s.Server != a.Servers[i] || !errors.Is(s.Err, context.DeadlineExceeded) {
				t.Fatalf("%q, error %v; want %s, which did not answer in time", s.Server, s.Err, a.Servers[i])
			}
		}
		if most != looks {
			t.Errorf("%d looks at once, want %d", most, looks)
		}
	})
}
