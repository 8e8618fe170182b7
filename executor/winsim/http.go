package winsim

import (
	"context"
	"errors"
	"io"
	"log"
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

func newHTTPServer(s *Server) *http.Server {
	return &http.Server{ //nolint:gosec // slow clients are part of what is tested; Close ends them
		Handler:     http.HandlerFunc(s.serve),
		ConnContext: withLogon,
		ErrorLog:    log.New(io.Discard, "", 0), // failed handshakes are what tests are about
	}
}

// serve is the HTTP edge: path, logon, sealing; what is left is a SOAP request from a known account.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		return
	}
	defer s.running.Done()
	s.watch.update(func(st *Stats) { st.HTTPRequests++ })
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	w.Header().Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	if r.URL.Path != path {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	// Twice the quota leaves room for the frame of a sealed message and for a fault instead of a broken connection.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(2*s.quotas.MaxEnvelopeSize)))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return
	}
	sealed := isSealed(r.Header.Get("Content-Type"))
	clear := s.config.PlainHTTP && !sealed && len(body) > 0
	if clear {
		s.watch.update(func(st *Stats) { st.Plaintext++ })
	}
	l := logonOf(r.Context())
	out := s.authenticate(l, r, len(body) == 0)
	switch {
	case out.account == "" || s.rules.locked():
		s.unauthorized(w, out.offer)
	case len(body) == 0 && out.fresh:
		w.Header().Set("Content-Length", "0") // the logon before a first sealed message
		w.WriteHeader(http.StatusOK)
	case clear && !s.config.AllowUnencrypted:
		s.unauthorized(w, "")
	case sealed && l.session == nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		if sealed {
			if body, err = openSealed(l.session, body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			s.watch.update(func(st *Stats) { st.Sealed++ })
		}
		x := &exchange{server: s, w: w, logon: l, sealed: sealed}
		x.note = Exchange{At: s.clock.Now(), Account: out.account, Sealed: sealed}
		x.serve(r.Context(), body)
	}
}

// unauthorized answers 401 as Windows does: no body, and a challenge or every scheme there is.
func (s *Server) unauthorized(w http.ResponseWriter, challenge string) {
	s.watch.update(func(st *Stats) { st.Unauthorized++ })
	w.Header().Set("Content-Length", "0")
	if challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	} else {
		for _, scheme := range s.schemes {
			offer := string(scheme)
			if scheme == Basic {
				offer += ` realm="WSMAN"`
			}
			w.Header().Add("WWW-Authenticate", offer)
		}
	}
	w.WriteHeader(http.StatusUnauthorized)
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
	if f == nil {
		x.server.watch.update(func(st *Stats) { st.Requests[req.op]++ })
		x.rule = x.server.rules.take(req.op)
	}
	if f != nil {
		x.send(ctx, f.reply(x.server, relatesTo))
		return
	}
	rule := x.rule
	if rule == nil {
		x.send(ctx, x.perform(ctx, req))
		return
	}
	if rule.Do.delay > 0 && !rule.After && !x.server.pause(ctx, rule.Do.delay) {
		return
	}
	answer := &reply{status: http.StatusOK}
	if !rule.prevents() {
		answer = x.perform(ctx, req)
	}
	if rule.Do.replace != nil {
		answer = rule.Do.replace(x.server, req)
	}
	if rule.Do.delay > 0 && rule.After && !x.server.pause(ctx, rule.Do.delay) {
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
