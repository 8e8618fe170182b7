package commands

import (
	"context"

	"github.com/adsyncbot/adsyncbot/executor"
)

// ask makes a request of a delta or full.
func (j *job) ask(ctx context.Context, a asked, by Decision) Answer {
	in := j.in
	policy := executor.Delta
	if a.command == Full {
		policy = executor.Initial
	}
	if p, ok := j.paused(ctx, a.server); ok && p.Phase != executor.ActAsked {
		j.entry.Result, j.entry.Ref = "refused: paused", p.Ref()
		return j.isPaused(p, "The server is paused, so nothing was started.")
	}
	if refused, cools := j.cooling(ctx, a, by); cools {
		return refused
	}
	if a.force {
		by.Rule += ", " + string(Force)
		j.entry.Rule = by.Rule
	}
	out, err := j.queue.Ask(ctx, executor.Request{
		ID: in.ID, Policy: policy, Server: a.server,
		Asker:    executor.Asker{Way: executor.FromSlack, Team: in.Caller.Team, User: in.Caller.User},
		Audience: executor.Audience{Team: in.Caller.Team, Channel: in.Caller.Channel},
		Reason:   a.reason, Rule: by.Rule, AskedAt: in.At, Objects: by.Objects,
	}, in.ReplyTo)
	if err != nil {
		j.entry.Result = "not stored"
		e := j.failed(ctx, "ask", a.server, err)
		return Answer{Mark: MarkBad, Headline: line(Bold("Nothing was started"), ": the request could not be stored."), Lines: []Text{e.Cause, e.Next}}
	}
	switch {
	case out.Refused == nil && !out.Cycle.Live(): // asked before a restart, and over meanwhile
		j.entry.Result, j.entry.Ref = "served", out.Cycle.Ref()
		return j.served(ctx, out.Cycle)
	case out.Refused != nil:
		j.entry.Result, j.entry.Ref = "refused: "+string(executor.CodeOtherPolicy), out.Refused.Ref()
		return j.inTheWay(ctx, a, *out.Refused)
	case out.Joined:
		j.entry.Result, j.entry.Ref = "joined", out.Cycle.Ref()
		return j.joined(ctx, out.Cycle)
	}
	j.entry.Result, j.entry.Ref = "queued", out.Cycle.Ref()
	return Answer{
		Mark:     MarkWaiting,
		Headline: line(Bold(policyWord(policy)), " on ", Code(a.server), " is queued. The message in this channel tells how it goes."),
		Footer:   line(Code(out.Cycle.Ref())),
	}
}

// served tells how the cycle ended.
func (j *job) served(ctx context.Context, c executor.Cycle) Answer {
	requests, err := j.records.Requests(ctx, c.ID)
	if err != nil {
		j.failed(ctx, "read who asked", c.Server, err) // the answer is true without the names
	}
	return CycleMessage(CycleView{Cycle: c, Requests: requests, Channel: j.in.Caller.Channel, Now: j.now()})
}

// joined is "Already syncing: delta, asked by @ann 40 s ago; it reads AD since 09:41: a newer change is not in it".
func (j *job) joined(ctx context.Context, c executor.Cycle) Answer {
	a := Answer{Mark: MarkRunning, Headline: line(j.already(ctx, c), "; ")}
	since := c.ReadsFrom
	switch {
	case !since.IsZero():
		a.Headline = line(a.Headline, "it reads AD since ", At(since, TimeOfDay), ": a newer change is not in it.")
		a.Lines = append(a.Lines, line("If yours is newer, ask again when it has ended."))
	case c.Intent.IsZero():
		a.Headline = line(a.Headline, "it has not begun to read AD: a change that has reached its domain controller is in it.")
	default:
		a.Headline = line(a.Headline, "it is just beginning to read AD: a change of the last moments may not be in it.")
	}
	a.Lines = append(a.Lines, line("You are told in this channel how it ends."))
	a.Footer = line(Code(c.Ref()))
	return a
}

// inTheWay refuses a full while something else runs.
func (j *job) inTheWay(ctx context.Context, a asked, c executor.Cycle) Answer {
	next := "When it has ended, ask again: "
	return Answer{
		Mark:     MarkRefused,
		Headline: line(j.already(ctx, c), ". A full cannot join it, so nothing was started."),
		Lines:    []Text{line(next, Code(j.sight.typed(a.command, a.server)))},
		Footer:   line(Code(c.Ref())),
	}
}

// already is "Already syncing: delta, asked by @ann 40 s ago". Names come from this channel only.
func (j *job) already(ctx context.Context, c executor.Cycle) Text {
	t := line("Already syncing ", Code(c.Server), ": ", c.Policy.Word())
	requests, err := j.records.Requests(ctx, c.ID)
	if err != nil {
		j.failed(ctx, "read who asked", c.Server, err) // the answer is true without the name
		return t
	}
	v := CycleView{Cycle: c, Requests: requests, Channel: j.in.Caller.Channel, Now: j.now()}
	for _, r := range v.requests() {
		return line(t, ", asked by ", v.asker(r), " ", lasted(v.Now.Sub(r.AskedAt)), " ago")
	}
	return t
}
