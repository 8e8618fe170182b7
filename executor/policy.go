package executor

import "strings"

// Policy is what a cycle does: Delta or Initial. The zero value is an unknown policy (a cycle somebody else started).
type Policy string

// The policies, spelled as Start-ADSyncSyncCycle takes them.
const (
	Delta   Policy = "Delta"
	Initial Policy = "Initial"
)

// ParsePolicy reads what people type: delta, full or initial.
func ParsePolicy(s string) (Policy, bool) {
	switch strings.ToLower(s) {
	case "delta":
		return Delta, true
	case "full", "initial":
		return Initial, true
	}
	return "", false
}

// Word returns what people call the policy: delta or full; "sync" when it is not known.
func (p Policy) Word() string {
	switch p {
	case Delta:
		return "delta"
	case Initial:
		return "full"
	}
	return "sync"
}

// Serves reports whether a request for want may be served by a running cycle of policy p: a delta by any, a full only
// by an Initial one.
func (p Policy) Serves(want Policy) bool { return want == Delta || (want == Initial && p == Initial) }
