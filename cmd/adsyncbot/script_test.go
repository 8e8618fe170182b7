package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"adsyncbot": main})
}

// patience bounds every wait of a script. It is long because machines are slow; nothing waits for it to pass.
const patience = 5 * time.Minute

// TestScripts runs every script through both wires: a simulated Slack workspace on one side, simulated servers on the
// other. With ADSYNCBOT_POWERSHELL set, the servers run the real scripts in that PowerShell.
func TestScripts(t *testing.T) {
	runScripts(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), Condition: func(string) (bool, error) { return false, nil },
	}, func() (string, error) { return "sqlite:adsyncbot.db", nil })
}

// runScripts runs scripts whose bots keep what they know in the stores that store names, one for each script.
func runScripts(t *testing.T, p testscript.Params, store func() (string, error)) {
	t.Cleanup(func() { goleak.VerifyNone(t) }) // after the last script: what its bots have started has ended with them
	for k, v := range e2e.Secrets() {
		t.Setenv(k, v) // for the bots that live in this process
	}
	p.Setup = func(env *testscript.Env) error {
		url, err := store()
		if err != nil {
			return err
		}
		return setup(env, url)
	}
	p.Cmds = map[string]func(*testscript.TestScript, bool, []string){
		"bot": cmdBot, "ready": cmdReady, "later": cmdLater, "logged": cmdLogged, "listed": cmdListed, "config": cmdConfig, "mode": cmdMode, "exits": cmdExits,
		"slash": cmdSlash, "press": cmdPress, "again": cmdAgain, "redeliver": cmdRedeliver, "foreign": cmdForeign, "sees": cmdSees, "until": cmdUntil,
		"channel": cmdChannel, "posts": cmdPosts, "whispers": cmdWhispers, "invite": cmdInvite, "fail": cmdFail, "heal": cmdHeal,
		"server": cmdServer, "starts": cmdStarts, "running": cmdRunning, "logons": cmdLogons, "shells": cmdShells,
	}
	testscript.Run(t, p)
}

// scene is one script's world, and the bot that is up in it.
type scene struct {
	*e2e.World

	store string
	later atomic.Int64 // how far the clock of a bot in this process is ahead
	log   journal
	bot   running // nil while none is up
	last  slacksim.Envelope
	told  map[string]int // ephemerals already shown, by channel and user
}

type sceneKey struct{}

func of(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

// setup builds a script's world. A script that wants more servers than aadc01 and aadc02 names them in a file "servers".
func setup(env *testscript.Env, store string) error {
	servers, err := os.ReadFile(filepath.Join(env.WorkDir, "servers"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w, err := e2e.New(context.Background(), e2e.Options{
		Dir: env.WorkDir, Servers: strings.Fields("aadc01 aadc02 " + string(servers)), PowerShell: os.Getenv("ADSYNCBOT_POWERSHELL"),
	})
	if err != nil {
		return err
	}
	s := &scene{World: w, store: store, told: map[string]int{}, log: journal{news: make(chan struct{})}}
	env.Values[sceneKey{}] = s
	env.Defer(func() {
		failed, ok := env.T().(interface{ Failed() bool })
		if ok && failed.Failed() {
			env.T().Log("the bot logged:\n" + s.log.text())
		}
		var err error
		if s.bot != nil {
			err = s.bot.stop()
		}
		if err = errors.Join(err, w.Close()); err != nil {
			env.T().Log("clean up: ", err)
		}
	})
	for k, v := range e2e.Secrets() {
		env.Setenv(k, v)
	}
	for k, v := range w.Places() {
		env.Setenv(k, v)
	}
	path, err := w.WriteConfig(store, "")
	env.Setenv("ADSYNCBOT_CONFIG", path)
	return err
}

// need stops a script that calls a command wrongly.
func need(ts *testscript.TestScript, args []string, usage string) {
	if words := strings.Fields(usage)[1:]; len(args) < len(words) {
		ts.Fatalf("usage: %s", usage)
	}
}

// show makes text what the script's "stdout" looks at.
func show(ts *testscript.TestScript, text string) {
	_, _ = ts.Stdout().Write([]byte(text + "\n"))
}

// limit bounds one wait.
func limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}
