package commands

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// Input is one command, as somebody typed it.
type Input struct {
	ID      uuid.UUID // UUIDv7; the same input handled again has the same id and does nothing twice
	Caller  Caller
	Text    string // what follows the slash command
	Command string // the slash command itself: "/adsync"
	At      time.Time
	ReplyTo string // where an ephemeral answer can be sent later
}

// Queue takes requests. jobs.Queue is the production implementation.
type Queue interface {
	Ask(ctx context.Context, r executor.Request, replyTo string) (executor.Outcome, error)
	Act(ctx context.Context, a executor.Act, replyTo string) (executor.Act, error)
	// Acts returns the acts that have not ended.
	Acts(ctx context.Context) ([]executor.Act, error)
}

// Records is what was stored of cycles and servers. store.Store is the production implementation.
type Records interface {
	LiveCycles(ctx context.Context) ([]executor.Cycle, error)
	History(ctx context.Context, server string, n int) ([]executor.Cycle, error)
	Requests(ctx context.Context, cycle uuid.UUID) ([]executor.Request, error)
	Capability(ctx context.Context, server string) (executor.Capability, error)
}

// Looker looks at a server. executor.Executor is the production implementation.
type Looker interface {
	Status(ctx context.Context, server string) (executor.Status, error)
	Errors(ctx context.Context, server string, o executor.ErrorsOrder) (executor.ErrorReport, error)
	Pending(ctx context.Context, server string) (executor.PendingReport, error)
}

// Auditor keeps what was decided. An adapter over store.Store in cmd/internal/app is the production implementation.
type Auditor interface {
	// Record stores an entry; the same one twice is stored once.
	Record(ctx context.Context, e AuditEntry) error
}

// AuditEntry is one decision: who wanted what where, what was decided by which rule, and what came of it.
type AuditEntry struct {
	ID       uuid.UUID // the input's
	At       time.Time
	Team     string
	Who      string  // user id
	Where    string  // channel id
	What     string  // as typed, cleaned and cut
	Command  Command // what that was understood as; empty when it was not
	Server   string  // the server's name, also one that the caller may not see
	Decision string  // "allowed", "denied" or "not understood"
	Rule     string
	Result   string
	Ref      string // of the cycle, if there is one
}

// The decisions of an AuditEntry.
const (
	Allowed       = "allowed"
	Denied        = "denied"
	NotUnderstood = "not understood"
)

// Handler serves commands.
type Handler struct {
	queue     Queue
	records   Records
	looker    Looker
	questions Questions
	auditor   Auditor
	snapshot  func() *Snapshot
	now       func() time.Time
	log       *slog.Logger
}

// New returns a Handler. snapshot returns the configuration in force; it is asked once for each command.
func New(q Queue, r Records, l Looker, qs Questions, a Auditor, snapshot func() *Snapshot, now func() time.Time, log *slog.Logger) *Handler {
	return &Handler{queue: q, records: r, looker: l, questions: qs, auditor: a, snapshot: snapshot, now: now, log: log}
}

// Handle serves one command and returns the answer for the asker's eyes only. What goes wrong is told in the answer; the
// error is only ever the cause of ctx's end: then the command is not done with and is to be handled again.
func (h *Handler) Handle(ctx context.Context, in Input) (Answer, error) {
	j := h.job(in)
	answer := j.serve(ctx)
	return answer, j.done(ctx)
}

func (h *Handler) job(in Input) *job {
	j := &job{Handler: h, in: in, sight: sight{snapshot: h.snapshot(), caller: in.Caller, slash: slash(in.Command)}}
	j.entry = AuditEntry{
		ID: in.ID, At: in.At, Team: in.Caller.Team, Who: in.Caller.User, Where: in.Caller.Channel,
		What: typed(in.Text),
	}
	return j
}

// typed is what was typed, as the audit keeps it.
func typed(text string) string { return clip(strings.TrimSpace(clean(readable(text))), 200) }

// done records what was decided and what came of it. It returns the cause of ctx's end, if that came first.
func (j *job) done(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// Recorded last, with the result: a crash before leaves the input unhandled, so that it is handled and recorded
	// again, while asking again for the same request changes nothing.
	if err := j.auditor.Record(ctx, j.entry); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		j.log.ErrorContext(ctx, "decision not recorded", "ref", j.ref(), "decision", j.entry.Decision, "rule", j.entry.Rule, "error", err)
	}
	// What was typed is not logged: it is in the audit, and may be anything.
	j.log.InfoContext(ctx, "command handled", "ref", j.ref(), "command", string(j.entry.Command), "server", j.entry.Server,
		"decision", j.entry.Decision, "rule", j.entry.Rule, "result", j.entry.Result, "cycle", j.entry.Ref)
	return nil
}

func slash(command string) string {
	if command == "" {
		return "/adsync"
	}
	return command
}

// job is one command being served.
type job struct {
	*Handler
	in    Input
	sight sight
	entry AuditEntry
}

func (j *job) serve(ctx context.Context) Answer {
	if d := standing(j.sight.snapshot.Team, j.in.Caller); d != "" {
		j.decided(Denied, string(d))
		return j.sight.refused(d, asked{})
	}
	a, m := parse(j.in.Text, j.sight)
	if m != nil {
		j.decided(NotUnderstood, m.rule)
		return m.answer
	}
	j.entry.Command = a.command
	d := j.decide(a)
	if !d.Allowed {
		j.decided(Denied, d.Rule)
		return j.sight.refused(d.Why, a)
	}
	j.decided(Allowed, d.Rule)
	if yes, asks := a.command.confirmed(); asks {
		return j.askFirst(ctx, a, yes)
	}
	return j.carryOut(ctx, a, d)
}

// carryOut does what was decided to be allowed.
func (j *job) carryOut(ctx context.Context, a asked, d Decision) Answer {
	switch a.command {
	case Delta, Full:
		return j.ask(ctx, a, d)
	case Status:
		return j.status(ctx, a)
	case History:
		return j.history(ctx, a)
	case Errors:
		return j.errors(ctx, a)
	case Pending:
		return j.pending(ctx, a)
	case Stop:
		return j.stop(ctx, a, d.Rule)
	case Pause:
		return j.pause(ctx, a, d.Rule)
	case Resume:
		return j.resume(ctx, a, d.Rule)
	case Servers:
		return j.sight.list()
	default:
		return j.sight.help()
	}
}

// ref is what people and the log call the command, or the press of a button.
func (j *job) ref() string { return executor.Reference("E", j.entry.ID) }

func (j *job) decided(decision, rule string) { j.entry.Decision, j.entry.Rule = decision, rule }

// decide finds the rule for a parsed command. Only the audit learns whether a server that the caller may not see exists.
func (j *job) decide(a asked) Decision {
	s := j.sight
	allow := func(server string) Decision {
		return Allow(s.snapshot.Grants, s.snapshot.Team, s.caller, a.command, server)
	}
	switch {
	case a.typed != "":
		server, exists := s.exists(a.typed)
		if !exists {
			return Decision{Rule: "unknown-server", Why: NoServerRule}
		}
		j.entry.Server = server
		d := allow(server)
		if d.Allowed { // a name that means another server to the caller than to the configuration: doubt denies
			return denied(NoServerRule)
		}
		return d
	case a.server != "" || !a.command.grantable():
		j.entry.Server = a.server
		return allow(a.server)
	}
	// No server named: the first rule that gives one, or the denial that is closest to a yes.
	best := denied(NoChannelRule)
	for _, srv := range s.snapshot.Servers {
		d := allow(srv.Name)
		if d.Allowed {
			return d
		}
		best = denied(closer(best.Why, d.Why))
	}
	return best
}

// failed logs an error under a reference and explains it. It is the one place where an error leaves the Handler.
func (j *job) failed(ctx context.Context, what, server string, err error) Explanation {
	e := explain(err, server, j.ref())
	level := slog.LevelError
	if e.Known {
		level = slog.LevelWarn
	}
	j.log.Log(ctx, level, "command not served", "what", what, "server", server, "ref", j.ref(), "error", err)
	return e
}
