package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
)

// logging is how a command logs.
type logging struct{ level, format string }

func (l *logging) flags(c *cobra.Command, level string) {
	c.Flags().StringVar(&l.level, "log-level", level, "debug, info, warn or error")
	c.Flags().StringVar(&l.format, "log-format", "json", "json or text")
}

func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return nil, exit{exitUsage, fmt.Errorf("--log-level %s: must be debug, info, warn or error", l.level)}
	}
	opts := &slog.HandlerOptions{Level: level}
	switch l.format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	}
	return nil, exit{exitUsage, fmt.Errorf("--log-format %s: must be json or text", l.format)}
}

func serveCommand(p *program) *cobra.Command {
	var l logging
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot",
		Long:  "Runs the bot until SIGTERM or Ctrl-C. Running cycles are kept: the next start follows them to their end.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := l.logger(p.errOut)
			if err != nil {
				return err
			}
			cfg, err := p.load()
			if err != nil {
				return err
			}
			return served(cmd.Context(), app.Serve(cmd.Context(), cfg, app.Options{}, log))
		},
	}
	l.flags(c, "info")
	return c
}

// served sorts why the bot has stopped.
func served(ctx context.Context, err error) error {
	switch {
	case err == nil, ctx.Err() != nil && errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, app.ErrInUse):
		return exit{exitRefused, err}
	}
	_, token := errors.AsType[*bot.TokenError](err)
	_, secret := errors.AsType[*app.SecretError](err)
	if token || secret || errors.Is(err, app.ErrTraces) {
		return exit{exitUsage, err}
	}
	return exit{exitBad, err}
}
