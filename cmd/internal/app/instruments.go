package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/jobs"
)

// instruments measure and trace what passes the seams between the parts: a command, a look at a server, a script, a call
// of Slack's Web API. No label and no attribute of it holds what a person or a server has written.
type instruments struct {
	commands *prometheus.CounterVec
	slices   *prometheus.HistogramVec
	scripts  *prometheus.CounterVec
	slack    *prometheus.HistogramVec
	tracer   trace.Tracer
}

func newInstruments(reg prometheus.Registerer, tracer trace.Tracer) *instruments {
	f := promauto.With(reg)
	return &instruments{
		commands: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_commands_total",
			Help: "Commands served, by command (none when it was not understood) and outcome: allowed, denied, not_understood, refused, failed.",
		}, []string{"command", "outcome"}),
		slices: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "adsyncbot_slice_duration_seconds",
			Help:    "Looks at servers by kind (start, follow, status) and outcome: ok, refused, failed, timeout, interrupted.",
			Buckets: []float64{.25, .5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60},
		}, []string{"kind", "outcome"}),
		scripts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_scripts_total",
			Help: "Scripts run on servers, by server and result: ok, interrupted, stopped, or the kind of failure.",
		}, []string{"server", "result"}),
		slack: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "adsyncbot_slack_call_duration_seconds",
			Help:    "Calls to Slack by method and result: ok, refused, rate_limited, http_error, network.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "result"}),
		tracer: tracer,
	}
}

// The attributes of spans.
const (
	attrRef    = attribute.Key("adsyncbot.ref")
	attrServer = attribute.Key("adsyncbot.server")
	attrResult = attribute.Key("adsyncbot.result")
)

// finish ends a span with a result out of a bounded set.
func finish(span trace.Span, result string, good bool) {
	span.SetAttributes(attrResult.String(result))
	if !good {
		span.SetStatus(codes.Error, result)
	}
	span.End()
}

// tracedHandler traces commands on their way to a Handler.
type tracedHandler struct {
	*instruments
	next bot.Handler
}

func (h tracedHandler) Handle(ctx context.Context, in commands.Input) (commands.Answer, error) {
	ctx, span := h.tracer.Start(ctx, "command", trace.WithAttributes(attrRef.String(executor.Reference("E", in.ID))))
	defer span.End()
	answer, err := h.next.Handle(ctx, in)
	if err != nil {
		span.SetStatus(codes.Error, "not served")
	}
	return answer, err
}

func (h tracedHandler) Press(ctx context.Context, in commands.Press) (a commands.Answer, replaces bool, err error) {
	ctx, span := h.tracer.Start(ctx, "press", trace.WithAttributes(attrRef.String(executor.Reference("E", in.ID))))
	defer span.End()
	a, replaces, err = h.next.Press(ctx, in)
	if err != nil {
		span.SetStatus(codes.Error, "not served")
	}
	return a, replaces, err
}

// countedAuditor counts what a Handler decides: every command is recorded once, when it has been served.
type countedAuditor struct {
	*instruments
	next commands.Auditor
}

func (a countedAuditor) Record(ctx context.Context, e commands.AuditEntry) error {
	command, outcome := string(e.Command), outcomeOf(e)
	if command == "" {
		command = "none"
	}
	a.commands.WithLabelValues(command, outcome).Inc()
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("adsyncbot.command", command), attrResult.String(outcome),
		attribute.String("adsyncbot.cycle", e.Ref))
	return a.next.Record(ctx, e)
}

func outcomeOf(e commands.AuditEntry) string {
	switch {
	case e.Decision == commands.NotUnderstood:
		return "not_understood"
	case e.Decision == commands.Denied:
		return "denied"
	case strings.HasPrefix(e.Result, "refused"):
		return "refused"
	case e.Result == "not stored":
		return "failed"
	}
	return "allowed"
}

// timedExecutor measures looks at servers.
type timedExecutor struct {
	*instruments
	next looker
}

// looker is all that is asked of an executor.Executor.
type looker interface {
	jobs.Executor
	Pending(ctx context.Context, server string) (executor.PendingReport, error)
}

func (e timedExecutor) Start(ctx context.Context, server string, o executor.StartOrder, note func(executor.Look)) (look executor.Look, err error) {
	err = e.timed(ctx, "start", server, func(ctx context.Context) error {
		look, err = e.next.Start(ctx, server, o, note)
		return err
	})
	return look, err
}

func (e timedExecutor) Follow(ctx context.Context, server string, o executor.FollowOrder, note func(executor.Look)) (look executor.Look, err error) {
	err = e.timed(ctx, "follow", server, func(ctx context.Context) error {
		look, err = e.next.Follow(ctx, server, o, note)
		return err
	})
	return look, err
}

func (e timedExecutor) Status(ctx context.Context, server string) (st executor.Status, err error) {
	err = e.timed(ctx, "status", server, func(ctx context.Context) error {
		st, err = e.next.Status(ctx, server)
		return err
	})
	return st, err
}

func (e timedExecutor) Errors(ctx context.Context, server string, o executor.ErrorsOrder) (r executor.ErrorReport, err error) {
	err = e.timed(ctx, "errors", server, func(ctx context.Context) error {
		r, err = e.next.Errors(ctx, server, o)
		return err
	})
	return r, err
}

func (e timedExecutor) Stop(ctx context.Context, server string, began time.Time) (s executor.Scheduled, err error) {
	err = e.timed(ctx, "stop", server, func(ctx context.Context) error {
		s, err = e.next.Stop(ctx, server, began)
		return err
	})
	return s, err
}

func (e timedExecutor) Switch(ctx context.Context, server string, enabled bool) (s executor.Scheduled, err error) {
	err = e.timed(ctx, "switch", server, func(ctx context.Context) error {
		s, err = e.next.Switch(ctx, server, enabled)
		return err
	})
	return s, err
}

func (e timedExecutor) Pending(ctx context.Context, server string) (r executor.PendingReport, err error) {
	err = e.timed(ctx, "pending", server, func(ctx context.Context) error {
		r, err = e.next.Pending(ctx, server)
		return err
	})
	return r, err
}

func (e timedExecutor) timed(ctx context.Context, kind, server string, look func(context.Context) error) error {
	looking, span := e.tracer.Start(ctx, kind, trace.WithAttributes(attrServer.String(server)))
	begin := time.Now()
	err := look(looking)
	outcome := "failed"
	switch {
	case err == nil:
		outcome = "ok"
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		outcome = "timeout"
	case ctx.Err() != nil:
		outcome = "interrupted"
	default:
		if _, ok := errors.AsType[*executor.Refusal](err); ok {
			outcome = "refused"
		}
	}
	e.slices.WithLabelValues(kind, outcome).Observe(time.Since(begin).Seconds())
	finish(span, outcome, err == nil || outcome == "refused")
	return err
}

// countedRunner counts the scripts that run on one server.
type countedRunner struct {
	*instruments
	server string
	next   executor.Runner
}

func (r countedRunner) Run(ctx context.Context, script []byte, line func([]byte) error) error {
	running, span := r.tracer.Start(ctx, "script", trace.WithAttributes(attrServer.String(r.server)))
	err := r.next.Run(running, script, line)
	result := "stopped" // by whoever reads its lines
	if err == nil {
		result = "ok"
	} else if failed, ok := errors.AsType[*executor.RunError](err); ok {
		result = string(failed.Kind)
	} else if ctx.Err() != nil {
		result = "interrupted"
	}
	r.scripts.WithLabelValues(r.server, result).Inc()
	finish(span, result, err == nil)
	return err
}

// runners counts the scripts of every server.
func (in *instruments) runners(by map[string]executor.Runner) map[string]executor.Runner {
	out := make(map[string]executor.Runner, len(by))
	for server, r := range by {
		out[server] = countedRunner{in, server, r}
	}
	return out
}
