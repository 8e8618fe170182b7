package winsim

import (
	"context"
	"io"
	"net"
	"sync"
)

// listener counts connections, can break all of them, and applies the rules for OpConnect.
type listener struct {
	net.Listener
	server *Server

	mu   sync.Mutex
	open map[*trackedConn]struct{}
}

func newListener(inner net.Listener, server *Server) *listener {
	return &listener{Listener: inner, server: server, open: map[*trackedConn]struct{}{}}
}

// Accept implements net.Listener. A connection that a rule keeps silent or resets never reaches the HTTP server: to an
// https client that is a TLS handshake without an answer.
func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // net/http looks for net.ErrClosed
		}
		conn := &trackedConn{Conn: inner, listener: l}
		l.mu.Lock()
		l.open[conn] = struct{}{}
		l.mu.Unlock()
		l.server.watch.update(func(st *Stats) {
			st.Connections++
			st.OpenConnections++
		})
		rule := l.server.rules.take(OpConnect)
		switch {
		case rule == nil:
			return conn, nil
		case rule.Do.reset:
			l.server.watch.note(Exchange{Op: OpConnect, Rule: rule.Do.name})
			conn.reset()
		default:
			l.server.watch.note(Exchange{Op: OpConnect, Rule: rule.Do.name})
			l.hold(conn)
		}
	}
}

// hold keeps a connection open, listening but never saying a word, until the client or the server closes it.
func (l *listener) hold(conn *trackedConn) {
	if !l.server.begin() {
		conn.reset()
		return
	}
	go func() {
		defer l.server.running.Done()
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}()
}

// resetAll breaks every open connection without a goodbye.
func (l *listener) resetAll() {
	l.mu.Lock()
	conns := make([]*trackedConn, 0, len(l.open))
	for conn := range l.open {
		conns = append(conns, conn)
	}
	l.mu.Unlock()
	for _, conn := range conns {
		conn.reset()
	}
}

type trackedConn struct {
	net.Conn
	listener *listener
	once     sync.Once
}

// Close implements net.Conn.
func (c *trackedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.listener.mu.Lock()
		delete(c.listener.open, c)
		c.listener.mu.Unlock()
		c.listener.server.watch.update(func(st *Stats) { st.OpenConnections-- })
	})
	return err //nolint:wrapcheck // a net.Conn passes its errors on
}

// reset closes the connection so that the peer sees RST instead of FIN.
func (c *trackedConn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// logonKey is where a connection's logon is kept in the contexts of its requests.
type logonKey struct{}

func withLogon(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, logonKey{}, &logon{conn: conn})
}

func logonOf(ctx context.Context) *logon {
	l, _ := ctx.Value(logonKey{}).(*logon)
	return l
}
