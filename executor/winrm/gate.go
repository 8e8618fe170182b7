package winrm

import (
	"context"
	"fmt"
	"strings"
)

// A Gate decides whether a logon may be tried, so that one wrong password never locks an account. Its production
// implementation is Lockout.
type Gate interface {
	// Admit returns when the logon may be tried, and may wait for the logons of others until ctx ends. It returns a
	// *HeldError when the logon must not be tried at all.
	//
	// settle must be called with what became of the logon; that ends the turn. It may be called again when a later
	// request of the same run presents the same secret and is refused, as Basic does with every request.
	Admit(ctx context.Context, logon Logon) (settle func(context.Context, Outcome) error, err error)
}

// A Logon is one attempt to present a secret to a server.
type Logon struct {
	Identity string // who logs on, as Identity spells it
	Server   string // the server's short name
	Password Secret // what will be presented; already read, so it does not fail
}

// Identity is the name under which a Gate knows a user: names of Windows accounts know no case.
func Identity(username string) string { return strings.ToLower(username) }

// An Outcome is what became of a logon.
type Outcome int

// The outcomes of a logon.
const (
	Unknown  Outcome = iota // the secret was not presented, or no answer came
	Accepted                // the server took it
	Refused                 // the server answered 401
)

// A HeldError says that a logon is not tried because the same secret has been refused before.
type HeldError struct {
	Identity string
	Server   string // the server that is held; empty when all are
}

// Error implements error with a sentence that tells what to do.
func (e *HeldError) Error() string {
	if e.Server == "" {
		return fmt.Sprintf("the password of %s was refused and has not changed since, so it is not tried on any server: "+
			"correct the password, or ask for a check once the account is in order", e.Identity)
	}
	return fmt.Sprintf("the password of %s was refused by %s and has not changed since, so it is not tried there: "+
		"correct the password, or ask for a check once the account is in order on that server", e.Identity, e.Server)
}
