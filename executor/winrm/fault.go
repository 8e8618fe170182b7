package winrm

import (
	"fmt"

	"github.com/adsyncbot/adsyncbot/executor"
)

// The fault codes that steer the session. Names and meanings: wsmerror.h and winerror.h.
const (
	codeTimedOut   = 2150858793 // ERROR_WSMAN_OPERATION_TIMEDOUT: no output yet
	codeNoShell    = 2150858843 // ERROR_WSMAN_UNEXPECTED_SELECTORS: shell or command no longer exists
	codeBusy       = 170        // ERROR_BUSY: the previous Send is still in work
	codeAborted    = 995        // ERROR_OPERATION_ABORTED: the shell is closing
	codeKeyDeleted = 2147943418 // ERROR_KEY_DELETED: the profile was unloaded under the shell
)

// fault is a SOAP fault of the server. Its reason is in the server's language, so only the code decides anything.
type fault struct {
	code   uint32
	reason string
}

// Error implements error.
func (f *fault) Error() string { return fmt.Sprintf("fault %d: %s", f.code, f.reason) }

// kind returns the kind of failure a fault code stands for.
func (f *fault) kind() executor.Failure {
	switch f.code {
	case codeNoShell, codeAborted, codeKeyDeleted:
		return executor.FailureGone
	case 5, 2147942405, // ERROR_ACCESS_DENIED, plain and as HRESULT
		2150859180, // REMOTESHELLS_NOT_ALLOWED
		2150859235: // REMOTE_CONNECTION_NOT_ALLOWED
		return executor.FailureAccess
	case 2150858815, // QUOTA_LIMIT
		2150859173,             // QUOTA_MAX_SHELLS
		2150859174,             // QUOTA_MAX_OPERATIONS
		2150859175, 2150859176, // QUOTA_USER, QUOTA_SYSTEM
		2150859179,                                     // QUOTA_MAX_SHELLUSERS
		2150859236, 2150859237, 2150859238, 2150859239, // …_PPQ: the plug-in's own limits
		2150859240, 2150859241, 2150859242:
		return executor.FailureQuota
	default:
		return executor.FailureFault
	}
}

// gone tells whether what should be cleaned up is no longer there.
func (f *fault) gone() bool { return f.kind() == executor.FailureGone }
