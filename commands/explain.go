package commands

import (
	"context"
	"errors"
	"slices"

	"github.com/adsyncbot/adsyncbot/executor"
)

// Explanation is an error as people read it.
type Explanation struct {
	Cause  Text
	Next   Text
	Detail string // the server's own words, untrusted
	// Known is false for an error that nobody has words for: an internal one, which stands in the log.
	Known bool
}

// Explain says what is wrong and what to do. ref is the reference under which the error stands in the log.
func Explain(err error, ref string) Explanation { return explain(err, "", ref) }

func explain(err error, server, ref string) Explanation {
	var refusal *executor.Refusal
	var run *executor.RunError
	switch {
	case errors.As(err, &refusal):
		if cause, next, ok := codeWords(refusal.Code, server, refusal.On); ok {
			return Explanation{Cause: cause, Next: next, Detail: Preformatted(refusal.Message), Known: true}
		}
	case errors.As(err, &run):
		if cause, next, ok := failureWords(run.Kind, run.Server); ok {
			return Explanation{Cause: cause, Next: next, Known: true}
		}
	case errors.Is(err, context.DeadlineExceeded):
		return Explanation{Cause: line(the(server), " did not answer in time."), Next: line("Ask again in a minute."), Known: true}
	}
	return Explanation{Cause: line("Internal error."), Next: line("The log says more under ", Code(ref), ".")}
}

// about is the explanation on one line that names its server once.
func (e Explanation) about(server string) Text {
	t := line(e.Cause, " ", e.Next)
	if slices.Contains(e.Cause, Code(server)) {
		return t
	}
	return line(Code(server), ": ", t)
}

// the names a server at the beginning of a sentence.
func the(server string) Span {
	if server == "" {
		return Words("The server")
	}
	return Code(server)
}

// on names a server within a sentence.
func on(server string) Span {
	if server == "" {
		return Words("the server")
	}
	return Code(server)
}
