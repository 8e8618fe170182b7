package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"adsyncbot": main})
}

// TestScripts runs every script through both wires: a simulated Slack workspace on one side, simulated servers on the
// other. With ADSYNCBOT_POWERSHELL set, the servers run the real scripts in that PowerShell.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bot": cmdBot, "ready": cmdReady, "slash": cmdSlash, "redeliver": cmdRedeliver, "sees": cmdSees, "until": cmdUntil,
			"channel": cmdChannel, "posts": cmdPosts, "server": cmdServer, "starts": cmdStarts, "logons": cmdLogons,
			"shells": cmdShells, "fail": cmdFail, "heal": cmdHeal, "later": cmdLater, "config": cmdConfig, "join": cmdJoin,
			"running": cmdRunning,
		},
	})
}

// patience bounds every wait of a script. It is long because machines are slow; nothing waits for it to pass.
const patience = 90 * time.Second

// scene is one script's world, and the bot that lives in the test's own process.
type scene struct {
	*e2e.World

	t     testscript.T
	later atomic.Int64 // how far the bot's clock is ahead
	last  slacksim.Envelope
	told  map[string]int // ephemerals already shown, by channel and user

	mu   sync.Mutex
	stop func() error
}

type sceneKey struct{}

func of(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

func setup(env *testscript.Env) error {
	w, err := e2e.New(context.Background(), e2e.Options{Dir: env.WorkDir, PowerShell: os.Getenv("ADSYNCBOT_POWERSHELL")})
	if err != nil {
		return err
	}
	s := &scene{World: w, told: map[string]int{}}
	env.Values[sceneKey{}] = s
	env.Defer(func() {
		err := errors.Join(s.stopBot(), w.Close())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	for k, v := range w.Env() {
		env.Setenv(k, v)
	}
	if _, err := w.WriteConfig("sqlite:adsyncbot.db", ""); err != nil {
		return err
	}
	env.Setenv("ADSYNCBOT_CONFIG", filepath.Join(env.WorkDir, "adsyncbot.yaml"))
	return nil
}

func (s *scene) stopBot() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return nil
	}
	stop := s.stop
	s.stop = nil
	return stop()
}

// bot start|stop: the bot in this process, whose clock "later" moves. Scripts that kill use "exec adsyncbot serve &".
func cmdBot(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bot start|stop")
	}
	if args[0] == "stop" {
		ts.Check(s.stopBot())
		return
	}
	for k, v := range s.Env() {
		ts.Check(os.Setenv(k, v)) // the same in every script
	}
	cfg, err := app.LoadConfig(ts.Getenv("ADSYNCBOT_CONFIG"))
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	logs, err := os.OpenFile(ts.MkAbs("bot.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	now := func() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }
	go func() {
		ended <- app.Serve(ctx, cfg, app.Options{Now: now}, slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}()
	s.stop = func() error {
		cancel()
		return errors.Join(<-ended, logs.Close())
	}
	cmdReady(ts, false, nil)
}

// ready: waits until the bot is connected to Slack.
func cmdReady(ts *testscript.TestScript, neg bool, _ []string) {
	s := of(ts)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ts.Check(s.Slack.Wait(ctx, func(now slacksim.Snapshot) bool { return (len(now.Sockets) > 0) != neg }))
}

// later <duration>: moves the bot's clock ahead.
func cmdLater(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	of(ts).later.Add(int64(d))
}

func people() map[string]string {
	return map[string]string{"ann": e2e.Ann, "ben": e2e.Ben, "guest": e2e.Guest, "other": e2e.Other}
}

func channels() map[string]string {
	return map[string]string{
		"helpdesk": e2e.Helpdesk, "identity": e2e.Identity, "reports": e2e.Reports, "shared": e2e.Shared,
		"quiet": e2e.Quiet, "private": e2e.Private, "direct": e2e.Direct,
	}
}

func name(ts *testscript.TestScript, names map[string]string, word string) string {
	id, ok := names[word]
	if !ok {
		ts.Fatalf("nobody and nothing is called %q", word)
	}
	return id
}

// slash <user> <channel> <text…>: types /adsync, and prints what the person sees in answer.
func cmdSlash(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	user, channel := name(ts, people(), args[0]), name(ts, channels(), args[1])
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := s.Slack.Slash(ctx, slacksim.SlashCommand{UserID: user, ChannelID: channel, Command: "/adsync", Text: strings.Join(args[2:], " ")})
	ts.Check(err)
	s.last = d.Envelope
	if neg {
		if d.Error == "" {
			ts.Fatalf("the command was acknowledged")
		}
		fmt.Fprintln(ts.Stdout(), d.Error)
		return
	}
	if d.Error != "" {
		ts.Fatalf("slack tells %s: %s", args[0], d.Error)
	}
	s.see(ctx, ts, channel, user)
}

// see waits for the next answer that only this person sees, and prints it.
func (s *scene) see(ctx context.Context, ts *testscript.TestScript, channel, user string) {
	key := channel + user
	n := s.told[key]
	err := s.Slack.Wait(ctx, func(slacksim.Snapshot) bool { return len(s.Slack.Ephemerals(channel, user)) > n })
	ts.Check(err)
	s.told[key] = n + 1
	fmt.Fprintln(ts.Stdout(), s.Slack.Text(s.Slack.Ephemerals(channel, user)[n], user))
}

// sees <user> <channel>: waits for a further answer to this person and prints it.
func cmdSees(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	of(ts).see(ctx, ts, name(ts, channels(), args[1]), name(ts, people(), args[0]))
}

// redeliver: Slack sends the last command once more.
func cmdRedeliver(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := s.Slack.Redeliver(ctx, s.last)
	ts.Check(err)
	if d.Error != "" {
		ts.Fatalf("slack says %s", d.Error)
	}
}

// until <channel> <text>: waits until a message of the channel shows the text, and prints the channel.
func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	channel := name(ts, channels(), args[0])
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.Slack.Wait(ctx, func(slacksim.Snapshot) bool { return strings.Contains(s.Slack.Transcript(channel, e2e.Ann), args[1]) })
	text := s.Slack.Transcript(channel, e2e.Ann)
	fmt.Fprint(ts.Stdout(), text)
	if err != nil {
		log, _ := os.ReadFile(ts.MkAbs("bot.log"))
		ts.Fatalf("%q never came; the channel shows:\n%s\nlog:\n%s", args[1], text, log)
	}
}

// channel <channel>: prints the channel as Ann sees it.
func cmdChannel(ts *testscript.TestScript, _ bool, args []string) {
	fmt.Fprint(ts.Stdout(), of(ts).Slack.Transcript(name(ts, channels(), args[0]), e2e.Ann))
}

// posts <channel> <n>: the channel holds n messages.
func cmdPosts(ts *testscript.TestScript, _ bool, args []string) {
	got := len(of(ts).Slack.Messages(name(ts, channels(), args[0])))
	if fmt.Sprint(got) != args[1] {
		ts.Fatalf("%d messages, want %s", got, args[1])
	}
}

func (s *scene) server(ts *testscript.TestScript, name string) *e2e.Server {
	srv, ok := s.Servers[name]
	if !ok {
		ts.Fatalf("no server %q", name)
	}
	return srv
}

// server <name> <situation…> | down | up | hold | release: what the server is like from now on.
func cmdServer(ts *testscript.TestScript, _ bool, args []string) {
	srv := of(ts).server(ts, args[0])
	switch what := strings.Join(args[1:], " "); what {
	case "down":
		srv.Down()
	case "up":
		srv.Up()
	case "hold":
		srv.Hold()
	case "release":
		srv.Model().Release()
	case "password":
		ts.Check(srv.Wire.SetPassword(`CORP\svc-adsync`, "another"))
	default:
		ts.Check(srv.Become(what))
	}
}

// starts <server> <n>: so many cycles were started there by command.
func cmdStarts(ts *testscript.TestScript, _ bool, args []string) {
	if got := of(ts).server(ts, args[0]).Model().Starts(); fmt.Sprint(got) != args[1] {
		ts.Fatalf("%d starts on %s, want %s", got, args[0], args[1])
	}
}

// running <server>: waits until a cycle is running there.
func cmdRunning(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ts.Check(of(ts).server(ts, args[0]).WaitRunning(ctx))
}

// logons <succeeded|failed> <n> <server…>: logons over these servers together.
func cmdLogons(ts *testscript.TestScript, _ bool, args []string) {
	got := 0
	for _, n := range args[2:] {
		for _, l := range of(ts).server(ts, n).Wire.Stats().Logons {
			if args[0] == "failed" {
				got += l.Failed
			} else {
				got += l.Succeeded
			}
		}
	}
	if fmt.Sprint(got) != args[1] {
		ts.Fatalf("%d logons %s, want %s", got, args[0], args[1])
	}
}

// shells <server> <n>: waits until so many remote shells are open.
func cmdShells(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ts.Check(of(ts).server(ts, args[0]).Wire.Wait(ctx, func(s winsim.Stats) bool { return fmt.Sprint(s.Shells) == args[1] }))
}

// fail <method> <n> <error>|http:<status>: the next n calls of a method fail; heal ends all of that.
func cmdFail(ts *testscript.TestScript, _ bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	f := slacksim.Fault{Error: args[2]}
	if status, ok := strings.CutPrefix(args[2], "http:"); ok {
		f = slacksim.Fault{}
		_, err := fmt.Sscan(status, &f.HTTPStatus)
		ts.Check(err)
	}
	of(ts).Slack.Fail(args[0], n, f)
}

func cmdHeal(ts *testscript.TestScript, _ bool, _ []string) { of(ts).Slack.Heal() }

// join <channel>: somebody types /invite @adsync there.
func cmdJoin(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).Slack.Join(name(ts, channels(), args[0]), slacksim.BotUser)
}

// config <file>: the configuration, with more YAML from a file.
func cmdConfig(ts *testscript.TestScript, _ bool, args []string) {
	_, err := of(ts).WriteConfig("sqlite:adsyncbot.db", ts.ReadFile(args[0]))
	ts.Check(err)
}

