package slacksim

import (
	"context"
	"math"
	"net"
	"net/http"
	"strings"
	"time"
)

// Names of endpoints outside the Web API, for [Workspace.Fail] and in [Call.Method].
const (
	ResponseURL = "response_url"
	UploadURL   = "upload_url"
)

// Fault is one way of answering wrongly. Without AfterEffect the call has no effect; a fault which is only slow (Delay,
// Hold) lets the call through afterwards.
type Fault struct {
	HTTPStatus int             // any status; 429 without RetryAfter has no such header
	RetryAfter time.Duration   // rounded up to seconds
	Error      string          // Slack's error string with ok:false
	Body       string          // verbatim instead of an answer: malformed JSON, or HTML when it starts with '<'
	Delay      time.Duration   // before the answer, in real time
	Hold       <-chan struct{} // before the answer, until it is closed
	Reset      bool            // tear the connection down instead of answering
	// AfterEffect lets the call do its work first, so that the message exists although its poster saw an error.
	AfterEffect bool
}

type fault struct {
	Fault
	left int // negative: for ever
}

// Fail makes the next n calls of a method fail; a negative n means until [Workspace.Heal]. The method "*" is every one of
// the Web API. Faults of one method are used up in the order they were given.
func (ws *Workspace) Fail(method string, n int, f Fault) {
	if n == 0 {
		return
	}
	ws.change(func() { ws.faults[method] = append(ws.faults[method], &fault{Fault: f, left: n}) })
}

// Heal forgets every fault, also those of links.
func (ws *Workspace) Heal() {
	ws.change(func() {
		clear(ws.faults)
		ws.linkFaults = nil
	})
}

// takeFault uses up one fault. It locks.
func (ws *Workspace) takeFault(name string) Fault {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if _, ok := ws.methods[name]; ok && len(ws.faults[name]) == 0 {
		name = "*"
	}
	queue := ws.faults[name]
	if len(queue) == 0 {
		return Fault{}
	}
	f := queue[0]
	if f.left--; f.left == 0 {
		ws.faults[name] = queue[1:]
	}
	return f.Fault
}

// wait is false when the caller hung up or the workspace closed first.
func (f Fault) wait(ctx context.Context) bool {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// replaces says that the caller gets the fault's answer and not the method's.
func (f Fault) replaces() bool {
	return f.HTTPStatus != 0 || f.Error != "" || f.Body != "" || f.Reset
}

func (f Fault) answer() answer {
	status := f.HTTPStatus
	if status == 0 {
		status = http.StatusOK
	}
	switch {
	case f.Reset:
		return answer{reset: true, problem: "connection reset"}
	case f.Body != "":
		a := answerText(status, f.Body)
		if !strings.HasPrefix(f.Body, "<") {
			a.header.Set("Content-Type", "application/json; charset=utf-8")
		}
		a.problem = "malformed answer"
		return a
	case status == http.StatusTooManyRequests:
		return answerRateLimited(int(math.Ceil(f.RetryAfter.Seconds())))
	case f.Error != "":
		a := answerJSON(status, reply{"ok": false, "error": f.Error})
		a.problem = f.Error
		return a
	default:
		a := answerText(status, http.StatusText(status))
		a.problem = http.StatusText(status)
		return a
	}
}

// exchange is one HTTP call: its fault if it has one, its effect under the lock, its place in the log, its answer. A caller
// who hangs up during a delay before the effect is not served at all.
func (ws *Workspace) exchange(w http.ResponseWriter, r *http.Request, call Call, effect func() answer) {
	f := ws.takeFault(call.Method)
	if !f.AfterEffect && !f.wait(r.Context()) {
		resetConnection(w)
		return
	}
	a := ws.perform(f, call, effect)
	if f.AfterEffect && !f.wait(r.Context()) {
		resetConnection(w)
		return
	}
	a.write(w)
}

func (ws *Workspace) perform(f Fault, call Call, effect func() answer) answer {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var a answer
	if f.AfterEffect || !f.replaces() {
		a = effect()
		call.Effected = a.problem == ""
	}
	if f.replaces() {
		a = f.answer()
	}
	call.At, call.Status, call.Error = ws.now(), a.status, a.problem
	ws.calls = append(ws.calls, call)
	ws.notify()
	return a
}

// resetConnection tears the TCP connection down so that the other side reads a reset and no response. A handler that just
// returns would have answered 200.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // the connection is gone already
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
