package commands

import (
	"context"
	"fmt"

	"github.com/adsyncbot/adsyncbot/executor"
)

// pending tells what waits on a server to be imported and exported, connector by connector.
func (j *job) pending(ctx context.Context, a asked) Answer {
	names := j.named(a)
	reports := make([]executor.PendingReport, len(names))
	errs := make([]error, len(names))
	j.each(ctx, names, func(ctx context.Context, i int) {
		reports[i], errs[i] = j.looker.Pending(ctx, names[i])
		if errs[i] != nil && ctx.Err() != nil {
			errs[i] = context.Cause(ctx)
		}
	})
	blocks := make([][]Text, len(names))
	marks := make([]Mark, len(names))
	failures := 0
	for i, name := range names {
		if errs[i] != nil {
			failures++
			marks[i], blocks[i] = MarkBad, []Text{j.failed(ctx, "pending", name, errs[i]).about(name)}
			continue
		}
		marks[i], blocks[i] = waits(name, reports[i])
		if len(names) == 1 && len(blocks[i]) > 1 {
			blocks[i] = append(blocks[i], line("A change in AD that the server has not imported yet is not among them. What has an error waits until its cause is gone."))
		}
	}
	j.entry.Result = fmt.Sprintf("%d of %d servers answered", len(names)-failures, len(names))
	return statusAnswer(blocks, marks)
}

// waits is what waits on one server. The first line stands behind its name.
func waits(server string, r executor.PendingReport) (Mark, []Text) {
	total := 0
	var lines []Text
	for _, p := range r.Pending {
		total += p.ImportAdds + p.ImportUpdates + p.ImportDeletes + p.ExportAdds + p.ExportUpdates + p.ExportDeletes
		lines = append(lines, line("• ", Code(p.Connector), ": to import ", changes(executor.Counters{Adds: p.ImportAdds, Updates: p.ImportUpdates, Deletes: p.ImportDeletes}),
			"; to export ", changes(executor.Counters{Adds: p.ExportAdds, Updates: p.ExportUpdates, Deletes: p.ExportDeletes}), "."))
	}
	missing := len(r.Connectors) - len(r.Pending)
	mark, head := MarkInfo, line(count(total, "change waits", "changes wait"), ".")
	switch {
	case len(r.Pending) == 0:
		mark, head = MarkUnknown, line("what waits could not be read.")
	case missing > 0:
		mark, head = MarkUnknown, line(count(total, "change waits", "changes wait"), " on the connectors that could be read; ", Wordsf("%d could not.", missing))
	case total == 0:
		mark, head = MarkGood, line("nothing waits: what has been imported is synchronised, and what is to be exported is out.")
	}
	for _, p := range r.Problems {
		cause, next, _ := codeWords(p.Code, server, "")
		lines = append(lines, line(Code(p.Doing), " failed. ", cause, " ", next))
	}
	if len(r.Running) > 0 {
		lines = append(lines, line(connector(r.Running[0]), " is at work, so these numbers change."))
	}
	return mark, append([]Text{line(Code(server), ": ", head)}, lines...)
}
