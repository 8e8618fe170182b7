package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
)

// samples returns every counter and gauge, and the count of every histogram, by name and the values of its labels.
func samples(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "adsyncbot_")
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			if h := m.GetHistogram(); h != nil {
				out[name] = float64(h.GetSampleCount())
			} else {
				out[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return out
}

func newInstrumentsForTest(t *testing.T) (in *instruments, counted func(map[string]float64)) {
	t.Helper()
	reg := prometheus.NewRegistry()
	return newInstruments(reg, noop.NewTracerProvider().Tracer("")), func(want map[string]float64) {
		t.Helper()
		if got := samples(t, reg); !maps.Equal(got, want) {
			t.Errorf("counted %v, want %v", got, want)
		}
	}
}

func TestCallsOfSlackAreCountedByMethodAndResult(t *testing.T) {
	for _, tt := range []struct {
		name, path, want string
		answer           http.HandlerFunc
	}{
		{"a good answer", "/api/chat.postMessage", "chat.postMessage ok", says(200, `{"ok":true,"ts":"1.1"}`)},
		{"a no with status 200", "/api/chat.update", "chat.update refused", says(200, `{"ok":false,"error":"not_in_channel"}`)},
		{"a limit", "/api/chat.update", "chat.update rate_limited", says(429, ``)},
		{"a limit in words", "/api/chat.update", "chat.update rate_limited", says(200, `{"ok":false,"error":"ratelimited"}`)},
		{"a proxy's page", "/api/users.info", "users.info http_error", says(503, `<html>`)},
		{"something that is no JSON", "/commands/T1/secret", "response_url ok", says(200, `ok`)},
		{"a long answer", "/api/users.info", "users.info ok", says(200, `{"ok":true,"filler":"`+strings.Repeat("x", 10_000)+`"}`)},
		{"no answer", "/api/users.info", "users.info network", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, counted := newInstrumentsForTest(t)
			server := httptest.NewServer(tt.answer)
			defer server.Close()
			client := http.Client{Transport: slackTransport{in, server.Client().Transport}}
			response, err := client.Get(server.URL + tt.path)
			if broken := strings.HasSuffix(tt.want, "network"); (err != nil) != broken {
				t.Fatal(err)
			}
			if err == nil { // whoever called reads the whole answer
				body, err := io.ReadAll(response.Body)
				plain := httptest.NewRecorder()
				tt.answer(plain, nil)
				if err = errors.Join(err, response.Body.Close()); err != nil || string(body) != plain.Body.String() {
					t.Errorf("the answer was changed to %q, %v", body, err)
				}
			}
			counted(map[string]float64{"slack_call_duration_seconds " + tt.want: 1})
		})
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// server answers whatever is asked of it with one error.
type server struct{ err error }

func (s server) Run(ctx context.Context, _ []byte, _ func([]byte) error) error { return s.wait(ctx) }

func (s server) Start(ctx context.Context, _ string, _ executor.StartOrder, _ func(executor.Look)) (executor.Look, error) {
	return executor.Look{Accepted: true}, s.wait(ctx)
}

func (s server) Follow(ctx context.Context, _ string, _ executor.FollowOrder, _ func(executor.Look)) (executor.Look, error) {
	return executor.Look{Done: true}, s.wait(ctx)
}

func (s server) Status(ctx context.Context, name string) (executor.Status, error) {
	return executor.Status{Server: name}, s.wait(ctx)
}

func (s server) Errors(ctx context.Context, name string, _ executor.ErrorsOrder) (executor.ErrorReport, error) {
	return executor.ErrorReport{Server: name}, s.wait(ctx)
}

func (s server) Pending(ctx context.Context, name string) (executor.PendingReport, error) {
	return executor.PendingReport{Server: name}, s.wait(ctx)
}

func (s server) Stop(ctx context.Context, _ string, _ time.Time) (executor.Scheduled, error) {
	return executor.Scheduled{}, s.wait(ctx)
}

func (s server) Switch(ctx context.Context, _ string, _ bool) (executor.Scheduled, error) {
	return executor.Scheduled{}, s.wait(ctx)
}

func (s server) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.err
}

func TestLooksAtServersAndScriptsAreCounted(t *testing.T) {
	unreachable := &executor.RunError{Kind: executor.FailureUnreachable, Detail: "no route to aadc01.corp.example"}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for _, tt := range []struct {
		name         string
		ctx          context.Context //nolint:containedctx // of one call
		err          error
		look, script string
	}{
		{"well", t.Context(), nil, "ok", "ok"},
		{"a server that cannot be reached", t.Context(), unreachable, "failed", "unreachable"},
		{"a server that refuses", t.Context(), &executor.Refusal{Code: executor.CodeSuspended}, "refused", "stopped"},
		{"a stop of the bot", stopped, nil, "interrupted", "interrupted"},
		{"a slice that takes too long", late, nil, "timeout", "interrupted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, counted := newInstrumentsForTest(t)
			fake := server{tt.err}
			ex := timedExecutor{in, fake}
			started, errStart := ex.Start(tt.ctx, "aadc01", executor.StartOrder{}, nil)
			followed, errFollow := ex.Follow(tt.ctx, "aadc01", executor.FollowOrder{}, nil)
			status, errStatus := ex.Status(tt.ctx, "aadc01")
			errRun := in.runners(map[string]executor.Runner{"aadc01": fake})["aadc01"].Run(tt.ctx, nil, nil)
			if !started.Accepted || !followed.Done || status.Server != "aadc01" {
				t.Error("what a look brought was lost")
			}
			for _, err := range []error{errStart, errFollow, errStatus, errRun} {
				if want := fake.wait(tt.ctx); !errors.Is(err, want) {
					t.Errorf("got error %v, want %v", err, want)
				}
			}
			counted(map[string]float64{
				"slice_duration_seconds start " + tt.look: 1, "slice_duration_seconds follow " + tt.look: 1,
				"slice_duration_seconds status " + tt.look: 1, "scripts_total " + tt.script + " aadc01": 1,
			})
		})
	}
}

// book is an Auditor that keeps what it is given.
type book struct{ entries []commands.AuditEntry }

func (b *book) Record(_ context.Context, e commands.AuditEntry) error {
	b.entries = append(b.entries, e)
	return nil
}

func TestCommandsAreCountedByOutcome(t *testing.T) {
	for _, tt := range []struct {
		entry commands.AuditEntry
		want  string
	}{
		{commands.AuditEntry{Command: commands.Delta, Decision: commands.Allowed, Result: "queued"}, "delta allowed"},
		{commands.AuditEntry{Command: commands.Full, Decision: commands.Allowed, Result: "refused: other_policy_running"}, "full refused"},
		{commands.AuditEntry{Command: commands.Delta, Decision: commands.Allowed, Result: "not stored"}, "delta failed"},
		{commands.AuditEntry{Command: commands.Full, Decision: commands.Denied}, "full denied"},
		{commands.AuditEntry{Decision: commands.Denied, What: "delta aadc01", Who: "U0GUEST"}, "none denied"},
		{commands.AuditEntry{Decision: commands.NotUnderstood, What: "delat"}, "none not_understood"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			in, counted := newInstrumentsForTest(t)
			kept := &book{}
			if err := (countedAuditor{in, kept}).Record(t.Context(), tt.entry); err != nil || len(kept.entries) != 1 || kept.entries[0] != tt.entry {
				t.Errorf("recorded %v, %v", kept.entries, err)
			}
			counted(map[string]float64{"commands_total " + tt.want: 1})
		})
	}
}

// shelf is a store with so much in it.
type shelf struct {
	pending, dead int
	oldest        time.Time
	err           error
}

func (s shelf) OutboxDepth(context.Context) (int, time.Time, int, error) {
	return s.pending, s.oldest, s.dead, s.err
}

func (s shelf) LivePhases(context.Context) (map[executor.Phase]int, error) {
	return map[executor.Phase]int{executor.PhaseFollowing: 2}, s.err
}

func TestWhatWaitsInTheStoreIsReadAtEveryScrape(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	phases := map[string]float64{"cycles_live queued": 0, "cycles_live starting": 0, "cycles_live following": 2, "store_up": 1}
	for _, tt := range []struct {
		name  string
		shelf shelf
		want  map[string]float64
	}{
		{"nothing", shelf{}, map[string]float64{"outbox_messages": 0, "outbox_oldest_age_seconds": 0, "outbox_dead_messages": 0}},
		{"messages", shelf{pending: 3, dead: 1, oldest: now.Add(-time.Minute)}, map[string]float64{"outbox_messages": 3, "outbox_oldest_age_seconds": 60, "outbox_dead_messages": 1}},
		{"a store that does not answer", shelf{err: errors.New("disk I/O error")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			reg.MustRegister(newStockCollector(tt.shelf, func() time.Time { return now }))
			want := map[string]float64{"store_up": 0}
			if tt.want != nil {
				want = maps.Clone(phases)
				maps.Copy(want, tt.want)
			}
			if got := samples(t, reg); !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
