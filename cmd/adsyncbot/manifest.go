package main

import (
	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/bot"
)

func manifestCommand(p *program) *cobra.Command {
	var command string
	c := &cobra.Command{
		Use:   "manifest",
		Short: "Print the manifest of the Slack app",
		Long:  "Prints the manifest to paste at https://api.slack.com/apps, Create New App, From a manifest. A second installation for tests needs a command of its own.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			m, err := bot.Manifest(command)
			if err != nil {
				return exit{exitUsage, err}
			}
			_, err = p.out.Write(m)
			return err
		},
	}
	c.Flags().StringVar(&command, "command", "/adsync", "the slash command")
	return c
}
