package jobs

import (
	"testing"
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
