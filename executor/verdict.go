package executor

// Verdict is what a cycle, or one run of it, came to. It is computed from the runs, never taken from an accepted start.
type Verdict string

// The verdicts, from good to bad; the empty verdict means not decided yet.
const (
	Succeeded Verdict = "succeeded"
	Warnings  Verdict = "warnings"
	Errors    Verdict = "errors"
	Failed    Verdict = "failed"
	Cancelled Verdict = "cancelled"
	Unknown   Verdict = "unknown"
	// NotStarted is the verdict of a cycle that never started: refused, timed out, or undeliverable.
	NotStarted Verdict = "not_started"
)

// Source is where a verdict was read.
type Source string

// The sources, best first.
const (
	FromHistory  Source = "run history"
	FromBridge   Source = "bridge"
	FromEventLog Source = "event log"
	FromExport   Source = "connector space" // csexport.exe: which objects have errors, never how a cycle went
	FromNothing  Source = "none"
)

// Result is how a cycle ended and how we know.
type Result struct {
	Verdict Verdict
	Source  Source
	// Code says why in one stable word when the cycle did not start or is not known: a Code… constant.
	Code Code
	// Detail holds the cause in words; it may hold text of the server (untrusted) and is escaped where it is shown.
	Detail   string
	Findings []Finding
	Bridge   Code          // why the bridge did not tell; empty when it did, or was not to
	Errors   *ErrorSummary // of objects; nil when it was not asked for, or could not be read
	// Objects are the newest of them, by name. They are kept only where somebody asked whose channel may read names.
	Objects []ObjectError
	Pending []Pending // what waits to be imported or exported, from connector statistics; nil when not read
}

// Finding is one thing the source says that matters for the verdict.
type Finding struct {
	Verdict   Verdict // what it means for the verdict; empty = listed, not counted
	What      string  // in words
	Connector string
	EventID   int
	Count     int
}

// Pending is one connector's statistics after the cycle.
type Pending struct {
	Connector                                string
	ImportAdds, ImportUpdates, ImportDeletes int
	ExportAdds, ExportUpdates, ExportDeletes int
}
