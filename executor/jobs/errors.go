package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// errorsLimit bounds the question which objects have errors, for which the server writes a file for each connector. It comes
// after the last look of a cycle, within its slice.
const errorsLimit = 40 * time.Second

// explain adds to a result which errors are new: those of the run history, or where that cannot be read the ones of the
// connector spaces, which are asked for only after a cycle that had errors. Not to know them is no reason to keep a
// result back.
func (s *slice) explain(ctx context.Context, look executor.Look) executor.Result {
	r := look.Result
	found, complete, ok := s.objects(ctx, look)
	if !ok {
		return r
	}
	began := look.ReadsFrom
	if began.IsZero() {
		began = look.Baseline.ServerTime
	}
	before := executor.Before{Server: began, Ours: s.cycle.Intent}
	seen, err := s.store.KnownErrors(ctx, s.cycle.Server, found.Objects)
	if err == nil {
		err = s.store.SeeErrors(ctx, s.cycle.Server, found.Objects, complete)
	}
	if err != nil {
		s.log.WarnContext(ctx, "known errors not kept", "error", err)
	}
	summary := found.Summary(before, seen)
	r.Errors = &summary
	if s.named(ctx) {
		r.Objects = newest(found.Objects)
	}
	return r
}

// mostNamed is how many objects a cycle keeps by name.
const mostNamed = 10

func newest(objects []executor.ObjectError) []executor.ObjectError {
	objects = slices.SortedStableFunc(slices.Values(objects), func(a, b executor.ObjectError) int { return b.First.Compare(a.First) })
	return objects[:min(len(objects), mostNamed)]
}

// named reports whether a channel that waits for the cycle may read names of objects. When that cannot be read, it may not.
func (s *slice) named(ctx context.Context) bool {
	requests, err := s.store.Requests(ctx, s.cycle.ID)
	if err != nil {
		s.log.WarnContext(ctx, "requests not read", "error", err)
	}
	return slices.ContainsFunc(requests, func(r executor.Request) bool { return r.Objects })
}

// objects are the errors with objects that the cycle left behind. complete is whether there are no others on the server.
func (s *slice) objects(ctx context.Context, look executor.Look) (found executor.ObjectErrors, complete, ok bool) {
	if look.Objects != nil {
		return *look.Objects, false, true
	}
	read := look.Reading != nil && look.Reading.Found != ""
	if read || !hasErrors(look.Result) {
		return found, false, false
	}
	limit := errorsLimit
	if end, bounded := ctx.Deadline(); bounded {
		limit = min(limit, time.Until(end)-5*time.Second)
	}
	if limit < 5*time.Second {
		return found, false, false
	}
	ask, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("errors of %s: no end after %s", s.cycle.Server, limit))
	defer cancel()
	report, err := s.executor.Errors(ask, s.cycle.Server, executor.ErrorsOrder{History: executor.RoadNone})
	if err != nil {
		s.log.WarnContext(ctx, "objects with errors not read", "error", err)
		return found, false, false
	}
	if report.Source != executor.FromExport {
		return found, false, false // the cycle's own events have told already what others could
	}
	return report.ObjectErrors, report.Complete, true
}

// hasErrors reports whether a result speaks of objects that were not synchronised.
func hasErrors(r executor.Result) bool {
	return r.Verdict == executor.Errors || slices.ContainsFunc(r.Findings, func(f executor.Finding) bool { return f.Verdict == executor.Errors })
}
