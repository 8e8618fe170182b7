package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	// headEvery is how often the audit's head is written to the log, if it has moved.
	headEvery = time.Minute
	// pruneEvery is how often what is too old is removed from the audit.
	pruneEvery = time.Hour
)

// chronicle looks after the audit while the bot runs: it writes its head to the log, and removes what is too old.
type chronicle struct {
	store *store.Store
	keep  time.Duration // 0: for ever
	rule  string        // the setting that says so
	now   func() time.Time
	log   *slog.Logger

	logged store.Head
}

// run logs the head at the start, whenever it has moved, and at the end.
func (c *chronicle) run(ctx context.Context) error {
	c.prune(ctx)
	c.head(ctx)
	heads, prunings := time.NewTicker(headEvery), time.NewTicker(pruneEvery)
	defer heads.Stop()
	defer prunings.Stop()
	for {
		select {
		case <-heads.C:
		case <-prunings.C:
			c.prune(ctx)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			c.head(ctx)
			return nil
		}
		c.head(ctx)
	}
}

func (c *chronicle) head(ctx context.Context) {
	h, err := c.store.AuditHead(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		c.log.ErrorContext(ctx, "audit head not read", "error", err)
	case err == nil && h != c.logged && h.Seq > 0:
		h.Log(ctx, c.log)
		c.logged = h
	}
}

func (c *chronicle) prune(ctx context.Context) {
	if c.keep == 0 {
		return
	}
	last, err := c.store.Prune(ctx, c.now().Add(-c.keep), c.rule)
	switch {
	case err != nil && ctx.Err() == nil:
		c.log.ErrorContext(ctx, "audit not pruned", "error", err)
	case err == nil && last.Seq > 0:
		c.log.InfoContext(ctx, "audit pruned", "rule", c.rule, "last_seq", last.Seq, "last_hash", last.Hash)
	}
}
