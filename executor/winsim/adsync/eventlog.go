package adsync

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Level is an event's level, numbered as in the event log.
type Level int

// The levels.
const (
	LevelError       Level = 2
	LevelWarning     Level = 3
	LevelInformation Level = 4
)

// String is the English word for the level.
func (l Level) String() string {
	switch l {
	case LevelError:
		return "Error"
	case LevelWarning:
		return "Warning"
	default:
		return "Information"
	}
}

// The sources of the Application log that a server with ADSync has.
const (
	SourceDirectory = "Directory Synchronization"
	SourceADSync    = "ADSync"
	sourceOther     = "Microsoft-Windows-Security-SPP"
)

// Event is one entry of the Application log.
type Event struct {
	Record  int64     `json:"record"`
	Source  string    `json:"source"`
	ID      int       `json:"id"`
	Level   Level     `json:"level"`
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// EventFilter is the part of Get-WinEvent -FilterHashtable that is simulated. Empty fields let everything pass.
type EventFilter struct {
	Sources []string  `json:"sources"`
	IDs     []int     `json:"ids"`
	Levels  []Level   `json:"levels"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Max     int       `json:"max"`
	Oldest  bool      `json:"oldest"` // first; newest first otherwise
}

func (f EventFilter) passes(e Event) bool {
	return (len(f.Sources) == 0 || slices.ContainsFunc(f.Sources, func(s string) bool { return strings.EqualFold(s, e.Source) })) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, e.ID)) &&
		(len(f.Levels) == 0 || slices.Contains(f.Levels, e.Level)) &&
		!e.At.Before(f.Since) && (f.Until.IsZero() || !e.At.After(f.Until))
}

// Events is Get-WinEvent on the Application log.
func (m *Model) Events(_ context.Context, filter EventFilter) ([]Event, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-WinEvent")
	if m.settings.EventLogDenied {
		return nil, &CmdletError{
			Command: "Get-WinEvent", Type: "System.UnauthorizedAccessException",
			Message: "Attempted to perform an unauthorized operation.",
			ID:      "System.UnauthorizedAccessException", Category: "NotSpecified",
		}
	}
	var found []Event
	for _, e := range m.log {
		if filter.passes(e) {
			found = append(found, e)
		}
	}
	if !filter.Oldest {
		slices.Reverse(found)
	}
	if filter.Max > 0 && len(found) > filter.Max {
		found = found[:filter.Max]
	}
	if len(found) == 0 {
		return nil, &CmdletError{
			Command: "Get-WinEvent", Type: "System.Exception",
			Message: "No events were found that match the specified selection criteria.",
			ID:      "NoMatchingEventsFound", Category: "ObjectNotFound",
		}
	}
	return found, nil
}

// Log adds an event of any source to the log, now.
func (m *Model) Log(e Event) {
	m.lock()
	defer m.unlock()
	m.write(e.Source, e.ID, e.Level, e.Message)
	m.notify()
}

// write adds an event. Events of one moment still differ by their record numbers.
func (m *Model) write(source string, id int, level Level, message string) {
	m.log = append(m.log, Event{
		Record: firstRecord + int64(len(m.log)), Source: source, ID: id, Level: level, At: m.now, Message: message,
	})
}

// firstRecord: the log of a real server has been written for years.
const firstRecord = 418_203

// tell is what the scheduler's tracer writes: every piece of information has the number 904.
func (m *Model) tell(message string) { m.write(SourceDirectory, 904, LevelInformation, message) }

// report writes what a run's result brings into the log.
func (m *Model) report(r Run, o Outcome) {
	entra := r.Connector == EntraConnector
	for _, e := range o.Events {
		m.write(e.Source, e.ID, e.Level, e.Message)
	}
	switch {
	case strings.HasPrefix(r.Result, "completed-") && strings.HasSuffix(r.Result, "-errors"):
		m.write(SourceADSync, 6100, LevelWarning, completedWithErrors(r))
	case entra && r.Profile == "Export" && r.Result == "success":
		m.write(SourceDirectory, 104, LevelInformation, fmt.Sprintf("Export batch: %d adds, %d updates, %d deletes.", r.Adds, r.Updates, r.Deletes))
		m.write(SourceDirectory, 114, LevelInformation, "Export cycle completed. Tracking id: "+r.ID)
	case entra && strings.HasSuffix(r.Profile, "Import") && r.Result == "success":
		m.write(SourceDirectory, 105, LevelInformation, "Import batch completed. Tracking id: "+r.ID)
	}
}

// completedWithErrors is the text of event 6100, with its five counters.
func completedWithErrors(r Run) string {
	discovery, synchronization, export := 0, 0, 0
	switch r.Result {
	case "completed-discovery-errors":
		discovery = r.Errors
	case "completed-sync-errors":
		synchronization = r.Errors
	default:
		export = r.Errors
	}
	return fmt.Sprintf("The management agent \"%s\" step execution completed on run profile \"%s\" with errors.\r\n \r\n"+
		" Additional Information\r\n"+
		" Discovery Errors       : \"%d\"\r\n"+
		" Synchronization Errors : \"%d\"\r\n"+
		" Metaverse Retry Errors : \"0\"\r\n"+
		" Export Errors          : \"%d\"\r\n"+
		" Warnings               : \"0\"\r\n \r\n"+
		" User Action\r\n View the management agent run history for details.",
		r.Connector, r.Profile, discovery, synchronization, export)
}

// heartbeat is what password hash synchronization, which is no part of a cycle, writes all day.
func (m *Model) heartbeat() {
	if m.settings.Service != ServiceRunning {
		return
	}
	for _, domain := range m.settings.Domains {
		m.write(SourceDirectory, 653, LevelInformation, "Provision credentials ping start. Forest: "+domain)
		m.write(SourceDirectory, 654, LevelInformation, "Provision credentials ping end. Forest: "+domain)
		m.write(SourceDirectory, 656, LevelInformation, "Password Change Request - Anchor : kI2vYJ0yQUSxMJmTxQ3gCw==, Dn : CN=Ann,DC=contoso,DC=com")
		m.write(SourceDirectory, 657, LevelInformation, "Password Change Result - Anchor : kI2vYJ0yQUSxMJmTxQ3gCw==, Dn : CN=Ann,DC=contoso,DC=com, Result : Success.")
	}
	m.write(sourceOther, 16384, LevelInformation, "Successfully scheduled Software Protection service for re-start.")
}
