package commands

import (
	"context"

	"github.com/adsyncbot/adsyncbot/executor"
)

// stop asks for the end of the cycle that runs on a server.
func (j *job) stop(ctx context.Context, a asked, rule string) Answer {
	act, err := j.queue.Act(ctx, j.act(executor.StopAct, a, rule), j.in.ReplyTo)
	if err != nil {
		return j.actNotStored(ctx, a, err)
	}
	j.entry.Ref = act.Ref()
	if !act.Live() { // asked before a restart, and over meanwhile
		j.entry.Result = string(act.Result)
		return ActAnswer(ActView{Act: act, Channel: j.in.Caller.Channel})
	}
	j.entry.Result = "stored"
	answer := Answer{Mark: MarkRunning, Headline: line("I look what runs on ", Code(a.server), " and stop it. I tell here what comes of it."), Footer: line(Code(act.Ref()))}
	if c, ok := j.live(ctx, a.server); ok && c.ID == act.About {
		answer.Headline = line("I stop the ", c.Policy.Word(), " on ", Code(a.server), " (", Code(c.Ref()), "). I tell here what comes of it.")
		if c.Phase == executor.PhaseQueued {
			answer.Headline = line("I stop the ", c.Policy.Word(), " on ", Code(a.server), " (", Code(c.Ref()), ") before it starts.")
			return answer
		}
	}
	answer.Lines = append(answer.Lines, startsAgain(a.server))
	return answer
}

// stopMeans is "Stop on aadc01: stop the cycle?".
func (j *job) stopMeans(ctx context.Context, a asked) Answer {
	answer := Answer{Mark: MarkWarning, Headline: line(Bold("Stop"), " on ", Code(a.server), ": stop the cycle that runs there?")}
	switch c, ok := j.live(ctx, a.server); {
	case ok && c.Phase == executor.PhaseQueued:
		answer.Lines = append(answer.Lines, line(j.already(ctx, c), ". It has not begun: then nothing is started."))
	case ok:
		answer.Lines = append(answer.Lines, line(j.already(ctx, c), ". Everybody who waits for it is told."))
	default:
		answer.Lines = append(answer.Lines, line("I follow no cycle there. One that the server or somebody else has started is stopped all the same."))
	}
	answer.Lines = append(answer.Lines, line("What it has done by then stays done; what is left waits for the next cycle."), startsAgain(a.server))
	if a.reason != "" {
		answer.Lines = append(answer.Lines, line("Your reason: “", Words(a.reason), "”"))
	}
	return answer
}

// startsAgain is what a stop does not do.
func startsAgain(server string) Text {
	return line("A stop ends one cycle. The scheduler on ", Code(server), " stays on: it may start a new one within about a minute.")
}

// act is what somebody asks for beside a cycle.
func (j *job) act(kind executor.ActKind, a asked, rule string) executor.Act {
	in := j.in
	return executor.Act{
		ID: in.ID, Kind: kind, Server: a.server,
		Asker:    executor.Asker{Way: executor.FromSlack, Team: in.Caller.Team, User: in.Caller.User},
		Audience: executor.Audience{Team: in.Caller.Team, Channel: in.Caller.Channel},
		Reason:   a.reason, Rule: rule, AskedAt: in.At,
	}
}

func (j *job) actNotStored(ctx context.Context, a asked, err error) Answer {
	if why, ok := errPause(err); ok {
		j.entry.Result = "refused"
		return Answer{Mark: MarkRefused, Headline: line(why, " Nothing was done."), Lines: []Text{statusTells(a.server)}}
	}
	j.entry.Result = "not stored"
	e := j.failed(ctx, string(a.command), a.server, err)
	return Answer{Mark: MarkBad, Headline: line(Bold("Nothing was done"), ": what you asked for could not be stored."), Lines: []Text{e.Cause, e.Next}}
}
