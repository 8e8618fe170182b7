package winsim

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// command is one program started in a shell.
type command struct {
	id     string
	cancel context.CancelCauseFunc
	stdin  *inbox
	out    *outbox
}

// exitInterrupted is STATUS_CONTROL_C_EXIT, what Windows reports for a program that ctrl_c has ended.
const exitInterrupted = -1073741510

// abort ends the program and whoever waits for its output; these first, so that nobody gets to see how it ends.
func (c *command) abort(cause error) {
	c.out.abort()
	c.stdin.close()
	c.cancel(cause)
}

// command starts a program in a shell.
func (s *Server) command(ctx context.Context, req *request, account string, note *Exchange) (*reply, *fault) {
	if req.Body.Command == nil {
		return nil, newFault(codeSchema, "the body holds no rsp:CommandLine")
	}
	line := strings.TrimSpace(strings.Join(append([]string{req.Body.Command.Command}, req.Body.Command.Arguments...), " "))
	note.CommandLine = line
	if len(line) > 32767 {
		return nil, newFault(codeNameTooLong, "The filename or extension is too long.")
	}
	sh, f := s.enter(req, account)
	if f != nil {
		return nil, f
	}
	defer s.leave(sh)
	c, f := s.start(ctx, sh, line)
	if f != nil {
		return nil, f
	}
	note.Command = c.id
	return soapReply(nsShell+"/CommandResponse", req.Header.MessageID,
		`<rsp:CommandResponse><rsp:CommandId>`+c.id+`</rsp:CommandId></rsp:CommandResponse>`), nil
}

// start runs a command line until it ends or its command or shell does. It outlives the request that started it.
func (s *Server) start(ctx context.Context, sh *shell, line string) (*command, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh.closed || s.closed {
		return nil, goneFault()
	}
	// Commands count until they are terminated by a signal, not until they end: WinRS does not give them back.
	if len(sh.commands) >= s.quotas.MaxProcessesPerShell {
		return nil, newWMIFault(codeMaxOperations, fmt.Sprintf("The WS-Management service cannot process the request. "+
			"The maximum number of concurrent operations for this user has been exceeded (%d).", s.quotas.MaxProcessesPerShell))
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	c := &command{id: newID(), cancel: cancel, stdin: newInbox(), out: newOutbox()}
	sh.commands[c.id] = c
	process := Process{
		CommandLine: line,
		Stdin:       c.stdin,
		Stdout:      c.out.writer("stdout"),
		Stderr:      c.out.writer("stderr"),
		Environment: append([]string(nil), sh.environment...),
		CodePage:    sh.codePage,
		User:        sh.owner,
	}
	program := s.program(line)
	s.watch.update(func(st *Stats) {
		st.Processes++
		st.ProcessesEver++
	})
	s.running.Go(func() {
		code := program(ctx, process)
		if errors.Is(context.Cause(ctx), ErrInterrupted) {
			code = exitInterrupted
		}
		cancel(nil)
		c.stdin.close()
		c.out.finish(code)
		s.watch.update(func(st *Stats) { st.Processes-- })
	})
	return c, nil
}

// find enters the shell and finds a command in it; the caller leaves the shell if there is no fault.
func (s *Server) find(req *request, account, commandID string) (*shell, *command, *fault) {
	sh, f := s.enter(req, account)
	if f != nil {
		return nil, nil, f
	}
	s.mu.Lock()
	c := sh.commands[strings.ToUpper(strings.TrimSpace(commandID))]
	s.mu.Unlock()
	if c == nil {
		s.leave(sh)
		return nil, nil, goneFault()
	}
	return sh, c, nil
}

// send hands input to a program.
func (s *Server) send(req *request, account string) (*reply, *fault) {
	if req.Body.Send == nil || len(req.Body.Send.Streams) == 0 {
		return nil, newFault(codeSchema, "the body holds no rsp:Send with a Stream")
	}
	for _, stream := range req.Body.Send.Streams {
		data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(stream.Data))
		if err != nil || stream.Name != "stdin" {
			return nil, newFault(codeInvalidParameter, "the stream is not stdin or not base64")
		}
		sh, c, f := s.find(req, account, stream.CommandID)
		if f != nil {
			return nil, f
		}
		c.stdin.write(data)
		if stream.End == "true" || stream.End == "1" {
			c.stdin.close()
		}
		s.leave(sh)
	}
	return soapReply(nsShell+"/SendResponse", req.Header.MessageID, "<rsp:SendResponse/>"), nil
}

// receive waits for output, for the end, or for the operation's time to pass.
func (s *Server) receive(ctx context.Context, req *request, account string) (*reply, *fault) {
	if req.Body.Receive == nil {
		return nil, newFault(codeSchema, "the body holds no rsp:Receive")
	}
	if req.Body.Receive.Desired.CommandID == "" {
		return nil, newFault(codeInvalidParameter, "The parameter is incorrect: DesiredStream without CommandId.")
	}
	streams := strings.Fields(req.Body.Receive.Desired.Streams)
	sh, c, f := s.find(req, account, req.Body.Receive.Desired.CommandID)
	if f != nil {
		return nil, f
	}
	defer s.leave(sh)

	expired := make(chan struct{})
	stop := s.clock.AfterFunc(min(req.timeout, s.quotas.MaxTimeout), func() { close(expired) })
	defer stop()
	s.watch.update(func(st *Stats) { st.Receiving++ })
	defer s.watch.update(func(st *Stats) { st.Receiving-- })
	for {
		got, changed := c.out.take(streams, req.maxEnvelope)
		switch {
		case got.state == outputAborted:
			return nil, newFault(codeAborted, "The I/O operation has been aborted because of either a thread exit or an application request.")
		case got.state == outputOver:
			return nil, goneFault()
		case len(got.chunks) > 0 || got.state == outputDone:
			return soapReply(nsShell+"/ReceiveResponse", req.Header.MessageID, got.render(c.id, streams)), nil
		}
		select {
		case <-changed:
		case <-expired:
			return nil, newFault(codeTimedOut, "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.")
		case <-ctx.Done(): // nobody is there to read the answer
			return nil, newFault(codeAborted, "the connection was closed")
		}
	}
}

// signal interrupts or terminates a program.
func (s *Server) signal(req *request, account string) (*reply, *fault) {
	if req.Body.Signal == nil {
		return nil, newFault(codeSchema, "the body holds no rsp:Signal")
	}
	sh, c, f := s.find(req, account, req.Body.Signal.CommandID)
	if f != nil {
		return nil, f
	}
	defer s.leave(sh)
	switch strings.TrimPrefix(strings.TrimSpace(req.Body.Signal.Code), nsShell+"/signal/") {
	case "ctrl_c", "ctrl_break":
		c.cancel(ErrInterrupted)
	case "terminate":
		s.mu.Lock()
		delete(sh.commands, c.id)
		s.mu.Unlock()
		c.abort(ErrTerminated)
	default:
		return nil, newFault(codeInvalidParameter, "the signal code is unknown")
	}
	return soapReply(nsShell+"/SignalResponse", req.Header.MessageID, "<rsp:SignalResponse/>"), nil
}
