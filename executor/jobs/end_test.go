package jobs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// Nobody looks at a cycle that has ended again: what is not stored with its end is never stored.
func TestAResultIsStoredWithItsAuditOrNotAtAll(t *testing.T) {
	w := newWorld(t, Config{})
	w.server.start = []step{{look: accepted()}}
	w.server.follow = []step{{look: done(executor.Succeeded)}}
	rename := func(from, to string) {
		t.Helper()
		if _, err := w.store.SQLDB().ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	out := w.ask(t, executor.Delta, "C1")
	requests, err := w.store.Requests(t.Context(), out.Cycle.ID)
	if err != nil {
		t.Fatal(err)
	}
	rename("audit", "gone")
	if err := w.queue.RunOne(t.Context(), out.Cycle.ID); err == nil {
		t.Fatal("the audit could not be written, and nobody was told")
	}
	if c, err := w.store.Cycle(t.Context(), out.Cycle.ID); err != nil || !c.Live() {
		t.Fatalf("the cycle is %s, %v; it has no audit and must not end", c.Phase, err)
	}
	rename("gone", "audit")
	if c := w.run(t, out.Cycle.ID); c.Result.Verdict != executor.Succeeded {
		t.Errorf("ended %s, want succeeded", c.Result.Verdict)
	}
	results := 0
	err = w.store.Audit(t.Context(), time.Time{}, time.Time{}, func(e store.Recorded) error {
		if e.ID == uuid.NewSHA1(requests[0].ID, []byte("result")) {
			results++
		}
		return nil
	})
	if err != nil || results != 1 {
		t.Errorf("the audit holds the result of the request %d times, %v; want once", results, err)
	}
}

// What the server did by itself after the cycle, while nobody looked, is in the history once, and not judged.
func TestCyclesAfterOursAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		defer w.close()
		end := done(executor.Succeeded)
		later := executor.SeenCycle{Policy: executor.Delta, Start: end.EndedAt.Add(30 * time.Minute), End: end.EndedAt.Add(32 * time.Minute)}
		end.Later = []executor.SeenCycle{later, later}
		w.server.start, w.server.follow = []step{{look: accepted()}}, []step{{look: end}}
		w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)
		history, err := w.store.History(t.Context(), "aadc01", 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(history) != 2 || history[0].Origin != executor.Observed || history[0].Result.Source != executor.FromNothing || history[1].Origin != executor.Started {
			t.Errorf("history %+v", history)
		}
	})
}
