package executor

import (
	"time"

	"github.com/google/uuid"
)

// Phase is where a cycle stands in our hands.
type Phase string

// The phases. A cycle is live until it is PhaseEnded; a server has one live cycle at most.
const (
	PhaseQueued    Phase = "queued"    // stored; its message is not out yet, nothing was started
	PhaseStarting  Phase = "starting"  // the intent to start is stored; the server may have been told
	PhaseFollowing Phase = "following" // the server runs it; slices look at it
	PhaseEnded     Phase = "ended"
)

// Origin is whose cycle it is.
type Origin string

// The origins.
const (
	Started  Origin = "started"  // we started it
	Adopted  Origin = "adopted"  // it ran already; we took it for a request
	Observed Origin = "observed" // it ran by itself and was merely seen
)

// Cycle is one sync cycle on one server.
type Cycle struct {
	ID        uuid.UUID
	Server    string
	Policy    Policy
	Origin    Origin
	Phase     Phase
	AskedAt   time.Time // the first request's
	Intent    time.Time // our clock when the intent to start was stored; zero before
	Baseline  Baseline  // what the server said before the act
	Preflight Preflight // what else was found before it
	// ReadsFrom is the server's time since when the cycle reads AD: a newer change may not be in it.
	ReadsFrom time.Time
	Follow    FollowState
	Waiting   *Waiting // why it has not started yet, while PhaseQueued or PhaseStarting
	Runs      []Run
	EndedAt   time.Time
	Result    Result // meaningful when PhaseEnded
	CancelAt  time.Time
	Version   int // grows with every stored change; the newest wins
}

// Ref is the cycle's short name.
func (c Cycle) Ref() string { return Reference("C", c.ID) }

// Live reports whether the cycle has not ended.
func (c Cycle) Live() bool { return c.Phase != PhaseEnded }

// Baseline is the server's own clock and scheduler state before the act. It is stored as the slice streams it, so that
// a retry can tell a cycle that has started since from one that ran before.
type Baseline struct {
	ServerTime time.Time // UTC, the server's clock
	NextStart  time.Time // NextSyncCycleStartTimeInUTC
	Staging    bool
}

// FollowState is what following a cycle remembers from one slice to the next.
type FollowState struct {
	Seen      bool      // the server was seen in progress
	Cycle     time.Time // the scheduler's next start while it was in progress: when it began, and what tells it from the next one
	Polled    time.Time // server time of the last Get-ADSyncScheduler, which calls the cloud
	Connector string    // the connector that is busy now
	Profile   string    // its run profile, when the event log tells
	// Connectors are those that a cycle runs, in the order of its imports, the one to Entra ID last; empty when not known.
	Connectors  []string
	At          time.Time // server time of the newest thing it told
	Record      int64     // the newest event that was read; a slice reads those after it
	Slices      int
	LastLook    time.Time // our clock
	LastProblem string    // why the last look did not reach the server; empty when it did
}

// Waiting says why a cycle has not started yet.
type Waiting struct {
	For   string // "connector", "server", "message"
	On    string // the connector's name, or the cause in words
	Since time.Time
}

// Run is one run profile on one connector inside a cycle.
type Run struct {
	Connector string
	Profile   string // "Delta Import", "Export", …
	Result    string // the engine's result string; empty while running or when the source does not tell
	Verdict   Verdict
	Start     time.Time // server time
	End       time.Time // zero while running
	Counters  *Counters // nil when the source does not show them
}

// Counters is what one run changed. -1 means not shown by the source; it is not 0.
type Counters struct {
	Adds, Updates, Deletes, Errors int
}
