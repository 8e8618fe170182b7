package executor

import (
	"context"
	"fmt"
)

// CommandLine is the one command line that is ever started on a server. It is constant, so that a security team can
// allow-list it: what PowerShell shall do, and with which parameters, travels on standard input.
//
// "-Command -" reads statements from standard input until it ends. "-OutputFormat Text" keeps standard error readable
// (PowerShell would write CLIXML there otherwise).
const CommandLine = "powershell.exe -NoLogo -NoProfile -NonInteractive -OutputFormat Text -Command -"

// MaxLine is the longest line, in bytes, that a Runner hands on; a server that sends a longer one is not speaking our
// scripts' language and the run fails with FailureProtocol.
const MaxLine = 256 << 10

// Runner runs one script on one server. winrm.Runner and local.Runner are its production implementations.
type Runner interface {
	// Run starts CommandLine on the server, writes script to its standard input, closes that, and hands every line of
	// standard output, without its line end, to line, in order and from one goroutine. The slice is only valid during
	// the call. An error of line stops the run and is returned as it is.
	//
	// Run returns nil when the process ended with exit code 0, else a *RunError, or the cause of ctx when ctx ended.
	// When it returns, nothing of the run is left on the server, as far as the server could be reached.
	Run(ctx context.Context, script []byte, line func(line []byte) error) error
}

// Failure is the kind of thing that went wrong between us and a server. Each kind has its own next step for people.
type Failure string

// The kinds of failure.
const (
	FailureUnreachable Failure = "unreachable"         // name not found, connection refused, no answer in time
	FailureTLS         Failure = "tls"                 // certificate not trusted, wrong name, handshake failed
	FailureCredentials Failure = "credentials"         // the server refused the logon (401)
	FailureSecret      Failure = "password_unreadable" // not tried: the secret could not be read from where it is kept
	FailureHeld        Failure = "held"                // not tried: this secret was refused before and has not changed since
	FailureUntried     Failure = "untried"             // not tried: whether this secret may be tried could not be found out in time
	FailureAccess      Failure = "access_denied"       // logged on, but may not open a remote shell or start a process
	FailureQuota       Failure = "quota"               // the server's own limits: shells, operations, users, memory
	FailureLost        Failure = "connection_lost"     // the exchange broke off after it had begun: what ran is not known
	FailureGone        Failure = "shell_gone"          // the server no longer knows the shell (service restart, reboot)
	FailureProtocol    Failure = "protocol"            // the answer is not WinRM, not our script's, or too large
	FailureExit        Failure = "exit"                // the process ended with an exit code other than 0
	FailureFault       Failure = "fault"               // any other fault the server named by code
)

// RunError says what went wrong when a script ran on a server.
type RunError struct {
	Kind     Failure
	Server   string // the server's short name
	Op       string // what was being done: "connect", "create shell", "receive", …
	Code     uint32 // the WS-Management fault code, or 0
	ExitCode int    // with FailureExit
	Detail   string // cause in words; never holds a secret, may hold text of the server (untrusted)
	Started  bool   // whether the process may have been started: false is certain, true is not
	Err      error  // the cause, if there is one
}

// Error implements error.
func (e *RunError) Error() string {
	s := fmt.Sprintf("%s on %s: %s", e.Op, e.Server, e.Kind)
	if e.Code != 0 {
		s += fmt.Sprintf(" (code %d)", e.Code)
	}
	if e.Kind == FailureExit {
		s += fmt.Sprintf(" code %d", e.ExitCode)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Err }
