package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
	"github.com/adsyncbot/adsyncbot/executor"
)

func syncCommand(p *program) *cobra.Command {
	var l logging
	var yes bool
	var reason string
	c := &cobra.Command{
		Use:   "sync delta|full <server>",
		Short: "Run one cycle from this terminal",
		Long: `Runs one cycle and shows it until it has ended. With a serve on the same store it only asks and watches. It is recorded in
the audit with your name and this machine's. Ctrl-C stops watching, not the cycle.`,
		Example: "  adsyncbot sync delta aadc01\n  adsyncbot sync full aadc01 --yes --because 'new filter rule'",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := l.logger(p.errOut)
			if err != nil {
				return err
			}
			cfg, err := p.load()
			if err != nil {
				return err
			}
			t, err := terminal(cfg, args[0], args[1], reason, yes)
			if err != nil {
				return err
			}
			d := newDisplay(p.out)
			cycle, err := app.Sync(cmd.Context(), cfg, t, d.show, log)
			return ended(cycle, err)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "start a full without being asked again; it can take hours")
	c.Flags().StringVar(&reason, "because", "", "the reason, for the record")
	l.flags(c, "error")
	return c
}

func terminal(cfg *app.Config, policy, server, reason string, yes bool) (app.Terminal, error) {
	pol, ok := executor.ParsePolicy(policy)
	if !ok {
		return app.Terminal{}, exit{exitUsage, fmt.Errorf("%q is neither delta nor full", policy)}
	}
	if names := cfg.ServerNames(); !slices.Contains(names, server) {
		return app.Terminal{}, exit{exitUsage, fmt.Errorf("no server %q in the configuration; there are: %s", server, strings.Join(names, ", "))}
	}
	if pol == executor.Initial && !yes {
		return app.Terminal{}, exit{exitUsage, errors.New("a full reads and evaluates every object and can take hours; say --yes if that is what you want")}
	}
	return app.Terminal{Policy: pol, Server: server, Reason: reason}, nil
}

// ended turns how the cycle came out into an exit code.
func ended(c executor.Cycle, err error) error {
	if refused, ok := errors.AsType[*app.RefusedError](err); ok {
		return exit{exitRefused, refused}
	}
	if err != nil {
		return err
	}
	switch c.Result.Verdict {
	case executor.Succeeded, executor.Warnings:
		return nil
	case executor.Errors, executor.Failed, executor.Cancelled:
		return exit{code: exitBad}
	case executor.NotStarted:
		if c.Result.Code == executor.CodeUnreachable || c.Result.Code == executor.CodeTooLate {
			return exit{code: exitUnknown}
		}
		return exit{code: exitRefused}
	default:
		return exit{code: exitUnknown}
	}
}
