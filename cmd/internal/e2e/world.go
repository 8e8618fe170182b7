// Package e2e builds a small world on this machine: a Slack workspace and Windows servers, both on their real wires, and
// the configuration that leads the bot there. Tests and the demo share it; the program itself never imports it.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// The people and channels of the world.
const (
	Ann   = "U0ANN"   // a member
	Ben   = "U0BEN"   // a member of the user group S0IDADMINS
	Guest = "U0GUEST" // a multi-channel guest
	Other = "U0OTHER" // of another workspace, here by Slack Connect

	Helpdesk = "C0HELPDESK"
	Identity = "C0IDENTITY"
	Reports  = "C0REPORTS"
	Shared   = "C0SHARED" // shared with another company
	Quiet    = "C0QUIET"  // granted, but nobody has invited the bot
	Private  = "C0PRIVATE"
	Direct   = "D0ANN"
)

// account is how the bot logs on to every server.
const account, password = `CORP\svc-adsync`, "correct-horse-battery" //nolint:gosec // of the simulated servers

// Options says what the world is like.
type Options struct {
	Dir        string   // where the configuration and the certificates go
	Servers    []string // names; aadc01 and aadc02 when empty
	Auth       string   // basic or ntlm; ntlm when empty
	PowerShell string   // a PowerShell to run the scripts in; empty lets the model answer them
	// Clock is a server's clock; a simulated one, which stands still but for what scripts wait, when nil.
	Clock func() adsync.Clock
	// Settings changes every server's settings.
	Settings func(*adsync.Settings)
}

// World is a Slack workspace and some servers.
type World struct {
	Slack   *slacksim.Workspace
	Servers map[string]*Server

	options Options
}

// Server is a Windows server with its ADSync.
type Server struct {
	Name string
	Wire *winsim.Server

	world *World
	model atomic.Pointer[adsync.Model]
}

// New starts the world.
func New(ctx context.Context, o Options) (_ *World, err error) {
	if len(o.Servers) == 0 {
		o.Servers = []string{"aadc01", "aadc02"}
	}
	if o.Auth == "" {
		o.Auth = "ntlm"
	}
	if o.Clock == nil {
		o.Clock = func() adsync.Clock { return adsync.NewSimulatedClock(time.Now()) }
	}
	w := &World{Slack: workspace(), Servers: map[string]*Server{}, options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := w.Slack.Start(ctx); err != nil {
		return nil, fmt.Errorf("start the workspace: %w", err)
	}
	for _, name := range o.Servers {
		if err := w.addServer(name); err != nil {
			return nil, fmt.Errorf("start server %s: %w", name, err)
		}
	}
	return w, nil
}

func workspace() *slacksim.Workspace {
	member := func(id, name string) slacksim.User { return slacksim.User{ID: id, Name: name, RealName: name} }
	guest := member(Guest, "gus")
	guest.Restricted = true
	other := member(Other, "olga")
	other.TeamID = "T0OTHER"
	everybody := []string{Ann, Ben, Guest, Other}
	channel := func(id, name string, bot bool) slacksim.Channel {
		c := slacksim.Channel{ID: id, Name: name, Members: slices.Clone(everybody)}
		if bot {
			c.Members = append(c.Members, slacksim.BotUser)
		}
		return c
	}
	shared := channel(Shared, "with-fabrikam", true)
	shared.ExtShared = true
	private := channel(Private, "secret-plans", false)
	private.Private = true
	return slacksim.New(
		slacksim.WithUsers(member(Ann, "ann"), member(Ben, "ben"), guest, other),
		slacksim.WithUserGroups(slacksim.UserGroup{ID: "S0IDADMINS", Handle: "identity-admins", Members: []string{Ben}}),
		slacksim.WithChannels(
			channel(Helpdesk, "helpdesk", true), channel(Identity, "identity", true), channel(Reports, "reports", true),
			shared, channel(Quiet, "quiet", false), private,
			slacksim.Channel{ID: Direct, IM: true, Members: []string{Ann, slacksim.BotUser}},
		),
	)
}

func (w *World) addServer(name string) error {
	s := &Server{Name: name, world: w}
	wire, err := winsim.New(winsim.Config{
		Names: []string{name}, ComputerName: strings.ToUpper(name),
		Accounts:   []winsim.Account{{Name: account, Password: password}},
		Schemes:    []winsim.Scheme{winsim.Basic, winsim.Negotiate, winsim.NTLM},
		PowerShell: s.run,
	})
	if err != nil {
		return err
	}
	s.Wire = wire
	w.Servers[name] = s
	return s.Become("ok")
}

// run answers a started PowerShell from the model of the moment.
func (s *Server) run(ctx context.Context, p winsim.Process) int {
	m := s.model.Load()
	if program := s.world.options.PowerShell; program != "" {
		return adsync.PowerShell(m, program)(ctx, p.CommandLine, p.Stdin, p.Stdout, p.Stderr)
	}
	return adsync.Answers(m)(ctx, p.Stdin, p.Stdout, p.Stderr)
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

// Down makes the server unreachable; Up mends that, and every other misbehaviour.
func (s *Server) Down() {
	s.Wire.Misbehave(winsim.Rule{Op: winsim.OpConnect, Times: winsim.Always, Do: winsim.Reset(0)})
}

// Up ends every misbehaviour.
func (s *Server) Up() { s.Wire.Behave() }

// Close stops everything.
func (w *World) Close() error {
	var errs []error
	for _, s := range w.Servers {
		errs = append(errs, s.Wire.Close())
	}
	w.Slack.Close()
	return errors.Join(errs...)
}

// Env returns the environment variables that the configuration refers to.
func (w *World) Env() map[string]string {
	app := w.Slack.App()
	return map[string]string{
		"SLACK_APP_TOKEN": app.AppToken, "SLACK_BOT_TOKEN": app.BotToken, "ADSYNC_PASSWORD": password,
	}
}

// WriteConfig writes the configuration that leads here, with store and further YAML, and returns its path.
func (w *World) WriteConfig(store, more string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "slack:\n  app_token: env:SLACK_APP_TOKEN\n  bot_token: env:SLACK_BOT_TOKEN\n  api_url: %s\n", w.Slack.URL())
	fmt.Fprintf(&b, "store: %s\nlisten: 127.0.0.1:0\ncontact: the identity team\nservers:\n", store)
	for name, s := range w.Servers {
		ca := filepath.Join(w.options.Dir, name+".pem")
		if err := os.WriteFile(ca, s.Wire.CAPEM(), 0o600); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  %s:\n    address: https://%s\n    auth: %s\n    username: %s\n    password: env:ADSYNC_PASSWORD\n    ca_file: %s\n    tls_name: %s\n",
			name, s.Wire.Address(), w.options.Auth, account, ca, name)
	}
	b.WriteString(grants)
	b.WriteString(more)
	path := filepath.Join(w.options.Dir, "adsyncbot.yaml")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

const grants = `grants:
  - channel: C0HELPDESK
    commands: [delta, status, history]
    servers: [aadc01]
  - channel: C0IDENTITY
    commands: ["*"]
    servers: ["*"]
    user_groups: [S0IDADMINS]
  - channel: C0SHARED
    commands: [delta]
    servers: [aadc01]
  - channel: C0QUIET
    commands: [delta]
    servers: [aadc01]
  - channel: C0PRIVATE
    commands: [delta]
    servers: [aadc01]
`

// Hold keeps the server's next cycles in their first run until Model().Release.
func (s *Server) Hold() {
	s.Model().Plan(adsync.Outcome{Profile: "Import", Takes: adsync.UntilReleased})
}

// WaitRunning waits until a cycle is in progress.
func (s *Server) WaitRunning(ctx context.Context) error {
	return s.Model().Wait(ctx, func(now adsync.State) bool { return now.InProgress })
}
