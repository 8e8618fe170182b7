package executor

import (
	"time"

	"github.com/google/uuid"
)

// Way is the way a request came in.
type Way string

// The ways in.
const (
	FromSlack    Way = "slack"
	FromSchedule Way = "schedule"
	FromTerminal Way = "terminal"
)

// Asker is who asked: a person in a Slack channel, a schedule, or an operating system user at a terminal.
type Asker struct {
	Way  Way
	Team string // Slack team id
	User string // Slack user id, the schedule's name, or user@host
}

// Audience is where the answer goes: a Slack channel, or nowhere for a terminal.
type Audience struct {
	Team    string
	Channel string
}

// Request is what one person, schedule or terminal asked for.
type Request struct {
	ID       uuid.UUID // UUIDv7; the same request asked again has the same id and is served once
	Policy   Policy
	Server   string
	Asker    Asker
	Audience Audience
	Reason   string
	Rule     string // the deciding rule, for the audit
	AskedAt  time.Time
	// Objects lets the channel that asked read names of objects in the result.
	Objects bool
}

// Patience is how long after the asking a cycle may still start; later the request ends and never starts.
const (
	Patience     = 2 * time.Minute // whatever was down
	BusyPatience = 5 * time.Minute // while the server was busy with other work
)

// Outcome says what became of a request at the moment it was asked.
type Outcome struct {
	Cycle  Cycle // the cycle that serves it; zero when refused
	Joined bool  // the cycle was live before this request
	// Refused holds the live cycle in the way (a full while a delta runs); then Cycle is zero.
	Refused *Cycle
}

// Reference is a short name of a cycle or request for people and logs, such as C-7F3K.
func Reference(prefix string, id uuid.UUID) string {
	// Crockford's alphabet: no I, L, O, U, which people mix up. The last bytes of a UUIDv7 are its random ones.
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	n := uint32(id[13])<<16 | uint32(id[14])<<8 | uint32(id[15])
	b := make([]byte, 4)
	for i := range b {
		b[i] = alphabet[n&31]
		n >>= 5
	}
	return prefix + "-" + string(b)
}
