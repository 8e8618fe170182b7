package commands

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// LongestCoolDown is the longest a cool-down may be: a longer one would be a grant without delta.
const LongestCoolDown = 24 * time.Hour

// cooling refuses a delta that comes within the cool-down of the grant that allows it, and a force that has nothing to
// override or is not granted. A cycle that is live is joined, so it starts nothing and nothing is refused.
func (j *job) cooling(ctx context.Context, a asked, by Decision) (Answer, bool) {
	switch {
	case a.command != Delta:
		return Answer{}, false
	case a.force && by.CoolDown == 0:
		j.entry.Result = "refused: nothing to override"
		return refusal("There is no cool-down in this channel, so "+string(Force)+" has nothing to override. Nothing was started.",
			line("Ask without it: ", Code(j.sight.typed(Delta, a.server)+" "+because+" …"))), true
	case a.force && !j.sight.may(Force, a.server):
		j.decided(Denied, string(NoCommandRule))
		return refusal("You may not override the cool-down here. Nothing was started.",
			line("For that, ask ", j.sight.contact(), " for this grant: ", Code(grantLine(j.in.Caller.Channel, Force, a.server)))), true
	case a.force || by.CoolDown == 0:
		return Answer{}, false
	}
	if _, live := j.live(ctx, a.server); live {
		return Answer{}, false
	}
	last, found, err := j.lastStarted(ctx, a.server)
	if err != nil {
		// Doubt denies: without the history nobody knows whether the cool-down is over.
		j.entry.Result = "not stored"
		e := j.failed(ctx, "read the last cycle", a.server, err)
		return Answer{Mark: MarkBad, Headline: line(Bold("Nothing was started"), ": whether the cool-down is over could not be read."), Lines: []Text{e.Cause, e.Next}}, true
	}
	over := last.Intent.Add(by.CoolDown)
	if !found || !over.After(j.now()) {
		return Answer{}, false
	}
	j.entry.Result, j.entry.Ref = "refused: cool-down", last.Ref()
	return j.cool(ctx, a, by, last, over), true
}

// cool says who synchronized last, when it may be done again, and how not to wait.
func (j *job) cool(ctx context.Context, a asked, by Decision, last executor.Cycle, over time.Time) Answer {
	began := line("The last ", last.Policy.Word(), " on ", Code(a.server), " began at ", At(last.Intent, TimeOfDay))
	if requests, err := j.records.Requests(ctx, last.ID); err != nil {
		j.failed(ctx, "read who asked", a.server, err) // the answer is true without the name
	} else if asked := (CycleView{Cycle: last, Requests: requests, Channel: j.in.Caller.Channel}).asked(); len(asked) > 0 {
		began = join(", ", began, asked)
	}
	answer := Answer{
		Mark: MarkRefused,
		Headline: line("Here ", lasted(by.CoolDown), " lie between two deltas on ", Code(a.server), ". The next one may start at ",
			At(over, TimeOfDay), "; nothing was started."),
		Lines:  []Text{line(began, ".")},
		Footer: line(Code(last.Ref())),
	}
	if j.sight.may(Force, a.server) {
		answer.Lines = append(answer.Lines, line("If it cannot wait: ", Code(j.sight.typed(Delta, a.server)+" "+string(Force)+" "+because+" …")))
	} else {
		answer.Lines = append(answer.Lines, line("If it cannot wait, ask ", j.sight.contact(), "."))
	}
	return answer
}

// lastStarted is the newest cycle that this bot started on a server, other than the one that this very command led to
// before a crash.
func (j *job) lastStarted(ctx context.Context, server string) (executor.Cycle, bool, error) {
	const far = 50
	past, err := j.records.History(ctx, server, far)
	if err != nil {
		return executor.Cycle{}, false, err
	}
	for _, c := range past {
		if c.Origin != executor.Started || c.Intent.IsZero() || c.Result.Verdict == executor.NotStarted {
			continue
		}
		mine, err := j.asksFor(ctx, c.ID)
		if err != nil {
			return executor.Cycle{}, false, err
		}
		return c, !mine, nil
	}
	return executor.Cycle{}, false, nil
}

// asksFor reports whether this command is one of those that a cycle serves.
func (j *job) asksFor(ctx context.Context, cycle uuid.UUID) (bool, error) {
	requests, err := j.records.Requests(ctx, cycle)
	return slices.ContainsFunc(requests, func(r executor.Request) bool { return r.ID == j.in.ID }), err
}
