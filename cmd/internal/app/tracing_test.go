package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/adsyncbot/adsyncbot/commands"
)

// takesTraces is a collector that keeps the names of spans, and their service.
type takesTraces struct {
	mu    sync.Mutex
	spans []string
}

func (c *takesTraces) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sent collector.ExportTraceServiceRequest
	body, err := io.ReadAll(r.Body)
	if err != nil || proto.Unmarshal(body, &sent) != nil || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		service := ""
		for _, a := range resource.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, service+": "+span.GetName())
			}
		}
	}
}

func (c *takesTraces) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.spans, ", ")
}

// answers is a bot.Handler.
type answers struct{}

func (answers) Press(context.Context, commands.Press) (commands.Answer, bool, error) {
	return commands.Answer{}, false, nil
}

func (answers) Handle(context.Context, commands.Input) (commands.Answer, error) {
	return commands.Answer{}, nil
}

func TestTracesGoWhereTheEnvironmentSays(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string // COLLECTOR stands for its address
		want string            // spans, or the error
	}{
		{"nothing is set", nil, ""},
		{"an endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "COLLECTOR"}, "adsyncbot: command"},
		{"an endpoint for traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "COLLECTOR/v1/traces"}, "adsyncbot: command"},
		{"a name of one's own", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "COLLECTOR", "OTEL_SERVICE_NAME": "sync"}, "sync: command"},
		{"no traces wanted", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "COLLECTOR", "OTEL_TRACES_EXPORTER": "none"}, ""},
		{"OpenTelemetry switched off", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "COLLECTOR", "OTEL_SDK_DISABLED": "true"}, ""},
		{"an exporter that we do not have", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, "traces: OTEL_TRACES_EXPORTER=zipkin: only otlp and none are possible"},
		{"a protocol that we do not have", map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "traces: OTEL_EXPORTER_OTLP_PROTOCOL=grpc: only http/protobuf is possible"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			taken := &takesTraces{}
			server := httptest.NewServer(taken)
			defer server.Close()
			for name, value := range tt.env {
				t.Setenv(name, strings.ReplaceAll(value, "COLLECTOR", server.URL))
			}
			tracer, flush, err := newTracer(t.Context(), slog.New(slog.DiscardHandler))
			if err != nil {
				if err.Error() != tt.want || !errors.Is(err, ErrTraces) {
					t.Errorf("got error %v", err)
				}
				return
			}
			in := newInstruments(nil, tracer)
			if _, err := (tracedHandler{in, answers{}}).Handle(t.Context(), commands.Input{}); err != nil {
				t.Error(err)
			}
			flush(t.Context())
			if got := taken.all(); got != tt.want {
				t.Errorf("the collector got %q, want %q", got, tt.want)
			}
		})
	}
}

// A collector that is gone must neither hold up a stop for long nor hide that traces are lost.
func TestTracesThatNobodyTakesAreSaidToBeLost(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	var log bytes.Buffer
	tracer, flush, err := newTracer(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracer.Start(t.Context(), "slice")
	span.End()
	flush(t.Context())
	if !strings.Contains(log.String(), "traces not sent") {
		t.Errorf("logged %q", log.String())
	}
}
