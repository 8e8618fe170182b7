package store

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func question(t testing.TB) Question {
	return Question{
		ID: newID(t), Team: "T1", Channel: "C1", User: "U1", Slash: "/adsync", Command: "full aadc01 because x",
		AskedAt: morning, Until: morning.Add(10 * time.Minute),
	}
}

func testQuestion(t *testing.T, s *Store) {
	ctx := t.Context()
	q := question(t)
	check(t, s.Pose(ctx, q))
	other := q
	other.Command = "full aadc02"
	check(t, s.Pose(ctx, other)) // the same command served again
	got, err := s.Question(ctx, q.ID)
	check(t, err)
	if !reflect.DeepEqual(got, q) {
		t.Errorf("the question came back as %+v, want %+v", got, q)
	}
	if _, err := s.Question(ctx, newID(t)); !errors.Is(err, ErrNotFound) {
		t.Errorf("a question nobody asked: %v, want ErrNotFound", err)
	}
}

func testQuestionAnsweredOnce(t *testing.T, s *Store) {
	ctx := t.Context()
	q := question(t)
	check(t, s.Pose(ctx, q))
	first, second := newID(t), newID(t)
	for i, tt := range []struct {
		press  uuid.UUID
		answer string
		counts bool
	}{{first, "yes", true}, {second, "yes", false}, {second, "no", false}, {first, "no", false}, {first, "yes", true}} {
		counts, err := s.Answer(ctx, q.ID, tt.press, tt.answer, morning.Add(time.Duration(i+1)*time.Second))
		check(t, err)
		if counts != tt.counts {
			t.Errorf("press %d counts = %t, want %t", i, counts, tt.counts)
		}
	}
	got, err := s.Question(ctx, q.ID)
	check(t, err)
	if got.Answer != "yes" || got.Press != first || !got.AnsweredAt.Equal(morning.Add(time.Second)) {
		t.Errorf("answered %q by %s at %v, want yes by the first press", got.Answer, got.Press, got.AnsweredAt)
	}
	if counts, err := s.Answer(ctx, newID(t), first, "yes", morning); err != nil || counts {
		t.Errorf("a question nobody asked was answered: %t, %v", counts, err)
	}
}

func testQuestionAnsweredConcurrently(t *testing.T, s *Store) {
	q := question(t)
	check(t, s.Pose(t.Context(), q))
	var won atomic.Int64
	var presses sync.WaitGroup
	for range 20 {
		press := newID(t)
		presses.Go(func() {
			counts, err := s.Answer(context.WithoutCancel(t.Context()), q.ID, press, "yes", morning)
			if err != nil {
				t.Error(err)
			}
			if counts {
				won.Add(1)
			}
		})
	}
	presses.Wait()
	if won.Load() != 1 {
		t.Errorf("%d presses count, want 1", won.Load())
	}
}

func testQuestionPrune(t *testing.T, s *Store) {
	ctx := t.Context()
	young, old := question(t), question(t)
	old.Until = morning.Add(-24*time.Hour - time.Millisecond)
	check(t, s.Pose(ctx, young))
	check(t, s.Pose(ctx, old))
	check(t, s.PruneQuestions(ctx, morning))
	if _, err := s.Question(ctx, young.ID); err != nil {
		t.Errorf("a young question: %v", err)
	}
	if _, err := s.Question(ctx, old.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("an old question: %v, want ErrNotFound", err)
	}
}

func testPast(t *testing.T, s *Store) {
	ctx := t.Context()
	past, err := s.Past(ctx, "aadc01", executor.Initial)
	check(t, err)
	if past.Usual != 0 || past.Last != nil {
		t.Errorf("nothing has happened yet, and the past is %+v", past)
	}
	var last executor.Cycle
	for i := range 3 {
		out, _ := ask(t, s, request(t, "aadc01", executor.Initial))
		c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
		check(t, err)
		c.ReadsFrom = morning.Add(time.Duration(i) * 24 * time.Hour)
		c.Phase, c.EndedAt, c.Result.Verdict = executor.PhaseEnded, c.ReadsFrom.Add(3*time.Hour), executor.Succeeded
		last, err = s.SaveCycle(ctx, c, stamp)
		check(t, err)
	}
	out, _ := ask(t, s, request(t, "aadc01", executor.Initial))
	end(t, s, out.Cycle.ID, morning.Add(96*time.Hour), executor.NotStarted)
	out, _ = ask(t, s, request(t, "aadc01", executor.Delta))
	end(t, s, out.Cycle.ID, morning.Add(97*time.Hour), executor.Succeeded)
	past, err = s.Past(ctx, "aadc01", executor.Initial)
	check(t, err)
	if past.Usual != 3*time.Hour || past.Last == nil || past.Last.ID != last.ID {
		t.Errorf("the past is %+v, want 3 h and the last full that ran", past)
	}
}
