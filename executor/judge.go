package executor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Connector is one of a server's connectors.
type Connector struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
}

// cloudConnector is the identifier of the connector to Entra ID, the same on every server.
const cloudConnector = "b891884f-051e-4a83-95af-2544101c9083"

// cycles reports whether a sync cycle runs this connector: Active Directory's and the one to Entra ID.
func (c Connector) cycles() bool {
	return strings.EqualFold(c.Type, "AD") || strings.EqualFold(c.ID, cloudConnector)
}

// evidence is what one complete slice brought about a cycle that is over.
type evidence struct {
	since      time.Time
	until      time.Time // when the next cycle began; zero when none has
	staging    bool
	journal    journal
	events     *eventsLine // nil: the log was not read
	history    *historyLine
	rows       []runLine
	connectors []Connector // nil: not read
	pending    []Pending
	problems   []Problem
}

// judge says what the cycle came to, from the best source that could be read on this server, and returns its runs.
func (e evidence) judge() (Result, []Run) {
	found := slices.Clone(e.journal.findings)
	result, runs := e.fromEvents()
	if past := e.past(); len(past) > 0 {
		result, runs = e.fromHistory(past), past
		for i := range found {
			found[i].Verdict = "" // the engine's own results count, the log explains them
		}
	}
	if result.Source != FromBridge {
		result.Bridge = bridgeTrouble(e.problems)
	}
	result.Pending = e.pending
	result.Findings = append(result.Findings, found...)
	return result, runs
}

// past turns the rows of the run history into runs, the oldest first.
func (e evidence) past() []Run {
	if e.history == nil || !e.history.Readable {
		return nil
	}
	var runs []Run
	known := map[string]bool{} // a run's number counts within its connector only; its id is its own
	for _, row := range e.rows {
		next := !e.until.IsZero() && !row.Start.Before(e.until) // a run of the next cycle
		if row.Start.Before(e.since) || next || row.ID != "" && known[row.ID] {
			continue
		}
		known[row.ID] = true
		run := Run{
			Connector: row.Connector, Profile: row.Profile, Result: row.Result, Verdict: resultVerdict(row.Result),
			Start: row.Start.Time, End: row.End.Time,
		}
		if row.Adds >= 0 || row.Updates >= 0 || row.Deletes >= 0 || row.Errors >= 0 {
			run.Counters = &Counters{Adds: row.Adds, Updates: row.Updates, Deletes: row.Deletes, Errors: row.Errors}
		}
		runs = append(runs, run)
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return a.Start.Compare(b.Start) })
	return runs
}

// fromHistory judges by the engine's own results: the worst run.
func (e evidence) fromHistory(runs []Run) Result {
	result := Result{Verdict: Succeeded, Source: e.history.Source.source()}
	for _, r := range runs {
		result.Verdict = worse(result.Verdict, r.Verdict)
		if r.Verdict != "" && r.Verdict != Succeeded {
			result.Findings = append(result.Findings, Finding{Verdict: r.Verdict, What: r.Profile + ": " + r.Result, Connector: r.Connector, Count: 1})
		}
		if r.Verdict == Unknown {
			result.Code, result.Detail = CodeOther, fmt.Sprintf("the result %q is not known here", r.Result)
		}
	}
	return result.doubt(e.gap(runs))
}

// fromEvents judges by the event log: whatever it says against success counts, nothing found is a success. That holds
// only when all of it was read and every run stands in it.
func (e evidence) fromEvents() (Result, []Run) {
	runs := e.journal.runs
	result := Result{Verdict: Succeeded, Source: FromEventLog}
	for _, r := range runs {
		result.Verdict = worse(result.Verdict, r.Verdict)
	}
	for _, f := range e.journal.findings {
		result.Verdict = worse(result.Verdict, f.Verdict)
		if f.Verdict == Unknown {
			result.Code, result.Detail = CodeOther, fmt.Sprintf("event %d is not known here", f.EventID)
		}
	}
	switch {
	case e.events == nil:
		result.Source = FromNothing
		return result.doubt(e.trouble("Get-WinEvent", "the event log was not read")), runs
	case e.events.Truncated:
		return result.doubt("there are more events than were read"), runs
	}
	return result.doubt(e.gap(runs)), runs
}

// doubt turns a good verdict into Unknown when something is in its way; a bad one stands.
func (r Result) doubt(why string) Result {
	if why != "" && rank(r.Verdict) < rank(Unknown) {
		r.Verdict, r.Code, r.Detail = Unknown, CodeUnreadable, why
	}
	return r
}

// trouble is what the script said went wrong with a cmdlet, else the given words.
func (e evidence) trouble(doing, otherwise string) string {
	for _, p := range e.problems {
		if p.Doing == doing && p.Message != "" {
			return p.Message
		}
	}
	return otherwise
}

// gap names the first run that a complete cycle has and these runs have not. A cycle imports and synchronizes every
// connector, and exports to every one unless the server is in staging mode. Without the list of connectors one run of
// each kind is asked for.
func (e evidence) gap(runs []Run) string {
	for _, r := range runs {
		if r.End.IsZero() || r.Verdict == "" {
			return fmt.Sprintf("%s on %s has no end", r.Profile, r.Connector)
		}
	}
	kinds := []string{"Import", "Synchronization", "Export"}
	if e.staging {
		kinds = kinds[:2]
	}
	names := []string{""}
	if slices.ContainsFunc(e.connectors, Connector.cycles) {
		names = nil
		for _, c := range e.connectors {
			if c.cycles() {
				names = append(names, c.Name)
			}
		}
	}
	for _, kind := range kinds {
		for _, name := range names {
			if slices.ContainsFunc(runs, func(r Run) bool {
				return strings.HasSuffix(r.Profile, kind) && (name == "" || strings.EqualFold(r.Connector, name))
			}) {
				continue
			}
			if name == "" {
				name = "any connector"
			}
			return fmt.Sprintf("no %s of %s was found", strings.ToLower(kind), name)
		}
	}
	return ""
}
