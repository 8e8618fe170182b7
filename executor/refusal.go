package executor

// Code is the stable word for why something was refused, did not start, or is not known. It is stored; people read
// commands.Explain's words for it.
type Code string

// What a server's pre-flight, its scheduler or we ourselves refuse.
const (
	CodeSuspended      Code = "scheduler_suspended"
	CodeDisabled       Code = "scheduler_disabled"
	CodeConnectorBusy  Code = "connector_busy"
	CodeRequested      Code = "already_requested"
	CodeRunning        Code = "already_running"
	CodeOtherPolicy    Code = "other_policy_running" // a full was asked while something else runs
	CodeShuttingDown   Code = "service_shutting_down"
	CodeWizardOpen     Code = "wizard_open"
	CodeInvalidPolicy  Code = "invalid_policy"
	CodeServiceStopped Code = "service_stopped"
	CodeServiceMissing Code = "service_missing"
	CodeCloudSettings  Code = "cloud_settings_unreadable"
	CodeNoRights       Code = "no_rights"
	CodeModuleMissing  Code = "module_missing"
	CodeLanguageMode   Code = "language_mode"
	CodePipe           Code = "pipe_unreachable"     // the second group of cmdlets in a network logon; not "service down"
	CodeOther          Code = "other"                // a text of the server that we do not know
	CodeTooSoon        Code = "too_soon"             // a schedule asks sooner after the last cycle than is supported
	CodeTooLate        Code = "too_late"             // could not start within Patience
	CodeCancelled      Code = "stopped_before_start" // somebody stopped it before it began
	CodeUndeliverable  Code = "undeliverable"        // its message cannot be posted, so nothing was started
	CodeStoppedFollow  Code = "stopped_following"
	CodeNeverSeen      Code = "never_seen" // accepted, but never seen in progress
	CodeUnreadable     Code = "source_unreadable"
	CodeUnreachable    Code = "unreachable" // with a Failure's word in Result.Detail
)

// Why the bridge did not tell what a cycle changed; scripts write these words.
const (
	CodeBridgeMissing  Code = "bridge_missing" // there is none, or our account may not see it
	CodeBridgeDenied   Code = "bridge_denied"  // our account may not write a request, or not start the task
	CodeBridgeDisabled Code = "bridge_disabled"
	CodeBridgeSilent   Code = "bridge_silent"  // no answer in time
	CodeBridgeStale    Code = "bridge_stale"   // an answer of another time
	CodeBridgeForeign  Code = "bridge_foreign" // an answer to another request
	CodeBridgeGarbled  Code = "bridge_garbled" // what is no answer
	CodeBridgeRights   Code = "bridge_rights"  // the account of the task may not look at the engine
	CodeBridgeFailed   Code = "bridge_failed"  // anything else
	CodeBridgeCut      Code = "bridge_cut"     // an answer with too many runs, from which the oldest are left out
)

// Refusal is a start that was refused, by the server or by our pre-flight. Nothing was started.
type Refusal struct { //nolint:errname // the word of the domain
	Code    Code
	On      string // the connector that is busy, …
	Message string // the server's own first line, untrusted
}

// Error implements error.
func (r *Refusal) Error() string {
	s := "refused: " + string(r.Code)
	if r.On != "" {
		s += " (" + r.On + ")"
	}
	if r.Message != "" {
		s += ": " + r.Message
	}
	return s
}
