package winrm

import (
	"net"
	"time"
)

// writeGrace is how long an answer waits for the end of its request.
const writeGrace = 2 * time.Second

// conn hands an answer on when the request has been written. net/http gives a connection up whose writing has not ended
// 50 ms after the answer has come; on a busy machine that happens to good ones, and with the connection goes its logon.
type conn struct {
	net.Conn
	writing chan struct{} // holds one while a Write is under way
}

func newConn(inner net.Conn) *conn { return &conn{Conn: inner, writing: make(chan struct{}, 1)} }

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	return c.Conn.Write(p)
}

// Read implements net.Conn. An answer to half a request does not wait for ever: its server may never read the rest.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	select {
	case c.writing <- struct{}{}:
		<-c.writing
		return n, err
	default:
	}
	timer := time.NewTimer(writeGrace)
	defer timer.Stop()
	select {
	case c.writing <- struct{}{}:
		<-c.writing
	case <-timer.C:
	}
	return n, err
}
