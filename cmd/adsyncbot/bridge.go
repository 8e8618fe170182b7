package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/executor/scripts/bridge"
)

func bridgeCommand(p *program) *cobra.Command {
	var account, runAs, out string
	c := &cobra.Command{
		Use:   "bridge",
		Short: "Print the PowerShell that lets a server tell what each cycle changed",
		Long: `Prints one PowerShell file for an administrator to read and to run once on a server with Entra Connect. ADSync does not show
its run history to a network logon; the file sets up a scheduled task that reads it there, which the bot may start and whose
answers it may read, and nothing else. The same file checks that (-Check), shows what it would do (-WhatIf), and takes
everything away again (-Remove). docs/bridge.md goes through it.`,
		Example: `  adsyncbot bridge --account 'CORP\svc-adsync' --run-as 'CORP\gmsa-adsync$' --out bridge.ps1`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := bridge.Script(account, runAs)
			if err != nil {
				return exit{exitUsage, err}
			}
			if out == "" {
				_, err := p.out.Write(text)
				return err
			}
			if err := create(out, text); err != nil {
				return exit{exitUsage, err}
			}
			_, err = fmt.Fprintf(p.errOut, "%s is written. Read it, then run it on the server as an administrator, first with -WhatIf.\n", out)
			return err
		},
	}
	c.Flags().StringVar(&account, "account", "", `the account the bot logs on with, as DOMAIN\name`)
	c.Flags().StringVar(&runAs, "run-as", "", `the account the task runs as: a gMSA (DOMAIN\name$) or a user without rights to spare; the same as --account by default`)
	c.Flags().StringVar(&out, "out", "", "write to this file, which must not be there yet")
	return c
}

// create writes a new file; what is there already is somebody's.
func create(path string, text []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own choice
	if err != nil {
		return fmt.Errorf("write the script: %w", err)
	}
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = fmt.Errorf("write the script: %w", closed)
		}
	}()
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("write the script: %w", err)
	}
	return nil
}
