package adsync

import (
	"strings"
	"time"
)

// UntilReleased as Outcome.Takes lets a run last until Model.Release.
const UntilReleased time.Duration = -1

// Changes are what a run changed, and how many objects it could not change.
type Changes struct {
	Adds    int `json:"adds"`
	Updates int `json:"updates"`
	Deletes int `json:"deletes"`
	Errors  int `json:"errors"`
}

// Outcome is how one run of a cycle goes.
type Outcome struct {
	Connector string // empty: every connector
	Profile   string // the end of the profile's name: "Import", "Delta Import", "Export"; empty: every one
	Result    string // the engine's word; empty means success
	Takes     time.Duration
	Changes   Changes
	Objects   []ObjectError // what the run could not do, beside what Changes counts
	Stop      bool          // at its end somebody stops the whole cycle, as Stop-ADSyncSyncCycle does
	Events    []Event       // written when the run ends, besides those its result brings; their time is then
}

// Plan is how one cycle goes. Runs without an Outcome succeed.
type Plan struct {
	Outcomes []Outcome
}

// Plan says how the next cycle that has no plan yet goes.
func (m *Model) Plan(outcomes ...Outcome) {
	m.lock()
	defer m.unlock()
	m.plans = append(m.plans, Plan{Outcomes: outcomes})
}

// outcome is how s goes: the first planned one that fits, completed with what is usual.
func (p Plan) outcome(s step, policy Policy) Outcome {
	o := Outcome{Changes: Changes{Updates: 2}}
	for _, planned := range p.Outcomes {
		if (planned.Connector == "" || planned.Connector == s.connector) && strings.HasSuffix(s.profile, planned.Profile) {
			o = planned
			break
		}
	}
	if o.Result == "" {
		o.Result = "success"
	}
	if o.Takes == 0 {
		o.Takes = usual(s.profile)
		if policy == Initial {
			o.Takes *= 20
		}
	}
	return o
}

// usual is how long a run of a small forest takes in a delta cycle.
func usual(profile string) time.Duration {
	switch {
	case strings.HasSuffix(profile, "Import"):
		return 8 * time.Second
	case strings.HasSuffix(profile, "Synchronization"):
		return 6 * time.Second
	default:
		return 9 * time.Second
	}
}

// ExportErrors is an export to Entra ID that leaves n objects behind.
func ExportErrors(n int) Outcome {
	o := Outcome{
		Connector: EntraConnector, Profile: "Export", Result: "completed-export-errors",
		Changes: Changes{Adds: 1, Updates: 3, Errors: n}, Objects: objects(n, "AttributeValueMustBeUnique"),
	}
	for range n {
		o.Events = append(o.Events, Event{Source: SourceADSync, ID: 6941, Level: LevelError, Message: "ECMA2 MA export run caused an error.\r\n \r\n" +
			" Error Name: AttributeValueMustBeUnique\r\n Error Detail: Unable to update this object because the following attributes " +
			"associated with this object have values that may already be associated with another object."})
	}
	return o
}

// SyncErrors is a synchronization of connector with n object errors.
func SyncErrors(connector string, n int) Outcome {
	return Outcome{
		Connector: connector, Profile: "Synchronization", Result: "completed-sync-errors",
		Changes: Changes{Updates: 2, Errors: n}, Objects: objects(n, "sync-rule-error-function-triggered"),
	}
}

// ImportFailure is an import from Entra ID that cannot reach it.
func ImportFailure() Outcome {
	return Outcome{
		Connector: EntraConnector, Profile: "Import", Result: "stopped-server-down",
		Events: []Event{
			{Source: SourceDirectory, ID: 106, Level: LevelError, Message: "Failed to connect to Windows Azure Active Directory during import. " +
				"Exception: Unable to connect to the remote server."},
			{Source: SourceDirectory, ID: 109, Level: LevelError, Message: "Failure while importing entries from Windows Azure Active Directory. " +
				"Exception: An error occurred. Error Code: 78. Error Description: The server encountered an internal error."},
		},
	}
}

// NoDomainController is an import of an AD connector that finds no domain controller.
func NoDomainController(domain string) Outcome {
	return Outcome{
		Connector: domain, Profile: "Import", Result: "no-start-connection",
		Events: []Event{{Source: SourceADSync, ID: 6007, Level: LevelError, Message: "The management agent \"" + domain + "\" failed on run profile " +
			"\"Delta Import\" because a domain controller could not be contacted."}},
	}
}

// DeletionThreshold is a synchronization that leaves deletes to be exported, and an export to Entra ID that stops before
// any of them.
func DeletionThreshold(domain string, deletes int) []Outcome {
	return []Outcome{
		{Connector: domain, Profile: "Synchronization", Changes: Changes{Deletes: deletes}},
		{
			Connector: EntraConnector, Profile: "Export", Result: "stopped-deletion-threshold-exceeded",
			Events: []Event{{
				Source: SourceDirectory, ID: 116, Level: LevelWarning,
				Message: "Prevent Accidental Deletes: The number of deletions for this export exceeds the configured threshold. " +
					"No deletions were exported.",
			}},
		},
	}
}
