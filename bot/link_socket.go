package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// ackLimit bounds an acknowledgement from the moment its envelope was read. Slack shows an error after 3 s.
	ackLimit = 2500 * time.Millisecond
	// maxAccepting bounds how many envelopes of one socket are stored and acknowledged at once.
	maxAccepting = 8
	// maxAck is the size from which Slack drops an acknowledgement without a word.
	maxAck = 20_480
	// helloLimit bounds the time from the upgrade to Slack's greeting.
	helloLimit = 10 * time.Second
	// lag is how much later than its deadline the reading of a socket may wake up on a busy machine.
	lag = 5 * time.Second
	// controlLimit bounds the writing of a pong or a close frame.
	controlLimit = time.Second
)

var errLinkGone = errors.New("the connection is gone")

// receiver takes envelopes in. Bot is its production implementation.
type receiver interface {
	// accept stores an envelope and acknowledges it, in that order, within ctx. It must not do more.
	accept(ctx context.Context, e envelope, ack acknowledge)
}

// acknowledge writes an acknowledgement, with a payload or nil. Its nil error means that it has left this program.
type acknowledge func(ctx context.Context, payload any) error

// socket is one Socket Mode connection, from the upgrade to its end. It is our own reader and not slack-go's, which hides
// a disconnect and hangs up on it at once: what was read before it could then not be acknowledged any more.
type socket struct {
	conn     *websocket.Conn
	receiver receiver
	clock    Clock
	log      *slog.Logger
	silence  time.Duration // how long nothing may come, not even a ping

	hello hello
	ready chan struct{} // closed at Slack's greeting
	told  chan string   // Slack's reason, when it asks us to leave; it sends nothing afterwards
	gone  chan struct{} // closed when the connection broke: what is acknowledged now would never arrive
	ended chan struct{} // closed when nothing is read any more
	cause error         // of the end, unless we left; read it after ended

	slots     chan struct{}
	accepting sync.WaitGroup
	writing   sync.Mutex
	last      atomic.Pointer[time.Time] // of the last frame

	mu               sync.Mutex
	greeted, leaving bool
	wall             time.Time // of the last frame, by the computer's own clock
}

// hello is Slack's greeting.
type hello struct {
	Connections int `json:"num_connections"` // of this app, this one among them
	Info        struct {
		App string `json:"app_id"`
	} `json:"connection_info"`
	Debug struct {
		Host string `json:"host"`
	} `json:"debug_info"`
}

func newSocket(conn *websocket.Conn, r receiver, clock Clock, silence time.Duration, log *slog.Logger) *socket {
	s := &socket{
		conn: conn, receiver: r, clock: clock, log: log, silence: silence,
		ready: make(chan struct{}), told: make(chan string, 1), gone: make(chan struct{}), ended: make(chan struct{}),
		slots: make(chan struct{}, maxAccepting),
	}
	_ = conn.SetReadDeadline(time.Now().Add(min(silence, helloLimit)))
	conn.SetReadLimit(maxFrame)
	conn.SetPingHandler(s.pong)
	return s
}

// read takes in what Slack sends until the connection breaks, falls silent, or leave is called.
func (s *socket) read(ctx context.Context) {
	defer close(s.ended)
	for {
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			s.broke(err)
			return
		}
		if !s.heard() {
			s.broke(errSilent)
			return
		}
		s.frame(ctx, data)
	}
}

// broke deals with a connection that cannot be read any more. One that is being left can still be written to.
func (s *socket) broke(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving {
		return
	}
	s.cause = fmt.Errorf("read from Slack: %w", err)
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, errSilent) || ok && timeout.Timeout() {
		s.cause = errSilent
	}
	close(s.gone)
	_ = s.conn.Close()
}

// errSilent is the end of a connection that stands and carries nothing. Slack may still count it.
var errSilent = errors.New("slack was silent for too long")

// heard notes a sign of life. After the greeting it grants the next one its time. It reports false for one that comes too
// late although it was read: this process was stopped or its machine asleep, and what stood in the socket meanwhile is
// as old as that. Whoever typed it has long seen an error.
func (s *socket) heard() bool {
	now := s.clock.Now()
	s.last.Store(&now)
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.wall
	s.wall = time.Now().Round(0) // without the monotonic reading, which sleeps with the machine
	if !s.greeted || s.leaving { // leave has ended the time
		return true
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(s.silence))
	return s.wall.Sub(before) <= s.silence+lag
}

func (s *socket) pong(data string) error {
	if !s.heard() {
		return errSilent
	}
	err := s.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(controlLimit))
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, websocket.ErrCloseSent) || (ok && timeout.Timeout()) {
		return nil // another frame is being written; reading goes on
	}
	return err
}

// frame takes in one frame. What is neither a greeting nor a goodbye is an envelope, also when nobody knows its type.
func (s *socket) frame(ctx context.Context, data []byte) {
	var f struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
		hello
	}
	_ = json.Unmarshal(data, &f) // parseEnvelope says what is wrong
	switch f.Type {
	case "hello": // not an envelope: it must not be acknowledged
		select {
		case <-s.ready:
		default:
			s.hello = f.hello
			s.mu.Lock()
			s.greeted = true
			s.mu.Unlock()
			s.heard()
			close(s.ready)
		}
		return
	case "disconnect":
		select {
		case s.told <- f.Reason:
		default: // told before
		}
		return
	}
	e, err := parseEnvelope(data)
	if err != nil {
		s.log.WarnContext(ctx, "a frame from slack was not understood", "cause", scrub(err))
		return
	}
	s.take(ctx, e)
}

// take hands an envelope to the receiver. When too many are being accepted, reading waits: each is bounded in time.
func (s *socket) take(ctx context.Context, e envelope) {
	s.slots <- struct{}{}
	s.accepting.Go(func() {
		defer func() { <-s.slots }()
		defer func() {
			if cause := recover(); cause != nil {
				s.log.ErrorContext(ctx, "panic while an envelope was accepted", "envelope", e.ID, "panic", cause, "stack", stack())
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackLimit)
		defer cancel()
		s.receiver.accept(ctx, e, func(ctx context.Context, payload any) error { return s.acknowledge(ctx, e.ID, payload) })
	})
}

// acknowledge writes an acknowledgement on the connection that its envelope came by: whether Slack takes it on another one
// is not known.
func (s *socket) acknowledge(ctx context.Context, id string, payload any) error {
	data, err := json.Marshal(struct {
		ID      string `json:"envelope_id"`
		Payload any    `json:"payload,omitempty"`
	}{id, payload})
	if err != nil {
		return fmt.Errorf("encode acknowledgement: %w", err)
	}
	if len(data) >= maxAck {
		return fmt.Errorf("acknowledge: %d bytes are more than Slack takes", len(data))
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	select {
	case <-s.gone:
		return errLinkGone
	case <-ctx.Done():
		return fmt.Errorf("acknowledge: %w", context.Cause(ctx))
	default:
	}
	if until, ok := ctx.Deadline(); ok {
		_ = s.conn.SetWriteDeadline(until)
	}
	if err := s.conn.WriteMessage(websocket.TextMessage, data); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// leave stops reading, finishes the acknowledgements under way, hangs up, and returns when nothing of the socket runs.
func (s *socket) leave() {
	s.mu.Lock()
	s.leaving = true
	_ = s.conn.SetReadDeadline(time.Now())
	s.mu.Unlock()
	<-s.ended
	s.accepting.Wait()
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(controlLimit))
	_ = s.conn.Close()
}
