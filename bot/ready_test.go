package bot

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

func TestACycleThatCannotBePostedIsUndeliverableAndItsAskerReadsWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name, code, advice string
		spoil              func(*slacksim.Workspace)
	}{
		{"the bot is not in the channel", "not_in_channel", "/invite", func(*slacksim.Workspace) {}},
		{"a private channel looks as if it were not there", "channel_not_found", "/invite", func(ws *slacksim.Workspace) {
			ws.SetChannel(slacksim.Channel{ID: outside, Private: true, Members: []string{ann}})
		}},
		{"archived", "is_archived", "archived", func(ws *slacksim.Workspace) {
			ws.Fail(methodPost, -1, slacksim.Fault{Error: "is_archived"})
		}},
		{"posting is restricted", "restricted_action", "restricted_action", func(ws *slacksim.Workspace) {
			ws.Fail(methodPost, -1, slacksim.Fault{Error: "restricted_action"})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// The asker's response_url comes from a real command.
			s := newSim(t, newManual())
			var h counting
			_, stopBot := s.serve(&h)
			s.connected()
			d, err := s.ws.Slash(t.Context(), slacksim.SlashCommand{UserID: ann, ChannelID: outside, Command: "/adsync", Text: "delta"})
			if err != nil || d.Error != "" {
				t.Fatal(err, d.Error)
			}
			s.wait(ephemerals(1))
			if err := stopBot(); err != nil {
				t.Fatal(err)
			}
			tt.spoil(s.ws)
			p, _ := s.posters()
			c := s.ask(outside, d.ResponseURL)
			err = p.Ready(t.Context(), c.ID)
			var never interface{ Undeliverable() (channel, code string) }
			if !errors.As(err, &never) {
				t.Fatalf("Ready returned %v", err)
			}
			if channel, code := never.Undeliverable(); channel != outside || code != tt.code {
				t.Errorf("undeliverable in %s: %s; want %s: %s", channel, code, outside, tt.code)
			}
			s.drive(ephemerals(2))
			text := s.ws.Ephemerals(outside, ann)[1].Text
			if !strings.Contains(text, "Nothing was started") || !strings.Contains(text, tt.advice) {
				t.Errorf("ann reads %q", text)
			}
			if n := s.ws.Snapshot().Count(methodPost); n != 1 {
				t.Errorf("%d posts, want 1", n)
			}
		})
	}
}

func TestOneChannelOfTwoIsEnoughToStart(t *testing.T) {
	s, p, _ := posting(t)
	c := s.ask(outside, "")
	if joined := s.ask(helpdesk, ""); joined.ID != c.ID {
		t.Fatal("the second request did not join")
	}
	p.Changed()
	s.drive(func(n slacksim.Snapshot) bool { return n.Count(methodPost) == 2 && n.Count(methodEphemeral) == 1 })
	if err := p.Ready(t.Context(), c.ID); err != nil {
		t.Errorf("Ready returned %v", err)
	}
}

func TestReadyEndsWithItsContext(t *testing.T) {
	s := newSim(t, newManual())
	p := NewPoster(s.client, s.store, s.clock.clock(), s.log.logger()) // does not run
	c := s.ask(helpdesk, "")
	why := errors.New("patience is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := p.Ready(ctx, c.ID); !errors.Is(err, why) {
		t.Errorf("got %v, want the cause of the context", err)
	}
	if err := p.Ready(t.Context(), uuid.Must(uuid.NewV7())); err != nil {
		t.Errorf("a cycle without messages: %v, want ready", err)
	}
}

func TestACycleIsReadyOnceOneChannelShowsIt(t *testing.T) {
	shown := store.Message{Kind: store.CycleMessage, TS: "1.1", State: store.MessageSent}
	pending := store.Message{Kind: store.CycleMessage, State: store.MessagePending}
	dead := store.Message{Kind: store.CycleMessage, State: store.MessageDead, Channel: outside, LastError: "not_in_channel"}
	other := store.Message{Kind: store.Ephemeral, State: store.MessagePending}
	for _, tt := range []struct {
		name         string
		messages     []store.Message
		ready, never bool
	}{
		{"without an audience", nil, true, false},
		{"an answer is no message of the cycle", []store.Message{other}, true, false},
		{"shown in its one channel", []store.Message{other, shown}, true, false},
		{"not out yet", []store.Message{pending}, false, false},
		{"shown in the second channel while the first one waits", []store.Message{pending, shown}, true, false},
		{"refused by one channel, shown in another", []store.Message{dead, shown}, true, false},
		{"refused by one channel, not out in another", []store.Message{dead, pending}, false, false},
		{"not out in one channel, refused by another", []store.Message{pending, dead}, false, false},
		{"refused by all", []store.Message{dead, dead}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ready, err := standing(tt.messages)
			if ready != tt.ready || (err != nil) != tt.never {
				t.Errorf("ready %t, %v; want %t, undeliverable %t", ready, err, tt.ready, tt.never)
			}
		})
	}
}
