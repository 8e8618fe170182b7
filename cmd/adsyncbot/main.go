// Adsyncbot starts Entra Connect sync cycles from Slack, watches them and says how they ended.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitOK          = 0   // the cycle succeeded, or had warnings only
	exitBad         = 1   // errors, failed, cancelled
	exitUsage       = 2   // usage or configuration
	exitRefused     = 3   // refused before the start
	exitUnknown     = 4   // unknown, unreachable, or not followed to the end
	exitInterrupted = 130 // Ctrl-C
)

// exit is an error with an exit code. An exit without text has already said everything.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// program is what every command is given.
type program struct {
	config string
	out    io.Writer
	errOut io.Writer
}

// load reads the configuration, whose mistakes are the operator's to mend.
func (p *program) load() (*app.Config, error) {
	c, err := app.LoadConfig(p.config)
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return c, nil
}

// run runs one command and returns the program's exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	p := &program{out: out, errOut: errOut}
	root := &cobra.Command{
		Use:   "adsyncbot",
		Short: "Start Entra Connect sync cycles from Slack and get the truth about how they ended",
		Long: `adsyncbot starts Entra Connect (Azure AD Connect) sync cycles on Windows servers from Slack, follows them, and posts
what really happened. Start with "adsyncbot config check", then "adsyncbot check", then "adsyncbot serve".

Exit codes: 0 succeeded or warnings, 1 errors, failed or cancelled, 2 usage or configuration, 3 refused before the start,
4 unknown, unreachable or not followed to the end, 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&p.config, "config", "c", envOr("ADSYNCBOT_CONFIG", "adsyncbot.yaml"), "configuration file (or ADSYNCBOT_CONFIG)")
	//nolint:contextcheck // cobra hands the context to a command when it runs
	root.AddCommand(serveCommand(p), syncCommand(p), checkCommand(p), canCommand(p), configCommand(p), manifestCommand(p), schedulesCommand(p), versionCommand(p), auditCommand(p), bridgeCommand(p))
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	return code(ctx, err, errOut)
}

// code turns an error into an exit code and tells it, unless it has been told.
func code(ctx context.Context, err error, errOut io.Writer) int {
	if err == nil {
		return exitOK
	}
	var e exit
	switch {
	case errors.As(err, &e):
		if e.err != nil {
			_, _ = fmt.Fprintf(errOut, "adsyncbot: %v\n", e.err)
		}
		return e.code
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(errOut, "adsyncbot: interrupted")
		return exitInterrupted
	}
	// What cobra itself refuses: unknown commands, flags and arguments.
	_, _ = fmt.Fprintf(errOut, "adsyncbot: %v\nSee adsyncbot --help.\n", err)
	return exitUsage
}

func envOr(name, value string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return value
}
