package executor

import "time"

// Preflight is what the look before a start found that does not stop it but is worth telling. The zero value is nothing
// found, or nothing looked at. Its times are the server's.
type Preflight struct {
	Version string // of Entra Connect; empty when it could not be read
	// LastCycle is when the cycle before began, as the scheduler's plan tells; zero when it does not.
	LastCycle time.Time
	Allowed   time.Duration // the shortest interval between cycles that is supported; 0 when not told
	Deletes   Deletes
}

// Deletes are the deletions that wait to be exported to Entra ID.
type Deletes struct {
	Counted   bool // whether they could be counted; the fields after the next one mean nothing otherwise
	Failed    bool // whether it was tried, and failed
	Waiting   int
	Readable  bool // whether the threshold could be read: over WinRM it never can
	Prevented bool // whether an export with too many of them is stopped
	Threshold int  // how many are too many
}

// AssumedThreshold is the threshold of a server whose own cannot be read: what Entra Connect is installed with.
const AssumedThreshold = 500

// Limit is how many deletions stop an export, as far as is known; none reports that the server does not stop any.
func (d Deletes) Limit() (limit int, none bool) {
	switch {
	case !d.Readable:
		return AssumedThreshold, false
	case !d.Prevented:
		return 0, true
	}
	return d.Threshold, false
}

// TooMany reports whether the next export is going to be stopped, as far as is known.
func (d Deletes) TooMany() bool {
	limit, none := d.Limit()
	return d.Counted && !none && limit > 0 && d.Waiting > limit
}

// Later is what is known once another look has brought l: what that one did not ask stays as it was.
func (p Preflight) Later(l Preflight) Preflight {
	if l.Version == "" {
		l.Version = p.Version
	}
	if l.LastCycle.IsZero() {
		l.LastCycle, l.Allowed = p.LastCycle, p.Allowed
	}
	if !l.Deletes.Counted && !l.Deletes.Failed {
		l.Deletes = p.Deletes
	}
	return l
}

// noteLast takes from the scheduler when the last cycle began: it plans the next one an interval after that. While one
// runs, or after one that was stopped, the plan is in the past and tells nothing.
func (p *Preflight) noteLast(line schedulerLine, now time.Time) {
	last := line.NextStart.Add(-time.Duration(line.EffectiveInterval))
	if line.InProgress || line.NextStart.IsZero() || line.EffectiveInterval <= 0 || last.After(now) {
		return
	}
	p.LastCycle, p.Allowed = last, time.Duration(line.AllowedInterval)
}

// fail notes that a cmdlet failed without which deletes cannot be counted.
func (d *Deletes) fail(l problemLine) {
	if l.Doing == "Get-ADSyncConnector" || l.Doing == "Get-ADSyncConnectorStatistics" {
		d.Failed = true
	}
}

// deletes reads a deletes line.
func (l deletesLine) deletes() Deletes {
	return Deletes{Counted: true, Waiting: l.Waiting, Readable: l.Readable, Prevented: l.Prevented, Threshold: l.Threshold}
}
