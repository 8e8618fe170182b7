package runnertest

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// gate is the other side of "await": the test knows that a script has come to it, and decides when it goes on.
type gate struct{ listener net.Listener }

// visitor is a script that waits at a gate.
type visitor struct{ conn net.Conn }

func newGate(t *testing.T) *gate {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &gate{listener: listener}
}

func (g *gate) address() string { return g.listener.Addr().String() }

// arrive returns when a script has come to the gate.
func (g *gate) arrive(t *testing.T) visitor {
	t.Helper()
	conn, err := g.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return visitor{conn}
}

// open lets the script go on.
func (v visitor) open() { _ = v.conn.Close() }

// gone returns when the script no longer runs.
func (v visitor) gone() { _, _ = io.Copy(io.Discard, v.conn) }
