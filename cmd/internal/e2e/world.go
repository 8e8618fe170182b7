// Package e2e builds a small world on this machine: a Slack workspace and Windows servers, both on their real wires, and
// the configuration that leads the bot there. Tests and the demo share it; the program itself never imports it.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

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
	// WireClock is what a server measures idle times by; the computer's clock when nil.
	WireClock winsim.Clock
	// Scripts is told of every script of ours that begins on a server, by its name, and calls what it returns at its end.
	Scripts func(name string) (ended func())
}

// World is a Slack workspace and some servers.
type World struct {
	Slack   *slacksim.Workspace
	Servers map[string]*Server

	options Options
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

func (w *World) addServer(name string) error {
	s := &Server{Name: name, world: w}
	wire, err := winsim.New(winsim.Config{
		Names: []string{name}, ComputerName: strings.ToUpper(name),
		Accounts:   []winsim.Account{{Name: account, Password: password}, {Name: administrator, Password: administratorPassword}},
		Schemes:    []winsim.Scheme{winsim.Basic, winsim.Negotiate, winsim.NTLM},
		PowerShell: s.run,
		Clock:      w.options.WireClock,
	})
	if err != nil {
		return err
	}
	s.Wire = wire
	w.Servers[name] = s
	return s.Become("ok")
}

// Close stops everything.
func (w *World) Close() error {
	var errs []error
	for _, s := range w.Servers {
		errs = append(errs, s.Wire.Close())
	}
	w.Slack.Close()
	return errors.Join(errs...)
}
