package app

import (
	"context"

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

func (silent) Announce(context.Context, executor.Report) error { return nil }
