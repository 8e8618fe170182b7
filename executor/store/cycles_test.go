package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// fill gives every field of a struct a value, so that a field that is not stored is noticed on the day it is added.
func fill(t testing.TB, v reflect.Value, tick time.Time) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(tick))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), tick.Add(time.Duration(i)*time.Second))
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), tick)
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), tick)
	case v.Kind() == reflect.String:
		v.SetString("füllt \x01 " + v.Type().Name())
	case v.CanInt():
		v.SetInt(1<<31 - 1)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("a field of type %s: say how it is stored", v.Type())
	}
}

func testCycleRoundTrip(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	if !reflect.DeepEqual(c, out.Cycle) {
		t.Errorf("a new cycle came back as\n%+v, want\n%+v", c, out.Cycle)
	}
	tick := time.Date(2026, 3, 2, 9, 41, 7, 123456700, time.UTC) // a server's clock counts 100 ns
	fill(t, reflect.ValueOf(&c.Baseline).Elem(), tick)
	fill(t, reflect.ValueOf(&c.Follow).Elem(), tick)
	fill(t, reflect.ValueOf(&c.Result).Elem(), tick)
	c.Waiting = &executor.Waiting{}
	fill(t, reflect.ValueOf(c.Waiting).Elem(), tick)
	c.Runs = make([]executor.Run, 2)
	fill(t, reflect.ValueOf(&c.Runs[0]).Elem(), tick)
	c.Policy, c.Origin, c.Phase, c.Intent = executor.Initial, executor.Adopted, executor.PhaseFollowing, morning.Add(time.Second)
	c.ReadsFrom = tick.Add(time.Second)
	c.Runs[0].Counters.Updates = -1 // not shown
	c.Runs[1] = executor.Run{Connector: "contoso.onmicrosoft.com - AAD", Profile: "Export", Start: tick.Add(time.Minute)}
	saved, err := s.SaveCycle(ctx, c, stamp)
	check(t, err)
	want := c
	want.Version++
	if !reflect.DeepEqual(saved, want) {
		t.Errorf("saved as\n%+v, want\n%+v", saved, want)
	}
	byID, err := s.Cycle(ctx, c.ID)
	check(t, err)
	byRef, err := s.CycleByRef(ctx, c.Ref())
	check(t, err)
	live, found, err := s.LiveCycle(ctx, "aadc01")
	check(t, err)
	all, err := s.LiveCycles(ctx)
	check(t, err)
	if !found || len(all) != 1 {
		t.Fatalf("live = %v, %d live cycles; want it live alone", found, len(all))
	}
	for by, got := range map[string]executor.Cycle{"id": byID, "ref": byRef, "server": live, "being live": all[0]} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("by %s it came back as\n%+v, want\n%+v", by, got, want)
		}
	}
	saved.Runs, saved.Waiting = saved.Runs[:1], nil
	_, err = s.SaveCycle(ctx, saved, stamp)
	check(t, err)
	if got, err := s.Cycle(ctx, c.ID); err != nil || len(got.Runs) != 1 || got.Waiting != nil {
		t.Errorf("after a second save: %+v, %v; want one run and no waiting", got, err)
	}
	if _, err := s.Cycle(ctx, newID(t)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown id: %v, want ErrNotFound", err)
	}
	if _, err := s.CycleByRef(ctx, "C-NONE"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown name: %v, want ErrNotFound", err)
	}
	if _, _, err := s.Stamp(ctx, newID(t)); !errors.Is(err, ErrNotFound) {
		t.Errorf("taking over an unknown cycle: %v, want ErrNotFound", err)
	}
}

func testStamp(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	old, oldStamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	old.Phase, old.Runs = executor.PhaseEnded, []executor.Run{{Connector: "stale"}}
	if _, err := s.SaveCycle(ctx, old, oldStamp); !errors.Is(err, ErrStale) {
		t.Errorf("the slice that lost the cycle: %v, want ErrStale", err)
	}
	c.Phase = executor.PhaseStarting
	for range 2 { // a slice saves as often as it likes
		c, err = s.SaveCycle(ctx, c, stamp)
		check(t, err)
	}
	got, err := s.Cycle(ctx, c.ID)
	check(t, err)
	if got.Phase != executor.PhaseStarting || got.Version != 3 || len(got.Runs) != 0 {
		t.Errorf("the cycle is %+v, want what the newest slice saved twice", got)
	}
}

func testEndedStays(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	ended := end(t, s, out.Cycle.ID, morning, executor.Succeeded)
	c, stamp, err := s.Stamp(ctx, ended.ID)
	check(t, err)
	c.Phase = executor.PhaseFollowing
	if _, err := s.SaveCycle(ctx, c, stamp); !errors.Is(err, ErrStale) {
		t.Errorf("saving an ended cycle: %v, want ErrStale", err)
	}
	check(t, s.SetCancel(ctx, c.ID, morning))
	if got, err := s.Cycle(ctx, c.ID); err != nil || !reflect.DeepEqual(got, ended) {
		t.Errorf("the ended cycle is now\n%+v, %v, want\n%+v", got, err, ended)
	}
}

func testCancel(t *testing.T, s *Store) {
	ctx := t.Context()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	c, stamp, err := s.Stamp(ctx, out.Cycle.ID)
	check(t, err)
	at := morning.Add(time.Minute)
	check(t, s.SetCancel(ctx, c.ID, at))
	check(t, s.SetCancel(ctx, c.ID, at.Add(time.Minute)))
	saved, err := s.SaveCycle(ctx, c, stamp) // c knows nothing of it
	check(t, err)
	if !saved.CancelAt.Equal(at) {
		t.Errorf("cancelled at %v, want %v", saved.CancelAt, at)
	}
	messages, err := s.Messages(ctx, c.ID)
	check(t, err)
	if saved.Version != 3 || len(messages) != 1 || messages[0].Want != 3 {
		t.Errorf("version %d, messages %+v; want version 3 shown", saved.Version, messages)
	}
}

func testHistory(t *testing.T, s *Store) {
	ctx := t.Context()
	var ids []string
	for i := range 4 {
		out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
		ids = append(ids, out.Cycle.ID.String())
		if i < 3 {
			end(t, s, out.Cycle.ID, morning.Add(time.Duration(i)*time.Minute), executor.Failed)
		}
	}
	other, _ := ask(t, s, request(t, "aadc02", executor.Delta))
	end(t, s, other.Cycle.ID, morning.Add(time.Hour), executor.Succeeded)
	got, err := s.History(ctx, "aadc01", 2)
	check(t, err)
	if len(got) != 2 || got[0].ID.String() != ids[2] || got[1].ID.String() != ids[1] {
		t.Errorf("history = %+v, want the third and the second", got)
	}
	if got, err := s.History(ctx, "aadc03", 2); err != nil || len(got) != 0 {
		t.Errorf("history of an unknown server = %+v, %v", got, err)
	}
}

// endAfter runs the i-th cycle, which takes so long; 0 when nobody knows when it began.
func endAfter(t testing.TB, s *Store, i int, took time.Duration, v executor.Verdict) {
	t.Helper()
	out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
	c, stamp, err := s.Stamp(t.Context(), out.Cycle.ID)
	check(t, err)
	start := morning.Add(time.Duration(i) * time.Hour)
	c.Phase, c.ReadsFrom, c.EndedAt, c.Result.Verdict = executor.PhaseEnded, start, start.Add(took), v
	if took == 0 {
		c.ReadsFrom = time.Time{}
	}
	_, err = s.SaveCycle(t.Context(), c, stamp)
	check(t, err)
}

func testUsual(t *testing.T, s *Store) {
	ctx := t.Context()
	c := executor.Cycle{ID: newID(t), Server: "aadc01", Policy: executor.Delta}
	want := func(usual time.Duration) {
		t.Helper()
		got, err := s.Usual(ctx, c)
		check(t, err)
		if got != usual {
			t.Errorf("usual = %v, want %v", got, usual)
		}
	}
	want(0)
	endAfter(t, s, 1, 10*time.Minute, executor.Succeeded)
	endAfter(t, s, 2, time.Minute, executor.Warnings)
	endAfter(t, s, 3, time.Second, executor.Failed) // does not count
	endAfter(t, s, 4, 0, executor.Succeeded)        // does not count either
	want(0)                                         // two are not usual yet
	endAfter(t, s, 5, 3*time.Minute, executor.Succeeded)
	want(3 * time.Minute)
	last, err := s.History(ctx, "aadc01", 1)
	check(t, err)
	c.ID = last[0].ID // the cycle itself is not what is usual
	want(0)
	for i := range 20 {
		endAfter(t, s, 10+i, 2*time.Minute, executor.Succeeded)
	}
	want(2 * time.Minute)
	c.Policy = executor.Initial
	want(0)
}

func testUsualDeletes(t *testing.T, s *Store) {
	ctx := t.Context()
	c := executor.Cycle{ID: newID(t), Server: "aadc01", Policy: executor.Delta}
	deleted := func(deletes ...int) {
		t.Helper()
		out, _ := ask(t, s, request(t, "aadc01", executor.Delta))
		c, stamp, err := s.Stamp(t.Context(), out.Cycle.ID)
		check(t, err)
		c.Phase, c.EndedAt, c.Result.Verdict = executor.PhaseEnded, morning, executor.Succeeded
		c.Runs = []executor.Run{{Connector: "contoso.com", Profile: "Delta Import", Counters: &executor.Counters{Deletes: 1000}}}
		for _, n := range deletes {
			run := executor.Run{Connector: "contoso.com", Profile: "Export", Counters: &executor.Counters{Adds: 7, Deletes: n}}
			if n < -1 {
				run.Counters = nil
			}
			c.Runs = append(c.Runs, run)
		}
		_, err = s.SaveCycle(t.Context(), c, stamp)
		check(t, err)
	}
	want := func(most int, known bool) {
		t.Helper()
		a, b, ok, err := s.UsualDeletes(ctx, c)
		check(t, err)
		if a != 0 || b != most || ok != known {
			t.Errorf("usual are %d to %d (known %t), want 0 to %d (%t)", a, b, ok, most, known)
		}
	}
	want(0, false)
	deleted(0, 2)
	deleted(1, -1) // one export does not show them
	deleted(1, -2) // nor does this one show anything
	deleted()      // and this cycle had none
	deleted(0, 0)
	want(0, false) // two are not usual yet
	deleted(3)
	want(3, true)
	c.Policy = executor.Initial
	want(0, false)
}
