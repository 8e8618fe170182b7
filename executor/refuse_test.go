package executor

import (
	"strings"
	"testing"
)

func TestRefusalsAreClassifiedByTheServersText(t *testing.T) {
	for _, test := range []struct {
		message string
		want    Code
		on      string
	}{
		{"Scheduler is already suspended via global parameters.", CodeSuspended, ""},
		{"Connector: contoso.onmicrosoft.com - AAD is busy.", CodeConnectorBusy, "contoso.onmicrosoft.com - AAD"},
		{"connector: MÜNCHEN İ is BUSY.", CodeConnectorBusy, "MÜNCHEN İ"},
		{"Connector: a is busy is busy.", CodeConnectorBusy, "a is busy"},
		{"A sync cycle has already being requested. Cannot start a new run till this one completes.", CodeRequested, ""},
		{"Sync is already running. Cannot start a new run till this one completes.", CodeRunning, ""},
		{"Scheduler is shutting down. Please start the sync service again.", CodeShuttingDown, ""},
		{"Azure AD Connect scheduler is unable to start a new sync cycle because Azure AD Connect wizard is open. Please close the wizard if it is not in use.", CodeWizardOpen, ""},
		{"Microsoft Entra Connect scheduler is unable to start a new sync cycle because Microsoft Entra Connect wizard is open.", CodeWizardOpen, ""},
		{`Invalid synchronization policy specified. Full. Valid options are "Delta" or "Initial"`, CodeInvalidPolicy, ""},
		{"Synchronization Service is not running.", CodeServiceStopped, ""},
		{"There was an issue obtaining cloud sync intervals", CodeCloudSettings, ""},
		{"Access Denied - verify you are running as an administrator account.", CodeNoRights, ""},
		{"Calling user is not a member of a required Sync role.", CodeNoRights, ""},
		{"The current user has insufficient privileges to perform this operation. Ask.", CodeNoRights, ""},
		{"There was no endpoint listening at net.pipe://localhost/ADSyncManagement that could accept the message.", CodePipe, ""},
		{"Etwas anderes ist geschehen.", CodeOther, ""},
		{"", CodeOther, ""},
		{"something\nConnector: x is busy.", CodeOther, ""},
	} {
		trace := "\r\n   at Microsoft.MetadirectoryServices.Scheduler.Scheduler.StartSyncCycle(String overridePolicy, Boolean interactiveMode)"
		for _, message := range []string{
			test.message,
			"System.InvalidOperationException: " + test.message + trace,
			"System.InvalidOperationException: \r\n   " + test.message + trace,
		} {
			if test.message == "" {
				message = ""
			}
			if got := Refuse(message); got != test.want {
				t.Errorf("%q is %s, want %s", message, got, test.want)
			}
			if got := busyConnector(message); got != test.on {
				t.Errorf("%q: busy connector %q, want %q", message, got, test.on)
			}
		}
	}
}

func FuzzRefuse(f *testing.F) {
	for _, s := range []string{"System.InvalidOperationException: Connector: x is busy.\r\n at", "Exception:", "a: Exception: \n\n", "connector:  is busy", "\x00İ connector: ſ is busy"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if Refuse(s) == "" {
			t.Error("no code")
		}
		line := firstLine(s)
		if strings.ContainsAny(line, "\n") || !strings.Contains(s, line) {
			t.Errorf("%q is not a line of %q", line, s)
		}
		if on := busyConnector(s); !strings.Contains(s, on) {
			t.Errorf("%q does not stand in %q", on, s)
		}
	})
}
