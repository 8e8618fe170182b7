//go:build unix

package load

import (
	"sync"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

// More cycles are asked for than may start at once; while they run, more commands come in than a channel sees in a month.
func TestManyCyclesAndCommandsAtOnce(t *testing.T) {
	const cycles, commands = 80, 200
	s := open(t, cycles)
	var asking sync.WaitGroup
	for i := range cycles {
		asking.Go(func() { s.delta(i) })
	}
	asking.Wait()
	s.running(cycles)
	if most := s.starts.peak(); most > 64 {
		t.Errorf("%d starts at once, want at most 64", most)
	}
	for i := range commands { // each joins the cycle that runs
		s.delta(i)
	}
	s.wait("everybody has an answer", func(now slacksim.Snapshot) bool { return len(now.Ephemerals) >= cycles+commands })
	if n := len(s.Slack.Acks()); n != cycles+commands {
		t.Errorf("%d acknowledgements, want %d", n, cycles+commands)
	}
	answers := 0
	for i := range cycles {
		answers += len(s.Slack.Ephemerals(channel(i), e2e.Ann))
	}
	if answers != cycles+commands {
		t.Errorf("%d answers, want %d", answers, cycles+commands)
	}
	s.ended(cycles)
}
