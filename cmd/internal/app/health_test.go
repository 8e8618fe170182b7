package app

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestReadinessSaysWhatIsNotWell(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 41, 0, 0, time.UTC)
	gone := errors.New("not connected to Slack since 2026-05-04T09:40:00Z: no answer")
	for _, tt := range []struct {
		name   string
		detail string
		slack  error
		store  error
		shelf  shelf
		status int
		want   map[string]string
	}{
		{"all is well", "", nil, nil, shelf{}, 200, map[string]string{"slack": "ok", "store": "ok", "outbox": "ok"}},
		{"no Slack", "", gone, nil, shelf{}, 503, map[string]string{"slack": gone.Error(), "store": "ok", "outbox": "ok"}},
		{
			"a stranger with our token",
			"a stranger is connected",
			nil, nil,
			shelf{},
			200,
			map[string]string{"slack": "ok; a stranger is connected", "store": "ok", "outbox": "ok"},
		},
		{
			"no store",
			"",
			nil, errors.New("store does not answer: locked"),
			shelf{err: errors.New("locked")},
			503,
			map[string]string{"slack": "ok", "store": "store does not answer: locked", "outbox": "locked"},
		},
		{
			"dead letters",
			"",
			nil, nil,
			shelf{dead: 3},
			200,
			map[string]string{"slack": "ok", "store": "ok", "outbox": "ok; messages given up: 3; the log says which and why"},
		},
		{
			"an outbox that is stuck",
			"",
			nil, nil,
			shelf{pending: 2, dead: 1, oldest: now.Add(-3 * time.Minute)},
			503,
			map[string]string{"slack": "ok", "store": "ok", "outbox": "messages that wait for Slack: 2, the oldest since 2026-05-04T09:38:00Z; messages given up: 1; the log says which and why"},
		},
		{
			"an outbox that is at work",
			"",
			nil, nil,
			shelf{pending: 2, oldest: now.Add(-time.Minute)},
			200,
			map[string]string{"slack": "ok", "store": "ok", "outbox": "ok"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &health{metrics: newRegistry(), log: slog.New(slog.DiscardHandler), probes: []probe{
				{"slack", func(context.Context) (string, error) { return tt.detail, tt.slack }},
				{"store", func(context.Context) (string, error) { return "", tt.store }},
				{"outbox", func(ctx context.Context) (string, error) { return outbox(ctx, tt.shelf, now) }},
			}}
			answer := httptest.NewRecorder()
			h.handler(log.Default()).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
			var got map[string]string
			if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != tt.status || !maps.Equal(got, tt.want) {
				t.Errorf("%d %v %v, want %d %v", answer.Code, got, err, tt.status, tt.want)
			}
		})
	}
}

func TestMetricsAreServedBesideHealth(t *testing.T) {
	h := &health{metrics: newRegistry(), log: slog.New(slog.DiscardHandler)}
	for path, want := range map[string]string{"/livez": "ok\n", "/metrics": "go_goroutines "} {
		answer := httptest.NewRecorder()
		h.handler(log.Default()).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: %d %.80q", path, answer.Code, answer.Body.String())
		}
	}
}
