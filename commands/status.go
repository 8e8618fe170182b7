package commands

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adsyncbot/adsyncbot/executor"
)

// How servers are looked at for one status: looks at a time, each within lookLimit.
const (
	looks     = 8
	lookLimit = 25 * time.Second
)

// status looks at one server, or at every one the caller may ask about.
func (j *job) status(ctx context.Context, a asked) Answer {
	names := j.named(a)
	live, err := j.records.LiveCycles(ctx)
	if err != nil {
		j.failed(ctx, "read live cycles", a.server, err) // the servers still tell what runs
	}
	blocks := make([][]Text, len(names))
	marks := make([]Mark, len(names))
	failures := 0
	seen := make([]executor.ServerReport, len(names))
	var g errgroup.Group
	g.SetLimit(looks)
	for i, name := range names {
		g.Go(func() error {
			look, cancel := context.WithTimeoutCause(ctx, lookLimit, fmt.Errorf("look at %s: no answer within %s: %w", name, lookLimit, context.DeadlineExceeded))
			defer cancel()
			st, err := j.looker.Status(look, name)
			if err != nil && look.Err() != nil {
				err = context.Cause(look)
			}
			seen[i] = executor.ServerReport{Server: name, Status: st, Err: err}
			return nil
		})
	}
	_ = g.Wait() // a server that cannot be looked at is part of the answer
	for i, r := range seen {
		if r.Err != nil {
			failures++
			e := j.failed(ctx, "status", r.Server, r.Err)
			marks[i], blocks[i] = MarkBad, []Text{e.about(r.Server)}
			continue
		}
		marks[i], blocks[i] = serverWords(r.Status)
		blocks[i][0] = line(Code(r.Server), ": ", blocks[i][0])
		blocks[i] = append(blocks[i], j.remembered(ctx, r.Server)...)
		if p, ok := j.paused(ctx, r.Server); ok && r.Status.Scheduled && !r.Status.Enabled {
			blocks[i] = append(blocks[i], ActView{Act: p, Channel: j.in.Caller.Channel}.pausedLine())
		}
		for _, c := range live {
			if c.Server == r.Server {
				blocks[i] = append(blocks[i], j.following(ctx, c))
			}
		}
	}
	j.entry.Result = fmt.Sprintf("%d of %d servers answered", len(names)-failures, len(names))
	return statusAnswer(blocks, marks)
}

// remembered is what was stored of a server: the last cycle in the history with its verdict, and where results are read.
func (j *job) remembered(ctx context.Context, server string) []Text {
	var lines []Text
	last, err := j.records.History(ctx, server, 1)
	if err != nil {
		j.failed(ctx, "read the last cycle", server, err)
	}
	for _, c := range last {
		lines = append(lines, line("In the history, last: ", j.past(ctx, c)))
	}
	capability, err := j.records.Capability(ctx, server)
	if err != nil {
		j.failed(ctx, "read where results come from", server, err)
		return lines
	}
	if t := resultSource(capability.Road); len(t) > 0 {
		lines = append(lines, t)
	}
	return lines
}

// named is the one server that was named, or all on which the command is allowed.
func (j *job) named(a asked) []string {
	if a.server != "" {
		return []string{a.server}
	}
	var names []string
	for _, srv := range j.sight.servers(a.command) {
		names = append(names, srv.Name)
	}
	return names
}

// following says that we are at work on a server.
func (j *job) following(ctx context.Context, c executor.Cycle) Text {
	words, _, _ := phaseWords(c.Phase)
	t := line("This bot's ", c.Policy.Word(), " ", words)
	if requests, err := j.records.Requests(ctx, c.ID); err != nil {
		j.failed(ctx, "read who asked", c.Server, err)
	} else if by := (CycleView{Cycle: c, Requests: requests, Channel: j.in.Caller.Channel}).asked(); len(by) > 0 {
		t = line(t, ", ", by)
	}
	return line(t, " (", Code(c.Ref()), ").")
}

// statusAnswer puts one server into the headline, and several below one.
func statusAnswer(blocks [][]Text, marks []Mark) Answer {
	if len(blocks) == 1 {
		return Answer{Mark: marks[0], Headline: blocks[0][0], Lines: blocks[0][1:]}
	}
	a := Answer{Mark: worst(marks), Headline: line(count(len(blocks), "server", "servers"), ":")}
	for _, b := range blocks {
		a.Lines = append(a.Lines, join(" ", b...))
	}
	return a
}

// worst returns the gravest mark.
func worst(marks []Mark) Mark {
	grave := []Mark{MarkBad, MarkUnknown, MarkWarning, MarkRunning, MarkGood}
	for _, g := range grave {
		if slices.Contains(marks, g) {
			return g
		}
	}
	return MarkInfo
}
