package winsim

import (
	"context"
	"net/http"
	"strconv"
)

// exchange is one SOAP request on its way through the server.
type exchange struct {
	server *Server
	w      http.ResponseWriter
	logon  *logon
	sealed bool
	rule   *Rule
	note   Exchange
}

// serve parses the request, lets a rule spoil it, performs it and answers.
func (x *exchange) serve(ctx context.Context, body []byte) {
	req, f := parseRequest(body)
	relatesTo := ""
	if req != nil {
		relatesTo = req.Header.MessageID
		x.note.Op, x.note.Shell = req.op, req.shellID()
	}
	if f == nil && len(body) > x.server.quotas.MaxEnvelopeSize {
		f = newFault(codeTooLarge, "the envelope is larger than MaxEnvelopeSizekb allows")
	}
	if f != nil {
		x.send(ctx, f.reply(x.server, relatesTo))
		return
	}
	x.server.watch.update(func(st *Stats) { st.Requests[req.op]++ })
	rule := x.server.rules.take(req.op)
	x.rule = rule
	if rule == nil {
		x.send(ctx, x.perform(ctx, req))
		return
	}
	answer := &reply{status: http.StatusOK}
	if rule.Do.delay > 0 && !rule.After && !x.server.pause(ctx, rule.Do.delay) {
		x.resetAt(answer, 0) // the client has gone, and what it asked for does not happen
		return
	}
	if !rule.prevents() {
		answer = x.perform(ctx, req)
	}
	if rule.Do.replace != nil {
		answer = rule.Do.replace(x.server, req)
	}
	if rule.Do.delay > 0 && rule.After && !x.server.pause(ctx, rule.Do.delay) {
		x.resetAt(answer, 0)
		return
	}
	x.send(ctx, answer)
}

// perform carries the request out and renders what came of it.
func (x *exchange) perform(ctx context.Context, req *request) *reply {
	var answer *reply
	var f *fault
	switch req.op {
	case OpCreate:
		answer, f = x.server.create(req, x.note.Account, &x.note)
	case OpCommand:
		answer, f = x.server.command(ctx, req, x.note.Account, &x.note)
	case OpSend:
		answer, f = x.server.send(req, x.note.Account)
	case OpReceive:
		answer, f = x.server.receive(ctx, req, x.note.Account)
	case OpSignal:
		answer, f = x.server.signal(req, x.note.Account)
	default:
		answer, f = x.server.delete(req, x.note.Account)
	}
	if f != nil {
		return f.reply(x.server, req.Header.MessageID)
	}
	return answer
}

// send seals the answer if the request was sealed and puts it on the wire, as the rule says if there is one.
func (x *exchange) send(ctx context.Context, answer *reply) {
	x.note.Status, x.note.Fault = answer.status, answer.fault
	if x.rule != nil {
		x.note.Rule = x.rule.Do.name
	}
	x.server.watch.note(x.note)
	if answer.fault != 0 {
		x.server.watch.update(func(st *Stats) { st.Faults[answer.fault]++ })
	}
	if answer.status == http.StatusUnauthorized {
		x.server.unauthorized(x.w, "")
		return
	}
	// Only WS-Management's own messages are sealed; a proxy's html or garbage is not.
	if x.sealed && answer.contentType == soapType && len(answer.body) > 0 {
		answer.body = seal(x.logon.session, answer.body)
		answer.contentType = sealedType
	}
	h := x.w.Header()
	if answer.contentType != "" {
		h.Set("Content-Type", answer.contentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(answer.body)))
	if x.rule != nil && x.rule.Do.deliver != nil {
		x.rule.Do.deliver(ctx, x, answer)
		return
	}
	x.write(answer)
}
