package adsync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bridge says whether the server has a scheduled task that answers what a network logon is not told, and how it behaves.
type Bridge string

// The bridges.
const (
	BridgeMissing   Bridge = ""          // none was set up, or the account may not see it
	BridgeWorks     Bridge = "works"     // it answers after a few seconds
	BridgeDenied    Bridge = "denied"    // the account may see the task, not start it
	BridgeDisabled  Bridge = "disabled"  // somebody has disabled the task
	BridgeHangs     Bridge = "hangs"     // the task starts and does not come to an end
	BridgeBusy      Bridge = "busy"      // a first start comes while the task is ending, and is ignored
	BridgeStale     Bridge = "stale"     // its answer is an old one
	BridgeForeign   Bridge = "foreign"   // its answer is to another request
	BridgeGarbled   Bridge = "garbled"   // its answer is none
	BridgeRightless Bridge = "rightless" // the account of the task may not look at the engine
)

// bridgeTakes is how long the task needs for an answer: most of it is the start of PowerShell and of the module.
const bridgeTakes = 4 * time.Second

// BridgeFile is a request or an answer: a file, whose name is its identifier and .json.
type BridgeFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Task is Get-ScheduledTask of the bridge: the task's state.
func (m *Model) Task(context.Context) (string, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-ScheduledTask")
	switch {
	case m.settings.Bridge == BridgeMissing:
		return "", &CmdletError{
			Command: "Get-ScheduledTask", Type: "Microsoft.PowerShell.Cmdletization.Cim.CimJobException",
			Message: "No MSFT_ScheduledTask objects found with property 'TaskName' equal to 'adsyncbot-bridge'.  Verify the value of the property and retry.",
			ID:      "CmdletizationQuery_NotFound_TaskName", Category: "ObjectNotFound",
		}
	case m.settings.Bridge == BridgeDisabled:
		return "Disabled", nil
	case m.bridging:
		return "Running", nil
	}
	return "Ready", nil
}

// StartTask is Start-ScheduledTask of the bridge, which finds these requests.
func (m *Model) StartTask(_ context.Context, requests []BridgeFile) error {
	m.lock()
	defer m.unlock()
	m.called("Start-ScheduledTask")
	switch m.settings.Bridge {
	case BridgeMissing:
		return &CmdletError{
			Command: "Start-ScheduledTask", Type: "Microsoft.Management.Infrastructure.CimException",
			Message: "The system cannot find the file specified.", ID: "HRESULT 0x80070002", Category: "ObjectNotFound",
		}
	case BridgeDenied:
		return &CmdletError{
			Command: "Start-ScheduledTask", Type: "Microsoft.Management.Infrastructure.CimException",
			Message: "Access is denied.", ID: "HRESULT 0x80070005", Category: "PermissionDenied",
		}
	case BridgeHangs:
		m.bridging = true
		return nil
	case BridgeBusy:
		if m.bridgeStarts++; m.bridgeStarts%2 == 1 {
			return nil
		}
	default:
	}
	m.bridging = true
	requests = slices.Clone(requests)
	m.timeline.add(m.now.Add(bridgeTakes), func() {
		m.bridging = false
		for _, r := range requests {
			if answer, ok := m.bridge(r); ok {
				m.bridged = append(m.bridged, answer)
			}
		}
	})
	return nil
}

// Bridged are the answers that the task has written since they were asked for last.
func (m *Model) Bridged(context.Context) []BridgeFile {
	m.lock()
	defer m.unlock()
	found := m.bridged
	m.bridged = nil
	return found
}

// bridgeAnswer is what stands in an answer.
type bridgeAnswer struct {
	V         int              `json:"v"`
	ID        string           `json:"id"`
	Question  string           `json:"question"`
	Made      string           `json:"made"`
	OK        bool             `json:"ok"`
	Code      string           `json:"code"`
	Message   string           `json:"message"`
	Complete  bool             `json:"complete"`
	Runs      []bridgeRun      `json:"runs,omitempty"`
	Threshold *bridgeThreshold `json:"threshold,omitempty"`
}

type bridgeThreshold struct {
	Prevention int `json:"prevention"`
	Percentage int `json:"percentage"`
	Count      int `json:"count"`
}

type bridgeRun struct {
	RunHistoryID  string           `json:"RunHistoryId"`
	ConnectorID   string           `json:"ConnectorId"`
	ConnectorName string           `json:"ConnectorName"`
	Profile       string           `json:"RunProfileName"`
	Number        int              `json:"RunNumber"`
	IsRunComplete bool             `json:"IsRunComplete"`
	Result        string           `json:"Result"`
	Start         string           `json:"StartDate"`
	End           string           `json:"EndDate"`
	Steps         []map[string]any `json:"RunStepResults"`
}

// bridge is what the task does with one request.
func (m *Model) bridge(r BridgeFile) (answer BridgeFile, ok bool) {
	var request struct {
		ID       string
		Question string
		Since    string
		Most     int
	}
	id := strings.TrimSuffix(r.Name, ".json")
	if json.Unmarshal([]byte(r.Text), &request) != nil || request.ID != id {
		return BridgeFile{}, false
	}
	a := bridgeAnswer{V: 1, ID: id, Question: request.Question, Made: stamp(m.now), OK: true, Complete: true}
	switch request.Question {
	case "history":
		a.Runs = m.bridgeRuns(instant(request.Since), request.Most)
	case "threshold":
		a.Threshold = &bridgeThreshold{}
		if n := m.settings.DeletionThreshold; n != 0 {
			a.Threshold = &bridgeThreshold{Prevention: 1, Count: n}
		}
	default:
		return BridgeFile{}, false
	}
	switch m.settings.Bridge {
	case BridgeGarbled:
		return BridgeFile{Name: r.Name, Text: `{"half an ans`}, true
	case BridgeStale:
		a.Made = stamp(m.now.Add(-time.Hour))
	case BridgeForeign:
		a.ID = "00000000-0000-0000-0000-000000000000"
	case BridgeRightless:
		a.OK, a.Code, a.Message, a.Runs, a.Threshold = false, "access_denied", refuseRole, nil, nil
	default:
	}
	text, err := json.Marshal(a)
	if err != nil {
		return BridgeFile{}, false
	}
	return BridgeFile{Name: r.Name, Text: string(asciiJSON(text))}, true
}

// bridgeRuns are the newest runs as the task writes them, newest first.
func (m *Model) bridgeRuns(since time.Time, most int) []bridgeRun {
	runs := []bridgeRun{}
	for i := len(m.history) - 1; i >= 0 && len(m.history)-i <= most; i-- {
		r := m.history[i]
		if r.Start.Before(since) {
			continue
		}
		runs = append(runs, bridgeRun{
			RunHistoryID: r.ID, ConnectorID: r.ConnectorID, ConnectorName: r.Connector, Profile: r.Profile, Number: r.Number,
			IsRunComplete: r.Result != "in-progress", Result: r.Result, Start: stamp(r.Start), End: stamp(r.End),
			Steps: []map[string]any{bridgeStep(r)},
		})
	}
	return runs
}

// bridgeStep is the one step of a run: which counters it fills depends on what the profile does.
func bridgeStep(r Run) map[string]any {
	step := map[string]any{"StepNumber": 1, "StepResult": r.Result}
	for name := range strings.FieldsSeq("StageNoChange StageAdd StageUpdate StageRename StageDelete StageDeleteAdd StageFailure " +
		"FlowFailure ExportAdd ExportUpdate ExportRename ExportDelete ExportDeleteAdd ExportFailure") {
		step[name] = 0
	}
	switch {
	case strings.HasSuffix(r.Profile, "Import"):
		step["StageAdd"], step["StageUpdate"], step["StageDelete"], step["StageFailure"] = r.Adds, r.Updates, r.Deletes, r.Errors
	case strings.HasSuffix(r.Profile, "Export"):
		step["ExportAdd"], step["ExportUpdate"], step["ExportDelete"], step["ExportFailure"] = r.Adds, r.Updates, r.Deletes, r.Errors
	default:
		step["FlowFailure"] = r.Errors
	}
	list := []map[string]any{}
	for _, e := range r.Objects {
		list = append(list, map[string]any{
			"ErrorType": e.Type, "ObjectDn": e.DN, "ObjectDisplayName": e.Name, "FirstOccurred": stamp(e.First), "DateOccurred": stamp(e.Last),
			"RetryCount": e.Retries, "CdError": e.Detail,
		})
	}
	step["SyncErrors"] = map[string]any{"SyncErrorsList": list}
	step["ConnectorDiscoveryErrors"] = map[string]any{"ConnectorDiscoveryErrorsList": []any{}}
	step["MvRetryErrors"] = map[string]any{"MvRetryErrorsList": []any{}}
	return step
}

// run is what somebody reads in a bridge's answer.
func (r bridgeRun) run() (Run, error) {
	run := Run{
		ID: r.RunHistoryID, ConnectorID: r.ConnectorID, Connector: r.ConnectorName, Profile: r.Profile, Number: r.Number, Result: r.Result,
		Start: instant(r.Start), End: instant(r.End),
	}
	for _, step := range r.Steps {
		text, err := json.Marshal(step)
		if err != nil {
			return Run{}, fmt.Errorf("read a step: %w", err)
		}
		var s struct {
			StageAdd, StageUpdate, StageDelete, StageFailure, FlowFailure int
			ExportAdd, ExportUpdate, ExportDelete, ExportFailure          int

			SyncErrors struct {
				List []struct {
					ErrorType, ObjectDn, ObjectDisplayName, CdError string
					FirstOccurred, DateOccurred                     string
					RetryCount                                      int
				} `json:"SyncErrorsList"`
			}
		}
		if err := json.Unmarshal(text, &s); err != nil {
			return Run{}, fmt.Errorf("read a step: %w", err)
		}
		run.Adds += s.StageAdd + s.ExportAdd
		run.Updates += s.StageUpdate + s.ExportUpdate
		run.Deletes += s.StageDelete + s.ExportDelete
		run.Errors += s.StageFailure + s.FlowFailure + s.ExportFailure
		for _, e := range s.SyncErrors.List {
			run.Objects = append(run.Objects, ObjectError{
				DN: e.ObjectDn, Name: e.ObjectDisplayName, Type: e.ErrorType, Detail: e.CdError,
				First: instant(e.FirstOccurred), Last: instant(e.DateOccurred), Retries: e.RetryCount,
			})
		}
	}
	return run, nil
}
