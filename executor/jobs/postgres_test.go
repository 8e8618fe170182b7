package jobs

import (
	"log/slog"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
)

// replicaWorld is one process on a shared Postgres.
func replicaWorld(t *testing.T, url string, server *fakeExecutor) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.Context(), url, store.Options{Now: time.Now}, log)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: st, server: server, teller: &fakeTeller{}}
	if w.queue, err = New(st, server, w.teller, Config{Now: time.Now}, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func TestPostgresWorksACycle(t *testing.T) {
	url := storetest.Postgres(t)
	server := &fakeExecutor{start: []step{{look: accepted()}}, follow: times(2, step{look: running()}, step{look: done(executor.Succeeded)})}
	first, second := replicaWorld(t, url, server), replicaWorld(t, url, server)
	stopFirst, stopSecond := first.working(t), second.working(t)
	out := first.ask(t, executor.Delta, "C1")
	joined := second.ask(t, executor.Delta, "C2")
	if c := second.ended(t, out.Cycle); c.Result.Verdict != executor.Succeeded {
		t.Errorf("ended %s, want succeeded", c.Result.Verdict)
	}
	if joined.Cycle.ID != out.Cycle.ID || server.told != 1 {
		t.Errorf("%d starts; joined %v", server.told, joined.Cycle.ID == out.Cycle.ID)
	}
	stopFirst()
	stopSecond()
}

func TestASilentReplicasJobsAreTakenOver(t *testing.T) {
	url := storetest.Postgres(t)
	server := &fakeExecutor{start: []step{{look: accepted()}}, follow: []step{{look: done(executor.Succeeded)}}}
	w := replicaWorld(t, url, server)
	out := w.ask(t, executor.Delta, "C1")
	// As a replica leaves it that was killed in the middle of a slice, half a minute ago.
	pool := w.store.Pool()
	_, err := pool.Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '30 seconds', attempted_by = '{gone}'`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.Exec(t.Context(), `INSERT INTO replicas (id, beat_at) VALUES ('gone', `+databaseNow+` - 30000)`)
	if err != nil {
		t.Fatal(err)
	}
	stop := w.working(t)
	if c := w.ended(t, out.Cycle); c.Result.Verdict != executor.Succeeded {
		t.Errorf("ended %s, want succeeded", c.Result.Verdict)
	}
	stop()
	var left int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM replicas WHERE id <> 'gone'`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d replicas did not sign off, %v", left, err)
	}
}

func TestALivingReplicasJobsAreLeftAlone(t *testing.T) {
	url := storetest.Postgres(t)
	w := replicaWorld(t, url, &fakeExecutor{})
	w.ask(t, executor.Delta, "C1")
	pool := w.store.Pool()
	_, err := pool.Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '30 seconds', attempted_by = '{other}'`)
	if err != nil {
		t.Fatal(err)
	}
	other := &replica{id: "other", pool: pool, log: slog.New(slog.DiscardHandler)}
	mine := &replica{id: "mine", pool: pool, log: slog.New(slog.DiscardHandler)}
	for _, r := range []*replica{other, mine} {
		if err := r.beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var state string
	if err := pool.QueryRow(t.Context(), `SELECT state FROM river_job`).Scan(&state); err != nil || state != "running" {
		t.Errorf("the job is %q, %v; it runs elsewhere", state, err)
	}
}
