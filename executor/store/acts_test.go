package store

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

func aStop(t testing.TB) executor.Act {
	return executor.Act{
		ID: newID(t), Kind: executor.StopAct, Server: "aadc01", Reason: "wrong filter", Rule: "grants[1]", AskedAt: morning,
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "UBEN"},
		Audience: executor.Audience{Team: "T1", Channel: "C2"},
	}
}

func addAct(t testing.TB, s *Store, a executor.Act) (executor.Act, bool, error) {
	t.Helper()
	var out executor.Act
	var fresh bool
	err := s.Tx(t.Context(), func(ctx context.Context, tx *Tx) (err error) {
		out, fresh, err = tx.AddAct(ctx, a, "https://slack.example/reply")
		return err
	})
	return out, fresh, err
}

func saveAct(t testing.TB, s *Store, a executor.Act, stamp string) (executor.Act, error) {
	t.Helper()
	var out executor.Act
	err := s.Tx(t.Context(), func(ctx context.Context, tx *Tx) (err error) {
		out, err = tx.SaveAct(ctx, a, stamp)
		return err
	})
	return out, err
}

func testAct(t *testing.T, s *Store) {
	ctx := t.Context()
	asked, fresh, err := addAct(t, s, aStop(t))
	check(t, err)
	if !fresh || asked.Phase != executor.ActAsked || asked.Version != 1 || asked.About != uuid.Nil {
		t.Errorf("asked: %+v, fresh = %v", asked, fresh)
	}
	if to, err := s.ActReplyTo(ctx, asked.ID); err != nil || to != "https://slack.example/reply" {
		t.Errorf("answered to %q, %v", to, err)
	}
	want, old, err := s.StampAct(ctx, asked.ID)
	check(t, err)
	want, stamp, err := s.StampAct(ctx, want.ID)
	check(t, err)
	want.Phase, want.Began, want.ToldAt, want.AcceptedAt = executor.ActTelling, morning, morning, morning
	want.Tries, want.Problem = 2, "unreachable"
	if _, err := saveAct(t, s, want, old); !errors.Is(err, ErrStale) {
		t.Errorf("the slice that lost the act: %v, want ErrStale", err)
	}
	saved, err := saveAct(t, s, want, stamp)
	check(t, err)
	want.Version = 2
	if got, err := s.Act(ctx, want.ID); err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(saved, want) {
		t.Errorf("saved %+v, read %+v, %v; want %+v", saved, got, err, want)
	}
	if live, err := s.LiveActs(ctx); err != nil || len(live) != 1 || live[0].ID != want.ID {
		t.Errorf("live acts %+v, %v", live, err)
	}
	want.Phase, want.EndedAt, want.Result, want.Code, want.Detail = executor.ActEnded, morning, executor.ActRefused, executor.CodeNoRights, "Access Denied"
	want, err = saveAct(t, s, want, stamp)
	check(t, err)
	if _, err := saveAct(t, s, want, stamp); !errors.Is(err, ErrStale) {
		t.Errorf("saving an ended act: %v, want ErrStale", err)
	}
	again := aStop(t)
	again.ID = want.ID
	if known, fresh, err := addAct(t, s, again); err != nil || fresh || !reflect.DeepEqual(known, want) {
		t.Errorf("asked again: %+v, fresh = %v, %v; want %+v", known, fresh, err, want)
	}
	if live, err := s.LiveActs(ctx); err != nil || len(live) != 0 {
		t.Errorf("live acts %+v, %v, want none", live, err)
	}
}

func testStopAsksTheCycle(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	other, _ := ask(t, s, request(t, "aadc02", executor.Delta))
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	stop, _, err := addAct(t, s, aStop(t))
	check(t, err)
	if stop.About != c.ID {
		t.Errorf("the stop is about %s, want %s", stop.About, c.ID)
	}
	// Who saves the cycle after it reads the flag, and does not undo it.
	if c, err = s.SaveCycle(ctx, c, stamp); err != nil || !c.CancelAt.Equal(morning) {
		t.Errorf("cancelled at %s, %v", c.CancelAt, err)
	}
	if c, err := s.Cycle(ctx, other.Cycle.ID); err != nil || !c.CancelAt.IsZero() {
		t.Errorf("another server's cycle: cancelled at %s, %v", c.CancelAt, err)
	}
	second := aStop(t)
	second.AskedAt = morning.Add(time.Second)
	_, _, err = addAct(t, s, second)
	check(t, err)
	if stops, err := s.Stops(ctx, out.Cycle.ID); err != nil || len(stops) != 2 || stops[0].ID != stop.ID {
		t.Errorf("stops of the cycle: %+v, %v", stops, err)
	}
	if stops, err := s.Stops(ctx, other.Cycle.ID); err != nil || len(stops) != 0 {
		t.Errorf("stops of another cycle: %+v, %v", stops, err)
	}
}
