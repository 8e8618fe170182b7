package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Types of envelopes.
const (
	SlashCommands = "slash_commands"
	Interactive   = "interactive"
	EventsAPI     = "events_api"
)

// What a person is shown when the app does not answer.
const (
	OperationTimeout = "operation_timeout" // delivered, not acknowledged in time
	DispatchFailed   = "dispatch_failed"   // no socket to deliver to
)

// maxAck is the size from which Slack drops an acknowledgement without a word.
const maxAck = 20_480

// Bugs of a client which its acknowledgements show.
const (
	BugNotJSON   = "not a JSON object"
	BugEmptyID   = "empty envelope_id"
	BugUnknownID = "unknown envelope_id"
	BugTwice     = "acknowledged twice"
	BugTooLarge  = "20480 bytes or more: dropped"
	BugPayload   = "payload where none is accepted"
	BugContent   = "payload is not a message Slack would show"
)

// Envelope is what travels over a socket.
type Envelope struct {
	ID                     string          `json:"envelope_id"`
	Type                   string          `json:"type"`
	AcceptsResponsePayload bool            `json:"accepts_response_payload"`
	Payload                json.RawMessage `json:"payload"`
	RetryAttempt           int             `json:"retry_attempt,omitempty"`
	RetryReason            string          `json:"retry_reason,omitempty"`
}

// Ack is one frame a client sent, as the workspace understood it.
type Ack struct {
	EnvelopeID string
	Socket     int
	Payload    json.RawMessage // nil when there was none
	Size       int             // of the whole frame, in bytes
	At         time.Time
	Late       bool   // the person had already seen an error; the payload was not used
	Bug        string // one of the Bug constants, or empty
}

// Delivery is how an envelope fared.
type Delivery struct {
	Envelope    Envelope
	TriggerID   string
	ResponseURL string
	Socket      int    // id of the one socket it went to; 0 when there was none
	Error       string // OperationTimeout, DispatchFailed, or empty
	Ack         Ack    // only without Error
	Sees        string // what the person sees at once, as plain text; empty when nothing
}

// waiting is one delivery which may still be acknowledged in time.
type waiting struct {
	done chan struct{}
	ack  *Ack // once there is one
	sees string
}

// pending is the bookkeeping of one envelope over all its deliveries.
type pending struct {
	envelope    Envelope
	triggerID   string
	responseURL string
	failed      string // what the person sees when an error is shown, with a %s for the error; empty for events
	waiting     []*waiting
	expired     int // deliveries whose acknowledgement would be late
	// respond uses an acknowledgement's payload and says what the person sees. It returns false for a payload which is
	// none that Slack would use.
	respond func(json.RawMessage) (sees string, ok bool)
	silent  func() // what an acknowledgement without a payload does; may be nil
}

// deliver sends an envelope to one socket and waits for its acknowledgement. It locks.
func (ws *Workspace) deliver(ctx context.Context, p *pending) (Delivery, error) {
	w := &waiting{done: make(chan struct{})}
	ws.mu.Lock()
	d := Delivery{Envelope: p.envelope, TriggerID: p.triggerID, ResponseURL: p.responseURL}
	if s := ws.nextReady(); s != nil {
		ws.envelopes[p.envelope.ID] = p
		p.waiting = append(p.waiting, w)
		s.Delivered++
		s.sendJSON(p.envelope, false)
		d.Socket = s.ID
		ws.notify()
	}
	ws.mu.Unlock()
	if d.Socket == 0 {
		d.Error, d.Sees = DispatchFailed, p.seesError(DispatchFailed)
		return d, nil
	}

	timer := time.NewTimer(ws.ackTimeout)
	defer timer.Stop()
	var err error
	select {
	case <-w.done:
	case <-timer.C:
	case <-ctx.Done():
		err = fmt.Errorf("slacksim: deliver %s: %w", p.envelope.Type, context.Cause(ctx))
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if w.ack != nil { // one which came at the last moment counts
		d.Ack, d.Sees = *w.ack, w.sees
		return d, nil
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(other *waiting) bool { return other == w })
	p.expired++
	d.Error, d.Sees = OperationTimeout, p.seesError(OperationTimeout)
	return d, err
}

func (p *pending) seesError(code string) string {
	if p.failed == "" {
		return ""
	}
	return fmt.Sprintf(p.failed, code)
}

// nextReady picks the socket for one envelope, taking turns: Slack promises nothing but that it is one.
func (ws *Workspace) nextReady() *socket {
	for range ws.sockets {
		ws.nextSocket++
		s := ws.sockets[ws.nextSocket%len(ws.sockets)]
		if s.Ready && s.Disconnected == "" {
			return s
		}
	}
	return nil
}

// acknowledge takes in a frame from a client. It locks.
func (ws *Workspace) acknowledge(s *socket, data []byte) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var f struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	malformed := json.Unmarshal(data, &f) != nil
	a := Ack{EnvelopeID: f.EnvelopeID, Socket: s.ID, Payload: f.Payload, Size: len(data), At: ws.now()}
	p := ws.envelopes[f.EnvelopeID]
	switch {
	case malformed:
		a.Bug = BugNotJSON
	case len(data) >= maxAck:
		a.Bug = BugTooLarge
	case f.EnvelopeID == "":
		a.Bug = BugEmptyID
	case p == nil:
		a.Bug = BugUnknownID
	case len(p.waiting) > 0:
		p.settle(&a)
	case p.expired > 0:
		p.expired--
		a.Late = true
	default:
		a.Bug = BugTwice
	}
	ws.acks = append(ws.acks, a)
	ws.notify()
}

// settle answers the oldest delivery of an envelope that waits.
func (p *pending) settle(a *Ack) {
	w := p.waiting[0]
	p.waiting = p.waiting[1:]
	switch empty := emptyPayload(a.Payload); {
	case empty && p.silent != nil:
		p.silent()
	case empty:
	case !p.envelope.AcceptsResponsePayload:
		a.Bug = BugPayload
	case p.respond != nil:
		sees, ok := p.respond(a.Payload)
		if !ok {
			a.Bug = BugContent
		}
		w.sees = sees
	}
	w.ack = a
	close(w.done)
}

// emptyPayload: Slack's own Node client always sends a payload, {} when there is none.
func emptyPayload(raw json.RawMessage) bool {
	var fields map[string]json.RawMessage
	return raw == nil || json.Unmarshal(raw, &fields) == nil && len(fields) == 0
}

// Redeliver sends an envelope once more, with the same ids. An event says that it is a retry, as Slack's do; for the other
// types Slack documents no redelivery, so that this is a duplicate such as a proxy or a reconnect might cause.
func (ws *Workspace) Redeliver(ctx context.Context, e Envelope) (Delivery, error) {
	ws.mu.Lock()
	p, ok := ws.envelopes[e.ID]
	if ok && e.Type == EventsAPI {
		p.envelope.RetryAttempt++
		p.envelope.RetryReason = "timeout"
	}
	ws.mu.Unlock()
	if !ok {
		return Delivery{}, fmt.Errorf("slacksim: redeliver %s: it was never delivered", e.ID)
	}
	return ws.deliver(ctx, p)
}

// SendRaw sends a text frame as it is to one socket, and waits for nothing.
func (ws *Workspace) SendRaw(text string) error {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	s := ws.nextReady()
	if s == nil {
		return errors.New("slacksim: send a raw frame: no socket is ready")
	}
	s.send(frame{data: []byte(text)})
	return nil
}
