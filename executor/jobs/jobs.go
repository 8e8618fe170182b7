// Package jobs holds River and nothing else: the durable queue, the slices in which a cycle is started and followed, and
// the schedules. It knows neither Slack nor WinRM: servers are reached through an Executor, people through a Teller.
//
// A cycle is one job. A job runs one slice (one bounded remote look) and snoozes until the next. River has no fence, so a
// slice may run twice; that is harmless, because a start is idempotent and every write is a compare-and-set on the
// owner stamp that the slice took.
package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// Executor looks at servers and tells them what to do, one slice at a time. executor.Executor is the production
// implementation.
type Executor interface {
	Cycler
	Commander
}

// Commander changes what a server does by itself.
type Commander interface {
	Stop(ctx context.Context, server string, began time.Time) (executor.Scheduled, error)
	Switch(ctx context.Context, server string, enabled bool) (executor.Scheduled, error)
}

// Cycler starts and follows cycles.
type Cycler interface {
	Start(ctx context.Context, server string, o executor.StartOrder, note func(executor.Look)) (executor.Look, error)
	Follow(ctx context.Context, server string, o executor.FollowOrder, note func(executor.Look)) (executor.Look, error)
	Status(ctx context.Context, server string) (executor.Status, error)
	Errors(ctx context.Context, server string, o executor.ErrorsOrder) (executor.ErrorReport, error)
}

// Teller tells people. bot.Poster is the production implementation.
type Teller interface {
	// Ready makes sure that a cycle's first message stands in at least one channel of its audience; a cycle without
	// audience is ready at once. An error that has the method Undeliverable() (channel, code string) is final; after
	// any other one it is worth trying again.
	Ready(ctx context.Context, cycle uuid.UUID) error
	// Changed says that the outbox holds something new.
	Changed()
	// Announce stores a schedule's report for sending. The same report twice is sent once.
	Announce(ctx context.Context, r executor.Report) error
	// Tell stores what people are to hear of an act that has ended. The same one twice is sent once.
	Tell(ctx context.Context, a executor.Act) error
}
