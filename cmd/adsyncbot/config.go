package main

import (
	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
)

func configCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Explain the configuration file"}
	c.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Check the file, say what each channel may do, and warn of what is risky",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			return cfg.Explain(p.out)
		},
	}, &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of the file for editors",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := p.out.Write(app.Schema())
			return err
		},
	})
	return c
}
