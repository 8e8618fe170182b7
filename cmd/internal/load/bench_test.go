//go:build linux

package load

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

const (
	// window is how long the program is measured.
	window = time.Minute
	// asking is how many cycles a second are asked for: a thousand at once could not all be started in the two minutes
	// that a request may wait.
	asking = 10
	// typing is how many commands a second people type, and for how long.
	typing    = 100
	typingFor = 20 * time.Second
)

// BenchmarkFollow measures the program's own process while cycles run on so many servers: they are watched closely at
// first, then in turn.
func BenchmarkFollow(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				follow(b, n)
			}
		})
	}
}

func follow(b *testing.B, n int) {
	s := open(b, n)
	pace := time.NewTicker(time.Second / asking)
	defer pace.Stop()
	var asked sync.WaitGroup
	for i := range n {
		<-pace.C
		asked.Go(func() { s.delta(i) })
	}
	asked.Wait()
	s.running(n)
	before, err := used(s.bot.PID())
	s.check(err)
	opened := s.opened()
	<-time.After(window)
	after, err := used(s.bot.PID())
	s.check(err)
	looked := s.opened() - opened
	b.ReportMetric(100*(after.cpu-before.cpu).Seconds()/window.Seconds(), "cpu-%")
	b.ReportMetric(float64(after.rss)/1024, "rss-MiB")
	b.ReportMetric(float64(after.top)/1024, "peak-MiB")
	b.ReportMetric(float64(looked)/window.Seconds(), "looks/s")
	b.ReportMetric(float64(s.connections()), "connections")
	b.ReportMetric(float64(s.starts.peak()), "starts-at-once")
	b.ReportMetric(0, "ns/op")
	s.ended(n)
}

// opened is how many shells were opened on all servers so far; connections, how many connections stand.
func (s *stage) opened() (n int) {
	for _, srv := range s.Servers {
		n += srv.Wire.Stats().ShellsEver
	}
	return n
}

func (s *stage) connections() (n int) {
	for _, srv := range s.Servers {
		n += srv.Wire.Stats().OpenConnections
	}
	return n
}

// BenchmarkAcknowledge measures the acknowledgements of a hundred commands a second while fifty cycles run, and those of
// slack-go's own Socket Mode client that does nothing else, on a workspace of its own, in the same run.
func BenchmarkAcknowledge(b *testing.B) {
	const cycles = 50
	s := open(b, cycles)
	for i := range cycles {
		s.delta(i)
	}
	s.running(cycles)
	other := echo(b)
	b.Run("adsyncbot", func(b *testing.B) {
		for b.Loop() {
			rush(b, s.delta)
		}
	})
	b.Run("bare-echo", func(b *testing.B) {
		for b.Loop() {
			rush(b, func(int) time.Duration {
				began := time.Now()
				d, err := other.Slash(b.Context(), slacksim.SlashCommand{UserID: e2e.Ann, ChannelID: e2e.Helpdesk, Command: "/adsync", Text: "delta"})
				if err != nil || d.Error != "" {
					b.Errorf("%v, %s", err, d.Error)
				}
				return time.Since(began)
			})
		}
	})
	s.ended(cycles)
}

// rush types commands at their rate and reports how long the acknowledgements took.
func rush(b *testing.B, slash func(i int) time.Duration) {
	var mu sync.Mutex
	var took []time.Duration
	pace := time.NewTicker(time.Second / typing)
	defer pace.Stop()
	var typed sync.WaitGroup
	for i := range int(typingFor.Seconds() * typing) {
		<-pace.C
		typed.Go(func() {
			d := slash(i)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, d)
		})
	}
	typed.Wait()
	slices.Sort(took)
	at := func(p int) float64 { return float64(took[(len(took)-1)*p/100].Microseconds()) / 1000 }
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// echo runs slack-go's client, which acknowledges each command at once, in a workspace of its own.
func echo(b *testing.B) *slacksim.Workspace {
	b.Helper()
	ws := slacksim.New(
		slacksim.WithUsers(slacksim.User{ID: e2e.Ann, Name: "ann"}),
		slacksim.WithChannels(slacksim.Channel{ID: e2e.Helpdesk, Name: "helpdesk", Members: []string{e2e.Ann, slacksim.BotUser}}),
	)
	if err := ws.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{}
	client := socketmode.New(slack.New(ws.App().BotToken, slack.OptionAppLevelToken(ws.App().AppToken), slack.OptionAPIURL(ws.URL()),
		slack.OptionHTTPClient(&http.Client{Transport: transport})), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = client.RunContext(ctx) })
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-client.Events:
				if e.Type == socketmode.EventTypeSlashCommand {
					if err := client.Ack(*e.Request); err != nil {
						b.Errorf("acknowledge: %v", err)
					}
				}
			}
		}
	})
	b.Cleanup(func() {
		cancel()
		running.Wait()
		transport.CloseIdleConnections()
		ws.Close()
	})
	ready := func(now slacksim.Snapshot) bool { return len(now.Sockets) > 0 && now.Sockets[0].Ready }
	if err := ws.Wait(b.Context(), ready); err != nil {
		b.Fatal(err)
	}
	return ws
}
