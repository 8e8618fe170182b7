package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// ledger keeps winrm's knowledge of secrets in the store.
type ledger struct{ store *store.Store }

func (l ledger) Load(ctx context.Context, identity string) ([]winrm.Record, error) {
	rows, err := l.store.Credentials(ctx, identity)
	if err != nil {
		return nil, err
	}
	out := make([]winrm.Record, len(rows))
	for i, r := range rows {
		out[i] = winrm.Record{Identity: r.Identity, Salt: r.Salt, Hash: r.Hash, State: winrm.State(r.State), Refused: r.Refused}
	}
	return out, nil
}

func (l ledger) Save(ctx context.Context, r winrm.Record) error {
	return l.store.SaveCredential(ctx, store.Credential{Identity: r.Identity, Salt: r.Salt, Hash: r.Hash, State: string(r.State), Refused: r.Refused})
}

// questions keeps what people were asked back in the store.
type questions struct{ store *store.Store }

func (q questions) Pose(ctx context.Context, w commands.Question) error {
	return q.store.Pose(ctx, store.Question{
		ID: w.ID, Team: w.Team, Channel: w.Channel, User: w.User, Slash: w.Slash, Command: w.Command, AskedAt: w.AskedAt, Until: w.Until,
	})
}

func (q questions) Question(ctx context.Context, id uuid.UUID) (commands.Question, bool, error) {
	w, err := q.store.Question(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return commands.Question{}, false, nil
	}
	return commands.Question{
		ID: w.ID, Team: w.Team, Channel: w.Channel, User: w.User, Slash: w.Slash, Command: w.Command, AskedAt: w.AskedAt, Until: w.Until,
		Answer: commands.Action(w.Answer), Press: w.Press,
	}, err == nil, err
}

func (q questions) Answer(ctx context.Context, id, press uuid.UUID, with commands.Action, at time.Time) (bool, error) {
	return q.store.Answer(ctx, id, press, string(with), at)
}

func (q questions) Past(ctx context.Context, server string, p executor.Policy) (executor.Past, error) {
	return q.store.Past(ctx, server, p)
}

// auditor keeps what commands decided in the store.
type auditor struct{ store *store.Store }

func (a auditor) Record(ctx context.Context, e commands.AuditEntry) error {
	return a.store.Record(ctx, store.Entry{
		ID: e.ID, At: e.At, Team: e.Team, Who: e.Who, What: e.What, Where: e.Where, Server: e.Server,
		Decision: e.Decision, Rule: e.Rule, Result: e.Result, Ref: e.Ref,
	})
}

// silent is the Teller of a process that is not connected to Slack: it works cycles that nobody reads in a channel, and
// leaves what people wait for to the next serve.
type silent struct{}

func (silent) Ready(context.Context, uuid.UUID) error { return nil }

func (silent) Changed() {}

func (silent) Tell(context.Context, executor.Act) error { return nil }

func (silent) Announce(context.Context, executor.Report) error { return nil }
