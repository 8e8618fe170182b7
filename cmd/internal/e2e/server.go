package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// Server is a Windows server with its ADSync.
type Server struct {
	Name string
	Wire *winsim.Server

	world *World
	model atomic.Pointer[adsync.Model]
}

// run answers a started PowerShell from the model of the moment.
func (s *Server) run(ctx context.Context, p winsim.Process) int {
	if s.world.options.Scripts != nil {
		var ended func()
		p.Stdin, ended = s.named(p.Stdin)
		defer ended()
	}
	m := s.model.Load()
	if p.User == administrator {
		ctx = adsync.AsAdmin(ctx)
	}
	if program := s.world.options.PowerShell; program != "" {
		return adsync.PowerShell(m, program)(ctx, p.CommandLine, p.Stdin, p.Stdout, p.Stderr)
	}
	return adsync.Answers(m)(ctx, p.Stdin, p.Stdout, p.Stderr)
}

// scriptLine is how a script of ours begins.
const scriptLine = "& { # adsyncbot "

// named tells the world which script begins, and returns its whole text.
func (s *Server) named(stdin io.ReadCloser) (io.ReadCloser, func()) {
	text := bufio.NewReader(stdin)
	first, err := text.Peek(len(scriptLine) + 20)
	name, ours := strings.CutPrefix(string(first), scriptLine)
	ended := func() {}
	if name, _, whole := strings.Cut(name, "\n"); err == nil && ours && whole {
		ended = s.world.options.Scripts(name)
	}
	return struct {
		io.Reader
		io.Closer
	}{text, stdin}, ended
}

// Become makes the server one in the situation of that name (adsync.Situations lists them).
func (s *Server) Become(situation string) error {
	sit, ok := adsync.Find(situation)
	if !ok {
		return fmt.Errorf("no situation %q", situation)
	}
	s.model.Store(sit.New(s.world.options.Clock(), s.world.options.Settings))
	return nil
}

// Model is the server's ADSync.
func (s *Server) Model() *adsync.Model { return s.model.Load() }

// Hold keeps the server's next cycle in its first run until Model().Release; then it goes as planned.
func (s *Server) Hold(then ...adsync.Outcome) {
	m := s.Model()
	first := adsync.Outcome{Connector: m.Settings().Domains[0], Profile: "Import", Takes: adsync.UntilReleased}
	m.Plan(append([]adsync.Outcome{first}, then...)...)
}

// WaitRunning waits until a cycle is in progress and has begun a run, which Model().Release can end.
func (s *Server) WaitRunning(ctx context.Context) error {
	return s.Model().Wait(ctx, func(now adsync.State) bool { return now.InProgress && now.Connector != "" })
}

// Down makes the server unreachable: connections break, those that stand too. A cycle goes on.
func (s *Server) Down() { s.cut(winsim.Reset(0)) }

// Silent lets the server accept connections and say nothing.
func (s *Server) Silent() { s.cut(winsim.Silent()) }

func (s *Server) cut(how winsim.Act) {
	s.Wire.Behave()
	s.Wire.Misbehave(winsim.Rule{Op: winsim.OpConnect, Times: winsim.Always, Do: how})
	s.Wire.Restart()
}

// Up ends every misbehaviour.
func (s *Server) Up() { s.Wire.Behave() }

// SetPassword changes the password of the bot's account; connections that have logged on end, as they do on a change.
func (s *Server) SetPassword(to string) error {
	if err := s.Wire.SetPassword(account, to); err != nil {
		return err
	}
	s.Wire.Restart()
	return nil
}
