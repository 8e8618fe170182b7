package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
)

func checkCommand(p *program) *cobra.Command {
	var l logging
	c := &cobra.Command{
		Use:   "check [server…]",
		Short: "Check tokens, channels and servers, and say what mends each failure",
		Long: `Checks the Slack tokens, the bot's place in every granted channel, and each server (all by default) step by step: name, port,
TLS, one logon, module, groups, event log. Changes nothing. A password that was refused before is tried once more.
Exit code 0: all is well, 4: something is not.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := l.logger(p.errOut)
			if err != nil {
				return err
			}
			cfg, err := p.load()
			if err != nil {
				return err
			}
			for _, name := range args {
				if names := cfg.ServerNames(); !slices.Contains(names, name) {
					return exit{exitUsage, fmt.Errorf("no server %q in the configuration; there are: %s", name, strings.Join(names, ", "))}
				}
			}
			failed := 0
			err = app.Check(cmd.Context(), cfg, args, func(f app.Finding) {
				if f.Level == app.Bad {
					failed++
				}
				p.printFinding(f)
			}, log)
			if err != nil {
				return exit{exitUnknown, err}
			}
			if failed > 0 {
				return exit{exitUnknown, fmt.Errorf("%d checks failed", failed)}
			}
			return nil
		},
	}
	l.flags(c, "error")
	return c
}

func (p *program) printFinding(f app.Finding) {
	_, _ = fmt.Fprintf(p.out, "%-4s %s: %s\n", f.Level, f.What, f.Says)
	for line := range strings.SplitSeq(f.Mend, "\n") {
		if line != "" {
			_, _ = fmt.Fprintf(p.out, "       %s\n", line)
		}
	}
}
