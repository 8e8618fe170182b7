package slacksim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// maxSockets is how many sockets one app may have open.
const maxSockets = 10

// pongWait is how long a client may take to answer a ping: as long as Slack's clients wait for one.
const pongWait = 30 * time.Second

// Reasons of a disconnect frame. The last one stands in no documentation: Slack sends it to the eleventh socket.
const (
	Warning           = "warning"
	RefreshRequested  = "refresh_requested"
	LinkDisabled      = "link_disabled"
	TooManyWebsockets = "too_many_websockets"
)

// Socket is an open Socket Mode connection.
type Socket struct {
	ID           int // counted from 1 in the order of opening
	Since        time.Time
	Ready        bool   // hello was sent
	Disconnected string // the reason in the last disconnect frame; nothing is delivered after one
	Delivered    int    // envelopes
	Pongs        int    // answered pings
}

type frame struct {
	data []byte
	last bool // the connection is closed behind it
}

type socket struct {
	Socket
	out    chan frame
	hangUp context.CancelFunc
}

// send queues a frame; frames leave in the order of queueing, which is the order under the workspace's lock. A client
// that lets so many frames pile up has stopped reading, and is dropped.
func (s *socket) send(f frame) {
	select {
	case s.out <- f:
	default:
		s.hangUp()
	}
}

func (s *socket) sendJSON(v any, last bool) {
	data, err := json.Marshal(v)
	if err != nil {
		s.hangUp()
		return
	}
	s.send(frame{data: data, last: last})
}

// serveLink is the WebSocket endpoint. It returns when the connection is over and nothing of it runs any more.
func (ws *Workspace) serveLink(w http.ResponseWriter, r *http.Request) {
	sabotage, ok := ws.redeem(r.URL.Query().Get("ticket"))
	switch {
	case !ok:
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	case sabotage == RefuseLink:
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	case sabotage == HangLink:
		<-r.Context().Done()
		resetConnection(w)
		return
	}
	ctx, hangUp := context.WithCancel(r.Context())
	defer hangUp()
	var s *socket
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OriginPatterns: []string{"api.slack.com"}, // what Slack's own clients and slack-go claim to be
		OnPongReceived: func(context.Context, []byte) {
			ws.change(func() { s.Pongs++ })
		},
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(1 << 20)
	s = ws.attach(hangUp, sabotage)
	defer ws.detach(s)

	var parts sync.WaitGroup
	defer parts.Wait()
	defer hangUp()
	parts.Go(func() { ws.writeFrames(ctx, conn, s) })
	if ws.pingEvery > 0 && sabotage != NoPings && sabotage != MuteLink {
		parts.Go(func() { ws.ping(ctx, conn, s) })
	}
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		ws.acknowledge(s, data)
	}
}

// redeem uses up a ticket, and a fault of links if there is one. It locks.
func (ws *Workspace) redeem(ticket string) (LinkFault, bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if !ws.tickets[ticket] {
		return 0, false
	}
	delete(ws.tickets, ticket)
	if len(ws.linkFaults) == 0 {
		return 0, true
	}
	f := ws.linkFaults[0]
	if f.left--; f.left == 0 {
		ws.linkFaults = ws.linkFaults[1:]
	}
	return f.LinkFault, true
}

// attach registers a socket and greets it. It locks, so that hello is the first frame of every socket.
func (ws *Workspace) attach(hangUp context.CancelFunc, sabotage LinkFault) *socket {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	defer ws.notify()
	ws.opened++
	s := &socket{Socket: Socket{ID: ws.opened, Since: ws.now()}, out: make(chan frame, 256), hangUp: hangUp}
	ws.sockets = append(ws.sockets, s)
	switch {
	case sabotage == MuteLink:
	case len(ws.sockets) > maxSockets:
		s.Disconnected = TooManyWebsockets
		s.sendJSON(disconnectFrame(TooManyWebsockets), true)
	default:
		s.Ready = sabotage != DropAfterHello
		s.sendJSON(ws.hello(), sabotage == DropAfterHello)
	}
	return s
}

func (ws *Workspace) detach(s *socket) {
	ws.change(func() {
		ws.sockets = slices.DeleteFunc(ws.sockets, func(other *socket) bool { return other == s })
	})
}

func (ws *Workspace) hello() reply {
	return reply{
		"type":            "hello",
		"num_connections": len(ws.sockets),
		"connection_info": reply{"app_id": ws.app.ID},
		"debug_info": reply{
			"host": "applink-sim", "started": ws.now().UTC().Format("2006-01-02 15:04:05.000"), "build_number": 1,
			"approximate_connection_time": int(ws.lifetime.Seconds()),
		},
	}
}

func disconnectFrame(reason string) reply {
	return reply{"type": "disconnect", "reason": reason, "debug_info": reply{"host": "wss-sim"}}
}

func (ws *Workspace) writeFrames(ctx context.Context, conn *websocket.Conn, s *socket) {
	defer s.hangUp()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-s.out:
			if err := conn.Write(ctx, websocket.MessageText, f.data); err != nil || f.last {
				return
			}
		}
	}
}

// ping keeps the client convinced that the server lives. A client that does not answer one is dropped.
func (ws *Workspace) ping(ctx context.Context, conn *websocket.Conn, s *socket) {
	defer s.hangUp()
	tick := time.NewTicker(ws.pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		answered, cancel := context.WithTimeout(ctx, pongWait)
		err := conn.Ping(answered)
		cancel()
		if err != nil {
			return
		}
	}
}

// Sockets lists the open sockets, oldest first.
func (ws *Workspace) Sockets() []Socket { return ws.Snapshot().Sockets }

// Disconnect sends a disconnect frame to the sockets with these ids, or to all when none is given. Nothing is delivered
// on them afterwards; leaving is up to the client, [Workspace.DropSockets] up to the test. It says how many were told.
func (ws *Workspace) Disconnect(reason string, ids ...int) int {
	told := 0
	ws.forSockets(ids, func(s *socket) {
		if !s.Ready {
			return
		}
		s.Disconnected = reason
		s.sendJSON(disconnectFrame(reason), false)
		told++
	})
	return told
}

// DropSockets ends the TCP connections of the sockets with these ids, or of all, without a close frame.
func (ws *Workspace) DropSockets(ids ...int) {
	ws.forSockets(ids, func(s *socket) {
		s.Ready = false
		s.hangUp()
	})
}

func (ws *Workspace) forSockets(ids []int, f func(*socket)) {
	ws.change(func() {
		for _, s := range ws.sockets {
			if len(ids) == 0 || slices.Contains(ids, s.ID) {
				f(s)
			}
		}
	})
}

// LinkFault is one way in which a new socket goes wrong.
type LinkFault int

// What can happen to a new socket.
const (
	RefuseLink     LinkFault = iota + 1 // the upgrade is answered with 503
	HangLink                            // TCP is accepted and nothing is ever answered
	MuteLink                            // upgraded, but no hello, no pings, no envelopes
	DropAfterHello                      // closed right behind hello
	NoPings                             // works, but the server never pings
)

type linkFault struct {
	LinkFault
	left int
}

// FailLinks lets the next n sockets go wrong; a negative n means until [Workspace.Heal].
func (ws *Workspace) FailLinks(n int, f LinkFault) {
	if n == 0 {
		return
	}
	ws.change(func() { ws.linkFaults = append(ws.linkFaults, &linkFault{LinkFault: f, left: n}) })
}
