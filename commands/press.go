package commands

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Press is a button that somebody pressed. What it asks for stands in the question, and whether the presser may is decided
// anew: everything but the facts about the Caller may be forged.
type Press struct {
	ID       uuid.UUID // UUIDv7; the same press handled again has the same id and does nothing twice
	Caller   Caller    // who pressed, and where
	Action   Action
	Question uuid.UUID
	At       time.Time
	ReplyTo  string // where the answer can be sent
}

// The rules by which a press is denied beside those of Allow.
const (
	ruleNoQuestion = "no-such-question"
	ruleNotAsker   = "not-the-asker"
	ruleExpired    = "question-expired"
	ruleAnswered   = "question-answered"
	ruleOther      = "not-an-answer" // the button does not belong to the question
)

// Press serves a press and returns the answer for the presser's eyes only, and whether it takes the place of what was
// asked, buttons and all. The error is only ever the cause of ctx's end, as with Handle.
func (h *Handler) Press(ctx context.Context, in Press) (a Answer, replaces bool, err error) {
	q, known, err := h.questions.Question(ctx, in.Question)
	j := h.job(Input{ID: in.Question, Caller: in.Caller, Text: q.Command, Command: q.Slash, At: in.At, ReplyTo: in.ReplyTo})
	j.entry.ID, j.entry.What = in.ID, typed("["+in.Action.Label()+"] "+q.Command)
	switch {
	case err != nil && ctx.Err() != nil:
		return Answer{}, false, context.Cause(ctx)
	case err != nil:
		j.decided(NotUnderstood, ruleNoQuestion)
		a = j.unread(ctx, err)
	default:
		a, replaces = j.press(ctx, in, q, known)
	}
	return a, replaces, j.done(ctx)
}

// press decides about a press. Where nobody can know yet who presses, the buttons stay.
func (j *job) press(ctx context.Context, in Press, q Question, known bool) (a Answer, replaces bool) {
	c := in.Caller
	mine := known && q.User == c.User && q.Team == c.Team && q.Channel == c.Channel
	if d := standing(j.sight.snapshot.Team, c); d != "" {
		j.decided(Denied, string(d))
		return j.sight.refused(d, asked{}), mine && d.outside()
	}
	switch {
	case !known:
		j.decided(Denied, ruleNoQuestion)
		return refusal("I do not know any more what this button was about. Nothing was done.", line("Ask again if you still need it.")), true
	case !mine:
		j.decided(Denied, ruleNotAsker)
		return refusal("Only who was asked can answer. Nothing was done."), false
	}
	return j.answer(ctx, in, q), true
}

// answer takes the asker's own answer.
func (j *job) answer(ctx context.Context, in Press, q Question) Answer {
	again := line("If you need it, ask again: ", Code(q.Slash+" "+q.Command))
	if q.Answer != "" && q.Press != in.ID {
		return j.answered(q)
	}
	if q.Answer == "" && !in.At.Before(q.Until) {
		j.decided(Denied, ruleExpired)
		return Answer{Mark: MarkRefused, Headline: line("This question was open until ", At(q.Until, TimeOfDay), ". Nothing was done."), Lines: []Text{again}}
	}
	a, m := parse(q.Command, j.sight)
	yes, asks := a.command.confirmed()
	switch {
	case m != nil: // the configuration has changed since
		j.decided(NotUnderstood, m.rule)
		return m.answer
	case !asks || in.Action != yes && in.Action != Leave:
		j.decided(NotUnderstood, ruleOther)
		return refusal("I do not understand this button. Nothing was done.", again)
	}
	j.entry.Command = a.command
	d := Decision{Allowed: true, Rule: "asker"}
	if in.Action == yes {
		if d = j.decide(a); !d.Allowed {
			j.decided(Denied, d.Rule)
			refused := j.sight.refused(d.Why, a)
			refused.Lines = append([]Text{line("Nothing was done.")}, refused.Lines...)
			return refused
		}
	} else {
		j.entry.Server = a.server
	}
	j.decided(Allowed, d.Rule)
	first, err := j.questions.Answer(ctx, q.ID, in.ID, in.Action, in.At)
	switch {
	case err != nil:
		return j.unread(ctx, err)
	case !first: // another press was quicker
		q.Answer = in.Action
		if now, known, err := j.questions.Question(ctx, q.ID); err == nil && known {
			q = now
		}
		return j.answered(q)
	case in.Action == Leave:
		j.entry.Result = "left"
		return Answer{Mark: MarkInfo, Headline: line("Left as it is: nothing was done."), Lines: []Text{again}}
	}
	return j.carryOut(ctx, a, d)
}

// answered tells of a question that another press has answered.
func (j *job) answered(q Question) Answer {
	j.decided(Denied, ruleAnswered)
	a := Answer{Mark: MarkInfo, Headline: line("You have answered this already: ", Bold(q.Answer.Label()), ".")}
	if q.Answer == Leave {
		a.Lines = []Text{line("Nothing was done.")}
	} else {
		a.Lines = []Text{line("Nothing was done a second time. How it stands: ", Code(j.sight.typed(Status, "")))}
	}
	return a
}

// unread answers when the question could not be read or answered.
func (j *job) unread(ctx context.Context, err error) Answer {
	j.entry.Result = "not stored"
	e := j.failed(ctx, "press", j.entry.Server, err)
	return Answer{Mark: MarkBad, Headline: line(Bold("Nothing was done"), ": I could not look up what this button is about."), Lines: []Text{e.Cause, e.Next}}
}
