package winrm

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// operation is what one request wants of the server.
type operation string

const (
	opCreate  operation = "create"
	opCommand operation = "command"
	opSend    operation = "send"
	opReceive operation = "receive"
	opSignal  operation = "signal"
	opDelete  operation = "delete"
)

// Metrics are what all Runners of a process count together.
type Metrics struct {
	requests *prometheus.CounterVec
	faults   *prometheus.CounterVec
}

// NewMetrics returns Metrics that are registered with reg; nowhere when that is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	return &Metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_winrm_requests_total",
			Help: "WinRM requests by operation (create, command, send, receive, signal, delete) and result: ok, fault, refused (401), failed.",
		}, []string{"operation", "result"}),
		faults: f.NewCounterVec(prometheus.CounterOpts{
			Name: "adsyncbot_winrm_faults_total",
			Help: "WS-Management faults by code, as far as it is known; other. 2150858793 means that there was no output yet.",
		}, []string{"code"}),
	}
}

// answered counts a request and what came of it. A server is free to send any code: only those that we know are labels.
func (m *Metrics) answered(op operation, err error) {
	result := "failed"
	var flt *fault
	switch {
	case err == nil:
		result = "ok"
	case errors.Is(err, errRefused):
		result = "refused"
	case errors.As(err, &flt):
		result = "fault"
		code := "other"
		if flt.known() {
			code = strconv.FormatUint(uint64(flt.code), 10)
		}
		m.faults.WithLabelValues(code).Inc()
	}
	m.requests.WithLabelValues(string(op), result).Inc()
}
