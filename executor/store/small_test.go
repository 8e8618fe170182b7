package store

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func testPing(t *testing.T, s *Store) {
	check(t, s.Ping(t.Context()))
	check(t, s.Close())
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}

func schedules(t testing.TB, s *Store) []Schedule {
	t.Helper()
	got, err := s.Schedules(t.Context())
	check(t, err)
	return got
}

func testSchedulesSync(t *testing.T, s *Store) {
	ctx := t.Context()
	at := func(h int) time.Time { return morning.Add(time.Duration(h) * time.Hour) }
	check(t, s.SyncSchedules(ctx, []Schedule{
		{Name: "noon", Spec: "0 12 * * *", Zone: "UTC", Next: at(1)},
		{Name: "morning", Spec: "0 9 * * *", Zone: "UTC", Next: at(2)},
		{Name: "gone", Spec: "@daily", Zone: "UTC", Next: at(3)},
		{Name: "never", Spec: "0 0 31 2 *", Zone: "UTC"},
	}))
	err := s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Fire(ctx, "morning", at(2), at(4), []time.Time{at(2)})
		return err
	})
	check(t, err)
	check(t, s.SyncSchedules(ctx, []Schedule{
		{Name: "morning", Spec: "0 9 * * *", Zone: "UTC", Next: at(9)}, // unchanged: its Next stays
		{Name: "noon", Spec: "0 12 * * *", Zone: "Europe/London", Next: at(8)},
		{Name: "new", Spec: "@hourly", Zone: "UTC", Next: at(7), Paused: true},
		{Name: "never", Spec: "0 0 31 2 *", Zone: "UTC"},
	}))
	want := []Schedule{
		{Name: "morning", Spec: "0 9 * * *", Zone: "UTC", Next: at(4), Last: at(2), Missed: []time.Time{at(2)}},
		{Name: "never", Spec: "0 0 31 2 *", Zone: "UTC"},
		{Name: "new", Spec: "@hourly", Zone: "UTC", Next: at(7), Paused: true},
		{Name: "noon", Spec: "0 12 * * *", Zone: "Europe/London", Next: at(8)},
	}
	if got := schedules(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("schedules are\n%+v, want\n%+v", got, want)
	}
}

func testSchedulesFire(t *testing.T, s *Store) {
	ctx := t.Context()
	next := morning.Add(time.Hour)
	check(t, s.SyncSchedules(ctx, []Schedule{
		{Name: "morning", Spec: "@hourly", Next: morning}, {Name: "paused", Spec: "@hourly", Next: morning, Paused: true},
	}))
	fire := func(name string) (won bool) {
		err := s.Tx(ctx, func(ctx context.Context, tx *Tx) (err error) {
			won, err = tx.Fire(ctx, name, morning, next, nil)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return won
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	wins := 0
	for range 10 {
		wg.Go(func() {
			if fire("morning") {
				mu.Lock()
				wins++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if wins != 1 {
		t.Errorf("%d won the fire, want 1", wins)
	}
	if fire("paused") || fire("unknown") {
		t.Error("a paused or an unknown schedule fired")
	}
	if got := schedules(t, s)[0]; !got.Next.Equal(next) || !got.Last.Equal(morning) {
		t.Errorf("after the fire it is %+v", got)
	}
}

func testAudit(t *testing.T, s *Store) {
	ctx := t.Context()
	first := Entry{
		ID: newID(t), At: morning, Team: "T1", Who: "U1", What: "delta", Where: "C1", Server: "aadc01", Decision: "allowed",
		Rule: "grants[0]", Result: "succeeded", Ref: "C-7F3K",
	}
	second := Entry{ID: newID(t), At: morning.Add(time.Second), Who: "U2"}
	for _, e := range []Entry{first, second, {ID: first.ID, At: morning, Who: "forged"}} {
		check(t, s.Record(ctx, e))
	}
	got := audit(t, s, time.Time{}, time.Time{})
	if len(got) != 2 || got[0].Entry != first || got[1].Entry != second || got[0].Seq != 1 || got[1].Seq != 2 {
		t.Errorf("audit = %+v, want the first and the second", got)
	}
	for _, tt := range []struct {
		name         string
		since, until time.Time
		want         int64
	}{
		{"the beginning is included", second.At, time.Time{}, 2},
		{"the end is not", time.Time{}, second.At, 1},
	} {
		if got := audit(t, s, tt.since, tt.until); len(got) != 1 || got[0].Seq != tt.want {
			t.Errorf("%s: %+v, want entry %d", tt.name, got, tt.want)
		}
	}
}

func testCredentials(t *testing.T, s *Store) {
	ctx := t.Context()
	salt := []byte{0, 0xff, 1}
	old := Credential{Identity: `CORP\svc`, Salt: salt, Hash: []byte{1, 0, 0xfe}, State: "refused", Refused: []string{}}
	young := Credential{Identity: `CORP\svc`, Salt: salt, Hash: []byte{2}, State: "unproven", Refused: []string{}}
	for _, c := range []Credential{old, young, {Identity: "other", Salt: salt, Hash: []byte{2}, State: "proven"}} {
		check(t, s.SaveCredential(ctx, c))
	}
	young.State, young.Refused = "proven", []string{"aadc01", "aadc02"}
	check(t, s.SaveCredential(ctx, young))
	got, err := s.Credentials(ctx, `CORP\svc`)
	check(t, err)
	if !reflect.DeepEqual(got, []Credential{old, young}) {
		t.Errorf("credentials are\n%+v, want\n%+v", got, []Credential{old, young})
	}
	if got, err := s.Credentials(ctx, "nobody"); err != nil || len(got) != 0 {
		t.Errorf("credentials of nobody = %+v, %v", got, err)
	}
}

func testFacts(t *testing.T, s *Store) {
	ctx := t.Context()
	for _, want := range []string{"", "a", "b"} {
		if want != "" {
			check(t, s.SetFact(ctx, "probe/aadc01", want))
		}
		if got, err := s.Fact(ctx, "probe/aadc01"); err != nil || got != want {
			t.Errorf("fact = %q, %v, want %q", got, err, want)
		}
	}
}

func testHostileWords(t *testing.T, s *Store) {
	const hostile = "a\x00b\xff'; DROP TABLE inbox; --"
	const kept = "ab\uFFFD'; DROP TABLE inbox; --"
	ctx := t.Context()
	r := request(t, "aadc01", executor.Delta)
	r.Reason = hostile
	out, _ := ask(t, s, r)
	got, err := s.Request(ctx, r.ID)
	check(t, err)
	if got.Reason != kept {
		t.Errorf("reason = %q, want %q", got.Reason, kept)
	}
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	c.Runs = []executor.Run{{Connector: hostile, Profile: hostile, Result: hostile}}
	c.Result.Detail = hostile
	_, err = s.SaveCycle(ctx, c, stamp)
	check(t, err)
	c, err = s.Cycle(ctx, c.ID)
	check(t, err)
	if c.Runs[0].Connector != kept || c.Result.Detail != "a\x00b\uFFFD'; DROP TABLE inbox; --" {
		t.Errorf("run %+v, detail %q", c.Runs[0], c.Result.Detail)
	}
	m := only(t, s, c.ID)
	check(t, s.Retry(ctx, m, morning, errors.New(hostile)))
	dead(t, s, m, errors.New(hostile))
	check(t, s.Record(ctx, Entry{ID: newID(t), At: morning, Who: hostile, What: hostile, Result: hostile}))
	check(t, s.SetFact(ctx, "f", hostile))
}

// testTxShared writes through the handle that the job engine gets and through the store, in one transaction.
func testTxShared(t *testing.T, s *Store) {
	cause := errors.New("roll back")
	write := func(fail error) error {
		return s.Tx(t.Context(), func(ctx context.Context, tx *Tx) error {
			if (tx.SQL() != nil) == (tx.PGX() != nil) {
				t.Error("a transaction is for exactly one database")
			}
			const insert = `INSERT INTO facts (name, value) VALUES ('job', '1')`
			var err error
			if s.Kind() == SQLite {
				_, err = tx.SQL().ExecContext(ctx, insert)
			} else {
				_, err = tx.PGX().Exec(ctx, insert)
			}
			check(t, err)
			check(t, tx.SetFact(ctx, "own", "1"))
			if v, err := tx.Fact(ctx, "job"); err != nil || v != "1" {
				t.Errorf("inside the transaction the job's row is %q, %v", v, err)
			}
			return fail
		})
	}
	expect := func(want string) {
		t.Helper()
		for _, name := range []string{"own", "job"} {
			if v, err := s.Fact(t.Context(), name); err != nil || v != want {
				t.Errorf("%s = %q, %v; want %q", name, v, err, want)
			}
		}
	}
	if err := write(cause); !errors.Is(err, cause) {
		t.Errorf("Tx returned %v", err)
	}
	expect("")
	check(t, write(nil))
	expect("1")
}

func testTxBroken(t *testing.T, s *Store) {
	ctx, cancel := context.WithCancelCause(t.Context())
	err := s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		check(t, tx.SetFact(ctx, "left", "1"))
		cancel(errors.New("stop"))
		return tx.SetFact(ctx, "left", "2")
	})
	if err == nil {
		t.Error("a transaction whose context ended was committed")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = s.Tx(t.Context(), func(ctx context.Context, tx *Tx) error {
			check(t, tx.SetFact(ctx, "left", "3"))
			panic("bug")
		})
	}()
	// On SQLite this would wait for ever for the one connection, were it still held.
	if v, err := s.Fact(t.Context(), "left"); err != nil || v != "" {
		t.Errorf("left behind: %q, %v", v, err)
	}
	inUse := 0
	if s.Kind() == SQLite {
		inUse = s.SQLDB().Stats().InUse
	} else {
		inUse = int(s.Pool().Stat().AcquiredConns())
	}
	if inUse != 0 {
		t.Errorf("%d connections are still in use", inUse)
	}
}
