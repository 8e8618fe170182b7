package app

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// stage is a part that lives: it runs until its context ends.
type stage func(context.Context) error

// runStages runs all stages at once. When ctx ends, or the first of them does, they are stopped one by one from the last
// to the first, so that what takes work in stops before what works it, and what tells people stops last of all.
func runStages(ctx context.Context, stages ...stage) error {
	type running struct {
		cancel context.CancelFunc
		done   chan struct{}
	}
	var (
		mu    sync.Mutex
		errs  []error
		parts = make([]running, len(stages))
	)
	first, stop := context.WithCancel(ctx)
	defer stop()
	for i, s := range stages {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		parts[i] = running{cancel, make(chan struct{})}
		go func() {
			defer close(parts[i].done)
			defer stop()
			if err := s(own); err != nil && !errors.Is(err, context.Canceled) {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		}()
	}
	<-first.Done()
	for _, p := range slices.Backward(parts) {
		p.cancel()
		<-p.done
	}
	return errors.Join(errs...)
}
