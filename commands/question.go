package commands

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// questionLife is how long a question may be answered.
const questionLife = 10 * time.Minute

// Question is what somebody is asked back before a command is carried out.
type Question struct {
	ID      uuid.UUID // the input's that asks first; the request that may follow has the same
	Team    string
	Channel string
	User    string
	Slash   string // what people type before a command: "/adsync"
	Command string // as it was understood
	AskedAt time.Time
	Until   time.Time
	Answer  Action    // empty while it is open
	Press   uuid.UUID // that has answered
}

// Questions keeps what people were asked back. An adapter over store.Store in cmd/internal/app is the production
// implementation.
type Questions interface {
	// Pose stores a question; the same one twice is stored once.
	Pose(ctx context.Context, q Question) error
	// Question reports false when there is none, or none any more.
	Question(ctx context.Context, id uuid.UUID) (Question, bool, error)
	// Answer reports true to the one press that answers an open question, also when that press is handled again.
	Answer(ctx context.Context, q uuid.UUID, press uuid.UUID, with Action, at time.Time) (bool, error)
	// Past is what there is to say about a server in a question.
	Past(ctx context.Context, server string, p executor.Policy) (executor.Past, error)
}

// askFirst asks back, with a button that carries the command out and one that leaves it.
func (j *job) askFirst(ctx context.Context, a asked, yes Action) Answer {
	if c, ok := j.live(ctx, a.server); ok && a.command == Full && !c.Policy.Serves(executor.Initial) {
		j.entry.Result, j.entry.Ref = "refused: "+string(executor.CodeOtherPolicy), c.Ref()
		return j.inTheWay(ctx, a, c)
	}
	if a.command == Pause {
		if answer, refused := j.refusePause(ctx, a); refused {
			return answer
		}
	}
	q := Question{
		ID: j.in.ID, Team: j.in.Caller.Team, Channel: j.in.Caller.Channel, User: j.in.Caller.User,
		Slash: j.sight.slash, Command: a.understood(), AskedAt: j.in.At, Until: j.in.At.Add(questionLife),
	}
	if err := j.questions.Pose(ctx, q); err != nil {
		j.entry.Result = "not stored"
		e := j.failed(ctx, "ask first", a.server, err)
		return Answer{Mark: MarkBad, Headline: line(Bold("Nothing was done"), ": I could not write down what to ask you."), Lines: []Text{e.Cause, e.Next}}
	}
	j.entry.Result = "asked back"
	answer := j.meaning(ctx, a)
	answer.Footer = line("Nothing happens unless you press before ", At(q.Until, TimeOfDay), ".")
	return answer.asking(q.ID, yes, Leave)
}

// live returns the cycle that is in our hands on a server. An error is logged: whatever asks again later finds out.
func (j *job) live(ctx context.Context, server string) (executor.Cycle, bool) {
	cycles, err := j.records.LiveCycles(ctx)
	if err != nil {
		j.failed(ctx, "read live cycles", server, err)
	}
	for _, c := range cycles {
		if c.Server == server {
			return c, true
		}
	}
	return executor.Cycle{}, false
}

// meaning says what a command that asks first means on its server, as far as that is known without asking the server.
func (j *job) meaning(ctx context.Context, a asked) Answer {
	switch a.command {
	case Stop:
		return j.stopMeans(ctx, a)
	case Pause:
		return j.pauseMeans(a)
	default:
		return j.fullMeans(ctx, a)
	}
}

// fullMeans is "Full on aadc01: start it?".
func (j *job) fullMeans(ctx context.Context, a asked) Answer {
	answer := Answer{Mark: MarkWarning, Headline: line(Bold("Full"), " on ", Code(a.server), ": start it?")}
	long := line("It imports and synchronizes every object there. This may take hours")
	past, err := j.questions.Past(ctx, a.server, executor.Initial)
	switch {
	case err != nil:
		j.failed(ctx, "read earlier fulls", a.server, err)
		long = line(long, ".")
	case past.Usual > 0:
		long = line(long, ": ", usually(past.Usual), " on this server.")
	default:
		long = line(long, "; how long it usually takes there is not known yet.")
	}
	answer.Lines = append(answer.Lines, long, line("Until it ends, no delta runs there: changes wait."))
	if c, ok := j.live(ctx, a.server); ok {
		answer.Lines = append(answer.Lines, line(j.already(ctx, c), ". Yours would join it."))
	}
	if last := past.Last; err == nil && last != nil {
		answer.Lines = append(answer.Lines, line("The last one I saw: ", j.past(ctx, *last)))
	} else if err == nil {
		answer.Lines = append(answer.Lines, line("I have seen no full there yet."))
	}
	if j.wasStaging(ctx, a.server) {
		answer.Lines = append(answer.Lines, line("It was a staging server when I last saw a cycle there: then nothing is exported."))
	}
	if a.reason != "" {
		answer.Lines = append(answer.Lines, line("Your reason: “", Words(a.reason), "”"))
	}
	if j.sight.may(Delta, a.server) {
		answer.Lines = append(answer.Lines, line("What has changed needs only ", Code(j.sight.typed(Delta, a.server)), "."))
	}
	return answer
}

// wasStaging reports whether the last cycle seen on a server ran in staging mode.
func (j *job) wasStaging(ctx context.Context, server string) bool {
	last, err := j.records.History(ctx, server, 1)
	if err != nil {
		j.failed(ctx, "history", server, err)
	}
	return len(last) == 1 && last[0].Baseline.Staging
}
