package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// probe is one thing readiness depends on. Its error is why the bot is not ready; its detail is worth knowing either way.
type probe struct {
	name  string
	check func(context.Context) (detail string, err error)
}

// health serves /livez (the process answers), /readyz (it can do its work, or why not) and /metrics.
type health struct {
	listener net.Listener
	probes   []probe
	metrics  prometheus.Gatherer
	log      *slog.Logger
}

// newRegistry returns a registry with what the process itself says.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return r
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for health checks: %w", err)
	}
	return l, nil
}

func (h *health) run(ctx context.Context) error {
	errorLog := slog.NewLogLogger(h.log.Handler(), slog.LevelWarn)
	srv := &http.Server{Handler: h.handler(errorLog), ReadHeaderTimeout: 5 * time.Second, ErrorLog: errorLog}
	h.log.InfoContext(ctx, "health checks and metrics are served", "address", h.listener.Addr().String())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(h.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve health checks: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := srv.Shutdown(stop)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func (h *health) handler(errorLog *log.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.metrics, promhttp.HandlerOpts{ErrorLog: errorLog, ErrorHandling: promhttp.ContinueOnError}))
	return mux
}

// ready answers 200 when every probe is well, else 503; the body names each with its reason and detail.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	status := http.StatusOK
	body := map[string]string{}
	for _, p := range h.probes {
		said := "ok"
		detail, err := p.check(ctx)
		if err != nil {
			said, status = err.Error(), http.StatusServiceUnavailable
		}
		if detail != "" {
			said += "; " + detail
		}
		body[p.name] = said
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
