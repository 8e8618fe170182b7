package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func testAskJoins(t *testing.T, s *Store) {
	ctx := t.Context()
	first := request(t, "aadc01", executor.Delta)
	started, fresh := ask(t, s, first)
	if !fresh || started.Joined || started.Refused != nil || started.Cycle.Phase != executor.PhaseQueued || started.Cycle.Version != 1 {
		t.Fatalf("the first request: %+v, fresh = %v", started, fresh)
	}
	second := request(t, "aadc01", executor.Delta)
	second.Audience.Channel, second.AskedAt = "C2", morning.Add(time.Minute)
	joined, fresh := ask(t, s, second)
	if !fresh || !joined.Joined || joined.Cycle.ID != started.Cycle.ID || joined.Cycle.Version != 2 {
		t.Fatalf("the second request: %+v, fresh = %v, want it joined at version 2", joined, fresh)
	}
	third := request(t, "aadc01", executor.Delta) // in the first one's channel
	third.AskedAt = morning.Add(2 * time.Minute)
	ask(t, s, third)
	other, _ := ask(t, s, request(t, "aadc02", executor.Delta))
	if other.Joined {
		t.Error("a request for another server joined")
	}
	served, err := s.Requests(ctx, started.Cycle.ID)
	check(t, err)
	if len(served) != 3 || served[0].ID != first.ID || served[1].ID != second.ID || served[2].ID != third.ID {
		t.Errorf("requests of the cycle: %+v, want three in order", served)
	}
	messages, err := s.Messages(ctx, started.Cycle.ID)
	check(t, err)
	if len(messages) != 2 || messages[0].Channel != "C1" || messages[1].Channel != "C2" {
		t.Fatalf("messages: %+v, want one for each channel", messages)
	}
	for _, m := range messages {
		if m.Want != 3 || m.Sent != 0 {
			t.Errorf("message in %s wants %d, sent %d; want 3, 0", m.Channel, m.Want, m.Sent)
		}
	}
	to, err := s.ReplyTo(ctx, first.ID)
	check(t, err)
	if to != "https://hooks.example/1" {
		t.Errorf("reply to %q", to)
	}
}

func testAskRefused(t *testing.T, s *Store) {
	running, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	full := request(t, "aadc01", executor.Initial)
	full.Audience.Channel = "C2"
	for _, wantFresh := range []bool{true, false} {
		out, fresh := ask(t, s, full)
		if fresh != wantFresh || out.Refused == nil || out.Refused.ID != running.Cycle.ID || out.Cycle.ID != uuid.Nil {
			t.Errorf("full while a delta runs: %+v, fresh = %v, want it refused and fresh = %v", out, fresh, wantFresh)
		}
	}
	served, err := s.Requests(t.Context(), running.Cycle.ID)
	check(t, err)
	messages, err := s.Messages(t.Context(), running.Cycle.ID)
	check(t, err)
	if len(served) != 1 || len(messages) != 1 || messages[0].Want != 1 {
		t.Errorf("a refused request left %d requests and messages %+v", len(served), messages)
	}
}

func testAskAgain(t *testing.T, s *Store) {
	first, second := request(t, "aadc01", executor.Delta), request(t, "aadc01", executor.Delta)
	a, _ := ask(t, s, first)
	b, _ := ask(t, s, second)
	ended := end(t, s, a.Cycle.ID, morning.Add(time.Minute), executor.Succeeded)
	for r, joined := range map[uuid.UUID]bool{first.ID: false, second.ID: true} {
		again := first
		again.ID = r
		out, fresh := ask(t, s, again)
		if fresh || out.Joined != joined || out.Cycle.ID != b.Cycle.ID || out.Cycle.Version != ended.Version {
			t.Errorf("asked again: %+v, fresh = %v, want joined = %v and the cycle as it is now", out, fresh, joined)
		}
	}
	if live, err := s.LiveCycles(t.Context()); err != nil || len(live) != 0 {
		t.Errorf("live cycles = %+v, %v, want none", live, err)
	}
}

func testAskAfterEnd(t *testing.T, s *Store) {
	first, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	end(t, s, first.Cycle.ID, morning, executor.Succeeded)
	second, _ := ask(t, s, request(t, "aadc01", executor.Initial))
	if second.Joined || second.Cycle.ID == first.Cycle.ID || second.Cycle.Policy != executor.Initial {
		t.Errorf("after the end of the first cycle: %+v, want a new one", second)
	}
}

func testAskRolledBack(t *testing.T, s *Store) {
	r, cause := request(t, "aadc01", executor.Delta), errors.New("no job")
	err := s.Tx(t.Context(), func(ctx context.Context, tx *Tx) error {
		if _, _, err := tx.Ask(ctx, r, ""); err != nil {
			return err
		}
		return cause
	})
	if !errors.Is(err, cause) {
		t.Errorf("Tx returned %v, want the function's error", err)
	}
	if _, err := s.Request(t.Context(), r.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the request is there: %v", err)
	}
	if _, live, err := s.LiveCycle(t.Context(), "aadc01"); live || err != nil {
		t.Errorf("live = %v, %v, want no cycle", live, err)
	}
}

// atOnce runs n asks at once and returns their outcomes.
func atOnce(t *testing.T, s *Store, n int, next func() executor.Request) (outs []executor.Outcome, fresh int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for range n {
		r := next()
		wg.Go(func() {
			<-gate
			out, f, err := tryAsk(t.Context(), s, r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			outs = append(outs, out)
			if f {
				fresh++
			}
		})
	}
	close(gate)
	wg.Wait()
	return outs, fresh
}

func testAskConcurrently(t *testing.T, s *Store) {
	const n = 50
	outs, fresh := atOnce(t, s, n, func() executor.Request { return request(t, "aadc01", executor.Delta) })
	started := slices.IndexFunc(outs, func(o executor.Outcome) bool { return !o.Joined })
	if fresh != n || started < 0 {
		t.Fatalf("%d of %d requests were fresh; index of the one that started: %d", fresh, n, started)
	}
	cycle := outs[started].Cycle.ID
	joined := 0
	for _, o := range outs {
		if o.Cycle.ID != cycle {
			t.Errorf("a request is served by %s, want %s", o.Cycle.ID, cycle)
		}
		if o.Joined {
			joined++
		}
	}
	if joined != n-1 {
		t.Errorf("%d joined, want %d", joined, n-1)
	}
	live, err := s.LiveCycles(t.Context())
	check(t, err)
	served, err := s.Requests(t.Context(), cycle)
	check(t, err)
	messages, err := s.Messages(t.Context(), cycle)
	check(t, err)
	if len(live) != 1 || len(served) != n || len(messages) != 1 || messages[0].Want != n || live[0].Version != n {
		t.Errorf("%d live cycles, %d requests, messages %+v; want 1, %d, and one at version %d", len(live), len(served), messages, n, n)
	}
}

func testAskSameConcurrently(t *testing.T, s *Store) {
	r := request(t, "aadc01", executor.Delta)
	outs, fresh := atOnce(t, s, 50, func() executor.Request { return r })
	if fresh != 1 {
		t.Errorf("%d were fresh, want 1", fresh)
	}
	for _, o := range outs {
		if o.Joined || o.Cycle.ID != outs[0].Cycle.ID || o.Cycle.ID == uuid.Nil {
			t.Errorf("outcome %+v, want the same for all, not joined", o)
		}
	}
	served, err := s.Requests(t.Context(), outs[0].Cycle.ID)
	check(t, err)
	if len(served) != 1 {
		t.Errorf("%d requests, want 1", len(served))
	}
}

// testAskAgainstEnd lets requests meet the end of the cycle they would join. Whoever joined must have been in it before
// it ended, so the version it joined at is older than the last one.
func testAskAgainstEnd(t *testing.T, s *Store) {
	for range 20 {
		first, _ := ask(t, s, request(t, "aadc01", executor.Delta))
		c, stamp, err := s.Stamp(t.Context(), first.Cycle.ID)
		check(t, err)
		c.Phase, c.EndedAt, c.Result.Verdict = executor.PhaseEnded, morning, executor.Succeeded
		var wg sync.WaitGroup
		var ended executor.Cycle
		wg.Go(func() {
			var err error
			if ended, err = s.SaveCycle(t.Context(), c, stamp); err != nil {
				t.Error(err)
			}
		})
		outs, _ := atOnce(t, s, 3, func() executor.Request { return request(t, "aadc01", executor.Delta) })
		wg.Wait()
		after := 0
		for _, o := range outs {
			switch {
			case o.Cycle.ID != first.Cycle.ID:
				after++
			case o.Cycle.Version >= ended.Version:
				t.Errorf("joined at version %d a cycle that ended at %d", o.Cycle.Version, ended.Version)
			}
		}
		live, found, err := s.LiveCycle(t.Context(), "aadc01")
		check(t, err)
		if found != (after > 0) {
			t.Errorf("a live cycle: %v, but %d requests came after the end", found, after)
		}
		if found {
			end(t, s, live.ID, morning, executor.Succeeded)
		}
	}
}

func testRequest(t *testing.T, s *Store) {
	r := request(t, "aadc01", executor.Initial)
	r.Reason, r.Rule = "Ünicode 'quotes' \U0001F600", "grants[0]"
	ask(t, s, r)
	got, err := s.Request(t.Context(), r.ID)
	check(t, err)
	if got != r {
		t.Errorf("request came back as\n%+v, want\n%+v", got, r)
	}
	if _, err := s.Request(t.Context(), newID(t)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown request: %v, want ErrNotFound", err)
	}
}
