package bot

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/executor"
)

// posting is a sim on a manual clock with a Poster that runs.
func posting(t *testing.T) (s *sim, p *Poster, stop func() error) {
	t.Helper()
	clock := newManual()
	s = newSim(t, clock, slacksim.WithClock(clock.now))
	p, stop = s.posters()
	return s, p, stop
}

func (s *sim) posters() (*Poster, func() error) {
	p := NewPoster(s.client, s.store, s.clock.clock(), s.log.logger())
	return p, s.background(p.Run)
}

func following(c *executor.Cycle) { c.Phase, c.Intent = executor.PhaseFollowing, c.AskedAt }

func connector(name string) func(*executor.Cycle) {
	return func(c *executor.Cycle) { c.Follow.Connector = name }
}

func ended(at time.Time) func(*executor.Cycle) {
	return func(c *executor.Cycle) {
		c.Phase, c.EndedAt = executor.PhaseEnded, at
		c.Result = executor.Result{Verdict: executor.Succeeded, Source: executor.FromEventLog}
	}
}

// shows says that the one message of the help desk shows something.
func shows(words string) func(slacksim.Snapshot) bool {
	return func(n slacksim.Snapshot) bool {
		m := n.Messages(helpdesk)
		return len(m) > 0 && strings.Contains(m[0].Text, words)
	}
}

func stamps(calls []slacksim.Call, method string) (at []time.Time) {
	for _, c := range calls {
		if c.Method == method {
			at = append(at, c.At)
		}
	}
	return at
}

func TestACycleHasOneMessageWhoseProgressIsEditedAtMostEveryThreeSecondsAndItsEndAtOnce(t *testing.T) {
	s, p, _ := posting(t)
	c := s.ask(helpdesk, "")
	if err := p.Ready(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	s.change(c.ID, following)
	for _, name := range []string{"one.example", "two.example", "three.example"} {
		s.change(c.ID, connector(name))
		p.Changed()
	}
	s.drive(shows("three.example"))
	for _, name := range []string{"four.example", "five.example"} {
		s.change(c.ID, connector(name))
		p.Changed()
	}
	s.change(c.ID, ended(s.now()))
	p.Changed()
	s.wait(shows("succeeded")) // while the clock stands

	m := s.ws.Messages(helpdesk)
	if len(m) != 1 {
		t.Fatalf("%d messages, want 1: %+v", len(m), m)
	}
	if m[0].Blocks == nil || m[0].Edited {
		t.Error("the edit lost its blocks")
	}
	if m[0].UnfurlLinks == nil || *m[0].UnfurlLinks || m[0].UnfurlMedia == nil || *m[0].UnfurlMedia {
		t.Error("links are unfurled")
	}
	posted := stamps(s.ws.Calls(), methodPost)[0]
	edits := stamps(s.ws.Calls(), methodUpdate)
	if len(edits) != 2 {
		t.Fatalf("%d edits, want 2: what came in between was to be left out", len(edits))
	}
	if gap := edits[0].Sub(posted); gap < editGap {
		t.Errorf("edited %s after the post, want at least %s", gap, editGap)
	}
	if gap := edits[1].Sub(edits[0]); gap >= editGap {
		t.Errorf("the end came %s after the edit before it, want it at once", gap)
	}
}

func TestAFailedSendingIsTriedAgainAndTheNewestStateWins(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  slacksim.Fault
		atMost int // living messages: an ambiguous post may appear twice
		later  time.Duration
	}{
		{"rate limited", slacksim.Fault{HTTPStatus: 429, RetryAfter: 7 * time.Second}, 1, 7 * time.Second},
		{"rate limited without a time", slacksim.Fault{HTTPStatus: 429}, 1, 5 * time.Second},
		{"rate limited by code", slacksim.Fault{Error: "rate_limited"}, 1, 5 * time.Second},
		{"server error", slacksim.Fault{HTTPStatus: 500}, 1, 0},
		{"internal error", slacksim.Fault{Error: "internal_error"}, 1, 0},
		{"connection reset", slacksim.Fault{Reset: true}, 1, 0},
		{"not JSON", slacksim.Fault{Body: "<html>"}, 1, 0},
		{"token refused for a while", slacksim.Fault{Error: "invalid_auth"}, 1, barredGap},
		{"reset after the effect", slacksim.Fault{Reset: true, AfterEffect: true}, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p, _ := posting(t)
			s.ws.Fail(methodPost, 1, tt.fault)
			c := s.ask(helpdesk, "")
			p.Changed()
			s.drive(func(n slacksim.Snapshot) bool { return n.Count(methodPost) == 2 })
			ready, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := p.Ready(ready, c.ID); err != nil {
				t.Fatal(err)
			}
			posts := stamps(s.ws.Calls(), methodPost)
			if gap := posts[1].Sub(posts[0]); gap < tt.later {
				t.Errorf("posted again after %s, want at least %s", gap, tt.later)
			}

			s.ws.Fail(methodUpdate, 2, tt.fault)
			s.change(c.ID, following)
			p.Changed()
			s.drive(func(n slacksim.Snapshot) bool { return n.Count(methodUpdate) >= 1 })
			s.change(c.ID, ended(s.now()))
			p.Changed()
			s.drive(func(n slacksim.Snapshot) bool {
				m := n.Messages(helpdesk)
				return n.Count(methodUpdate) >= 3 && strings.Contains(m[len(m)-1].Text, "succeeded")
			})
			m := s.ws.Messages(helpdesk)
			if len(m) > tt.atMost {
				t.Errorf("%d messages, want at most %d", len(m), tt.atMost)
			}
		})
	}
}

func TestWhatIsNotSentIsSentAfterARestart(t *testing.T) {
	s, p, stop := posting(t)
	c := s.ask(helpdesk, "")
	if err := p.Ready(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	s.ws.Fail(methodUpdate, -1, slacksim.Fault{HTTPStatus: 503})
	s.change(c.ID, ended(s.now()))
	p.Changed()
	s.drive(func(n slacksim.Snapshot) bool { return n.Count(methodUpdate) >= 2 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.ws.Heal()
	s.open()
	s.posters()
	s.drive(shows("succeeded"))
	if m := s.ws.Messages(helpdesk); len(m) != 1 {
		t.Errorf("%d messages, want 1", len(m))
	}
}

func TestADeletedMessageIsPostedAnewForItsEndOnly(t *testing.T) {
	s, p, _ := posting(t)
	c := s.ask(helpdesk, "")
	if err := p.Ready(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	s.ws.Fail(methodUpdate, -1, slacksim.Fault{Error: "message_not_found"})
	s.change(c.ID, following)
	p.Changed()
	s.drive(func(n slacksim.Snapshot) bool { return n.Count(methodUpdate) == 1 })
	s.change(c.ID, ended(s.now()))
	p.Changed()
	s.drive(func(n slacksim.Snapshot) bool { return len(n.Messages(helpdesk)) == 2 })
	if n := s.ws.Snapshot().Count(methodUpdate); n != 2 {
		t.Errorf("%d edits were tried, want 2", n)
	}
	if m := s.ws.Messages(helpdesk)[1]; !strings.Contains(m.Text, "succeeded") {
		t.Errorf("posted anew: %q", m.Text)
	}
}

func TestAServersWordsAboutTheEndStandInTheThread(t *testing.T) {
	s, p, _ := posting(t)
	c := s.ask(helpdesk, "")
	if err := p.Ready(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	s.change(c.ID, func(c *executor.Cycle) {
		c.Phase, c.EndedAt = executor.PhaseEnded, s.now()
		c.Result = executor.Result{Verdict: executor.NotStarted, Code: executor.CodeOther, Detail: "the moon <!channel> is full"}
	})
	p.Changed()
	s.drive(func(n slacksim.Snapshot) bool { return len(n.Messages(helpdesk)) == 2 })
	m := s.ws.Messages(helpdesk)
	if m[1].ThreadTS != m[0].TS || !strings.Contains(string(m[1].Blocks), "the moon") {
		t.Errorf("reply %+v", m[1])
	}
	if strings.Contains(string(m[0].Blocks), "moon") {
		t.Error("the channel reads the server's words")
	}
}

func TestAnAnswerFallsBackFromItsResponseURL(t *testing.T) {
	s, p, _ := posting(t)
	s.ws.Fail(methodReply, -1, slacksim.Fault{HTTPStatus: 404})
	m, err := ephemeral(uuid.Must(uuid.NewV7()), storedCommand{
		Team: "T0SIM", Channel: helpdesk, User: ann, ReplyTo: strings.TrimSuffix(s.ws.URL(), "api/") + "commands/gone",
	}, wasDown(received{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.AddMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	p.Changed()
	s.drive(ephemerals(1))
	if n := s.ws.Snapshot().Count(methodEphemeral); n != 1 {
		t.Errorf("%d times %s, want 1", n, methodEphemeral)
	}
}

func TestAnAnswerThatCannotBeSentIsGivenUpAfterHalfAnHour(t *testing.T) {
	s, p, _ := posting(t)
	s.ws.Fail(methodEphemeral, -1, slacksim.Fault{HTTPStatus: 503})
	m, err := ephemeral(uuid.Must(uuid.NewV7()), storedCommand{Team: "T0SIM", Channel: helpdesk, User: ann}, wasDown(received{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.AddMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	p.Changed()
	s.driveBy(20*time.Second, func(slacksim.Snapshot) bool {
		_, _, dead, err := s.store.OutboxDepth(t.Context())
		return err == nil && dead == 1
	})
	if age := s.now().Sub(newManual().at); age < 25*time.Minute || age > 35*time.Minute {
		t.Errorf("given up after %s, want about 30 minutes", age)
	}
}

func TestALayoutThatSlackRefusesGoesOutAsText(t *testing.T) {
	s, p, _ := posting(t)
	s.ws.Fail(methodPost, 1, slacksim.Fault{Error: "invalid_blocks"})
	c := s.ask(helpdesk, "")
	if err := p.Ready(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	m := s.ws.Messages(helpdesk)
	if len(m) != 1 || m[0].Text == "" || !s.log.contains("invalid_blocks") {
		t.Errorf("messages %+v", m)
	}
}

func TestAReportIsPostedOnce(t *testing.T) {
	s, p, _ := posting(t)
	r := executor.Report{
		ID: uuid.Must(uuid.NewV7()), Schedule: "morning", Audience: executor.Audience{Team: "T0SIM", Channel: helpdesk}, Due: s.now(),
		Servers: []executor.ServerReport{{Server: "aadc01", Err: errors.New("no route to host")}},
	}
	for range 2 {
		if err := p.Announce(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	s.drive(func(slacksim.Snapshot) bool {
		pending, _, _, err := s.store.OutboxDepth(t.Context())
		return err == nil && pending == 0
	})
	if m := s.ws.Messages(helpdesk); len(m) != 1 || !strings.Contains(m[0].Text, "morning") {
		t.Errorf("messages %+v", m)
	}
	if !s.log.contains(executor.Reference("A", r.ID)) {
		t.Error("the cause does not stand in the log under the reference")
	}
}

func TestAPosterThatIsStoppedAtOnceEndsWell(t *testing.T) {
	s := newSim(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := NewPoster(s.client, s.store, Clock{}, s.log.logger()).Run(ctx); err != nil {
		t.Errorf("got %v, want none", err)
	}
}
