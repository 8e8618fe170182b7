package executor

import (
	"time"

	"github.com/google/uuid"
)

// ActKind is what somebody wants done to a server beside a cycle.
type ActKind string

// The kinds of act.
const (
	StopAct   ActKind = "stop"   // stop the cycle that runs, or ours before it starts
	PauseAct  ActKind = "pause"  // switch the scheduler off until a time
	ResumeAct ActKind = "resume" // end a pause before its time
)

// ActPhase is where an act stands.
type ActPhase string

// The phases. An act is live until it is ActEnded.
const (
	ActAsked    ActPhase = "asked"    // stored; the server was told nothing
	ActTelling  ActPhase = "telling"  // the intent is stored; the server may have been told
	ActAccepted ActPhase = "accepted" // the server has taken it, which is not done
	ActHolding  ActPhase = "holding"  // of a pause: it is in force
	ActEnding   ActPhase = "ending"   // of a pause: it is to end, and the server may have been told
	ActEnded    ActPhase = "ended"
)

// ActResult is how an act came out. It is stored.
type ActResult string

// The results.
const (
	StopDone      ActResult = "stopped"      // what was meant does not run any more, since the server took the stop
	StopGone      ActResult = "gone"         // what was meant does not run any more; whether by the stop, no answer tells
	StopIdle      ActResult = "idle"         // nothing ran
	StopUnstarted ActResult = "not_started"  // our cycle ended before it began
	StopOver      ActResult = "over"         // the cycle had ended before the server could be told
	StopGoesOn    ActResult = "goes_on"      // the server took the stop, and the cycle runs on
	ActRefused    ActResult = "refused"      // by the server or by us, with a Code
	ActUnreached  ActResult = "unreachable"  // the server could not be told, and was not
	ActUnknown    ActResult = "unknown"      // it may have been told, and nobody could look since
	PauseOver     ActResult = "resumed"      // the scheduler is on again, by us
	PauseOverrode ActResult = "overridden"   // somebody switched the scheduler on during the pause
	ResumeDone    ActResult = "resume_taken" // the pause that it is about has ended
)

// Act is what one person asked for that changes what a server does, beside a cycle: a stop, a pause, a resume.
type Act struct {
	ID       uuid.UUID // the request's
	Kind     ActKind
	Server   string
	Asker    Asker
	Audience Audience
	Reason   string
	Rule     string
	AskedAt  time.Time

	Phase ActPhase
	// About is our live cycle that a stop is about, or the pause that a resume is about; zero for none.
	About uuid.UUID
	// Began is when the cycle began that is to be stopped, by the server's scheduler: it tells that cycle from the next.
	Began      time.Time
	ToldAt     time.Time // our clock when the intent was stored
	AcceptedAt time.Time // the server's clock when it took what it was told
	Until      time.Time // of a pause: when it ends
	Since      time.Time // of a pause: since when it is in force; our clock
	Scope      string    // of a pause: what the setting belongs to
	Reach      []string  // of a pause: every server of ours that the setting reaches
	Tries      int       // of telling the server, in this phase
	Problem    string    // why the last try did not get through; empty when it did

	EndedAt time.Time
	Result  ActResult
	Code    Code   // with ActRefused and ActUnreached
	Detail  string // cause in words; may hold text of the server
	Version int
}

// Ref is the act's short name.
func (a Act) Ref() string { return Reference("X", a.ID) }

// Live reports whether the act has not ended.
func (a Act) Live() bool { return a.Phase != ActEnded }
