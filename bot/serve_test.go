package bot

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

func TestTheInboxIsWorkedOffAtTheStart(t *testing.T) {
	s := newSim(t, nil)
	put := func(text string, age time.Duration, acknowledged bool) uuid.UUID {
		t.Helper()
		id, at := uuid.Must(uuid.NewV7()), time.Now().Add(-age)
		payload := `{"team":"T0SIM","channel":"` + helpdesk + `","user":"` + ann + `","command":"/adsync","text":"` + text + `"}`
		if _, err := s.store.Inbox(t.Context(), store.Envelope{ID: id, Key: text, Kind: kindCommand, Payload: []byte(payload), ReceivedAt: at}); err != nil {
			t.Fatal(err)
		}
		if acknowledged {
			if err := s.store.Acknowledged(t.Context(), id, at); err != nil {
				t.Fatal(err)
			}
		}
		return id
	}
	recent := put("recent", time.Minute, true)
	put("old", 3*time.Minute, true)
	put("unacknowledged", time.Minute, false)
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

func TestACommandUnderWayAtTheStopIsServedAfterTheRestart(t *testing.T) {
	s := newSim(t, nil)
	begun := make(chan uuid.UUID, 1)
	_, stop := s.serve(handlerFunc(func(ctx context.Context, in commands.Input) (commands.Answer, error) {
		begun <- in.ID
		<-ctx.Done()
		return commands.Answer{}, context.Cause(ctx)
	}))
	s.connected()
	s.slash("delta")
	id := <-begun
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(s.ws.Snapshot().Ephemerals); n != 0 {
		t.Fatalf("%d answers before the restart, want none", n)
	}
	var h counting
	s.serve(&h)
	s.wait(ephemerals(1))
	if in := h.asked(); len(in) != 1 || in[0].ID != id {
		t.Errorf("after the restart: %+v, want the same command once", in)
	}
}

func TestMoreThanTheWorkersCanHoldIsRefusedNotLost(t *testing.T) {
	s := newSim(t, nil)
	gate := make(chan struct{})
	s.serve(handlerFunc(func(ctx context.Context, in commands.Input) (commands.Answer, error) {
		select {
		case <-gate:
		case <-ctx.Done():
		}
		return commands.Answer{Headline: words("served")}, nil
	}))
	s.connected()
	const more = 3
	for range workers + backlog + more {
		if d := s.slash("status"); d.Error != "" {
			t.Fatalf("not acknowledged: %s", d.Error)
		}
	}
	s.wait(ephemerals(more))
	for _, m := range s.ws.Ephemerals(helpdesk, ann) {
		if !strings.Contains(m.Text, "nothing was started for this one") {
			t.Errorf("answered %q", m.Text)
		}
	}
	close(gate)
	s.wait(ephemerals(workers + backlog + more))
}
