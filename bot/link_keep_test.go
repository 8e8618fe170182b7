package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/commands"
)

func TestNoCommandIsLostOverRefreshes(t *testing.T) {
	const refreshes, total, senders, inHand = 20, 500, 3, 4
	s := newSim(t, nil, slacksim.WithAckTimeout(time.Minute))
	id, err := s.client.Identify(t.Context(), Clock{})
	if err != nil {
		t.Fatal(err)
	}
	var h counting
	free := make(chan struct{}, inHand) // so few that the store keeps up on a busy machine
	handler := handlerFunc(func(ctx context.Context, in commands.Input) (commands.Answer, error) {
		defer func() { <-free }()
		return h.Handle(ctx, in)
	})
	poster := NewPoster(s.client, s.store, Clock{}, s.log.logger())
	b := New(s.client, handler, poster, s.store, Config{Identity: id}, s.log.logger())
	limiter := newImpatient()
	begin := limiter.now()
	b.links.clock = limiter.clock()
	stop := s.background(b.Run) // the answers stay in the outbox
	s.wait(bothReady)

	var sent atomic.Int64
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for n := sent.Add(1); n <= total; n = sent.Add(1) {
				free <- struct{}{}
				d, err := s.ws.Slash(t.Context(), slacksim.SlashCommand{UserID: ann, ChannelID: helpdesk, Command: "/adsync", Text: fmt.Sprint(n)})
				if err != nil || d.Error != "" || d.Sees != "" {
					t.Errorf("command %d on socket %d: %v %s %s", n, d.Socket, err, d.Error, d.Sees)
					<-free
				}
			}
		})
	}
	for n := range refreshes {
		s.until(func() bool { return sent.Load() >= int64(n*total/refreshes) })
		oldest := s.ws.Sockets()[0].ID
		s.ws.Disconnect([]string{slacksim.Warning, slacksim.RefreshRequested}[n%2], oldest)
		s.wait(bothReady)
	}
	sending.Wait()
	s.until(func() bool { return t.Failed() || len(h.asked()) >= total })
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	seen := map[string]int{}
	for _, in := range h.asked() {
		seen[in.Text]++
	}
	if len(h.asked()) != total || len(seen) != total {
		t.Errorf("%d commands were handled, %d of them different; want %d", len(h.asked()), len(seen), total)
	}
	acks := s.ws.Acks()
	if len(acks) != total || slices.ContainsFunc(acks, func(a slacksim.Ack) bool { return a.Late || a.Bug != "" }) {
		t.Errorf("%d acknowledgements, want %d in time and without a fault", len(acks), total)
	}
	if rows, err := s.store.Unhandled(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("%d left in the inbox, %v", len(rows), err)
	}
	opens := s.ws.Snapshot().Count("apps.connections.open")
	if most := openBurst + int(limiter.now().Sub(begin)/openEvery); opens != 2+refreshes || opens > most {
		t.Errorf("%d calls of apps.connections.open, want %d, and by the limiter's clock at most %d", opens, 2+refreshes, most)
	}
}

func TestADisconnectIsFollowedByOneNewConnection(t *testing.T) {
	for _, reason := range []string{slacksim.Warning, slacksim.RefreshRequested, slacksim.TooManyWebsockets} {
		t.Run(reason, func(t *testing.T) {
			s := newSim(t, nil)
			s.linked(takesAll{})
			s.ws.Disconnect(reason, 1)
			if d := s.slash("meanwhile"); d.Error != "" || d.Socket == 1 {
				t.Errorf("delivered to socket %d with error %q; want another one and none", d.Socket, d.Error)
			}
			s.wait(bothReady)
			if n := s.ws.Snapshot(); n.Opened != 3 || n.Count("apps.connections.open") != 3 {
				t.Errorf("%d sockets and %d calls of apps.connections.open, want 3", n.Opened, n.Count("apps.connections.open"))
			}
		})
	}
}

func TestAConnectionIsKeptUntilItsSuccessorIsReady(t *testing.T) {
	s := newSim(t, nil)
	s.linked(takesAll{})
	hold := make(chan struct{})
	s.ws.Fail("apps.connections.open", 1, slacksim.Fault{Hold: hold})
	s.ws.Disconnect(slacksim.Warning, 2)
	s.ws.Disconnect(slacksim.RefreshRequested, 1)
	s.slash("nobody is there") // and both links know by now that they are to go
	if n := len(s.ws.Sockets()); n != 2 {
		t.Errorf("%d sockets before the next one is ready, want both old ones", n)
	}
	close(hold)
	s.wait(bothReady)
	if n := s.ws.Snapshot().Opened; n != 4 {
		t.Errorf("%d sockets were opened, want 4", n)
	}
}

func TestAnAcknowledgementUnderWayIsWrittenAfterADisconnect(t *testing.T) {
	for _, reason := range []string{slacksim.Warning, slacksim.RefreshRequested} {
		t.Run(reason, func(t *testing.T) {
			s := newSim(t, nil)
			r := slowReceiver{begun: make(chan struct{}), finish: make(chan struct{})}
			s.linked(r)
			delivered := s.slashing()
			<-r.begun
			s.ws.Disconnect(reason)
			s.wait(func(n slacksim.Snapshot) bool { return n.Opened == 4 })
			close(r.finish)
			if d := <-delivered; d.Error != "" || d.Ack.Socket != d.Socket {
				t.Errorf("ann sees %q; acknowledged on socket %d, want %d", d.Error, d.Ack.Socket, d.Socket)
			}
			s.wait(bothReady)
		})
	}
}

func TestLinksComeBackAfterBothWereDropped(t *testing.T) {
	s := newSim(t, nil)
	l, _ := s.linked(takesAll{})
	s.ws.DropSockets()
	s.wait(func(n slacksim.Snapshot) bool { return n.Opened == 4 && bothReady(n) })
	s.until(func() bool { return l.now().Connected })
	if d := s.slash("again"); d.Error != "" {
		t.Errorf("ann sees %s", d.Error)
	}
}

func TestSocketModeSwitchedOffIsFinal(t *testing.T) {
	s := newSim(t, nil)
	_, stop := s.linked(takesAll{})
	s.ws.Disconnect(slacksim.LinkDisabled, 1)
	s.wait(func(n slacksim.Snapshot) bool { return len(n.Sockets) == 0 }) // the other one, too
	err := stop()
	if refused, ok := errors.AsType[*TokenError](err); !ok || refused.Code != "link_disabled" {
		t.Errorf("got %v, want a *TokenError", err)
	}
	if n := s.ws.Snapshot().Opened; n != 2 {
		t.Errorf("%d sockets were opened, want 2", n)
	}
}

func TestASilentConnectionIsReplaced(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault slacksim.LinkFault
		says  string
	}{
		{"no pings", slacksim.NoPings, "silent"},
		{"no greeting", slacksim.MuteLink, "silent"},
		{"no upgrade", slacksim.HangLink, "upgrade"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil, slacksim.WithPingInterval(50*time.Millisecond))
			s.client.http.Timeout = time.Second
			s.ws.FailLinks(1, tt.fault)
			l := newLinks(s.client, takesAll{}, Identity{App: "A0SIM"}, newImpatient().clock(), s.log.logger())
			l.silence = time.Second
			s.background(l.Run)
			s.until(func() bool { return s.log.contains(tt.says) })
			s.wait(bothReady)
			if d := s.slash("heard"); d.Error != "" {
				t.Errorf("ann sees %s", d.Error)
			}
		})
	}
}

func TestATokenRefusedWhileOneConnectionLivesEndsTheLinksWithIt(t *testing.T) {
	s := newSim(t, nil)
	l := newLinks(s.client, takesAll{}, Identity{App: "A0SIM"}, newImpatient().clock(), s.log.logger())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(t.Context()) }()
	s.wait(bothReady)
	s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Error: "token_revoked"})
	s.ws.DropSockets(1)
	s.until(func() bool { return s.log.contains("slack refuses the app token") })
	if d := s.slash("still here"); d.Error != "" || d.Socket != 2 {
		t.Errorf("delivered to socket %d with error %q; want 2 and none", d.Socket, d.Error)
	}
	if !l.now().Connected {
		t.Error("not connected, though one link is")
	}
	s.ws.DropSockets(2)
	err := <-ended
	if refused, ok := errors.AsType[*TokenError](err); !ok || refused.Code != "token_revoked" {
		t.Errorf("got %v, want a *TokenError", err)
	}
}

func TestAStrangerIsToldOnceAndExposed(t *testing.T) {
	s := newSim(t, nil)
	l, _ := s.linked(takesAll{})
	s.until(func() bool { return l.now().Connections == 2 })
	foreign := 0 // the stranger's socket
	renew := func() {
		t.Helper()
		before := s.ws.Snapshot()
		ours := slices.DeleteFunc(slices.Clone(before.Sockets), func(k slacksim.Socket) bool { return k.ID == foreign })
		s.ws.Disconnect(slacksim.RefreshRequested, ours[0].ID)
		s.wait(func(n slacksim.Snapshot) bool {
			return n.Opened > before.Opened && len(n.Sockets) == len(before.Sockets)
		})
		s.until(func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.ours) == linkCount && l.links[0].Ready && l.links[1].Ready
		})
	}
	expect := func(step string, strangers, warnings int) {
		t.Helper()
		if got := l.now().Strangers; got != strangers {
			t.Errorf("%s: %d strangers, want %d", step, got, strangers)
		}
		if got := strings.Count(s.log.text(), "others are connected"); got != warnings {
			t.Errorf("%s: %d warnings, want %d", step, got, warnings)
		}
	}
	renew()
	expect("alone", 0, 0)
	conn := s.stranger()
	foreign = s.ws.Snapshot().Opened
	renew()
	expect("with a stranger", 1, 1)
	renew()
	expect("with the same stranger", 1, 1)
	before := len(s.ws.Sockets())
	_ = conn.Close()
	s.wait(func(n slacksim.Snapshot) bool { return len(n.Sockets) < before })
	renew()
	expect("alone again", 0, 1)
}

// slowReceiver acknowledges one envelope, when it is told to.
type slowReceiver struct{ begun, finish chan struct{} }

func (r slowReceiver) accept(ctx context.Context, _ envelope, ack acknowledge) {
	close(r.begun)
	<-r.finish
	_ = ack(ctx, nil)
}

// slashing lets ann type a command, and returns at once.
func (s *sim) slashing() <-chan slacksim.Delivery {
	delivered := make(chan slacksim.Delivery, 1)
	go func() {
		d, err := s.ws.Slash(s.t.Context(), slacksim.SlashCommand{UserID: ann, ChannelID: helpdesk, Command: "/adsync"})
		if err != nil {
			d.Error = err.Error()
		}
		delivered <- d
	}()
	return delivered
}

func TestAStopFinishesTheAcknowledgementUnderWay(t *testing.T) {
	s := newSim(t, nil)
	r := slowReceiver{begun: make(chan struct{}), finish: make(chan struct{})}
	l := newLinks(s.client, r, Identity{App: "A0SIM"}, Clock{}.withDefaults(), s.log.logger())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	s.connected()
	delivered := s.slashing()
	<-r.begun
	cancel()
	close(r.finish)
	if d := <-delivered; d.Error != "" {
		t.Errorf("ann sees %s", d.Error)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	s.wait(func(n slacksim.Snapshot) bool { return len(n.Sockets) == 0 })
}

func TestAStopInTheMiddleOfAnOpeningEndsTheLinks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wrong func(*slacksim.Workspace)
	}{
		{"waiting for an address", func(ws *slacksim.Workspace) {
			ws.Fail("apps.connections.open", -1, slacksim.Fault{Hold: make(chan struct{})})
		}},
		{"waiting for the upgrade", func(ws *slacksim.Workspace) { ws.FailLinks(-1, slacksim.HangLink) }},
		{"waiting for hello", func(ws *slacksim.Workspace) { ws.FailLinks(-1, slacksim.MuteLink) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil)
			tt.wrong(s.ws)
			l := newLinks(s.client, takesAll{}, Identity{App: "A0SIM"}, Clock{}.withDefaults(), s.log.logger())
			stop := s.background(l.Run)
			s.until(func() bool { return len(l.opening) == 1 })
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPanicWhileAcceptingDoesNotEndTheLink(t *testing.T) {
	s := newSim(t, nil, slacksim.WithAckTimeout(100*time.Millisecond))
	l := newLinks(s.client, panics{}, Identity{App: "A0SIM"}, Clock{}.withDefaults(), s.log.logger())
	s.background(l.Run)
	s.connected()
	s.slash("one")
	s.slash("two")
	s.wait(func(n slacksim.Snapshot) bool { return len(n.Sockets) == 1 && n.Sockets[0].Delivered == 2 })
	if !s.log.contains("boom") {
		t.Error("the panic is not in the log")
	}
}

type panics struct{}

func (panics) accept(context.Context, envelope, acknowledge) { panic("boom") }

// counter is a receiver that counts and acknowledges.
type counter struct{ n atomic.Int32 }

func (c *counter) accept(ctx context.Context, _ envelope, ack acknowledge) {
	c.n.Add(1)
	_ = ack(ctx, nil)
}

func TestWhatLayInASocketWhileTheProgramWasStoppedIsNotServed(t *testing.T) {
	s := newSim(t, nil, slacksim.WithPingInterval(time.Hour))
	var taken counter
	l, _ := s.linked(&taken)
	s.until(func() bool { return l.now().Each[0].Ready && l.now().Each[1].Ready }) // it has read the greetings, too
	l.mu.Lock()
	for each := range l.ours { // as if nothing had been read for an hour, although Slack has sent
		each.mu.Lock()
		each.wall = each.wall.Add(-time.Hour)
		each.mu.Unlock()
	}
	l.mu.Unlock()
	old := s.slash("an hour old")
	if old.Error == "" || taken.n.Load() != 0 {
		t.Errorf("served %d times, ann sees the error %q; want 0 times and an error", taken.n.Load(), old.Error)
	}
	s.until(func() bool { return s.log.contains("silent") })
	s.wait(func(n slacksim.Snapshot) bool { return n.Opened == linkCount+1 && bothReady(n) })
	s.ws.DropSockets(3 - old.Socket) // the other one of the first two would do the same
	s.wait(func(n slacksim.Snapshot) bool { return n.Opened == linkCount+2 && bothReady(n) })
	if d := s.slash("fresh"); d.Error != "" || taken.n.Load() != 1 {
		t.Errorf("served %d times, ann sees %q; want once", taken.n.Load(), d.Error)
	}
}
