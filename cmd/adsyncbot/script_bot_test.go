package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
)

// journal holds what the bots of a script log, and lets others wait for it.
type journal struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	news  chan struct{} // closed and replaced at every write
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.news)
	j.news = make(chan struct{})
	return j.bytes.Write(p)
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes.String()
}

// wait returns once the journal holds words.
func (j *journal) wait(ctx context.Context, words string) error {
	for {
		j.mu.Lock()
		has, news := strings.Contains(j.bytes.String(), words), j.news
		j.mu.Unlock()
		if has {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("the log never said %q", words)
		}
	}
}

// running is a bot that is up. inside and outside are its implementations.
type running interface {
	stop() error       // as an operator does
	end() (int, error) // waits until it stops by itself, and returns its exit code
}

// inside is a bot in the test's own process, whose clock "later" moves.
type inside struct {
	cancel context.CancelFunc
	ended  chan error
}

func (b inside) stop() error {
	b.cancel()
	return <-b.ended
}

func (b inside) end() (int, error) {
	return 0, errors.New("only a program of its own has an exit code")
}

func (s *scene) startInside(ts *testscript.TestScript) {
	cfg, err := app.LoadConfig(ts.Getenv("ADSYNCBOT_CONFIG"))
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	b := inside{cancel, make(chan error, 1)}
	now := func() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }
	log := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	go func() { b.ended <- app.Serve(ctx, cfg, app.Options{Now: now}, log) }()
	s.bot = b
}

// outside is the real program.
type outside struct {
	cmd   *exec.Cmd
	ended chan error
}

func (s *scene) startOutside(ts *testscript.TestScript, args []string) {
	args = append([]string{"serve", "--log-level", "debug", "--log-format", "text"}, args...)
	b := outside{exec.Command("adsyncbot", args...), make(chan error, 1)}
	b.cmd.Env = append(os.Environ(), "ADSYNCBOT_CONFIG="+ts.Getenv("ADSYNCBOT_CONFIG"))
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Stderr = &s.log
	ts.Check(b.cmd.Start())
	go func() { b.ended <- b.cmd.Wait() }()
	s.bot = b
}

func (b outside) stop() error {
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, b.kill())
	}
	code, err := b.end()
	if err == nil && code != 0 {
		err = fmt.Errorf("SIGTERM ended the bot with exit code %d", code)
	}
	return err
}

func (b outside) kill() error {
	err := b.cmd.Process.Kill()
	ended := <-b.ended
	if _, killed := errors.AsType[*exec.ExitError](ended); killed {
		return err
	}
	return errors.Join(err, ended)
}

func (b outside) end() (int, error) {
	ctx, cancel := limit()
	defer cancel()
	select {
	case err := <-b.ended:
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			return e.ExitCode(), nil
		}
		return 0, err
	case <-ctx.Done():
		return 0, errors.Join(errors.New("the bot does not end"), b.kill())
	}
}

// bot start: a bot in this process, whose clock "later" moves; waits until it is connected.
// bot serve [flag…]: the real program; does not wait.
// bot stop: ends it as an operator does; the program's exit code must be 0.
// bot kill: kill -9.
// bot ends <code>: waits until the program ends by itself with this exit code, and prints what it logged.
func cmdBot(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "bot start|serve|stop|kill|ends")
	s := of(ts)
	if up := s.bot != nil; up == (args[0] == "start" || args[0] == "serve") {
		ts.Fatalf("bot %s: a bot is up: %t", args[0], up)
	}
	b := s.bot
	s.bot = nil
	switch args[0] {
	case "start":
		s.startInside(ts)
		cmdReady(ts, false, nil)
	case "serve":
		s.startOutside(ts, args[1:])
	case "stop":
		ts.Check(b.stop())
		ts.Check(s.gone())
	case "kill":
		program, ok := b.(outside)
		if !ok {
			ts.Fatalf("only a program of its own can be killed")
		}
		ts.Check(program.kill())
		ts.Check(s.gone())
	case "ends":
		need(ts, args, "bot ends code")
		code, err := b.end()
		ts.Check(err)
		show(ts, s.log.text())
		if fmt.Sprint(code) != args[1] {
			ts.Fatalf("exit code %d, want %s", code, args[1])
		}
	default:
		ts.Fatalf("bot %s?", args[0])
	}
}

// gone waits until Slack sees no connection any more.
func (s *scene) gone() error {
	ctx, cancel := limit()
	defer cancel()
	return s.Slack.Wait(ctx, func(now slacksim.Snapshot) bool { return len(now.Sockets) == 0 })
}

// ready: waits until the bot is connected to Slack.
func cmdReady(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	ctx, cancel := limit()
	defer cancel()
	ts.Check(s.Slack.Wait(ctx, func(now slacksim.Snapshot) bool { return len(now.Sockets) > 0 && now.Sockets[0].Ready }))
}

// later <duration>: moves the clock of a bot in this process ahead.
// later next <duration>: moves it to just after the next multiple of the duration.
func cmdLater(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "later duration")
	s := of(ts)
	d, err := time.ParseDuration(args[len(args)-1])
	ts.Check(err)
	if args[0] == "next" {
		now := time.Now().Add(time.Duration(s.later.Load()))
		d = now.Truncate(d).Add(d + time.Second).Sub(now)
	}
	s.later.Add(int64(d))
}

// logged <text>: waits until the bot has logged it; "! logged <text>": it has not.
func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, "logged text")
	s := of(ts)
	if neg {
		if strings.Contains(s.log.text(), args[0]) {
			ts.Fatalf("the log says %q", args[0])
		}
		return
	}
	ctx, cancel := limit()
	defer cancel()
	ts.Check(s.log.wait(ctx, args[0]))
}

// listed <regexp>: the list of processes shows it, of the bot's own or of one that it has started; "! listed": it does not.
func cmdListed(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, "listed regexp")
	b, ok := of(ts).bot.(outside)
	if !ok {
		ts.Fatalf("only a program of its own is in the list of processes")
	}
	lines := commandLines(b.cmd.Process.Pid)
	if len(lines) == 0 {
		ts.Fatalf("the bot is not in the list of processes")
	}
	if shown := regexp.MustCompile(args[0]).MatchString(strings.Join(lines, "\n")); shown == neg {
		ts.Fatalf("the list of processes shows %q", lines)
	}
}

// commandLines returns what everybody on a Linux machine can read of a process and of those that it has started.
func commandLines(pid int) (lines []string) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil // it has ended
	}
	lines = append(lines, strings.ReplaceAll(strings.TrimRight(string(text), "\x00"), "\x00", " "))
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		for word := range strings.FieldsSeq(string(children)) {
			if child, err := strconv.Atoi(word); err == nil {
				lines = append(lines, commandLines(child)...)
			}
		}
	}
	return lines
}

// config <file>: the configuration that leads here, with more YAML from a file.
// config whole <file>: the file is all of it. Variables are expanded in both.
func cmdConfig(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "config file")
	s := of(ts)
	text := os.Expand(ts.ReadFile(args[len(args)-1]), ts.Getenv)
	if args[0] == "whole" {
		ts.Check(os.WriteFile(ts.Getenv("ADSYNCBOT_CONFIG"), []byte(text), 0o600))
		return
	}
	_, err := s.WriteConfig(s.store, text)
	ts.Check(err)
}

// mode <permissions> <file>: the file has these, in octal.
func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "mode permissions file")
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode()&fs.ModePerm); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// exits <code> <arg…>: adsyncbot with these arguments ends with this exit code.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "exits code arg")
	code := 0
	err := ts.Exec("adsyncbot", args[1:]...)
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = e.ExitCode(), nil
	}
	ts.Check(err)
	if code != number(ts, args[0]) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
