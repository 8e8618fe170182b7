package app

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// slackTransport measures calls to Slack. It looks at how an answer begins, because Slack says no with status 200.
type slackTransport struct {
	*instruments
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t slackTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	method := slackMethod(r.URL)
	ctx, span := t.tracer.Start(r.Context(), "slack "+method, trace.WithSpanKind(trace.SpanKindClient))
	begin := time.Now()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	result := "network"
	if err == nil {
		result = slackResult(response)
	}
	t.slack.WithLabelValues(method, result).Observe(time.Since(begin).Seconds())
	finish(span, result, result == "ok")
	return response, err
}

// slackMethod is what is called: a method of the Web API, or response_url, whose path is a secret.
func slackMethod(u *url.URL) string {
	if _, method, ok := strings.Cut(u.Path, "/api/"); ok {
		return method
	}
	return "response_url"
}

// slackResult tells how Slack answered. A refusal is small, so that one of some length is none.
func slackResult(response *http.Response) string {
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		return "rate_limited"
	case response.StatusCode >= http.StatusBadRequest:
		return "http_error"
	}
	const enough = 4 << 10
	body := bufio.NewReaderSize(response.Body, enough)
	head, err := body.Peek(enough)
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	if err != nil && err != io.EOF {
		return "network" // whoever reads the body meets the same error
	}
	var said struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(head, &said) != nil || said.OK == nil || *said.OK {
		return "ok"
	}
	if said.Error == "ratelimited" || said.Error == "rate_limited" {
		return "rate_limited"
	}
	return "refused"
}
