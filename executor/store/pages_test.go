package store

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
)

func testPages(t *testing.T, s *Store) {
	ctx := t.Context()
	p := Pages{ID: newID(t), Team: "T1", Channel: "C1", User: "U1", Body: []byte(`{"headline":[]}`), Until: morning.Add(30 * time.Minute)}
	check(t, s.AddPages(ctx, p))
	check(t, s.AddPages(ctx, Pages{ID: p.ID, Body: []byte("x"), Until: morning}))
	turn := func(id, press uuid.UUID, by int, refuse error) (got Pages, err error) {
		err = s.Tx(ctx, func(ctx context.Context, tx *Tx) error {
			got, err = tx.TurnPages(ctx, id, press, func(p Pages) (int, error) { return p.Page + by, refuse })
			return err
		})
		return got, err
	}
	first, second := newID(t), newID(t)
	refused := errors.New("not yours")
	for i, tt := range []struct {
		press  uuid.UUID
		by     int
		refuse error
		page   int
	}{{first, 1, nil, 1}, {first, 1, nil, 1}, {second, 5, refused, 1}, {second, 1, nil, 2}, {first, -1, nil, 1}} {
		got, err := turn(p.ID, tt.press, tt.by, tt.refuse)
		if !errors.Is(err, tt.refuse) {
			t.Errorf("turn %d: %v", i, err)
		}
		want := p
		want.Page = tt.page
		if !reflect.DeepEqual(got, want) {
			t.Errorf("turn %d: %+v, want %+v", i, got, want)
		}
	}
	check(t, s.PrunePages(ctx, morning))
	if _, err := turn(p.ID, newID(t), 0, nil); err != nil {
		t.Errorf("young pages were forgotten: %v", err)
	}
	check(t, s.PrunePages(ctx, p.Until))
	if _, err := turn(p.ID, newID(t), 0, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("old pages: %v, want ErrNotFound", err)
	}
}
