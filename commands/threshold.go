package commands

import (
	"strings"

	"github.com/adsyncbot/adsyncbot/executor"
)

// deletionsLink is where Microsoft describes the protection against accidental deletions.
const deletionsLink = "https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-prevent-accidental-deletes"

// heldBack reports whether Entra Connect stopped an export because it would have deleted too much, on which connector, and
// how many deletions wait there; 0 when no source tells.
func (v CycleView) heldBack() (on string, waiting int, ok bool) {
	for _, r := range v.Cycle.Runs {
		if r.Result == "stopped-deletion-threshold-exceeded" {
			on, ok = r.Connector, true
		}
	}
	for _, f := range v.Cycle.Result.Findings {
		if f.Verdict == executor.Failed && (f.EventID == 116 || f.EventID == 95) || f.EventID == 116 && ok {
			ok = true
			if on == "" {
				on = f.Connector
			}
			if f.Count > 1 {
				waiting = f.Count
			}
		}
	}
	for _, p := range v.Cycle.Result.Pending {
		if ok && p.Connector == on && p.ExportDeletes > 0 {
			waiting = p.ExportDeletes
		}
	}
	return on, waiting, ok
}

// alert is the message of a cycle whose deletions were held back. It says what a person has to do; the protection is
// theirs to lift, and never offered here.
func (v CycleView) alert(a Answer, on string, waiting int) Answer {
	s := v.Cycle.Server
	many := "more deletions than its limit allows"
	if waiting > 0 {
		many = count(waiting, "deletion", "deletions") + ", more than its limit allows"
	}
	a.Headline = line(Bold("Deletions held back"), " on ", Code(s), ": ", many, ". ", join(", ", line(policyWord(v.Cycle.Policy), " ", failedAfter(v)), v.asked()), ".")
	where := Text{}
	if on != "" {
		where = line(" to ", Code(on))
	}
	a.Lines = append(a.Lines,
		line("Entra Connect stopped the export", where, " before any deletion. Nothing was deleted there, and every later export stops at the same point until somebody decides. "+
			"The limit is 500 unless it was changed."),
		line("1. Find out what would be deleted: ", Code("/adsync "+string(Pending)+" "+s), " counts it, Synchronization Service Manager on ", Code(s), " lists it."),
		line("2. If it is a mistake (an OU moved or taken out of the scope, for example), put it right in AD or in the scope, and ask for a delta."),
		line("3. If it is meant, an administrator signs in on ", Code(s), ", runs ", Code("Disable-ADSyncExportDeletionThreshold"),
			" (it asks for a sign-in to Entra ID), runs the Export there, and switches the limit on again with ", Code("Enable-ADSyncExportDeletionThreshold"), "."),
		line("I cannot lift this protection, and do not offer to. More: ", Code(deletionsLink)),
	)
	return a
}

func failedAfter(v CycleView) string {
	words, _, _ := verdictWords(v.Cycle.Result.Verdict)
	if d, ok := v.took(); ok {
		return words + after(v.Cycle.Result.Verdict) + lasted(d)
	}
	return strings.TrimSpace(words)
}
