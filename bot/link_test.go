package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// takesAll is a receiver that only acknowledges.
type takesAll struct{}

func (takesAll) accept(ctx context.Context, _ envelope, ack acknowledge) { _ = ack(ctx, nil) }

// impatient is a clock on which no wait takes time: each moves it forward and is kept. Waits that would pass its end never
// end, and the first of them calls stop.
type impatient struct {
	mu    sync.Mutex
	at    time.Time
	end   time.Time // none when zero
	stop  context.CancelFunc
	waits []time.Duration
}

func newImpatient() *impatient { return &impatient{at: time.Unix(1_800_000_000, 0)} }

func (i *impatient) clock() Clock { return Clock{Now: i.now, After: i.after} }

func (i *impatient) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.at
}

func (i *impatient) after(d time.Duration) <-chan time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := make(chan time.Time, 1)
	i.waits = append(i.waits, d)
	if !i.end.IsZero() && i.at.Add(d).After(i.end) {
		i.stop()
		return c
	}
	i.at = i.at.Add(d)
	c <- i.at
	return c
}

// storm runs links for a time on a clock on which no wait takes any.
func (s *sim) storm(i *impatient, d time.Duration) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	i.end, i.stop = i.now().Add(d), cancel
	return newLinks(s.client, takesAll{}, Identity{App: "A0SIM"}, i.clock(), s.log.logger()).Run(ctx)
}

// linked runs links on a clock on which no wait takes time, until both are ready.
func (s *sim) linked(r receiver) (l *links, stop func() error) {
	s.t.Helper()
	l = newLinks(s.client, r, Identity{App: "A0SIM"}, newImpatient().clock(), s.log.logger())
	stop = s.background(l.Run)
	s.wait(bothReady)
	return l, stop
}

// bothReady says that two sockets are open, and Slack delivers on both.
func bothReady(n slacksim.Snapshot) bool {
	for _, s := range n.Sockets {
		if !s.Ready || s.Disconnected != "" {
			return false
		}
	}
	return len(n.Sockets) == linkCount
}

// stranger opens a socket with our token that is not one of the links', and returns when it was greeted: from then on
// the workspace counts it.
func (s *sim) stranger() *websocket.Conn {
	s.t.Helper()
	address, err := s.client.open(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := s.client.dial(s.t.Context(), address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if _, _, err := conn.ReadMessage(); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// until waits for something that the workspace does not see.
func (s *sim) until(ready func() bool) {
	s.t.Helper()
	for range 30_000 {
		ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Millisecond)
		err := s.ws.Wait(ctx, func(slacksim.Snapshot) bool { return ready() })
		cancel()
		if err == nil {
			return
		}
	}
	s.t.Fatalf("it did not happen; log:\n%s", s.log.text())
}

func seconds(n ...int) []time.Duration {
	var all []time.Duration
	for _, s := range n {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}

func TestAReconnectStormOpensOneConnectionAMinute(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wrong func(*sim)
	}{
		{"closed behind hello", func(s *sim) { s.ws.FailLinks(-1, slacksim.DropAfterHello) }},
		{"upgrade refused", func(s *sim) { s.ws.FailLinks(-1, slacksim.RefuseLink) }},
		{"server error", func(s *sim) { s.ws.Fail("apps.connections.open", -1, slacksim.Fault{HTTPStatus: 503}) }},
		{"internal error", func(s *sim) { s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Error: "internal_error"}) }},
		{"not JSON", func(s *sim) { s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Body: "<html>"}) }},
		{"connection reset", func(s *sim) { s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Reset: true}) }},
		{"too many sockets", func(s *sim) {
			for range 10 {
				s.stranger()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil)
			tt.wrong(s)
			before := s.ws.Snapshot().Count("apps.connections.open")
			const minutes = 12
			if err := s.storm(newImpatient(), minutes*time.Minute); err != nil {
				t.Fatal(err)
			}
			n := s.ws.Snapshot().Count("apps.connections.open") - before
			if n > openBurst+minutes || n < minutes/2 {
				t.Errorf("%d calls of apps.connections.open in %d minutes, want about one a minute", n, minutes)
			}
		})
	}
}

func TestAnOpeningThatDoesNotReachSlackCostsNothing(t *testing.T) {
	s := newSim(t, nil)
	s.ws.Close()
	const minutes = 12
	i := newImpatient()
	if err := s.storm(i, minutes*time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(s.log.text(), "slack connection ended"); n <= openBurst+minutes {
		t.Errorf("%d attempts in %d minutes, want more than Slack would take: nothing listens there", n, minutes)
	}
	if longest := slices.Max(i.waits); longest > paceCap {
		t.Errorf("waited %s for an attempt, want at most %s", longest, paceCap)
	}
}

func TestLinksStayAwayAsLongAsSlackAsks(t *testing.T) {
	i := newImpatient()
	s := newSim(t, nil, slacksim.WithClock(i.now))
	const asked = 25 * time.Minute
	s.ws.Fail("apps.connections.open", 1, slacksim.Fault{HTTPStatus: 429, RetryAfter: asked})
	s.ws.FailLinks(-1, slacksim.DropAfterHello)
	if err := s.storm(i, 30*time.Minute); err != nil {
		t.Fatal(err)
	}
	at := stamps(s.ws.Calls(), "apps.connections.open")
	if len(at) < 2 || at[1].Sub(at[0]) < asked {
		t.Errorf("opened at %v, want nothing for %s", at, asked)
	}
}

func TestPaceStartsAnewAfterAConnectionThatLived(t *testing.T) {
	var p pace
	now := time.Unix(1_800_000_000, 0)
	var waits []time.Duration
	for _, lived := range []time.Duration{0, 0, time.Hour, 0, 0} {
		waits = append(waits, p.due(now))
		now = now.Add(p.due(now))
		p.started(now)
		now = now.Add(lived)
		p.lived(now, 0)
	}
	if want := seconds(0, 1, 2, 0, 1); !slices.Equal(waits, want) {
		t.Errorf("waits %v, want %v", waits, want)
	}
}

func TestABucketGivesABurstThenOneAtATimeAndKeepsSomeForOthers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := bucket{size: 3, every: time.Minute}
	for i, step := range []struct {
		later time.Duration
		keep  int
		want  time.Duration
	}{
		{0, 0, 0},
		{0, 1, 0},
		{0, 1, time.Minute}, // one is left, and is to be kept
		{0, 0, 0},
		{0, 0, time.Minute},
		{20 * time.Second, 0, 40 * time.Second},
		{40 * time.Second, 0, 0},
		{time.Hour, 2, 0}, // full, not more
		{0, 2, time.Minute},
		{0, 0, 0},
	} {
		now = now.Add(step.later)
		if got := b.take(now, step.keep); got != step.want {
			t.Fatalf("step %d: wait %s, want %s", i, got, step.want)
		}
	}
	b.putBack()
	if got := b.take(now, 1); got != 0 {
		t.Errorf("after one was put back: wait %s", got)
	}
}

func TestATokenThatSlackRefusesEndsTheLinks(t *testing.T) {
	for _, code := range []string{
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
		"not_allowed_token_type", "no_permission", "forbidden_team", "link_disabled",
	} {
		t.Run(code, func(t *testing.T) {
			s := newSim(t, nil)
			s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Error: code})
			err := s.storm(newImpatient(), time.Hour)
			refused, ok := errors.AsType[*TokenError](err)
			if !ok || refused.Token != "slack.app_token" || refused.Code != code || refused.Advice == "" {
				t.Errorf("got %v, want a *TokenError about slack.app_token", err)
			}
			if n := s.ws.Snapshot().Count("apps.connections.open"); n > linkCount {
				t.Errorf("%d calls of apps.connections.open, want one for each link at most", n)
			}
		})
	}
}

func TestReadinessToleratesARenewalAndSaysSinceWhenAndWhy(t *testing.T) {
	s := newSim(t, newManual())
	l := newLinks(s.client, takesAll{}, Identity{}, s.clock.clock(), s.log.logger())
	expect := func(step, want string) {
		t.Helper()
		got := ""
		if err := l.reachable(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
	}
	expect("at the start", "not connected to Slack since 2026-11-24T09:41:00Z: no answer yet")
	l.down(0, errors.New("no route to host"))
	expect("before the first greeting", "not connected to Slack since 2026-11-24T09:41:00Z: no route to host")
	l.up(t.Context(), 0, &socket{})
	l.up(t.Context(), 1, &socket{})
	s.clock.advance(time.Minute)
	l.down(0, errors.New("the first goes"))
	s.clock.advance(time.Minute)
	expect("with one link", "")
	l.down(1, errors.New("the second goes"))
	if now := l.now(); now.Connected || !now.Since.Equal(s.now()) || len(now.Each) != linkCount || now.Each[0].Cause != "the first goes" {
		t.Errorf("we stand %+v", now)
	}
	s.clock.advance(linkGrace - time.Second)
	expect("some seconds later", "")
	s.clock.advance(time.Second)
	expect("then", "not connected to Slack since 2026-11-24T09:43:00Z: the second goes")
}
