package jobs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/adsyncbot/adsyncbot/executor"
)

// What became of a due fire.
const (
	fireRun    = "fired"
	fireMadeUp = "made_up" // run late
	fireMissed = "missed"  // not run
)

// metrics are what the engine counts of cycles and schedules.
type metrics struct {
	cycles   *prometheus.CounterVec
	duration *prometheus.HistogramVec
	fires    *prometheus.CounterVec
	lateness prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	m := &metrics{
		cycles: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_cycles_total",
			Help: "Cycles that have ended, by policy (delta, full, sync when it is not known) and verdict.",
		}, []string{"policy", "verdict"}),
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "adsyncbot_cycle_duration_seconds",
			Help:    "How long cycles ran by the server's own clock, from reading AD to the end; those alone whose end was seen.",
			Buckets: []float64{15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600},
		}, []string{"policy"}),
		fires: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_schedule_fires_total",
			Help: "Due fires of schedules, by what they post (status, delta) and result: fired, made_up (run late), missed (not run).",
		}, []string{"post", "result"}),
		lateness: f.NewHistogram(prometheus.HistogramOpts{
			Name:    "adsyncbot_schedule_lateness_seconds",
			Help:    "How long after its due time a fire was run.",
			Buckets: []float64{.1, .5, 1, 2, 5, 15, 45, 300, 3600, 24 * 3600},
		}),
	}
	// They begin at zero, so that the first bad one already is an increase that an alert sees.
	for _, p := range []executor.Policy{executor.Delta, executor.Initial} {
		for _, v := range []executor.Verdict{
			executor.Succeeded, executor.Warnings, executor.Errors, executor.Failed, executor.Cancelled, executor.Unknown, executor.NotStarted,
		} {
			m.cycles.WithLabelValues(p.Word(), string(v))
		}
	}
	for _, p := range []Post{PostStatus, PostDelta} {
		for _, result := range []string{fireRun, fireMadeUp, fireMissed} {
			m.fires.WithLabelValues(string(p), result)
		}
	}
	return m
}

// ended counts a cycle that has just ended.
func (m *metrics) ended(c executor.Cycle) {
	m.cycles.WithLabelValues(c.Policy.Word(), string(c.Result.Verdict)).Inc()
	if ran := c.EndedAt.Sub(c.ReadsFrom); c.Result.Source != executor.FromNothing && !c.ReadsFrom.IsZero() && ran >= 0 {
		m.duration.WithLabelValues(c.Policy.Word()).Observe(ran.Seconds())
	}
}

// fired counts the due fires of one schedule: the newest, that was run or not, and those that were skipped.
func (m *metrics) fired(post Post, late time.Duration, run bool, skipped int) {
	if run {
		result := fireRun
		if late > onTime {
			result = fireMadeUp
		}
		m.fires.WithLabelValues(string(post), result).Inc()
		m.lateness.Observe(late.Seconds())
	}
	if skipped > 0 {
		m.fires.WithLabelValues(string(post), fireMissed).Add(float64(skipped))
	}
}
