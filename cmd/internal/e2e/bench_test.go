package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// lanes is how many channels, each with a server of its own, the commands are spread over: Slack takes one post a second
// in a channel, and a server runs one cycle at a time. Neither wait is what is measured.
const lanes = 24

func lane(i int) (channel, server string) {
	return fmt.Sprintf("C0LANE%02d", i%lanes), fmt.Sprintf("lane%02d", i%lanes)
}

// BenchmarkAcknowledge measures from the slash command that leaves Slack to the acknowledgement that arrives there.
func BenchmarkAcknowledge(b *testing.B) {
	for _, db := range databases() {
		b.Run(db.name, func(b *testing.B) {
			w := serve(b, db.create(b))
			var took []time.Duration
			for b.Loop() {
				took = append(took, slash(b, w, e2e.Helpdesk, "help"))
				b.StopTimer()
				answered(b, w, len(took))
				b.StartTimer()
			}
			percentiles(b, took)
		})
	}
}

// BenchmarkCreate measures from the slash command that leaves Slack to the WinRM Create that arrives at the server: it
// is stored, acknowledged, judged, stored as a request with its job, posted in the channel, and picked up in between.
func BenchmarkCreate(b *testing.B) {
	for _, db := range databases() {
		b.Run(db.name, func(b *testing.B) {
			w := serve(b, db.create(b))
			var took []time.Duration
			for b.Loop() {
				channel, server := lane(len(took))
				s := w.Servers[server]
				before, cycles := s.Wire.Stats().Requests[winsim.OpCreate], s.Model().State().Cycles
				began := time.Now()
				slash(b, w, channel, "delta "+server)
				check(b, s.Wire.Wait(b.Context(), func(now winsim.Stats) bool { return now.Requests[winsim.OpCreate] > before }))
				took = append(took, time.Since(began))
				b.StopTimer()
				check(b, s.Model().Wait(b.Context(), func(now adsync.State) bool { return now.Cycles > cycles }))
				check(b, s.Wire.Wait(b.Context(), func(now winsim.Stats) bool { return now.Shells == 0 }))
				b.StartTimer()
			}
			percentiles(b, took)
		})
	}
}

type database struct {
	name   string
	create func(testing.TB) string // returns what stands in the configuration
}

func databases() []database {
	return []database{
		{"sqlite", func(testing.TB) string { return "sqlite:adsyncbot.db" }},
		{"postgres", storetest.Postgres},
	}
}

// serve starts the world and the bot in it.
func serve(b *testing.B, store string) *e2e.World {
	b.Helper()
	var servers []string
	var grants strings.Builder
	for i := range lanes {
		channel, server := lane(i)
		servers = append(servers, server)
		fmt.Fprintf(&grants, "  - {channel: %s, commands: [delta], servers: [%s]}\n", channel, server)
	}
	w, err := e2e.New(b.Context(), e2e.Options{
		Dir: b.TempDir(), Servers: append(servers, "aadc01"),
		// What comes after the Create is not measured, but waited for.
		Settings: func(s *adsync.Settings) { s.Speed = 20 },
	})
	check(b, err)
	b.Cleanup(func() { check(b, w.Close()) })
	for i := range lanes {
		channel, server := lane(i)
		w.Slack.SetChannel(slacksim.Channel{ID: channel, Name: server, Members: []string{e2e.Ann, slacksim.BotUser}})
	}
	for name, value := range e2e.Secrets() {
		b.Setenv(name, value)
	}
	path, err := w.WriteConfig(store, grants.String())
	check(b, err)
	cfg, err := app.LoadConfig(path)
	check(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(ctx, cfg, app.Options{}, slog.New(slog.DiscardHandler)) }()
	b.Cleanup(func() {
		cancel()
		check(b, <-ended)
	})
	check(b, w.Slack.Wait(b.Context(), func(now slacksim.Snapshot) bool { return len(now.Sockets) > 0 && now.Sockets[0].Ready }))
	slash(b, w, e2e.Helpdesk, "help") // reads about people and channels once, as any bot that has run for a minute has
	answered(b, w, 0)
	return w
}

// slash types a command and returns how long its acknowledgement took.
func slash(b *testing.B, w *e2e.World, channel, text string) time.Duration {
	b.Helper()
	began := time.Now()
	d, err := w.Slack.Slash(b.Context(), slacksim.SlashCommand{UserID: e2e.Ann, ChannelID: channel, Command: "/adsync", Text: text})
	took := time.Since(began)
	check(b, err)
	if d.Error != "" {
		b.Fatalf("/adsync %s: %s", text, d.Error)
	}
	return took
}

// answered waits for the answer to the first command and to n further ones.
func answered(b *testing.B, w *e2e.World, n int) {
	b.Helper()
	check(b, w.Slack.Wait(b.Context(), func(now slacksim.Snapshot) bool { return len(now.Ephemerals) > n }))
}

// percentiles reports the median and the 99th percentile, which a mean hides.
func percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	at := func(p int) float64 { return float64(took[(len(took)-1)*p/100].Microseconds()) / 1000 }
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(99), "p99-ms")
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
