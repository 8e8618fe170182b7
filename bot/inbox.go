package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	// catchUp is how old an acknowledged command may be to be served by another process than the one that took it in.
	catchUp = 2 * time.Minute
	// abandoned is how old an acknowledged command is that another process is taken to have left. It may merely be slow;
	// served twice a command does nothing twice, because its request, its answer and its audit are named after it.
	abandoned = 30 * time.Second
	// settling is how long a command may stand in the inbox unacknowledged before it is given up: another process that
	// shares the store may be about to acknowledge it.
	settling = 10 * time.Second
)

// workOff deals with the commands that nobody has in hand any more: one that was acknowledged a short while ago is served,
// and so is one that has led to a request; every other one is answered with "nothing was started". Unless it is alone, a
// process leaves those that another one may have in hand.
func (b *Bot) workOff(ctx context.Context, alone bool) error {
	rows, err := b.store.Unhandled(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		age, acknowledged := b.clock.Now().Sub(row.ReceivedAt), !row.AckedAt.IsZero()
		inHand := acknowledged && age < abandoned || !acknowledged && age < settling
		if !alone && inHand || !b.mine.add(row.ID) {
			continue
		}
		if err := b.takeUp(ctx, row, acknowledged && age < catchUp); err != nil {
			b.mine.remove(row.ID)
			return err
		}
	}
	return nil
}

// takeUp serves or answers one command that was left.
func (b *Bot) takeUp(ctx context.Context, row store.Envelope, serve bool) error {
	r, err := readStored(row)
	if err != nil {
		b.log.ErrorContext(ctx, "a stored command cannot be read any more", "ref", executor.Reference("E", row.ID), "cause", scrub(err))
		b.mine.remove(row.ID)
		return b.store.Handled(ctx, row.ID)
	}
	if !serve {
		// What has led to a request may have started a cycle, or stopped one: only serving it again finds the true answer.
		_, err := b.store.Request(ctx, r.request())
		if errors.Is(err, store.ErrNotFound) {
			_, err = b.store.Act(ctx, r.request())
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		serve = err == nil
	}
	age := b.clock.Now().Sub(row.ReceivedAt)
	if !serve {
		b.log.WarnContext(ctx, "command left, and too old to be served", "ref", r.ref(), "age", age, "acknowledged", !row.AckedAt.IsZero())
		b.settle(ctx, r, wasDown(r), false)
		return nil
	}
	b.log.InfoContext(ctx, "command taken up", "ref", r.ref(), "age", age)
	select {
	case b.work <- r:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func readStored(row store.Envelope) (received, error) {
	r := received{id: row.ID, at: row.ReceivedAt}
	if row.Kind != kindCommand && row.Kind != kindPress {
		return r, fmt.Errorf("inbox row of unknown kind %q", row.Kind)
	}
	if err := json.Unmarshal(row.Payload, &r.command); err != nil {
		return r, fmt.Errorf("read stored command: %w", err)
	}
	if r.kind() != row.Kind {
		return r, fmt.Errorf("inbox row of kind %q holds a %s", row.Kind, r.kind())
	}
	return r, nil
}

// set is a set of ids that goroutines share.
type set struct {
	mu  sync.Mutex
	ids map[uuid.UUID]bool
}

func newSet() *set { return &set{ids: map[uuid.UUID]bool{}} }

// add reports whether the id is new.
func (s *set) add(id uuid.UUID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids[id] {
		return false
	}
	s.ids[id] = true
	return true
}

func (s *set) remove(id uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, id)
}
