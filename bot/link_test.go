package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// takesAll is a receiver that only acknowledges.
type takesAll struct{}

func (takesAll) accept(ctx context.Context, _ envelope, ack acknowledge) { _ = ack(ctx, nil) }

// impatient is a clock on which no wait takes time: each moves it forward, is kept, and at the end calls stop.
type impatient struct {
	mu    sync.Mutex
	at    time.Time
	waits []time.Duration
	most  int
	stop  context.CancelFunc
}

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
	if len(i.waits) >= i.most {
		i.stop()
		return c
	}
	i.at = i.at.Add(d)
	c <- i.at
	return c
}

// storm runs a link until it has waited a number of times, and returns the waits.
func (s *sim) storm(waits int) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	i := &impatient{at: time.Unix(1_800_000_000, 0), most: waits, stop: cancel}
	l := newLink(s.client, takesAll{}, Identity{App: "A0SIM"}, i.clock(), s.log.logger())
	err := l.Run(ctx)
	return i.waits, err
}

func seconds(n ...int) []time.Duration {
	var all []time.Duration
	for _, s := range n {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}

func TestAReconnectStormIsPacedFromOneSecondToAMinute(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wrong func(*slacksim.Workspace)
	}{
		{"closed behind hello", func(ws *slacksim.Workspace) { ws.FailLinks(-1, slacksim.DropAfterHello) }},
		{"upgrade refused", func(ws *slacksim.Workspace) { ws.FailLinks(-1, slacksim.RefuseLink) }},
		{"server error", func(ws *slacksim.Workspace) {
			ws.Fail("apps.connections.open", -1, slacksim.Fault{HTTPStatus: 503})
		}},
		{"internal error", func(ws *slacksim.Workspace) {
			ws.Fail("apps.connections.open", -1, slacksim.Fault{Error: "internal_error"})
		}},
		{"not JSON", func(ws *slacksim.Workspace) {
			ws.Fail("apps.connections.open", -1, slacksim.Fault{Body: "<html>"})
		}},
		{"connection reset", func(ws *slacksim.Workspace) {
			ws.Fail("apps.connections.open", -1, slacksim.Fault{Reset: true})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil)
			tt.wrong(s.ws)
			waits, err := s.storm(8)
			if err != nil {
				t.Fatal(err)
			}
			if want := seconds(1, 2, 4, 8, 16, 32, 60, 60); !slices.Equal(waits, want) {
				t.Errorf("waited %v, want %v", waits, want)
			}
			if n := s.ws.Snapshot().Count("apps.connections.open"); n != 8 {
				t.Errorf("%d calls of apps.connections.open, want 8", n)
			}
		})
	}
}

func TestALinkStaysAwayAsLongAsSlackAsks(t *testing.T) {
	s := newSim(t, nil)
	s.ws.Fail("apps.connections.open", 1, slacksim.Fault{HTTPStatus: 429, RetryAfter: 45 * time.Second})
	s.ws.FailLinks(-1, slacksim.DropAfterHello)
	waits, err := s.storm(2)
	if err != nil {
		t.Fatal(err)
	}
	if want := seconds(45, 2); !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
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

func TestADisconnectIsFollowedByOneNewConnection(t *testing.T) {
	for _, reason := range []string{slacksim.Warning, slacksim.RefreshRequested, slacksim.TooManyWebsockets} {
		t.Run(reason, func(t *testing.T) {
			s := newSim(t, nil)
			var h counting
			s.serve(&h)
			s.connected()
			s.ws.Disconnect(reason)
			s.wait(func(n slacksim.Snapshot) bool { return n.Opened == 2 && len(n.Sockets) == 1 && n.Sockets[0].Ready })
			if d := s.slash("help"); d.Error != "" || d.Socket != 2 {
				t.Errorf("delivered to socket %d with error %q; want 2 and none", d.Socket, d.Error)
			}
			if n := s.ws.Snapshot().Count("apps.connections.open"); n != 2 {
				t.Errorf("%d calls of apps.connections.open, want 2", n)
			}
		})
	}
}

func TestATokenThatSlackRefusesEndsTheLink(t *testing.T) {
	for _, code := range []string{
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
		"not_allowed_token_type", "no_permission", "forbidden_team", "link_disabled",
	} {
		t.Run(code, func(t *testing.T) {
			s := newSim(t, nil)
			s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Error: code})
			_, err := s.storm(3)
			refused, ok := errors.AsType[*TokenError](err)
			if !ok || refused.Token != "slack.app_token" || refused.Code != code || refused.Advice == "" {
				t.Errorf("got %v, want a *TokenError about slack.app_token", err)
			}
			if n := s.ws.Snapshot().Count("apps.connections.open"); n != 1 {
				t.Errorf("%d calls of apps.connections.open, want 1", n)
			}
		})
	}
}

func TestTokensOfTheWrongKindAreFoundWithoutAskingSlack(t *testing.T) {
	for _, tt := range []struct{ name, app, bot, key, says string }{
		{"both swapped", "xoxb-1-a", "xapp-1-b", "slack.app_token", "swapped"},
		{"a user token for the bot", "xapp-1-a", "xoxp-1-b", "slack.bot_token", `"xoxp-"`},
		{"the bot token twice", "xoxb-1-a", "xoxb-1-a", "slack.app_token", `"xoxb-"`},
		{"something else", "xapp-1-a", "hunter2", "slack.bot_token", `"?"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewClient(nil, tt.app, tt.bot, "", nil)
			refused, ok := errors.AsType[*TokenError](err)
			if !ok || refused.Token != tt.key || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s and %s", err, tt.key, tt.says)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "-1-") {
				t.Errorf("the error holds a token: %v", err)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	t.Run("names team, app and user", func(t *testing.T) {
		s := newSim(t, nil)
		id, err := s.client.Identify(t.Context(), Clock{})
		if err != nil || id.Team != "T0SIM" || id.App != "A0SIM" || id.User != slacksim.BotUser {
			t.Errorf("got %+v, %v", id, err)
		}
	})
	t.Run("tries again while Slack is down", func(t *testing.T) {
		s := newSim(t, nil)
		s.ws.Fail("auth.test", 2, slacksim.Fault{HTTPStatus: 500})
		i := &impatient{at: time.Unix(1_800_000_000, 0), most: 10, stop: func() {}}
		if _, err := s.client.Identify(t.Context(), i.clock()); err != nil {
			t.Fatal(err)
		}
		if want := seconds(1, 2); !slices.Equal(i.waits, want) {
			t.Errorf("waited %v, want %v", i.waits, want)
		}
	})
	t.Run("ends with a refused bot token", func(t *testing.T) {
		s := newSim(t, nil)
		s.ws.Fail("auth.test", -1, slacksim.Fault{Error: "token_revoked"})
		_, err := s.client.Identify(t.Context(), Clock{})
		if refused, ok := errors.AsType[*TokenError](err); !ok || refused.Token != "slack.bot_token" {
			t.Errorf("got %v, want a *TokenError about slack.bot_token", err)
		}
	})
	t.Run("ends at an address that is not Slack's", func(t *testing.T) {
		s := newSim(t, nil)
		s.ws.Fail("auth.test", -1, slacksim.Fault{HTTPStatus: 404})
		if _, err := s.client.Identify(t.Context(), Clock{}); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("got %v, want the status", err)
		}
	})
}

// slowReceiver acknowledges when it is told to.
type slowReceiver struct{ begun, finish chan struct{} }

func (r slowReceiver) accept(ctx context.Context, _ envelope, ack acknowledge) {
	close(r.begun)
	<-r.finish
	_ = ack(ctx, nil)
}

func TestAStopFinishesTheAcknowledgementUnderWay(t *testing.T) {
	s := newSim(t, nil)
	r := slowReceiver{begun: make(chan struct{}), finish: make(chan struct{})}
	l := newLink(s.client, r, Identity{App: "A0SIM"}, Clock{}.withDefaults(), s.log.logger())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	s.connected()
	delivered := make(chan slacksim.Delivery, 1)
	go func() {
		d, err := s.ws.Slash(t.Context(), slacksim.SlashCommand{UserID: ann, ChannelID: helpdesk, Command: "/adsync"})
		if err != nil {
			d.Error = err.Error()
		}
		delivered <- d
	}()
	<-r.begun
	cancel()
	close(r.finish)
	if d := <-delivered; d.Error != "" {
		t.Errorf("ann sees %s", d.Error)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAPanicWhileAcceptingDoesNotEndTheLink(t *testing.T) {
	s := newSim(t, nil, slacksim.WithAckTimeout(100*time.Millisecond))
	l := newLink(s.client, panics{}, Identity{App: "A0SIM"}, Clock{}.withDefaults(), s.log.logger())
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
