package winsim

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// inbox is a program's standard input: it takes what clients send without waiting and lets the program wait for it.
type inbox struct {
	mu     sync.Mutex
	cond   *sync.Cond
	data   []byte
	closed bool
}

func newInbox() *inbox {
	b := &inbox{}
	b.cond = sync.NewCond(&b.mu)
	return b
}

func (b *inbox) write(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.data = append(b.data, p...)
		b.cond.Broadcast()
	}
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.cond.Broadcast()
}

// Close tells that the program reads no more.
func (b *inbox) Close() error {
	b.close()
	return nil
}

// Read implements io.Reader.
func (b *inbox) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.data) == 0 && !b.closed {
		b.cond.Wait()
	}
	if len(b.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	return n, nil
}

const (
	chunkSize    = 4096    // WinRS reads a program's pipes in pieces like this: lines and characters get split
	outboxLimit  = 1 << 20 // a program that writes more than this ahead of the client has to wait
	replyFrame   = 2048    // what an envelope needs around the streams
	streamFrame  = 160     // and one rsp:Stream around its data
	commandState = nsShell + "/CommandState/"
)

type outputState int

const (
	outputRunning outputState = iota
	outputDone                // the program has ended and everything has been taken
	outputOver                // the end has been taken before
	outputAborted             // terminated, or the shell is gone
)

type chunk struct {
	stream string
	data   []byte
}

// outbox is a program's output on its way to the client, both streams in the order they were written.
type outbox struct {
	mu      sync.Mutex
	chunks  []chunk
	size    int
	ended   bool
	over    bool
	aborted bool
	code    int
	changed chan struct{} // closed and replaced at each change
}

func newOutbox() *outbox { return &outbox{changed: make(chan struct{})} }

func (o *outbox) tell() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *outbox) finish(code int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended, o.code = true, code
	o.tell()
}

func (o *outbox) abort() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.aborted = true
	o.tell()
}

// taken is what one Receive gets.
type taken struct {
	chunks []chunk
	state  outputState
	code   int
}

// take removes as much of the wanted streams as fits into an envelope, and the end if nothing is left before it.
func (o *outbox) take(streams []string, envelope int) (taken, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.aborted {
		return taken{state: outputAborted}, o.changed
	}
	if o.over {
		return taken{state: outputOver}, o.changed
	}
	var t taken
	room, full := envelope-replyFrame, false
	o.chunks = slices.DeleteFunc(o.chunks, func(c chunk) bool {
		need := base64.StdEncoding.EncodedLen(len(c.data)) + streamFrame
		if !slices.Contains(streams, c.stream) || full {
			return false
		}
		if need > room {
			full = true
			return false
		}
		room -= need
		o.size -= len(c.data)
		t.chunks = append(t.chunks, c)
		return true
	})
	if len(t.chunks) > 0 {
		o.tell() // a writer may have waited for room
	}
	left := slices.ContainsFunc(o.chunks, func(c chunk) bool { return slices.Contains(streams, c.stream) })
	if o.ended && !left {
		o.over = true
		t.state, t.code = outputDone, o.code
	}
	return t, o.changed
}

// render writes the rsp:ReceiveResponse.
func (t taken) render(commandID string, streams []string) string {
	var b strings.Builder
	b.WriteString("<rsp:ReceiveResponse>")
	for _, c := range t.chunks {
		fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s">%s</rsp:Stream>`, c.stream, commandID, base64.StdEncoding.EncodeToString(c.data))
	}
	if t.state == outputDone {
		for _, stream := range streams {
			fmt.Fprintf(&b, `<rsp:Stream Name="%s" CommandId="%s" End="true"></rsp:Stream>`, escape(stream), commandID)
		}
		fmt.Fprintf(&b, `<rsp:CommandState CommandId="%s" State="%sDone"><rsp:ExitCode>%d</rsp:ExitCode></rsp:CommandState>`, commandID, commandState, t.code)
	} else {
		fmt.Fprintf(&b, `<rsp:CommandState CommandId="%s" State="%sRunning"></rsp:CommandState>`, commandID, commandState)
	}
	b.WriteString("</rsp:ReceiveResponse>")
	return b.String()
}

// outputWriter is one of a program's output streams.
type outputWriter struct {
	out    *outbox
	stream string
}

func (o *outbox) writer(stream string) io.Writer { return &outputWriter{out: o, stream: stream} }

// Write implements io.Writer. It waits while the client is too far behind, and fails once the command is gone.
func (w *outputWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), chunkSize)
		if !w.out.put(w.stream, p[:n]) {
			return written, io.ErrClosedPipe
		}
		p = p[n:]
		written += n
	}
	return written, nil
}

// put adds one piece, after waiting for room; false means that the command is gone.
func (o *outbox) put(stream string, p []byte) bool {
	for {
		o.mu.Lock()
		if o.aborted || o.ended {
			o.mu.Unlock()
			return false
		}
		if o.size < outboxLimit {
			o.add(stream, p)
			o.tell()
			o.mu.Unlock()
			return true
		}
		changed := o.changed
		o.mu.Unlock()
		<-changed
	}
}

// add appends to the last piece while that is small and of the same stream. The caller holds the mutex.
func (o *outbox) add(stream string, p []byte) {
	o.size += len(p)
	if last := len(o.chunks) - 1; last >= 0 && o.chunks[last].stream == stream && len(o.chunks[last].data)+len(p) <= chunkSize {
		o.chunks[last].data = append(o.chunks[last].data, p...)
		return
	}
	o.chunks = append(o.chunks, chunk{stream: stream, data: slices.Clone(p)})
}
