package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// StartOrder is an order to see to it that a cycle of a policy runs.
type StartOrder struct {
	Policy Policy
	// SinceIntent is how long ago, by our clock, the intent to start was stored; 0 on the first try. A retry takes a
	// cycle that has started since.
	SinceIntent time.Duration
	Baseline    Baseline // what an earlier try has noted, or zero
	// LookOnly asks for a cycle that has started since the intent and starts none: it is too late for that.
	LookOnly bool
	History  Road // by which the run history is read, should the cycle be over at once
}

// firstLook is how long a slice that started a cycle watches it: short enough that the scheduler, which calls the cloud,
// is not asked once more in the same slice.
const firstLook = 8 * time.Second

type startParameters struct {
	Policy       Policy `json:"policy"`
	Adopt        string `json:"adopt"`
	SinceSeconds int    `json:"since_seconds"`
	SinceUTC     string `json:"since_utc"`
	LookSeconds  int    `json:"look_seconds"`
	History      Road   `json:"history"`
}

func (o StartOrder) parameters() startParameters {
	p := startParameters{
		Policy: o.Policy, Adopt: "any", LookSeconds: int(firstLook / time.Second),
		History:  o.History.order(),
		SinceUTC: written(o.Baseline.ServerTime),
		// Rounded down, and counted back from a moment on the server that is later than ours by the way there: both
		// place the search after the intent. That is the safe side. Reaching before the intent could take a cycle that
		// began before the change somebody waits for; missing the first moment after it starts a second cycle at most.
		SinceSeconds: int(o.SinceIntent / time.Second),
	}
	if o.Policy == Initial {
		p.Adopt = "initial"
	}
	return p
}

// Start sees to it that a cycle runs on the server which serves the policy: it starts one, or takes one that is running
// or has started since the intent. The Look is valid with an error, too: once it is Accepted or Adopted, the cycle must
// be followed whatever else went wrong.
//
// It returns a *Refusal when nothing was started, a *RunError when the server could not be reached or understood, and
// the cause of ctx.
func (e *Executor) Start(ctx context.Context, server string, order StartOrder, note func(Look)) (Look, error) {
	o := newObserver(Look{Baseline: order.Baseline, Policy: order.Policy}, note)
	o.road = order.History.order()
	if order.LookOnly {
		return e.lookBack(ctx, server, order, o)
	}
	err := e.play(ctx, server, scripts.Start, order.parameters(), o.take)
	if o.refused != nil && !o.look.Accepted && !o.look.Adopted {
		// A refusal is certain, even if the rest of the output was lost.
		err := o.settle(order)
		if err != nil && order.SinceIntent > 0 && beforeLooking(err) {
			return e.doubt(ctx, server, order, note, o, err)
		}
		o.tell()
		return o.look, err
	}
	if err != nil {
		return o.look, err
	}
	if !o.look.Accepted && !o.look.Adopted {
		return o.look, &RunError{Kind: FailureProtocol, Server: server, Op: scripts.Start, Detail: "neither accepted nor refused", Started: true}
	}
	o.finish()
	o.tell()
	return o.look, nil
}

// doubt is for a refusal of a retry: what is in the way now says nothing about an earlier try whose answer was lost. Its
// cycle, if there was one, stands in the event log; only when none does was nothing started.
func (e *Executor) doubt(ctx context.Context, server string, order StartOrder, note func(Look), refused *observer, refusal error) (Look, error) {
	o := newObserver(Look{Baseline: order.Baseline, Policy: order.Policy}, note)
	look, err := e.lookBack(ctx, server, order, o)
	if _, none := errors.AsType[*Refusal](err); none {
		refused.tell()
		return refused.look, refusal
	}
	return look, err
}

// beforeLooking reports whether a refusal may have come before the script looked for an earlier try's cycle.
func beforeLooking(refusal error) bool {
	r, ok := errors.AsType[*Refusal](refusal)
	if !ok {
		return false
	}
	switch r.Code {
	case CodeConnectorBusy, CodeRequested, CodeRunning, CodeOtherPolicy:
		return false
	default:
		return true
	}
}

// settle decides what a refusal means: for a delta, a cycle in the way is the cycle to follow.
func (o *observer) settle(order StartOrder) error {
	r := Refusal{Code: o.refused.Code, On: o.refused.On, Message: firstLine(o.refused.Message)}
	preflight := r.Code != ""
	if !preflight {
		r.Code = Refuse(o.refused.Message)
	}
	switch {
	case r.Code == CodeConnectorBusy && r.On == "":
		r.On = busyConnector(o.refused.Message)
	case r.Code == CodeRunning && preflight && order.SinceIntent == 0:
		// On a retry it may be our own of an earlier try, whose policy the log does not tell yet; a later look will know.
		r.Code = CodeOtherPolicy
	case (r.Code == CodeRunning || r.Code == CodeRequested) && order.Policy == Delta:
		// It was not in progress when the scheduler was asked, so it starts after this slice's clock line.
		l := &o.look
		l.Adopted, l.Policy, l.Baseline, l.ReadsFrom = true, "", o.fresh(), o.clock
		return nil
	}
	return &r
}

// lookBack looks for a cycle that has started since the intent, without a script that could start one.
func (e *Executor) lookBack(ctx context.Context, server string, order StartOrder, o *observer) (Look, error) {
	known := order.Baseline.ServerTime
	if err := e.play(ctx, server, scripts.Status, statusParameters{SinceUTC: written(known)}, o.take); err != nil {
		return o.look, err
	}
	since := known
	if since.IsZero() {
		since = o.clock.Add(-order.SinceIntent)
	}
	readable := o.evidence.events != nil
	for _, e := range o.read {
		m, ok := mark(e)
		if !ok || !m.begin || e.At.Before(since) || order.Policy == Initial && m.policy != Initial {
			continue
		}
		o.adopt(adoptedLine{SinceAt: e.At, Policy: m.policy})
	}
	// The next start is moved to now when a cycle starts, and into the future when it completes.
	if s := o.scheduler; !o.look.Adopted && !readable && s != nil && order.Policy == Delta {
		next := s.NextStart.Time
		if s.InProgress && !next.Before(since) || !known.IsZero() && !order.Baseline.NextStart.IsZero() && next.After(order.Baseline.NextStart) && next.After(since) {
			o.adopt(adoptedLine{SinceAt: stamp{since}})
		}
	}
	switch {
	case o.look.Adopted:
		o.tell()
		return o.look, nil
	case !readable:
		return o.look, fmt.Errorf("look on %s for a cycle of ours: %w", server, errUnreadable)
	}
	return o.look, &Refusal{Code: CodeTooLate}
}

var errUnreadable = errors.New("the event log was not read")
