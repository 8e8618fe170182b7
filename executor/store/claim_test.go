package store

import (
	"errors"
	"fmt"
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
	m := expect("when the claim is over", morning.Add(lease), true)
	check(t, s.Retry(ctx, m, morning.Add(time.Hour), errors.New("ratelimited")))
	expect("before the time of the next try", morning.Add(time.Hour-time.Millisecond), false)
	m = expect("at the time of the next try", morning.Add(time.Hour), true)
	check(t, s.Posted(ctx, m, "1.1", 1))
	expect("with nothing new to show", morning.Add(time.Hour), false)
	c, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	if m := expect("given back by the post", morning.Add(time.Hour), true); m.TS != "1.1" || m.Want != 2 {
		t.Errorf("claimed %+v, want it with what others have noted", m)
	}
	check(t, s.Unclaim(ctx))
	m = expect("given back by the next process", morning.Add(time.Hour), true)
	dead(t, s, m, errors.New("is_archived"))
	expect("given up", morning.Add(2*time.Hour), false)
	ask(t, s, request(t, "aadc01", executor.Delta))
	expect("revived", morning.Add(2*time.Hour), true)
}

// A process that was held up for longer than its claim may have shown an old version after another one has shown the
// newest.
func testClaimHeldUp(t *testing.T, s *Store) {
	ctx := t.Context()
	cause := errors.New("network")
	fates := []struct {
		name string
		note func(late Message) error
	}{
		{"sent", func(late Message) error { return s.Posted(ctx, late, "1.1", 1) }},
		{"put off", func(late Message) error { return s.Retry(ctx, late, morning.Add(time.Hour), cause) }},
		{"given up", func(late Message) error {
			if counts, err := s.Dead(ctx, late, cause); err != nil || counts {
				return fmt.Errorf("it counts: %t, %w", counts, err)
			}
			return nil
		}},
	}
	for _, whileSending := range []bool{false, true} {
		for _, fate := range fates {
			step := fmt.Sprintf("%s, while another one sends: %t", fate.name, whileSending)
			out, _ := ask(t, s, request(t, newID(t).String(), executor.Delta))
			at := morning
			late, _ := claim(t, s, only(t, s, out.Cycle.ID).ID, at)
			end(t, s, out.Cycle.ID, morning, executor.Succeeded)
			at = at.Add(lease)
			other, claimed := claim(t, s, late.ID, at)
			if !claimed {
				t.Fatalf("%s: a claim that is over still holds", step)
			}
			if whileSending {
				check(t, fate.note(late))
				if _, claimed := claim(t, s, late.ID, at); claimed {
					t.Errorf("%s: the other one's claim was given back", step)
				}
			}
			check(t, s.Posted(ctx, other, "1.1", other.Want))
			if !whileSending {
				check(t, fate.note(late))
			}
			again, claimed := claim(t, s, late.ID, at)
			if !claimed || !again.Final {
				t.Errorf("%s: not to be shown once more: %+v", step, again)
			}
			// Whoever claimed it and died leaves it to the next one.
			at = at.Add(lease)
			if again, claimed = claim(t, s, late.ID, at); !claimed {
				t.Errorf("%s: forgotten with the one who claimed it", step)
			}
			check(t, s.Posted(ctx, again, "1.1", again.Want))
			if m := only(t, s, out.Cycle.ID); m.State != MessageSent || len(due(t, s, at.Add(lease))) != 0 {
				t.Errorf("%s: shown once more, it is %+v", step, m)
			}
		}
	}
}

// What is sent once is not sent a third time because two have done it.
func testClaimHeldUpOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	post := Message{ID: newID(t), Kind: Post, Channel: "C1", Body: []byte("x")}
	check(t, s.AddMessage(ctx, post))
	late, _ := claim(t, s, post.ID, morning)
	other, _ := claim(t, s, post.ID, morning.Add(lease))
	check(t, s.Posted(ctx, late, "1.1", 1))
	check(t, s.Retry(ctx, other, morning, errors.New("network")))
	if n := len(due(t, s, morning.Add(time.Hour))); n != 0 {
		t.Errorf("%d are due, want none", n)
	}
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
