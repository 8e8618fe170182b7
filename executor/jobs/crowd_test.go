package jobs

import (
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestAStartWithoutRoomWaitsItsTurnAndTellsTheServerNothing(t *testing.T) {
	w := newWorld(t, Config{})
	w.server.start = []step{{look: accepted()}}
	w.server.follow = []step{{look: done(executor.Succeeded)}}
	c := w.ask(t, executor.Delta, "C1").Cycle
	var places []func()
	for range maxStarts {
		free, ok := w.queue.cycles.starts.take()
		if !ok {
			t.Fatal("no room for as many starts as are allowed")
		}
		places = append(places, free)
	}
	next, over, err := w.queue.cycles.slice(t.Context(), c.ID)
	if err != nil || over || next <= 0 {
		t.Fatalf("next %s, over %t, error %v; want another try", next, over, err)
	}
	if n := len(w.server.starts); n != 0 {
		t.Fatalf("%d starts, want none before there is room", n)
	}
	places[0]()
	if ended := w.run(t, c.ID); ended.Result.Verdict != executor.Succeeded {
		t.Errorf("verdict %q, want succeeded", ended.Result.Verdict)
	}
	if n := len(w.server.starts); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
}

func TestManyRunningCyclesAreLookedAtInTurn(t *testing.T) {
	w := newWorld(t, Config{})
	w.server.start = []step{{look: accepted()}}
	w.server.follow = []step{{look: running()}}
	c := w.ask(t, executor.Delta, "C1").Cycle
	if _, _, err := w.queue.cycles.slice(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	look := func() time.Duration {
		next, _, err := w.queue.cycles.slice(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	if next := look(); next != 0 || w.server.follows[0].Watch != longWatch {
		t.Errorf("alone: watched for %s, next look in %s; want %s and at once", w.server.follows[0].Watch, next, longWatch)
	}
	for range maxWatched {
		defer w.queue.cycles.crowd.enter()()
	}
	if next := look(); w.server.follows[1].Watch != 0 || next < nearPace*9/10 || next > nearPace*11/10 {
		t.Errorf("in a crowd: watched for %s, next look in %s; want one look and about %s", w.server.follows[1].Watch, next, nearPace)
	}
}

func TestAGapVariesByATenth(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 1000 {
		gap := spread(nearPace)
		if gap < nearPace*9/10 || gap > nearPace*11/10 {
			t.Fatalf("%s is not within a tenth of %s", gap, nearPace)
		}
		seen[gap] = true
	}
	if len(seen) < 100 {
		t.Errorf("%d different gaps of 1000", len(seen))
	}
	if spread(0) != 0 {
		t.Error("no gap has become one")
	}
}
