//go:build unix

package load

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// rare are methods that the program calls once in a while, often are those that a storm meets all the time.
func rare() []string {
	return []string{"auth.test", "bots.info", "apps.connections.open", "users.info", "usergroups.users.list"}
}

func often() []string {
	return []string{"conversations.info", "chat.postMessage", "chat.update", "chat.postEphemeral", slacksim.ResponseURL}
}

// badLuck draws one of the ways in which a call goes wrong: a refusal for a while, an error of Slack's own, a reset, or no
// answer for longer than the program waits; in a third of them what was asked for happens all the same.
func badLuck(r *rand.Rand, method string) slacksim.Fault {
	after := r.IntN(3) == 0
	switch n := r.IntN(10); {
	case n == 0: // rarely: it holds one of the few calls that are under way at once
		return slacksim.Fault{Delay: 11 * time.Second, AfterEffect: after}
	case n == 1 && method == slacksim.ResponseURL: // it is used up: what it should have said is said otherwise
		return slacksim.Fault{HTTPStatus: 404}
	case n < 4:
		return slacksim.Fault{HTTPStatus: 429, RetryAfter: time.Duration(1+r.IntN(3)) * time.Second}
	case n < 7:
		return slacksim.Fault{HTTPStatus: 503, AfterEffect: after}
	}
	return slacksim.Fault{Reset: true, AfterEffect: after}
}

// The program starts, takes commands for thirty servers, and follows their cycles while every method of Slack's goes wrong
// in every way, for a minute. Afterwards every message shows the newest state there is, and everybody has an answer.
func TestAMinuteOfStormOnEveryMethod(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes two minutes and -short is set")
	}
	const cycles = 30
	r := rand.New(rand.NewPCG(429, 503))
	s := open(t, cycles, func(s *stage) { // its very first calls fail
		for _, method := range slices.Concat(rare(), often()) {
			s.Slack.Fail(method, 1, badLuck(r, method))
		}
		// The draw may be a wait that opening a connection has the patience for.
		s.Slack.Fail("apps.connections.open", 1, slacksim.Fault{HTTPStatus: 503})
	})
	storm, over := context.WithTimeout(t.Context(), time.Minute)
	defer over()
	acknowledged := make([]int, cycles)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; storm.Err() == nil; n++ {
		for _, method := range often() {
			if r.IntN(20) == 0 {
				s.Slack.Fail(method, 1, badLuck(r, method))
			}
		}
		i := n / 2 % cycles
		switch {
		case n%2 == 0: // whoever was denied for want of an answer asks again
			acknowledged[i] += s.asksUnlessThereIsOne(i)
		case n > 300 && i < cycles/3: // some cycles end in the middle of it
			s.Servers[s.servers[i]].Model().Release()
		}
		select {
		case <-tick.C:
		case <-storm.Done():
		}
	}
	s.Slack.Heal()

	s.poll("everybody has a cycle", func() bool {
		missing := 0
		for i := range cycles {
			n := s.asksUnlessThereIsOne(i)
			acknowledged[i] += n
			missing += n
		}
		return missing == 0
	})
	s.poll("all cycles have ended", func() bool {
		for _, name := range s.servers { // again and again: some begin only now
			s.Servers[name].Model().Release()
		}
		return len(s.phases()) == 0
	})
	s.poll("nothing waits for Slack", func() bool {
		waiting, _, _, err := s.store.OutboxDepth(t.Context())
		s.check(err)
		return waiting == 0
	})
	told := map[executor.Verdict]int{}
	for i := range cycles {
		for _, verdict := range s.tellsTheTruth(i) {
			told[verdict]++
		}
		if n := len(s.Slack.Ephemerals(channel(i), e2e.Ann)); n < acknowledged[i] {
			t.Errorf("%d answers to %d commands about %s", n, acknowledged[i], s.servers[i])
		}
	}
	if _, _, dead, err := s.store.OutboxDepth(t.Context()); dead != 0 || err != nil {
		t.Errorf("%d messages were given up, %v", dead, err)
	}
	calls, failed := map[string]int{}, map[string]int{}
	for _, call := range s.Slack.Calls() {
		calls[call.Method]++
		if call.Error != "" {
			failed[call.Method]++
		}
	}
	for method := range calls {
		if failed[method] == 0 {
			t.Errorf("%s was called and never failed: that was no storm for it", method)
		}
	}
	t.Logf("cycles: %v; calls: %v; failed: %v", told, calls, failed)
}

// asksUnlessThereIsOne lets somebody ask for a delta on the i-th server unless a cycle runs or has run there. It returns
// how many commands were acknowledged: in a storm there may be no connection.
func (s *stage) asksUnlessThereIsOne(i int) int {
	s.tb.Helper()
	live, err := s.store.LiveCycles(s.tb.Context())
	s.check(err)
	past, err := s.store.History(s.tb.Context(), s.servers[i], 1)
	s.check(err)
	if slices.ContainsFunc(slices.Concat(live, past), func(c executor.Cycle) bool { return c.Server == s.servers[i] }) {
		return 0
	}
	d, err := s.Slack.Slash(s.tb.Context(), slacksim.SlashCommand{
		UserID: e2e.Ann, ChannelID: channel(i), Command: "/adsync", Text: "delta " + s.servers[i],
	})
	s.check(err)
	if d.Error != "" {
		return 0
	}
	return 1
}

// tellsTheTruth compares what stands in the channel of the i-th server with what has happened there.
func (s *stage) tellsTheTruth(i int) (verdicts []executor.Verdict) {
	s.tb.Helper()
	history, err := s.store.History(s.tb.Context(), s.servers[i], 10)
	s.check(err)
	starts := 0
	for _, c := range history {
		if c.Origin == executor.Observed { // the server's own, from before
			continue
		}
		verdicts = append(verdicts, c.Result.Verdict)
		words := "was not started"
		if c.Result.Verdict != executor.NotStarted {
			starts++
			words = "succeeded"
		}
		rows, err := s.store.Messages(s.tb.Context(), c.ID)
		s.check(err)
		for _, row := range rows {
			if row.Kind != store.CycleMessage {
				continue
			}
			all := s.Slack.Messages(row.Channel)
			at := slices.IndexFunc(all, func(m slacksim.Message) bool { return m.TS == row.TS })
			if at < 0 || !strings.Contains(all[at].Text, words) {
				s.tb.Errorf("%s on %s %s, but its message does not say so:\n%s", c.Ref(), c.Server, words, s.Slack.Transcript(row.Channel, ""))
			}
		}
	}
	if n := s.Servers[s.servers[i]].Model().Starts(); n != starts {
		s.tb.Errorf("%d starts on %s, but %d are told", n, s.servers[i], starts)
	}
	return verdicts
}
