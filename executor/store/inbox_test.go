package store

import (
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func envelope(t testing.TB, dedup string, at time.Time) Envelope {
	return Envelope{ID: newID(t), Key: dedup, Kind: "slash_command", Payload: []byte(`{"text":"delta"}`), ReceivedAt: at}
}

func testInboxOnce(t *testing.T, s *Store) {
	first := envelope(t, "k1", morning)
	for i, e := range []Envelope{first, envelope(t, "k1", morning), envelope(t, "k2", morning)} {
		fresh, err := s.Inbox(t.Context(), e)
		check(t, err)
		if want := i != 1; fresh != want {
			t.Errorf("envelope %d: fresh = %v, want %v", i, fresh, want)
		}
	}
	left, err := s.Unhandled(t.Context())
	check(t, err)
	if len(left) != 2 || left[0].ID != first.ID {
		t.Errorf("unhandled = %+v, want the two fresh ones", left)
	}
}

func testInboxLife(t *testing.T, s *Store) {
	ctx := t.Context()
	young, old := envelope(t, "young", morning.Add(time.Second)), envelope(t, "old", morning)
	for _, e := range []Envelope{young, old} {
		_, err := s.Inbox(ctx, e)
		check(t, err)
	}
	if counts, err := s.Acknowledged(ctx, old.ID, morning.Add(time.Millisecond)); err != nil || !counts {
		t.Fatalf("acknowledged in time: %t, %v", counts, err)
	}
	left, err := s.Unhandled(ctx)
	check(t, err)
	if len(left) != 2 || left[0].ID != old.ID || left[1].ID != young.ID {
		t.Fatalf("unhandled = %+v, want old, young", left)
	}
	if got := left[0]; got.Key != "old" || got.Kind != old.Kind || string(got.Payload) != string(old.Payload) ||
		!got.ReceivedAt.Equal(morning) || !got.AckedAt.Equal(morning.Add(time.Millisecond)) {
		t.Errorf("the acknowledged envelope came back as %+v", got)
	}
	if !left[1].AckedAt.IsZero() {
		t.Errorf("an envelope nobody acknowledged is acknowledged at %v", left[1].AckedAt)
	}
	check(t, s.Handled(ctx, old.ID))
	if left, err = s.Unhandled(ctx); err != nil || len(left) != 1 {
		t.Errorf("unhandled = %+v, %v, want the young one", left, err)
	}
	if counts, err := s.Acknowledged(ctx, old.ID, morning.Add(time.Minute)); err != nil || counts {
		t.Errorf("acknowledged once another process has answered it: %t, %v; want that it does not count", counts, err)
	}
	n := count(t, s, `SELECT COUNT(*) FROM inbox WHERE id = $1 AND payload IS NULL`, old.ID.String())
	if n != 1 {
		t.Error("the payload of a handled envelope is still there")
	}
	if fresh, err := s.Inbox(ctx, envelope(t, "old", morning)); err != nil || fresh {
		t.Errorf("a duplicate of a handled envelope: fresh = %v, %v", fresh, err)
	}
}

func testInboxPrune(t *testing.T, s *Store) {
	ctx := t.Context()
	ages := map[string]time.Duration{"day": 24 * time.Hour, "older": 24*time.Hour + time.Millisecond, "unhandled": 72 * time.Hour}
	for k, age := range ages {
		e := envelope(t, k, morning.Add(-age))
		_, err := s.Inbox(ctx, e)
		check(t, err)
		if k != "unhandled" {
			check(t, s.Handled(ctx, e.ID))
		}
	}
	young, old := request(t, "aadc01", executor.Delta), request(t, "aadc01", executor.Delta)
	old.AskedAt = morning.Add(-25 * time.Hour)
	ask(t, s, young)
	ask(t, s, old)
	check(t, s.PruneInbox(ctx, morning)) // asks for too much
	for r, want := range map[executor.Request]string{young: "https://hooks.example/1", old: ""} {
		to, err := s.ReplyTo(ctx, r.ID)
		check(t, err)
		if to != want {
			t.Errorf("asked at %v, answered to %q, want %q", r.AskedAt, to, want)
		}
	}
	for k, want := range map[string]bool{"day": false, "older": true, "unhandled": false} {
		fresh, err := s.Inbox(ctx, envelope(t, k, morning))
		check(t, err)
		if fresh != want {
			t.Errorf("%s: forgotten = %v, want %v", k, fresh, want)
		}
	}
}
