package app

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestStagesStopFromTheLastToTheFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var order []string
	part := func(name string) stage {
		return func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, name) // no race: each stops only after the one behind it has
			return ctx.Err()
		}
	}
	go cancel()
	if err := runStages(ctx, part("tell"), part("work"), part("take in")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"take in", "work", "tell"}; !slices.Equal(order, want) {
		t.Errorf("stopped in the order %v, want %v", order, want)
	}
}

func TestAStageThatFailsStopsTheOthers(t *testing.T) {
	broken := errors.New("broken")
	err := runStages(t.Context(),
		func(ctx context.Context) error { <-ctx.Done(); return nil },
		func(context.Context) error { return broken },
	)
	if !errors.Is(err, broken) {
		t.Fatalf("got %v, want what broke", err)
	}
}
