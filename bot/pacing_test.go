package bot

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// mostEdits returns the largest number of edits that came in within any minute.
func mostEdits(calls []slacksim.Call) (most int) {
	at := stamps(calls, methodUpdate)
	for first := range at {
		n := 0
		for _, t := range at[first:] {
			if t.Sub(at[first]) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// cycles asks for one cycle on each of so many servers, told in the channels in turn, and waits until all are posted.
func (s *sim) cycles(p *Poster, n int, channels ...string) []executor.Cycle {
	s.t.Helper()
	var all []executor.Cycle
	for i := range n {
		all = append(all, s.askOn(fmt.Sprintf("aadc%02d", i+1), channels[i%len(channels)], ""))
	}
	p.Changed()
	return all
}

// shown reports whether a cycle's message is the living one and says so. It may run only while nothing is sent.
func (s *sim) shown(c executor.Cycle, words string) bool {
	s.t.Helper()
	rows, err := s.store.Messages(s.t.Context(), c.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, row := range rows {
		if row.Kind != store.CycleMessage || row.State != store.MessageSent {
			continue
		}
		for _, m := range s.ws.Messages(row.Channel) {
			if m.TS == row.TS {
				return strings.Contains(m.Text, words)
			}
		}
	}
	return false
}

// reads is a change of a cycle that people can see.
func reads(n int) func(*executor.Cycle) {
	return func(c *executor.Cycle) {
		c.Phase, c.Intent, c.Follow.Connector = executor.PhaseFollowing, c.AskedAt, fmt.Sprintf("tick-%d.example", n)
	}
}

// later says that some time has passed.
func (s *sim) later(d time.Duration) func(slacksim.Snapshot) bool {
	at := s.now().Add(d)
	return func(slacksim.Snapshot) bool { return !s.now().Before(at) }
}

// endsSent counts the edits that showed an end.
func (s *sim) endsSent() (n int) {
	for _, call := range s.ws.Calls() {
		if call.Method == methodUpdate && strings.Contains(call.Args["text"], "succeeded") {
			n++
		}
	}
	return n
}

// settled says that nothing waits in the outbox.
func (s *sim) settled(slacksim.Snapshot) bool {
	pending, _, _, err := s.store.OutboxDepth(s.t.Context())
	return err == nil && pending == 0
}

// badLuck draws one of the ways in which a call goes wrong.
func badLuck(r *rand.Rand) slacksim.Fault {
	after := r.IntN(3) == 0
	switch r.IntN(4) {
	case 0:
		return slacksim.Fault{HTTPStatus: 429, RetryAfter: time.Duration(1+r.IntN(5)) * time.Second}
	case 1:
		return slacksim.Fault{HTTPStatus: 503, AfterEffect: after}
	case 2:
		return slacksim.Fault{Reset: true, AfterEffect: after}
	}
	return slacksim.Fault{Delay: time.Minute, AfterEffect: after} // longer than the client waits
}

func TestAMinuteOfStormLosesNoEnd(t *testing.T) {
	const cycles = 30
	channels := []string{"C0ONE", "C0TWO", "C0THREE"}
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, seed))
			clock := newManual()
			var rooms []slacksim.Channel
			for _, id := range channels {
				rooms = append(rooms, slacksim.Channel{ID: id, Name: strings.ToLower(id), Members: []string{ann, slacksim.BotUser}})
			}
			s := newSim(t, clock, slacksim.WithClock(clock.now), slacksim.WithRateLimits(), slacksim.WithChannels(rooms...))
			s.client.http.Timeout = 50 * time.Millisecond
			p, _ := s.posters()
			all := s.cycles(p, cycles, channels...)
			answers := 0
			answer := func(replyTo string) {
				m, err := ephemeral(uuid.Must(uuid.NewV7()), storedCommand{Team: "T0SIM", Channel: channels[0], User: ann, ReplyTo: replyTo}, wasDown(received{}))
				if err == nil {
					err = s.store.AddMessage(t.Context(), m)
				}
				if err != nil {
					t.Fatal(err)
				}
				answers++
			}

			storm := s.now().Add(time.Minute)
			live := slices.Clone(all)
			for tick := 0; s.now().Before(storm); tick++ {
				for _, method := range []string{"*", methodReply} {
					s.ws.Fail(method, 1+r.IntN(2), badLuck(r))
				}
				s.change(live[r.IntN(len(live))].ID, reads(tick))
				if n := r.IntN(len(live)); tick%6 == 0 && len(live) > cycles/3 {
					s.change(live[n].ID, ended(s.now()))
					live = slices.Delete(live, n, n+1)
					answer("")
					answer(s.slash("nobody is connected, but there is a response_url").ResponseURL)
				}
				p.Changed()
				s.drive(s.later(500 * time.Millisecond))
			}
			for _, c := range live {
				s.change(c.ID, ended(s.now()))
			}
			s.ws.Heal()
			p.Changed()
			s.drive(s.settled)

			for _, c := range all {
				if !s.shown(c, "succeeded") {
					t.Errorf("the message of cycle %s does not show its end", c.Ref())
				}
			}
			if n := len(s.ws.Ephemerals(channels[0], ann)) + len(s.ws.Ephemerals(helpdesk, ann)); n < answers {
				t.Errorf("ann reads %d answers, want all %d", n, answers)
			}
			if _, _, dead, err := s.store.OutboxDepth(t.Context()); dead != 0 || err != nil {
				t.Errorf("%d messages were given up, %v", dead, err)
			}
			failed := 0
			for _, call := range s.ws.Calls() {
				if call.Error != "" {
					failed++
				}
			}
			if failed < cycles {
				t.Errorf("%d calls failed: that was no storm", failed)
			}
			if n := mostEdits(s.ws.Calls()); n > 50 {
				t.Errorf("%d edits within a minute, want at most 50", n)
			}
		})
	}
}

func TestProgressLeavesRoomForTheEnds(t *testing.T) {
	const cycles, ends, news = 30, 12, 4
	clock := newManual()
	s := newSim(t, clock, slacksim.WithClock(clock.now), slacksim.WithRateLimits())
	p, _ := s.posters()
	all := s.cycles(p, cycles, helpdesk)
	s.drive(s.settled)
	var endsFrom, last time.Time
	for tick := range 140 { // more than a minute with more news than there is room for
		for i := range news {
			if n := (tick*news + i) % cycles; endsFrom.IsZero() || n >= ends {
				s.change(all[n].ID, reads(tick))
			}
		}
		if tick == 80 {
			endsFrom = s.now()
			for _, c := range all[:ends] {
				s.change(c.ID, ended(endsFrom))
			}
			p.Changed()
			s.until(func() bool { return s.endsSent() >= editReserve }) // while the clock stands
		}
		p.Changed()
		s.drive(s.later(500 * time.Millisecond))
	}
	ended, before := 0, 0
	for _, call := range s.ws.Calls() {
		switch {
		case call.Method != methodUpdate || endsFrom.IsZero() || call.At.Before(endsFrom):
		case strings.Contains(call.Args["text"], "succeeded"):
			ended++
			last = call.At
		case ended < ends:
			before++
		}
		if call.Method == methodUpdate && call.Error != "" {
			t.Fatalf("%s was answered %q: Slack had to slow us down", call.Method, call.Error)
		}
	}
	if ended != ends || before > inFlight {
		t.Errorf("%d ends by %s, and %d edits of progress before the last of them; want %d, and none but what was under way", ended, last, before, ends)
	}
	if n := mostEdits(s.ws.Calls()); n > 50 {
		t.Errorf("%d edits within a minute, want at most 50", n)
	}
}

func TestAnOperatorIsToldOnceForAChannelAndACause(t *testing.T) {
	s, p, _ := posting(t)
	post := func(n int) {
		t.Helper()
		for range n {
			m := store.Message{ID: uuid.Must(uuid.NewV7()), Kind: store.Post, Team: "T0SIM", Channel: helpdesk, Body: []byte(`{}`)}
			if err := s.store.AddMessage(context.WithoutCancel(t.Context()), m); err != nil {
				t.Fatal(err)
			}
		}
		p.Changed()
		s.drive(s.settled)
	}
	expect := func(step string, told, dead int) {
		t.Helper()
		if got := strings.Count(s.log.text(), "slack does not take messages"); got != told {
			t.Errorf("%s: told %d times, want %d", step, got, told)
		}
		if _, _, got, err := s.store.OutboxDepth(t.Context()); got != dead || err != nil {
			t.Errorf("%s: %d given up, %v; want %d", step, got, err, dead)
		}
	}
	s.ws.Fail(methodPost, 5, slacksim.Fault{Error: "is_archived"})
	post(5)
	expect("archived", 1, 5)
	s.ws.Fail(methodPost, 2, slacksim.Fault{Error: "not_in_channel"})
	post(2)
	expect("another cause", 2, 7)
	post(1)
	expect("well again", 2, 7)
	s.ws.Fail(methodPost, 2, slacksim.Fault{Error: "is_archived"})
	post(2)
	expect("archived again", 3, 9)
	s.ws.Fail(methodPost, 3, slacksim.Fault{Error: "token_revoked"})
	post(2)
	if got := strings.Count(s.log.text(), "slack refuses the bot token"); got != 1 {
		t.Errorf("told %d times of the token, want once", got)
	}
	expect("a token that was refused for a while", 3, 9)
}
