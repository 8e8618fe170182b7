package adsync

import "time"

// Policy is what a cycle does, spelled as the cmdlets spell it.
type Policy string

// The policies.
const (
	Unspecified Policy = "Unspecified"
	Delta       Policy = "Delta"
	Initial     Policy = "Initial"
)

// Module says how the ADSync PowerShell module can be loaded.
type Module string

// The ways to load the module.
const (
	ModuleByName  Module = "name"
	ModuleByPath  Module = "path" // it is installed, but not on PSModulePath
	ModuleMissing Module = "missing"
)

// Rights are what the account that runs the cmdlets may do.
type Rights string

// The rights, by the local groups that give them.
const (
	Admins    Rights = "admins"    // ADSyncAdmins: may change the scheduler's settings, too
	Operators Rights = "operators" // ADSyncOperators: may start and stop
	Browse    Rights = "browse"    // ADSyncBrowse: may look
	NoRights  Rights = "none"
)

// The states of a Windows service that matter here; Get-Service spells them so.
const (
	ServiceRunning = "Running"
	ServiceStopped = "Stopped"
	ServiceMissing = "Missing" // there is no such service
)

// Settings are the facts about a server that a test or a demo chooses. DefaultSettings is a healthy server.
type Settings struct {
	Computer string
	Culture  string // of the server: "en-US"
	TimeZone string // IANA name: "Europe/Berlin"; times inside the model are UTC
	Language string // PowerShell's language mode: FullLanguage or ConstrainedLanguage
	Version  string // file version of miiserver.exe; empty: cannot be read

	Domains []string // the AD connectors, in order; each is named after its forest

	Service         string // ServiceRunning, ServiceStopped, ServiceMissing, or another word of Get-Service
	Module          Module
	Rights          Rights
	NetworkLogon    bool // as over WinRM: the cmdlets that use the named pipe cannot reach the service
	EventLogDenied  bool
	Bridge          Bridge
	ExportDenied    bool // csexport.exe is refused
	ExportMissing   bool // csexport.exe is not installed
	Enabled         bool // SyncCycleEnabled
	Suspended       bool
	Staging         bool
	WizardOpen      bool
	WizardHidden    bool // its process cannot be seen; only the scheduler knows
	CloudUnreadable bool // the scheduler cannot read its intervals from Entra ID
	ShuttingDown    bool
	// DeletionThreshold is how many deletes stop an export; 0 is a server that does not prevent accidental deletes.
	DeletionThreshold int
	// PendingDeletes wait to be exported to Entra ID when the server is switched on.
	PendingDeletes int

	// Automatic lets the scheduler start cycles by itself when they are due, as a real one always does.
	Automatic bool
	Interval  time.Duration // between automatic cycles
	Allowed   time.Duration // AllowedSyncCycleInterval: the shortest interval that Entra ID supports
	// PickUp is how long after an accepted start SyncCycleInProgress is still False.
	PickUp time.Duration
	// CloudLatency is how long a cmdlet takes that asks Entra ID (Get-ADSyncScheduler, Start-ADSyncSyncCycle).
	CloudLatency time.Duration
	// Speed divides how long the server's own work takes; 0 means 1.
	Speed float64
}

// DefaultSettings returns a healthy server with one AD forest, as it looks over WinRM.
func DefaultSettings() Settings {
	return Settings{
		Computer:     "AADC01",
		Culture:      "en-US",
		TimeZone:     "UTC",
		Language:     "FullLanguage",
		Version:      "2.6.92.0",
		Domains:      []string{"contoso.com"},
		Service:      ServiceRunning,
		Module:       ModuleByName,
		Rights:       Operators,
		NetworkLogon: true,
		Enabled:      true,

		DeletionThreshold: 500,

		Interval:     30 * time.Minute,
		Allowed:      30 * time.Minute,
		PickUp:       4 * time.Second,
		CloudLatency: time.Second,
	}
}

// scaled is how long work of length d takes on this server.
func (s *Settings) scaled(d time.Duration) time.Duration {
	if s.Speed <= 0 {
		return d
	}
	return time.Duration(float64(d) / s.Speed)
}
