package main

import (
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

func (s *scene) server(ts *testscript.TestScript, name string) *e2e.Server {
	srv, ok := s.Servers[name]
	if !ok {
		ts.Fatalf("no server %q", name)
	}
	return srv
}

// server <name> down|up|silent: whether it can be reached.
// server <name> hold|release: its next cycle stays in its first run, until released; "spoil" is a hold of one that will
// have export errors.
// server <name> disabled-by-hand|enabled-by-hand: somebody switches its scheduler.
// server <name> readable: its run history can be read.
// server <name> idles <duration>: so much of its time passes.
// server <name> password <new>: the account's password there is another one from now on.
// server <name> <situation…>: what it is like from now on; adsync.Situations lists them.
func cmdServer(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "server name what")
	srv := of(ts).server(ts, args[0])
	switch args[1] {
	case "down":
		srv.Down()
	case "silent":
		srv.Silent()
	case "up":
		srv.Up()
	case "hold":
		srv.Hold()
	case "spoil":
		srv.Hold(adsync.ExportErrors(2))
	case "disabled-by-hand", "enabled-by-hand":
		srv.Model().Set(func(now *adsync.Settings) { now.Enabled = args[1] == "enabled-by-hand" })
	case "readable":
		srv.Model().Set(func(now *adsync.Settings) { now.NetworkLogon = false })
	case "release":
		srv.Model().Release()
	case "idles":
		need(ts, args, "server name idles duration")
		d, err := time.ParseDuration(args[2])
		ts.Check(err)
		ctx, cancel := limit()
		defer cancel()
		ts.Check(srv.Model().Sleep(ctx, d))
	case "password":
		need(ts, args, "server name password new")
		ts.Check(srv.SetPassword(args[2]))
	default:
		ts.Check(srv.Become(strings.Join(args[1:], " ")))
	}
}

// starts <n> <server…>: so many cycles were started by command, over these servers together.
func cmdStarts(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "starts n server")
	got := 0
	for _, name := range args[1:] {
		got += of(ts).server(ts, name).Model().Starts()
	}
	if got != number(ts, args[0]) {
		ts.Fatalf("%d starts, want %s", got, args[0])
	}
}

// running <server>: waits until a cycle is running there.
func cmdRunning(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "running server")
	ctx, cancel := limit()
	defer cancel()
	ts.Check(of(ts).server(ts, args[0]).WaitRunning(ctx))
}

// logons succeeded|failed <n> <server…>: so many logons over these servers together.
func cmdLogons(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "logons succeeded|failed n server")
	got := 0
	for _, n := range args[2:] {
		for _, l := range of(ts).server(ts, n).Wire.Stats().Logons {
			switch args[0] {
			case "failed":
				got += l.Failed
			case "succeeded":
				got += l.Succeeded
			default:
				ts.Fatalf("logons %s?", args[0])
			}
		}
	}
	if got != number(ts, args[1]) {
		ts.Fatalf("%d logons %s, want %s", got, args[0], args[1])
	}
}

// shells <n> <server…>: waits until so many remote shells are open on each of these.
func cmdShells(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "shells n server")
	ctx, cancel := limit()
	defer cancel()
	want := number(ts, args[0])
	for _, name := range args[1:] {
		ts.Check(of(ts).server(ts, name).Wire.Wait(ctx, func(s winsim.Stats) bool { return s.Shells == want }))
	}
}
