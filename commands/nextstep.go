package commands

import (
	"strings"

	"github.com/adsyncbot/adsyncbot/executor"
)

// next says what to do after a cycle that did not simply succeed.
func (v CycleView) next() []Text {
	r, s := v.Cycle.Result, v.Cycle.Server
	if cause, next, ok := ourCodeWords(r.Code, s, r.Detail); ok && r.Verdict == executor.Unknown {
		if r.Code == executor.CodeUnreachable {
			cause = line("I lost sight of it: it may have run to its end. ", cause)
		}
		return []Text{cause, next}
	}
	source, _ := sourceWords(r.Source)
	read := line("So says ", source, ". ")
	look := line(" Synchronization Service Manager on ", Code(s), " shows which objects.")
	if r.Errors != nil && r.Errors.Count() > 0 {
		look = nil // said with their numbers
	}
	switch r.Verdict {
	case executor.Warnings:
		return []Text{line(read, "The cycle went to its end.", look)}
	case executor.Errors:
		return []Text{line(read, "The cycle went to its end, but some objects were not synchronised.", look)}
	case executor.Failed:
		return []Text{line(read, "Part of the cycle did not run. Mend the cause, then ask again.")}
	case executor.Cancelled:
		if len(v.Stops) > 0 {
			return []Text{line(read, "It was stopped; what was left is for the next cycle, which the scheduler may start by itself.")}
		}
		return []Text{line(read, "Somebody stopped it on the server. Ask them before you ask again: the scheduler may start the next one by itself.")}
	default:
		return []Text{line("There is something in ", source, " that I do not know, so I do not call it a success. Look in Synchronization Service Manager on ", Code(s), ".")}
	}
}

// notStarted is the final form of a cycle that never began.
func (v CycleView) notStarted(a Answer) Answer {
	r, s := v.Cycle.Result, v.Cycle.Server
	words, _, _ := verdictWords(r.Verdict)
	a.Headline = line(v.headline(words), ".")
	cause, next, ok := codeWords(r.Code, s, r.Detail)
	if !ok {
		cause, next = line("Internal error."), line("The log says more under ", Code(v.Cycle.Ref()), ".")
	}
	a.Lines = append(a.Lines, cause, next)
	a.Lines = append(a.Lines, v.stopped()...)
	a.Lines = append(a.Lines, v.automatic()...)
	if v.Cycle.Baseline.Staging {
		a.Lines = append(a.Lines, line(Code(s), " is a staging server: it exports nothing in any case."))
	}
	a.Lines = append(a.Lines, v.joined()...)
	a.Detail = Preformatted(v.serversWords())
	return a
}

// automatic says when the server itself starts its next cycle, as far as it was asked and what is in the way tells.
func (v CycleView) automatic() []Text {
	next := v.Cycle.Baseline.NextStart
	switch v.Cycle.Result.Code {
	case executor.CodeServiceMissing, executor.CodeCloudSettings:
		return nil
	case executor.CodeSuspended, executor.CodeDisabled, executor.CodeShuttingDown, executor.CodeServiceStopped, executor.CodeWizardOpen:
		return []Text{line("Until then the server starts no cycle by itself.")}
	default:
		if !next.After(v.Now) {
			return nil
		}
		return []Text{line("The server's own next cycle is due at ", At(next, TimeOfDay), ".")}
	}
}

// serversWords returns the detail of a result when it is text of the server, and not a word of ours that codeWords has
// put into a sentence.
func (v CycleView) serversWords() string {
	r := v.Cycle.Result
	switch r.Code {
	case executor.CodeTooLate, executor.CodeUnreachable, executor.CodeUndeliverable, executor.CodeConnectorBusy,
		executor.CodeStoppedFollow, executor.CodeNeverSeen:
		return ""
	default:
		return r.Detail
	}
}

func hasWord(s, word string) bool {
	for w := range strings.FieldsSeq(s) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
