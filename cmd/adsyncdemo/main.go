// Adsyncdemo runs the bot between a simulated Slack workspace and simulated Windows servers, all in this process and on
// their real protocols. It plays a scene, checks that the posted verdict is the true one, and takes typed commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program; it returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	o, err := parse(args, errOut)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitGood
	case err != nil:
		return exitUsage
	}
	st, err := raise(ctx, o.scene)
	if err != nil {
		return tell(ctx, errOut, err)
	}
	code, err := perform(ctx, st, o, in, out)
	// Whoever pressed Ctrl-C has seen enough; only what went wrong by itself leaves its log behind.
	keep := code == exitUntrue || err != nil && ctx.Err() == nil
	if logged := st.strike(keep); logged != "" {
		defer func() { _, _ = fmt.Fprintf(errOut, "adsyncdemo: the bot's log is %s\n", logged) }()
	}
	if err != nil {
		return tell(ctx, errOut, err)
	}
	return code
}

// perform plays the scene and, unless that was all that was asked for, takes commands.
func perform(ctx context.Context, st *stage, o options, in io.Reader, out io.Writer) (int, error) {
	playing, stop := st.living(ctx)
	defer stop()
	s := newScreen(out, st.world.Slack)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		s.follow(playing)
	}()
	defer func() {
		stop()
		<-shown
	}()

	code, err := o.scene.play(playing, st, s)
	if err != nil || o.once {
		return code, err
	}
	if err := converse(playing, st.world.Slack, s, in, out); err != nil && ctx.Err() == nil {
		return 0, err
	}
	if code == exitUntrue {
		return code, nil
	}
	return exitGood, nil
}

func tell(ctx context.Context, errOut io.Writer, err error) int {
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(errOut, "adsyncdemo: interrupted")
		return exitInterrupted
	}
	_, _ = fmt.Fprintf(errOut, "adsyncdemo: %v\n", err)
	return exitUntrue
}
