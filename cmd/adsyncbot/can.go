package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/commands"
)

func canCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "can <user> <channel> <command> [server]",
		Short: "Say whether somebody may do something, and by which rule",
		Long: `Asks Slack about the person and the channel (both by id), decides as the bot would, and prints the deciding rule. Exit code
0: allowed, 3: denied.`,
		Example: "  adsyncbot can U012ABCDEF C0HELPDESK delta aadc01",
		Args:    cobra.RangeArgs(3, 4),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			cfg, err := p.load()
			if err != nil {
				return err
			}
			server := ""
			if len(args) == 4 {
				server = args[3]
				if names := cfg.ServerNames(); !slices.Contains(names, server) {
					return exit{exitUsage, fmt.Errorf("no server %q in the configuration; there are: %s", server, strings.Join(names, ", "))}
				}
			}
			command, err := parseCommand(args[2])
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(p.errOut, nil))
			client, err := cfg.SlackClient(ctx, nil, log)
			if err != nil {
				return exit{exitUsage, err}
			}
			id, err := client.Identify(ctx, bot.Clock{})
			if err != nil {
				return exit{exitUnknown, err}
			}
			snapshot := cfg.Snapshot(id.Team)
			who := client.Caller(ctx, id.Team, args[0], args[1], snapshot.Groups(), log)
			return p.tell(commands.Allow(snapshot.Grants, id.Team, who, command, server))
		},
	}
}

func parseCommand(word string) (commands.Command, error) {
	c := commands.Command(strings.ToLower(word))
	if c == "initial" {
		c = commands.Full
	}
	if !c.Exists() && c != commands.Force {
		return "", exit{exitUsage, fmt.Errorf("unknown command %q; there are: %s", word, strings.Join(commands.Grantable(), ", "))}
	}
	return c, nil
}

func (p *program) tell(d commands.Decision) error {
	word := "denied"
	if d.Allowed {
		word = "allowed"
	}
	if _, err := fmt.Fprintf(p.out, "%s: %s\n", word, d.Rule); err != nil {
		return err
	}
	if !d.Allowed {
		return exit{code: exitRefused}
	}
	return nil
}
