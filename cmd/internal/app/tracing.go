package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// ErrTraces says that the environment asks for traces in a way that is not possible.
var ErrTraces = errors.New("traces")

// flushLimit bounds how long a stop waits for the last traces to be taken.
const flushLimit = 3 * time.Second

// newTracer returns a tracer as OpenTelemetry's environment variables want it; without them one that does nothing. flush
// sends what is left and ends what the tracer has started.
func newTracer(ctx context.Context, log *slog.Logger) (tracer trace.Tracer, flush func(context.Context), err error) {
	wanted, err := tracesWanted()
	if err != nil {
		return nil, nil, err
	}
	const name = "github.com/adsyncbot/adsyncbot"
	if !wanted {
		return noop.NewTracerProvider().Tracer(name), func(context.Context) {}, nil
	}
	exporter, err := otlptracehttp.New(ctx) // reads OTEL_EXPORTER_OTLP_…; dials nothing yet
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTraces, err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "adsyncbot")),
		resource.WithTelemetrySDK(), resource.WithFromEnv()) // the last one wins
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTraces, err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(loggedExporter{exporter, log}), sdktrace.WithResource(about))
	flush = func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushLimit)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.WarnContext(ctx, "last traces not sent", "error", err)
		}
	}
	return provider.Tracer(name), flush, nil
}

// tracesWanted reads the variables that say whether there are traces. What they ask for and we do not have is an error,
// so that nobody waits for traces that never come.
func tracesWanted() (bool, error) {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return false, nil
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return false, nil
	case "otlp":
	case "":
		if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
			return false, nil
		}
	default:
		return false, fmt.Errorf("%w: OTEL_TRACES_EXPORTER=%s: only otlp and none are possible", ErrTraces, exporter)
	}
	protocol := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	if protocol != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("%w: OTEL_EXPORTER_OTLP_PROTOCOL=%s: only http/protobuf is possible", ErrTraces, protocol)
	}
	return true, nil
}

// loggedExporter tells our log what would otherwise go to OpenTelemetry's global error handler.
type loggedExporter struct {
	sdktrace.SpanExporter
	log *slog.Logger
}

// ExportSpans implements sdktrace.SpanExporter. Traces that nobody takes are dropped.
func (e loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.log.WarnContext(ctx, "traces not sent", "spans", len(spans), "error", err)
	}
	return nil
}
