package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

const lease = 30 * time.Second

func claim(t testing.TB, s *Store, id uuid.UUID, at time.Time) (Message, bool) {
	t.Helper()
	m, claimed, err := s.Claim(t.Context(), id, at, at.Add(lease))
	check(t, err)
	return m, claimed
}

func testClaim(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	id := only(t, s, c.ID).ID
	expect := func(step string, at time.Time, want bool) (m Message) {
		t.Helper()
		if got := len(due(t, s, at)) == 1; got != want {
			t.Errorf("%s: due = %t, want %t", step, got, want)
		}
		m, claimed := claim(t, s, id, at)
		if claimed != want {
			t.Errorf("%s: claimed = %t, want %t", step, claimed, want)
		}
		return m
	}
	if m := expect("a new message", morning, true); m.ID != id || m.Want != 1 || m.CycleID != c.ID {
		t.Errorf("claimed %+v, want the message as it stands", m)
	}
	expect("while it is claimed", morning.Add(lease-time.Millisecond), false)
	expect("when the claim is over", morning.Add(lease), true)
	check(t, s.Retry(ctx, id, morning.Add(time.Hour), errors.New("ratelimited")))
	expect("before the time of the next try", morning.Add(time.Hour-time.Millisecond), false)
	expect("at the time of the next try", morning.Add(time.Hour), true)
	check(t, s.Posted(ctx, id, "1.1", 1))
	expect("with nothing new to show", morning.Add(time.Hour), false)
	c, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	if m := expect("given back by the post", morning.Add(time.Hour), true); m.TS != "1.1" || m.Want != 2 {
		t.Errorf("claimed %+v, want it with what others have noted", m)
	}
	check(t, s.Unclaim(ctx))
	expect("given back by the next process", morning.Add(time.Hour), true)
	check(t, s.Dead(ctx, id, errors.New("is_archived")))
	expect("given up", morning.Add(2*time.Hour), false)
	ask(t, s, request(t, "aadc01", executor.Delta))
	expect("revived", morning.Add(2*time.Hour), true)
}

func testClaimConcurrently(t *testing.T, s *Store) {
	const claimers, messages = 8, 20
	ids := make([]uuid.UUID, messages)
	for i := range ids {
		ids[i] = newID(t)
		check(t, s.AddMessage(t.Context(), Message{ID: ids[i], Kind: Post, Channel: "C1", Body: []byte("x")}))
	}
	var claimed [messages]atomic.Int32
	var wg sync.WaitGroup
	for range claimers {
		wg.Go(func() {
			for i, id := range ids {
				_, ok, err := s.Claim(t.Context(), id, morning, morning.Add(lease))
				if err != nil {
					t.Error(err)
				}
				if ok {
					claimed[i].Add(1)
				}
			}
		})
	}
	wg.Wait()
	for i := range claimed {
		if n := claimed[i].Load(); n != 1 {
			t.Errorf("message %d was claimed %d times, want once", i, n)
		}
	}
}
