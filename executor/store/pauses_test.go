package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func anAct(t testing.TB, kind executor.ActKind) executor.Act {
	return executor.Act{
		ID: newID(t), Kind: kind, Server: "aadc01", Scope: "tenant contoso", Reach: []string{"aadc01", "aadc02"}, Reason: "patches", Rule: "grants[0]",
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "UANN"},
		Audience: executor.Audience{Team: "T1", Channel: "C1"}, AskedAt: morning, Until: morning.Add(2 * time.Hour),
	}
}

func testPauses(t *testing.T, s *Store) {
	p := anAct(t, executor.PauseAct)
	added, fresh, err := addAct(t, s, p)
	check(t, err)
	if !fresh || added.Phase != executor.ActAsked {
		t.Fatalf("added %+v, fresh %t", added, fresh)
	}
	if _, fresh, err = addAct(t, s, p); err != nil || fresh {
		t.Errorf("the same act again: fresh %t, %v", fresh, err)
	}
	if _, _, err = addAct(t, s, anAct(t, executor.PauseAct)); !errors.Is(err, ErrPaused) {
		t.Errorf("another pause of the scope: %v", err)
	}
	_, old, err := s.StampAct(t.Context(), p.ID)
	check(t, err)
	a, stamp, err := s.StampAct(t.Context(), p.ID)
	check(t, err)
	a.Phase, a.Since, a.ToldAt, a.AcceptedAt, a.Began, a.Tries, a.Problem = executor.ActHolding, morning, morning, morning, morning, 2, "unreachable"
	save := func(a executor.Act, stamp string) (executor.Act, error) { return saveAct(t, s, a, stamp) }
	if _, err := save(a, old); !errors.Is(err, ErrStale) {
		t.Errorf("an old stamp: %v", err)
	}
	saved, err := save(a, stamp)
	check(t, err)
	a.Version++
	if read, err := s.Act(t.Context(), p.ID); err != nil || !reflect.DeepEqual(read, a) || !reflect.DeepEqual(saved, a) {
		t.Errorf("read\n%+v, %v\nsaved\n%+v\nwant\n%+v", read, err, saved, a)
	}
	r := anAct(t, executor.ResumeAct)
	r.AskedAt, r.Until = morning.Add(time.Minute), time.Time{}
	r, _, err = addAct(t, s, r)
	check(t, err)
	if r.About != p.ID {
		t.Errorf("the resume is about %s, want %s", r.About, p.ID)
	}
	if early, found, err := s.Paused(t.Context(), p.Scope); err != nil || !found || !early.Until.Equal(r.AskedAt) {
		t.Errorf("the pause ends at %s, found %t, %v", early.Until, found, err)
	}
	if asked, err := s.Resumes(t.Context(), p.ID); err != nil || len(asked) != 1 || asked[0].ID != r.ID {
		t.Errorf("resumes %+v, %v", asked, err)
	}
	a.Phase, a.EndedAt, a.Result = executor.ActEnded, morning, executor.PauseOver
	_, err = save(a, stamp)
	check(t, err)
	if _, err := save(a, stamp); !errors.Is(err, ErrStale) {
		t.Errorf("an ended act was saved: %v", err)
	}
	if live, err := s.LiveActs(t.Context()); err != nil || len(live) != 1 || live[0].ID != r.ID {
		t.Errorf("live %+v, %v", live, err)
	}
	if _, _, err = addAct(t, s, anAct(t, executor.ResumeAct)); !errors.Is(err, ErrNotPaused) {
		t.Errorf("a resume of nothing: %v", err)
	}
	if _, _, err = addAct(t, s, anAct(t, executor.PauseAct)); err != nil {
		t.Errorf("a pause after the pause: %v", err)
	}
}
