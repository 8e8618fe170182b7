package commands

import "github.com/adsyncbot/adsyncbot/executor"

// verdictWords says how a cycle ended, after "Delta on aadc01".
func verdictWords(v executor.Verdict) (words string, mark Mark, ok bool) {
	switch v {
	case executor.Succeeded:
		return "succeeded", MarkGood, true
	case executor.Warnings:
		return "ended with warnings", MarkWarning, true
	case executor.Errors:
		return "ended with errors", MarkBad, true
	case executor.Failed:
		return "failed", MarkBad, true
	case executor.Cancelled:
		return "was cancelled", MarkWarning, true
	case executor.Unknown:
		return "has an unknown result", MarkUnknown, true
	case executor.NotStarted:
		return "was not started", MarkRefused, true
	}
	return "has an unknown result", MarkUnknown, false
}

// phaseWords says what a live cycle is doing, after "Delta on aadc01".
func phaseWords(p executor.Phase) (words string, mark Mark, ok bool) {
	switch p {
	case executor.PhaseQueued:
		return "is queued", MarkWaiting, true
	case executor.PhaseStarting:
		return "is starting", MarkRunning, true
	case executor.PhaseFollowing:
		return "is running", MarkRunning, true
	case executor.PhaseEnded:
		return "has ended", MarkNone, true
	}
	return "is in an unknown state", MarkUnknown, false
}

// sourceWords says where a result was read, after "no errors in".
func sourceWords(s executor.Source) (words string, ok bool) {
	switch s {
	case executor.FromHistory:
		return "the run history", true
	case executor.FromBridge:
		return "the run history, read by the bridge", true
	case executor.FromEventLog:
		return "the event log", true
	case executor.FromExport:
		return "the connector spaces", true
	case executor.FromNothing:
		return "no readable source", true
	}
	return "an unknown source", false
}

// resultSource says where results are read on a server, as its answers have shown; nothing when that is not known yet.
func resultSource(r executor.Road) Text {
	switch r {
	case executor.RoadDirect:
		return line("Results: from the run history.")
	case executor.RoadBridge:
		return line("Results: from the run history, read by the bridge.")
	case executor.RoadNone:
		return line("Results: from the event log, without counts. The run history cannot be read over WinRM.")
	default:
		return nil
	}
}

// policyWord is the policy at the beginning of a sentence.
func policyWord(p executor.Policy) string {
	switch p {
	case executor.Delta:
		return "Delta"
	case executor.Initial:
		return "Full"
	}
	return "Sync"
}
