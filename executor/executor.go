package executor

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// Executor starts sync cycles, follows them and looks at servers. It keeps nothing between two calls: what a later look
// needs is in what an earlier one returned. Its methods may be called at the same time.
type Executor struct {
	runners map[string]Runner
	admins  map[string]Runner
	log     *slog.Logger
}

// New returns an Executor over one Runner per server, by the server's short name.
func New(runners map[string]Runner, log *slog.Logger) *Executor {
	return &Executor{runners: runners, log: log}
}

// NewWithAdmins is New with a second Runner for some servers, by an account that may change the scheduler's settings:
// Switch alone uses it.
func NewWithAdmins(runners, admins map[string]Runner, log *slog.Logger) *Executor {
	return &Executor{runners: runners, admins: admins, log: log}
}

// Limits of what a script may print. A look at a server under fire brings 500 events; ten times that is no script of ours.
const (
	maxLines = 5000
	maxNoise = 3   // lines that are not ours and go to the log
	noiseCut = 200 // bytes of each
)

// play runs a script on a server and hands every line of ours to take. Without a Runner's own error, nil means that
// every line arrived that the script had written.
func (e *Executor) play(ctx context.Context, server, script string, parameters any, take func(line any)) error {
	runner, ok := e.runners[server]
	if script == scripts.Switch {
		runner, ok = e.admins[server]
	}
	if !ok {
		return fmt.Errorf("%s on %s: there is no such server", script, server)
	}
	text, err := scripts.Compose(script, parameters)
	if err != nil {
		return err
	}
	o := output{server: server, script: script, take: take}
	err = runner.Run(ctx, text, o.line)
	if o.ignored > 0 {
		e.log.DebugContext(ctx, "script output not understood", "server", server, "script", script, "lines", o.ignored, "first", o.noise)
	}
	if err != nil {
		return err
	}
	if !o.ended {
		return o.broken("output incomplete: no end line")
	}
	return nil
}

// output checks what one script writes.
type output struct {
	server, script string
	take           func(line any)
	lines          int // of ours, before the end line
	ended          bool
	ignored        int
	noise          []string
}

// line takes one line as the Runner hands it on. PowerShell itself may write around our lines, before the first
// (a byte order mark, a profile's words) and after the last one.
func (o *output) line(text []byte) error {
	line, err := decodeLine(text)
	switch {
	case err != nil:
		return o.broken(err.Error())
	case line == nil || o.ended:
		o.ignore(text)
		return nil
	}
	if end, ok := line.(endLine); ok {
		if end.Lines != o.lines {
			return o.broken(fmt.Sprintf("output incomplete: %d of %d lines", o.lines, end.Lines))
		}
		o.ended = true
		return nil
	}
	if _, clock := line.(clockLine); clock != (o.lines == 0) {
		return o.broken("the clock is the first line and no other")
	}
	o.lines++
	if o.lines > maxLines {
		return o.broken("too many lines")
	}
	o.take(line)
	return nil
}

func (o *output) ignore(text []byte) {
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return
	}
	o.ignored++
	if len(o.noise) < maxNoise {
		o.noise = append(o.noise, string(text[:min(len(text), noiseCut)]))
	}
}

// broken is what a server says that does not speak our scripts' language. The process did start.
func (o *output) broken(detail string) error {
	return &RunError{Kind: FailureProtocol, Server: o.server, Op: o.script, Detail: detail, Started: true}
}
