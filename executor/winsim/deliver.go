package winsim

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Split sends the answer's body in pieces of size bytes.
func Split(size int) Act {
	return Act{name: fmt.Sprintf("split %d", size), deliver: func(ctx context.Context, x *exchange, r *reply) {
		x.pieces(ctx, r, size, 0)
	}}
}

// Dribble sends the answer's body in pieces of size bytes and waits between them.
func Dribble(size int, every time.Duration) Act {
	return Act{name: fmt.Sprintf("dribble %d", size), deliver: func(ctx context.Context, x *exchange, r *reply) {
		x.pieces(ctx, r, size, every)
	}}
}

// Reset breaks the connection after n bytes of the answer, counted from its status line.
func Reset(n int) Act {
	return Act{name: fmt.Sprintf("reset at byte %d", n), reset: true, drop: true, deliver: func(_ context.Context, x *exchange, r *reply) {
		x.resetAt(r, n)
	}}
}

// Silent leaves the request, or at OpConnect the connection, without an answer until the client or the server closes it.
func Silent() Act {
	return Act{name: "silent", drop: true, deliver: func(ctx context.Context, x *exchange, r *reply) {
		<-ctx.Done()
		x.resetAt(r, 0) // a client that has turned away may still listen
	}}
}

// Delay waits before the operation, or with After between the operation and its answer.
func Delay(d time.Duration) Act {
	return Act{name: "delay " + d.String(), delay: d}
}

// Skew lets the Date header differ from the server's clock by d.
func Skew(d time.Duration) Act {
	return Act{name: "skew " + d.String(), deliver: func(_ context.Context, x *exchange, r *reply) {
		x.w.Header().Set("Date", x.server.clock.Now().Add(d).UTC().Format(http.TimeFormat))
		x.write(r)
	}}
}

// write sends the answer as it should be.
func (x *exchange) write(r *reply) {
	x.w.WriteHeader(r.status)
	_, _ = x.w.Write(r.body) // the client may have gone; that is its business
}

// pieces sends the answer bit by bit, each in a TCP segment of its own.
func (x *exchange) pieces(ctx context.Context, r *reply, size int, every time.Duration) {
	x.w.WriteHeader(r.status)
	control := http.NewResponseController(x.w)
	for body := r.body; len(body) > 0; {
		n := min(size, len(body))
		if _, err := x.w.Write(body[:n]); err != nil {
			return
		}
		body = body[n:]
		if err := control.Flush(); err != nil {
			return
		}
		if every > 0 && len(body) > 0 && !x.server.pause(ctx, every) {
			return
		}
	}
}

// resetAt sends the first n bytes of the answer and resets the connection.
func (x *exchange) resetAt(r *reply, n int) {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		return
	}
	response := &http.Response{
		StatusCode:    r.status,
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        x.w.Header(),
		ContentLength: int64(len(r.body)),
		Body:          io.NopCloser(bytes.NewReader(r.body)),
	}
	var raw bytes.Buffer
	if err := response.Write(&raw); err == nil {
		_, _ = conn.Write(raw.Bytes()[:min(n, raw.Len())])
	}
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if tracked, ok := conn.(*trackedConn); ok {
		tracked.reset()
	}
}

// pause waits by the server's clock; false means that ctx ended first.
func (s *Server) pause(ctx context.Context, d time.Duration) bool {
	over := make(chan struct{})
	stop := s.clock.AfterFunc(d, func() { close(over) })
	defer stop()
	s.watch.update(func(st *Stats) { st.Pausing++ })
	defer s.watch.update(func(st *Stats) { st.Pausing-- })
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}
