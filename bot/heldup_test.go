package bot

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// heldUp is the way to Slack of a process that is frozen in the middle of its first edit. When it goes on, the edit still
// gets to Slack, but the process takes it for lost.
type heldUp struct {
	http.RoundTripper

	edits       atomic.Int32
	frozen, out chan struct{}
}

func (h *heldUp) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, methodUpdate) || h.edits.Add(1) > 1 {
		return h.RoundTripper.RoundTrip(r)
	}
	close(h.frozen)
	<-h.out
	answer, err := h.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close()
	return nil, context.DeadlineExceeded
}

func TestAnEditOfAProcessThatWasHeldUpDoesNotOutliveTheEnd(t *testing.T) {
	clock := newManual()
	s := newSim(t, clock, slacksim.WithClock(clock.now))
	way := &heldUp{RoundTripper: http.DefaultTransport, frozen: make(chan struct{}), out: make(chan struct{})}
	s.client.http.Transport = way
	first, _ := s.posters()
	c := s.ask(helpdesk, "")
	if err := first.Ready(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	s.change(c.ID, following)
	first.Changed()
	s.drive(func(slacksim.Snapshot) bool { return way.edits.Load() == 1 })
	<-way.frozen
	clock.advance(claimFor)

	s.change(c.ID, ended(s.now()))
	s.posters() // another process
	s.drive(shows("succeeded"))
	close(way.out)
	s.drive(func(n slacksim.Snapshot) bool { return n.Count(methodUpdate) == 3 })
	s.drive(func(slacksim.Snapshot) bool {
		pending, _, _, err := s.store.OutboxDepth(t.Context())
		return err == nil && pending == 0
	})
	m := s.ws.Messages(helpdesk)
	if len(m) != 1 || !strings.Contains(m[0].Text, "succeeded") {
		t.Errorf("people read %+v", m)
	}
	if n := s.ws.Snapshot().Count(methodUpdate); n != 3 {
		t.Errorf("%d edits, want 3: the one held up, the end, and the end once more", n)
	}
}
