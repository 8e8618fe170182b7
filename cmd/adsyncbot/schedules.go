package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/executor/jobs"
)

func schedulesCommand(p *program) *cobra.Command {
	var n int
	c := &cobra.Command{
		Use:   "schedules",
		Short: "Show when each announcement fires next",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := p.load()
			if err != nil {
				return err
			}
			if len(cfg.Announcements) == 0 {
				_, err := fmt.Fprintln(p.out, "No announcements are configured.")
				return err
			}
			return p.printSchedules(cfg.Schedules(""), n, time.Now())
		},
	}
	c.Flags().IntVarP(&n, "number", "n", 3, "how many fires to show per announcement")
	return c
}

func (p *program) printSchedules(list []jobs.Announcement, n int, now time.Time) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, a := range list {
		missed := "a missed fire is mentioned in the next one"
		if a.RunOnce {
			missed = "a missed fire is made up for once"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s in %s\t%s on %s to %s; %s\n", a.Name, a.Spec, a.Zone, a.Post, strings.Join(a.Servers, ", "), a.Audience.Channel, missed)
		fires, err := a.NextFires(now, n)
		if err != nil {
			return exit{exitUsage, err}
		}
		zone, err := time.LoadLocation(a.Zone)
		if err != nil {
			return exit{exitUsage, err}
		}
		for _, f := range fires {
			_, _ = fmt.Fprintf(w, "\t%s\t%s\n", f.In(zone).Format("Mon 2006-01-02 15:04 MST"), f.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	return w.Flush()
}
