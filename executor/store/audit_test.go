package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// audit returns the entries of a span of time.
func audit(t testing.TB, s *Store, since, until time.Time) []Recorded {
	t.Helper()
	var got []Recorded
	check(t, s.Audit(t.Context(), since, until, func(e Recorded) error {
		got = append(got, e)
		return nil
	}))
	return got
}

// chain records n entries, one a minute from morning on, and returns them.
func chain(t testing.TB, s *Store, n int) []Recorded {
	t.Helper()
	for i := range n {
		check(t, s.Record(t.Context(), Entry{
			ID: newID(t), At: morning.Add(time.Duration(i) * time.Minute), Who: fmt.Sprintf("U%d", i), What: "delta", Decision: "allowed",
		}))
	}
	return audit(t, s, time.Time{}, time.Time{})
}

func run(t testing.TB, s *Store, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := s.exec(t.Context(), statement)
		check(t, err)
	}
}

func head(e Recorded) Head { return Head{e.Seq, e.Hash} }

func verified(t testing.TB, s *Store, kept ...Head) Verified {
	t.Helper()
	v, err := s.VerifyAudit(t.Context(), kept)
	check(t, err)
	return v
}

// onBoth runs a test on a store in each of the databases.
func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, db.create(t), Options{Now: clock}))
		})
	}
}

func TestAnAuditWithoutEntriesIsIntact(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		if v := verified(t, s); v != (Verified{}) {
			t.Errorf("verified %+v", v)
		}
	})
}

func TestAnIntactChainEndsInItsHead(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		all := chain(t, s, 9)
		last := head(all[8])
		if v := verified(t, s, head(all[2]), last, last); v != (Verified{Head: last, Entries: 9}) {
			t.Errorf("verified %+v, want 9 entries up to %s", v, last)
		}
		if h, err := s.AuditHead(t.Context()); err != nil || h != last {
			t.Errorf("head %s, %v", h, err)
		}
	})
}

func TestVerifyFindsTheFirstBrokenEntry(t *testing.T) {
	swap := []string{
		`UPDATE audit SET seq = 100 WHERE seq = 3`, `UPDATE audit SET seq = 3 WHERE seq = 4`, `UPDATE audit SET seq = 4 WHERE seq = 100`,
	}
	columns := []string{"team", "who", "what", "place", "server", "decision", "rule", "result", "ref"}
	type harm struct {
		name  string
		do    []string
		seq   int64
		found Break
	}
	harms := []harm{
		{"another time", []string{`UPDATE audit SET at = at + 1 WHERE seq = 3`}, 3, Altered},
		{"another id", []string{`UPDATE audit SET id = '` + uuid.Max.String() + `' WHERE seq = 3`}, 3, Altered},
		{"another hash", []string{`UPDATE audit SET hash = 'x' WHERE seq = 3`}, 3, Altered},
		{"a word moved to the next column", []string{`UPDATE audit SET who = '', what = 'U2delta' WHERE seq = 3`}, 3, Altered},
		{"the first one changed", []string{`UPDATE audit SET who = 'x' WHERE seq = 1`}, 1, Altered},
		{"the last one changed", []string{`UPDATE audit SET who = 'x' WHERE seq = 9`}, 9, Altered},
		{"one removed", []string{`DELETE FROM audit WHERE seq = 3`}, 3, Removed},
		{"one removed and the gap closed", []string{`DELETE FROM audit WHERE seq = 3`, `UPDATE audit SET seq = -seq WHERE seq > 3`, `UPDATE audit SET seq = -seq - 1 WHERE seq < 0`}, 3, Altered},
		{"the first two removed", []string{`DELETE FROM audit WHERE seq < 3`}, 1, Removed},
		{"two in each other's place", swap, 3, Altered},
		{"the last two removed", []string{`DELETE FROM audit WHERE seq > 7`}, 8, Cut},
		{"all removed", []string{`DELETE FROM audit`}, 1, Cut},
		{"what looks like a pruning", []string{`DELETE FROM audit WHERE seq < 3`, `UPDATE audit SET decision = 'pruned', result = '2:` + strings.Repeat("0", 64) + `' WHERE seq = 9`}, 3, Altered},
		{"a broken pruning", []string{`DELETE FROM audit WHERE seq < 3`, `UPDATE audit SET decision = 'pruned', result = '?' WHERE seq = 9`}, 1, Removed},
	}
	for _, c := range columns {
		harms = append(harms, harm{"another " + c, []string{`UPDATE audit SET ` + c + ` = 'x' WHERE seq = 3`}, 3, Altered})
	}
	for _, tt := range harms {
		t.Run(tt.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				chain(t, s, 9)
				run(t, s, tt.do...)
				_, err := s.VerifyAudit(t.Context(), nil)
				broken, ok := errors.AsType[*ChainError](err)
				if !ok || broken.Seq != tt.seq || broken.Break != tt.found {
					t.Errorf("found %v, want entry %d %s", err, tt.seq, tt.found)
				}
			})
		})
	}
}

// Whoever may write the database can make a chain that fits together. Only a head that was kept elsewhere shows it.
func TestAKeptHeadShowsWhatTheChainCannot(t *testing.T) {
	for _, tt := range []struct {
		name  string
		forge func(t *testing.T, s *Store)
		seq   int64
		found Break
		shown int // by which kept head
	}{
		{
			"a tail cut together with the database's own head",
			func(t *testing.T, s *Store) {
				run(t, s, `DELETE FROM audit WHERE seq > 5`, `UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)`)
			}, 6, Cut, 7,
		},
		{
			"everything gone",
			func(t *testing.T, s *Store) {
				run(t, s, `DELETE FROM audit`, `UPDATE audit_head SET seq = 0, hash = ''`)
			}, 1, Cut, 2,
		},
		{
			"a tail cut, and recorded otherwise",
			func(t *testing.T, s *Store) {
				run(t, s, `DELETE FROM audit WHERE seq > 5`, `UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)`)
				chain(t, s, 4)
			}, 7, Rewritten, 7,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				all := chain(t, s, 9)
				tt.forge(t, s)
				verified(t, s) // by itself it fits together
				_, err := s.VerifyAudit(t.Context(), []Head{head(all[8]), head(all[6]), head(all[1])})
				want := ChainError{Seq: tt.seq, Break: tt.found, Kept: head(all[tt.shown-1])}
				if broken, ok := errors.AsType[*ChainError](err); !ok || *broken != want {
					t.Errorf("found %v, want %v", err, &want)
				}
			})
		})
	}
}

func TestAPruningIsRecordedAndTheRestVerified(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		all := chain(t, s, 9)
		for range 2 { // the second one finds nothing to do
			last, err := s.Prune(ctx, morning.Add(4*time.Minute), "audit.keep: 30d")
			check(t, err)
			if last != head(all[3]) && last != (Head{}) {
				t.Errorf("removed up to %s, want %s", last, head(all[3]))
			}
		}
		left := audit(t, s, time.Time{}, time.Time{})
		if len(left) != 6 || !reflect.DeepEqual(left[:5], all[4:]) {
			t.Fatalf("left are %+v", left)
		}
		if p := left[5]; p.Rule != "audit.keep: 30d" || p.Result != head(all[3]).String() || !p.At.Equal(morning) {
			t.Errorf("the pruning is recorded as %+v", p)
		}
		v := verified(t, s, head(all[0]), head(all[3]), head(all[6]))
		if v != (Verified{Head: head(left[5]), Entries: 6, Pruned: head(all[3]), Unchecked: 1}) {
			t.Errorf("verified %+v", v)
		}

		forged := head(all[0])
		forged.Seq = 4
		if _, err := s.VerifyAudit(ctx, []Head{forged}); err == nil {
			t.Error("a kept head of the last pruned entry that differs is not noticed")
		}
		run(t, s, `DELETE FROM audit WHERE seq = 5`)
		_, err := s.VerifyAudit(ctx, nil)
		if broken, ok := errors.AsType[*ChainError](err); !ok || broken.Seq != 5 || broken.Break != Removed {
			t.Errorf("one more removed: %v", err)
		}
	})
}

func TestEverythingPrunedLeavesTheLastPruning(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		chain(t, s, 3)
		for i := range 3 {
			_, err := s.Prune(t.Context(), morning.Add(time.Duration(i+1)*time.Hour), "audit.keep: 30d")
			check(t, err)
			if v := verified(t, s); v.Entries != 1 || v.Head.Seq != int64(4+i) || v.Pruned.Seq != int64(3+i) {
				t.Errorf("verified %+v", v)
			}
		}
	})
}

// Three replicas, each with its own connections; on SQLite the owner and two processes beside it.
func TestThreeWritersMakeOneChain(t *testing.T) {
	const entries = 200
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			url := db.create(t)
			writers := []*Store{open(t, url, Options{Now: clock}), open(t, url, Options{Now: clock, Role: Beside}), open(t, url, Options{Now: clock, Role: Beside})}
			shared := make([]uuid.UUID, entries/4)
			for i := range shared {
				shared[i] = newID(t)
			}
			var wg sync.WaitGroup
			for w, s := range writers {
				wg.Go(func() {
					for i := range entries {
						e := Entry{ID: uuid.Must(uuid.NewV7()), At: morning, Who: fmt.Sprintf("writer %d", w)}
						if i < len(shared) { // all three record it, one wins
							e.ID = shared[i]
						}
						if err := s.Record(t.Context(), e); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			want := int64(len(writers)*entries - 2*len(shared))
			if v := verified(t, writers[0]); v.Entries != want || v.Head.Seq != want {
				t.Errorf("verified %+v, want %d entries", v, want)
			}
		})
	}
}

func TestARecordIsRolledBackWithItsTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		before := head(chain(t, s, 2)[1])
		cause := errors.New("roll back")
		err := s.Tx(t.Context(), func(ctx context.Context, tx *Tx) error {
			check(t, tx.Record(ctx, Entry{ID: newID(t), At: morning}))
			return cause
		})
		if !errors.Is(err, cause) {
			t.Fatal(err)
		}
		if v := verified(t, s); v.Head != before {
			t.Errorf("the head is %s, want %s", v.Head, before)
		}
	})
}

// The chain's form is promised: audits are verified years later, by other programs too.
func TestTheHashOfAnEntryNeverChanges(t *testing.T) {
	e := Entry{
		ID: uuid.MustParse("01933b1e-2f00-7000-8000-000000000001"), At: morning, Team: "T1", Who: "U1", What: "delta aadc01 because ä",
		Where: "C1", Server: "aadc01", Decision: "allowed", Rule: "grants[0]", Result: "queued", Ref: "C-7F3K",
	}
	const want = "8be0b1ce88901d28fb639883a414431df3d9df3014c4662bd82125132d1c2a5d"
	if got := e.hash(strings.Repeat("ab", 32), 7); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

func TestAHeadIsFoundInALog(t *testing.T) {
	var log bytes.Buffer
	hash := strings.Repeat("0a", 32)
	l := slog.New(slog.NewJSONHandler(&log, nil))
	l.Info("bot ready", "servers", 2)
	Head{12, hash}.Log(t.Context(), l)
	l.Info("command served", "text", `{"msg":"audit head","audit_seq":3,"audit_hash":"`+hash+`"}`)
	log.WriteString("2026-03-02T09:41:00Z stderr F ")
	Head{13, hash}.Log(t.Context(), l)
	log.WriteString("{\"msg\":\"audit head\",\"audit_seq\":14}\n" + `{"msg":"audit head","audit_seq":1`)
	got, err := ReadHeads(&log)
	if want := []Head{{12, hash}, {13, hash}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, %v, want %v", got, err, want)
	}
}

func TestParseHead(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	if h, err := ParseHead("12:" + hash); err != nil || h != (Head{12, hash}) || h.String() != "12:"+hash {
		t.Errorf("%v, %v", h, err)
	}
	for _, s := range []string{"", "12", "12:", ":" + hash, "0:" + hash, "-1:" + hash, "12:" + hash + "0", "12:" + strings.ToUpper(hash), "12:" + hash + ":"} {
		if h, err := ParseHead(s); err == nil {
			t.Errorf("%q is read as %v", s, h)
		}
	}
}

func FuzzReadHeads(f *testing.F) {
	f.Add([]byte(`{"msg":"audit head","audit_seq":3,"audit_hash":"` + strings.Repeat("0a", 32) + `"}`))
	f.Add([]byte("audit head {{\n\n{"))
	f.Fuzz(func(t *testing.T, log []byte) {
		heads, err := ReadHeads(bytes.NewReader(log))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range heads {
			if again, err := ParseHead(h.String()); err != nil || again != h {
				t.Fatalf("%v is read again as %v, %v", h, again, err)
			}
		}
	})
}
