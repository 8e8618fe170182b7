package bot

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
)

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
