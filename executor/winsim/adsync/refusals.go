package adsync

import "fmt"

// The texts of Microsoft.MetadirectoryServices.Scheduler.dll and of the module, verbatim; they are never translated.
const (
	refuseSuspended = "Scheduler is already suspended via global parameters."
	refuseBusy      = "Connector: %s is busy."
	refuseRequested = "A sync cycle has already being requested. Cannot start a new run till this one completes."
	refuseRunning   = "Sync is already running. Cannot start a new run till this one completes."
	refuseShutdown  = "Scheduler is shutting down. Please start the sync service again."
	refuseWizard    = "Azure AD Connect scheduler is unable to start a new sync cycle because Azure AD Connect wizard is open. " +
		"Please close the wizard if it is not in use."
	refusePolicy  = `Invalid synchronization policy specified. Valid options are "Delta" or "Initial"`
	refuseService = "Synchronization Service is not running."
	refuseCloud   = "There was an issue obtaining cloud sync intervals"
	refuseRole    = "Calling user is not a member of a required Sync role."
	refuseRights  = "The current user has insufficient privileges to perform this operation."
	pipeText      = "There was no endpoint listening at net.pipe://localhost/ADSyncManagement that could accept the message. " +
		"This is often caused by an incorrect address or SOAP action. See InnerException, if present, for more details."
)

const stackTrace = "\r\n   at Microsoft.MetadirectoryServices.Scheduler.Scheduler.StartSyncCycle(String overridePolicy, Boolean interactiveMode)" +
	"\r\n   at SchedulerUtils.StartSyncCycle(SchedulerUtils* , Char* policyType, Int32 interactiveMode, Char** errorString)"

// CmdletError is the error of a cmdlet as PowerShell shows it.
type CmdletError struct {
	Command  string `json:"command"`
	Type     string `json:"type"` // of the exception
	Message  string `json:"message"`
	ID       string `json:"id"` // the FullyQualifiedErrorId without its cmdlet
	Category string `json:"category"`
}

// Error implements error.
func (f *CmdletError) Error() string { return f.Command + ": " + f.Message }

// schedulerFailure is a refusal as the cmdlet shows it: the whole text of the exception, with its type and stack trace,
// is message and id.
func schedulerFailure(command, text string) *CmdletError {
	const kind = "System.InvalidOperationException"
	message := kind + ": " + text + stackTrace
	return &CmdletError{Command: command, Type: kind, Message: message, ID: message, Category: "WriteError"}
}

// refusal is why the scheduler does not accept a start, tested in its order; empty when it does. While a cycle runs,
// most starts meet the busy connector before anything looks whether a cycle runs.
func (m *Model) refusal(policy Policy) string {
	switch {
	case m.settings.Suspended:
		return refuseSuspended
	case m.busy != nil:
		return fmt.Sprintf(refuseBusy, m.busy.run.Connector)
	case m.requested:
		return refuseRequested
	case m.cycle != nil:
		return refuseRunning
	case m.settings.ShuttingDown:
		return refuseShutdown
	case m.settings.WizardOpen:
		return refuseWizard
	case policy != Delta && policy != Initial && policy != Unspecified:
		return refusePolicy
	case m.settings.CloudUnreadable:
		return refuseCloud
	}
	return ""
}

// reach is how a cmdlet gets to the service at all, and whether the account may call it.
func (m *Model) reach(command string, need Rights) error {
	s := &m.settings
	if s.Service != ServiceRunning {
		return &CmdletError{
			Command: command, Type: "System.InvalidOperationException", Message: refuseService,
			ID: refuseService, Category: "InvalidOperation",
		}
	}
	text := ""
	switch {
	case s.Rights == NoRights:
		text = refuseRole
	case s.Rights == Browse && need != Browse, s.Rights == Operators && need == Admins:
		text = refuseRights
	default:
		return nil
	}
	m.write(SourceADSync, 6600, LevelWarning, fmt.Sprintf(
		"A user was denied access for an operation.\r\n \r\n User: CONTOSO\\svc-adsync\r\n Operation attempted: %s", command))
	return &CmdletError{
		Command: command, Type: "System.UnauthorizedAccessException", Message: text, ID: text, Category: "PermissionDenied",
	}
}

// reachPipe is how the cmdlets of the second road get to the service: not at all from a network logon.
func (m *Model) reachPipe(command string) error {
	if m.settings.NetworkLogon || m.settings.Service != ServiceRunning {
		return &CmdletError{
			Command: command, Type: "System.ServiceModel.EndpointNotFoundException", Message: pipeText,
			ID: pipeText, Category: "WriteError",
		}
	}
	return m.reach(command, Browse)
}
