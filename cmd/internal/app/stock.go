package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/adsyncbot/adsyncbot/executor"
)

// stock is what waits in the store. store.Store is its production implementation.
type stock interface {
	OutboxDepth(ctx context.Context) (pending int, oldest time.Time, dead int, err error)
	LivePhases(ctx context.Context) (map[executor.Phase]int, error)
}

// stockLimit bounds how long a scrape waits for the store.
const stockLimit = 2 * time.Second

// stockCollector reads what waits in the store at every scrape.
type stockCollector struct {
	stock stock
	now   func() time.Time

	up, pending, age, dead, live *prometheus.Desc
}

func newStockCollector(s stock, now func() time.Time) *stockCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &stockCollector{
		stock: s, now: now,
		up:      desc("adsyncbot_store_up", "1 when the store answered this scrape, else 0; then the outbox and live cycles are missing."),
		pending: desc("adsyncbot_outbox_messages", "Messages that wait to be sent or edited."),
		age:     desc("adsyncbot_outbox_oldest_age_seconds", "How long the oldest of them has waited; 0 when there is none."),
		dead:    desc("adsyncbot_outbox_dead_messages", "Messages that were given up."),
		live:    desc("adsyncbot_cycles_live", "Cycles that have not ended, by phase: queued, starting, following.", "phase"),
	}
}

// Describe implements prometheus.Collector.
func (c *stockCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.pending, c.age, c.dead, c.live} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stockCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stockLimit)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	pending, oldest, dead, err := c.stock.OutboxDepth(ctx)
	if err != nil {
		gauge(c.up, 0)
		return
	}
	live, err := c.stock.LivePhases(ctx)
	if err != nil {
		gauge(c.up, 0)
		return
	}
	age := 0.0
	if pending > 0 {
		age = max(0, c.now().Sub(oldest).Seconds())
	}
	gauge(c.up, 1)
	gauge(c.pending, float64(pending))
	gauge(c.age, age)
	gauge(c.dead, float64(dead))
	for _, phase := range []executor.Phase{executor.PhaseQueued, executor.PhaseStarting, executor.PhaseFollowing} {
		gauge(c.live, float64(live[phase]), string(phase))
	}
}
