package jobs

import (
	"context"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// record adds to the audit what the slice has just stored of its cycle, in the same transaction: nobody looks again at a
// cycle that has moved on. Its row is locked, so no request joins in between.
func (s *slice) record(ctx context.Context, tx *store.Tx) error {
	if !s.taken && s.cycle.Live() {
		return nil
	}
	requests, err := tx.Requests(ctx, s.cycle.ID)
	if err != nil || len(requests) == 0 {
		return err
	}
	if s.taken {
		decision := store.DecisionStarted
		if s.cycle.Origin == executor.Adopted {
			decision = store.DecisionAdopted
		}
		e := s.entry(requests[0], s.cycle.Policy, decision, "")
		e.ID = uuid.NewSHA1(s.cycle.ID, []byte(decision))
		if err := tx.Record(ctx, e); err != nil {
			return err
		}
	}
	if s.cycle.Live() {
		return nil
	}
	for _, r := range requests {
		e := s.entry(r, r.Policy, store.DecisionEnded, came(s.cycle.Result))
		e.ID = uuid.NewSHA1(r.ID, []byte("result"))
		if err := tx.Record(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *slice) entry(r executor.Request, p executor.Policy, decision, result string) store.Entry {
	return store.Entry{
		At: s.now(), Team: r.Asker.Team, Who: r.Asker.User, What: p.Word(), Where: r.Audience.Channel, Server: r.Server,
		Decision: decision, Rule: r.Rule, Result: result, Ref: s.cycle.Ref(),
	}
}

// came is "succeeded", or "not_started: disabled".
func came(r executor.Result) string {
	if r.Code == "" {
		return string(r.Verdict)
	}
	return string(r.Verdict) + ": " + string(r.Code)
}

// recordAsk adds to the audit a request that needed no decision: a schedule's or a terminal's. What somebody asks for in
// a channel is recorded where it is decided, also when it is denied.
func recordAsk(ctx context.Context, tx *store.Tx, r executor.Request, out executor.Outcome) error {
	if r.Asker.Way == executor.FromSlack {
		return nil
	}
	e := store.Entry{
		ID: r.ID, At: r.AskedAt, Team: r.Asker.Team, Who: r.Asker.User, What: r.Policy.Word() + " " + r.Server,
		Where: r.Audience.Channel, Server: r.Server, Decision: store.DecisionAllowed, Rule: r.Rule,
	}
	if r.Reason != "" {
		e.What += " because " + r.Reason
	}
	switch {
	case out.Refused != nil:
		e.Result, e.Ref = "refused: "+string(executor.CodeOtherPolicy), out.Refused.Ref()
	case out.Joined:
		e.Result, e.Ref = "joined", out.Cycle.Ref()
	default:
		e.Result, e.Ref = "queued", out.Cycle.Ref()
	}
	return tx.Record(ctx, e)
}
