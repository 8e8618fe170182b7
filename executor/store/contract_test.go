package store

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The contract: everything a Store promises, on both databases.
func TestContract(t *testing.T) {
	tests := []struct {
		name string
		test func(t *testing.T, s *Store)
	}{
		{"a ping is answered until the store is closed", testPing},
		{"an envelope is stored once", testInboxOnce},
		{"what is unhandled comes back, what is handled is forgotten", testInboxLife},
		{"a young envelope is never pruned", testInboxPrune},
		{"the first request starts a cycle, the next one joins it", testAskJoins},
		{"a full is refused while a delta runs", testAskRefused},
		{"the same request changes nothing", testAskAgain},
		{"a server whose cycle has ended gets a new one", testAskAfterEnd},
		{"a request that is rolled back leaves nothing", testAskRolledBack},
		{"fifty requests at once get one cycle", testAskConcurrently},
		{"the same request fifty times at once is one", testAskSameConcurrently},
		{"a cycle that ends is never joined", testAskAgainstEnd},
		{"a request comes back as it was", testRequest},
		{"a cycle comes back as it was saved", testCycleRoundTrip},
		{"the newest stamp wins", testStamp},
		{"an ended cycle stays as it ended", testEndedStays},
		{"a cancel is kept by whoever saves", testCancel},
		{"an act comes back as it was saved, by the newest stamp", testAct},
		{"a stop asks the live cycle of its server to end", testStopAsksTheCycle},
		{"history is newest first", testHistory},
		{"the usual duration is the median of the last twenty", testUsual},
		{"the past is of one policy and leaves out what never started", testPast},
		{"a question comes back as it was first asked", testQuestion},
		{"a question is answered once", testQuestionAnsweredOnce},
		{"of many presses at once one answers a question", testQuestionAnsweredConcurrently},
		{"a page is turned once for each press", testPages},
		{"a question is forgotten a day after its time", testQuestionPrune},
		{"usual deletes are those of the last twenty that show them", testUsualDeletes},
		{"a cycle's message follows its versions", testOutboxVersions},
		{"what is final is sent first", testOutboxOrder},
		{"a long queue does not hide the others", testOutboxQueues},
		{"an end is due although progress was put off", testOutboxEndIsDueAtOnce},
		{"an ephemeral is sent once and forgotten", testOutboxEphemeral},
		{"a dead message is revived by asking again", testOutboxDead},
		{"a message is claimed once until then", testClaim},
		{"of many at once one claims a message", testClaimConcurrently},
		{"who was held up for longer than a claim has the newest shown once more", testClaimHeldUp},
		{"what is sent once is not sent again for who was held up", testClaimHeldUpOnce},
		{"the outbox knows its depth", testOutboxDepth},
		{"schedules follow the configuration", testSchedulesSync},
		{"a fire is won once", testSchedulesFire},
		{"an audit entry is recorded once", testAudit},
		{"credentials are kept by identity and hash", testCredentials},
		{"a fact is the last one set", testFacts},
		{"an error is known until it is over", testKnownErrors},
		{"a capability comes back as it was found", testCapability},
		{"a scope is paused once, and its pause ends early when asked", testPauses},
		{"words from outside never lose a row", testHostileWords},
		{"a transaction shares its fate with the job's", testTxShared},
		{"a transaction that breaks off leaves nothing open", testTxBroken},
	}
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.test(t, open(t, db.create(t), Options{Now: clock}))
				})
			}
		})
	}
}

type database struct {
	name   string
	create func(t testing.TB) (url string)
}

func databases() []database {
	return []database{{SQLite, sqliteFile}, {Postgres, storetest.Postgres}}
}

func sqliteFile(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "bot.db")
}

func open(t testing.TB, url string, opts Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, opts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// morning is when the tests' clock stands.
var morning = time.Date(2026, 3, 2, 9, 41, 0, 0, time.UTC)

func clock() time.Time { return morning }

func newID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request returns a new request in channel C1.
func request(t testing.TB, server string, p executor.Policy) executor.Request {
	return executor.Request{
		ID: newID(t), Policy: p, Server: server,
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "U1"},
		Audience: executor.Audience{Team: "T1", Channel: "C1"},
		AskedAt:  morning,
	}
}

func ask(t testing.TB, s *Store, r executor.Request) (executor.Outcome, bool) {
	t.Helper()
	out, fresh, err := tryAsk(t.Context(), s, r)
	check(t, err)
	return out, fresh
}

func tryAsk(ctx context.Context, s *Store, r executor.Request) (out executor.Outcome, fresh bool, err error) {
	err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
		out, fresh, err = tx.Ask(ctx, r, "https://hooks.example/1")
		return err
	})
	return out, fresh, err
}

// end ends a cycle with a verdict.
func end(t testing.TB, s *Store, id uuid.UUID, at time.Time, v executor.Verdict) executor.Cycle {
	t.Helper()
	c, stamp, err := s.Stamp(t.Context(), id)
	check(t, err)
	c.Phase, c.EndedAt, c.Result.Verdict = executor.PhaseEnded, at, v
	c, err = s.SaveCycle(t.Context(), c, stamp)
	check(t, err)
	return c
}

func count(t testing.TB, s *Store, query string, args ...any) int {
	t.Helper()
	n, err := one(t.Context(), s, scanOne[int], query, args...)
	check(t, err)
	return n
}
