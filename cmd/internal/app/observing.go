package app

import (
	"context"
	"log/slog"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// observing is an Executor that puts into the history what a server did by itself, whenever somebody looks at it anyway.
type observing struct {
	*executor.Executor

	store *store.Store
	log   *slog.Logger
}

// Status is the Executor's. That the history could not be written is no reason to withhold it.
func (o observing) Status(ctx context.Context, server string) (executor.Status, error) {
	st, err := o.Executor.Status(ctx, server)
	if err != nil || st.LastCycle == nil {
		return st, err
	}
	if _, err := o.store.Observe(ctx, server, *st.LastCycle); err != nil {
		o.log.WarnContext(ctx, "cycle seen on the server not stored", "server", server, "error", err)
	}
	return st, nil
}
