package jobs

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/adsyncbot/adsyncbot/executor"
)

// samples returns every counter, and the count of every histogram, by name and the values of its labels. What never
// happened is left out.
func samples(t *testing.T, reg *prometheus.Registry) map[string]int {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			n := int(m.GetCounter().GetValue())
			if h := m.GetHistogram(); h != nil {
				n = int(h.GetSampleCount())
			}
			if n != 0 {
				out[name] = n
			}
		}
	}
	return out
}

func TestEndedCyclesAreCountedByPolicyAndVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		w := newWorld(t, Config{Metrics: reg})
		w.server.start = []step{{look: accepted()}}
		w.server.follow = []step{{look: running(), takes: time.Minute}, {look: done(executor.Succeeded)}}
		w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)
		w.server.start = []step{{err: &executor.Refusal{Code: executor.CodeSuspended}}}
		w.run(t, w.ask(t, executor.Initial, "C1").Cycle.ID)
		want := map[string]int{
			"adsyncbot_cycles_total delta succeeded":  1,
			"adsyncbot_cycles_total full not_started": 1,
			"adsyncbot_cycle_duration_seconds delta":  1,
		}
		if got := samples(t, reg); !maps.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}

func TestFiresAreCountedByWhatBecameOfThem(t *testing.T) {
	for _, tt := range []struct {
		name    string
		down    time.Duration
		runOnce bool
		want    map[string]int
	}{
		{"in time", 0, true, map[string]int{"adsyncbot_schedule_fires_total status fired": 1}},
		{"three while down, one made up for", 15 * time.Minute, true, map[string]int{
			"adsyncbot_schedule_fires_total status made_up": 1, "adsyncbot_schedule_fires_total status missed": 2,
			"adsyncbot_schedule_fires_total status fired": 1,
		}},
		{"three while down, skipped", 15 * time.Minute, false, map[string]int{
			"adsyncbot_schedule_fires_total status missed": 3, "adsyncbot_schedule_fires_total status fired": 1,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reg := prometheus.NewRegistry()
				w := newWorld(t, Config{Metrics: reg, Announcements: []Announcement{announcement(PostStatus, tt.runOnce)}})
				w.server.status = statusOf
				if err := w.queue.schedule.sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				<-time.After(time.Minute + tt.down)
				stop := w.working(t)
				<-time.After(5 * time.Minute)
				stop()
				got, lateness := samples(t, reg), 0
				for name, n := range tt.want {
					if got[name] != n {
						t.Errorf("%s: %d, want %d", name, got[name], n)
					}
					if name != "adsyncbot_schedule_fires_total status missed" {
						lateness += n
					}
				}
				if got["adsyncbot_schedule_lateness_seconds"] != lateness || len(got) != len(tt.want)+1 {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}
