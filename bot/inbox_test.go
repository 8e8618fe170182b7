package bot

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// put leaves a command in the inbox, as a process does that is gone.
func (s *sim) put(text string, age time.Duration, acknowledged bool) uuid.UUID {
	s.t.Helper()
	id, at := uuid.Must(uuid.NewV7()), time.Now().Add(-age)
	payload := `{"team":"T0SIM","channel":"` + helpdesk + `","user":"` + ann + `","command":"/adsync","text":"` + text + `"}`
	if _, err := s.store.Inbox(s.t.Context(), store.Envelope{ID: id, Key: text, Kind: kindCommand, Payload: []byte(payload), ReceivedAt: at}); err != nil {
		s.t.Fatal(err)
	}
	if acknowledged {
		if _, err := s.store.Acknowledged(s.t.Context(), id, at); err != nil {
			s.t.Fatal(err)
		}
	}
	return id
}

func TestTheInboxIsWorkedOffAtTheStart(t *testing.T) {
	s := newSim(t, nil)
	recent := s.put("recent", time.Minute, true)
	s.put("old", 3*time.Minute, true)
	s.put("unacknowledged", time.Second, false)
	var h counting
	_, stop := s.serve(&h)
	s.wait(ephemerals(3))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if in := h.asked(); len(in) != 1 || in[0].ID != recent {
		t.Errorf("served %+v, want the recent one only", in)
	}
	down := 0
	for _, m := range s.ws.Ephemerals(helpdesk, ann) {
		if strings.Contains(m.Text, "I was down") {
			down++
		}
	}
	if down != 2 {
		t.Errorf("%d were told that I was down, want 2", down)
	}
}

// Nobody is told that nothing was started when a cycle was: the process died between the request and the answer.
func TestACommandThatHasLedToARequestIsServedHoweverOldItIs(t *testing.T) {
	for _, acknowledged := range []bool{true, false} {
		s := newSim(t, nil)
		id := s.put("delta", time.Hour, acknowledged)
		err := s.store.Tx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, _, err := tx.Ask(ctx, executor.Request{ID: id, Policy: executor.Delta, Server: "aadc01", AskedAt: time.Now()}, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var h counting
		s.serve(&h)
		s.wait(ephemerals(1))
		if in := h.asked(); len(in) != 1 || in[0].ID != id {
			t.Errorf("acknowledged %t: served %+v, want the command", acknowledged, in)
		}
	}
}

func TestWhatAnotherProcessMayHaveInHandIsLeftToIt(t *testing.T) {
	for _, tt := range []struct {
		name         string
		age          time.Duration
		acknowledged bool
		served, told int
	}{
		{"a command it has just acknowledged", 20 * time.Second, true, 0, 0},
		{"a command it acknowledged a while ago is taken up", 40 * time.Second, true, 1, 0},
		{"a command it acknowledged too long ago is answered", 3 * time.Minute, true, 0, 1},
		{"a command it is about to acknowledge", 5 * time.Second, false, 0, 0},
		{"a command it never acknowledged is answered", 20 * time.Second, false, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil)
			id := s.put("delta", tt.age, tt.acknowledged)
			b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store, Config{}, s.log.logger())
			for range 2 { // the second time it has it in hand itself
				if err := b.workOff(t.Context(), false); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(b.work); n != tt.served {
				t.Errorf("%d are served, want %d", n, tt.served)
			}
			due, err := s.store.Due(t.Context(), time.Now(), 10)
			if err != nil {
				t.Fatal(err)
			}
			if told := slices.IndexFunc(due, func(m store.Message) bool { return m.ID == id }) + 1; told != tt.told {
				t.Errorf("%d answers, want %d", told, tt.told)
			}
		})
	}
}

func TestWhatWasAnsweredInTheMeantimeIsNotServed(t *testing.T) {
	s := newSim(t, nil)
	b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store, Config{Identity: Identity{Team: "T0SIM"}}, s.log.logger())
	payload := `{"team_id":"T0SIM","channel_id":"` + helpdesk + `","user_id":"` + ann + `","command":"/adsync","text":"delta","trigger_id":"1"}`
	b.accept(t.Context(), envelope{ID: "e", Type: typeSlash, Payload: []byte(payload)}, func(ctx context.Context, _ any) error {
		// This process is frozen here; another one gives the command up meanwhile.
		rows, err := s.store.Unhandled(ctx)
		if err != nil || len(rows) != 1 {
			t.Fatalf("in the inbox: %+v, %v", rows, err)
		}
		return s.store.Handled(ctx, rows[0].ID)
	})
	if n := len(b.work); n != 0 {
		t.Errorf("%d are served although their asker was told that nothing was started", n)
	}
}

// An answer that could not be stored is not lost: the command is taken up again.
func TestACommandWhoseAnswerWasNotStoredIsTakenUpAgain(t *testing.T) {
	s := newSim(t, nil)
	s.put("delta", time.Minute, true)
	b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store, Config{}, s.log.logger())
	if err := b.workOff(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.serve(t.Context(), <-b.work)
	s.open()
	b.store = s.store
	if err := b.workOff(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if n := len(b.work); n != 1 {
		t.Errorf("%d are served again, want 1", n)
	}
}
