package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/adsyncbot/adsyncbot/bot"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// Level is how a check came out.
type Level string

// The levels.
const (
	Good Level = "ok"
	Note Level = "note"
	Bad  Level = "FAIL"
)

// Finding is what one check found, and what mends it.
type Finding struct {
	Level Level
	What  string
	Says  string
	Mend  string // commands or steps, one a line
}

// checker reports findings as they come.
type checker struct {
	cfg    *Config
	report func(Finding)
	log    *slog.Logger
}

func (c *checker) ok(what, format string, args ...any) {
	c.report(Finding{Good, what, fmt.Sprintf(format, args...), ""})
}

func (c *checker) note(what, says, mend string) { c.report(Finding{Note, what, says, mend}) }

func (c *checker) bad(what, says, mend string) { c.report(Finding{Bad, what, says, mend}) }

// Check tries everything the bot needs, step by step, and changes nothing but what is remembered of refused passwords:
// asking for a check is how an operator lets one be tried again.
func Check(ctx context.Context, cfg *Config, servers []string, report func(Finding), log *slog.Logger) error {
	c := &checker{cfg, report, log}
	if len(servers) == 0 {
		c.slack(ctx)
		servers = cfg.ServerNames()
	}
	st, err := cfg.OpenStore(ctx, store.Beside, "check", time.Now, log)
	if err != nil {
		c.bad("store", err.Error(), "")
		return nil
	}
	defer func() { _ = st.Close() }()
	c.ok("store", "%s, migrated", st.Kind())
	lockout := winrm.NewLockout(ledger{st})
	runners, closeRunners, err := cfg.runners(ctx, lockout, nil, log)
	if err != nil {
		return err
	}
	defer closeRunners()
	admins, closeAdmins, err := cfg.admins(ctx, lockout, nil, log)
	if err != nil {
		return err
	}
	defer closeAdmins()
	ex := executor.New(runners, log)
	second := executor.New(admins, log)
	for _, name := range servers {
		if err := c.server(ctx, name, ex, lockout); err != nil {
			return err
		}
		if err := c.admin(ctx, name, second, lockout); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) slack(ctx context.Context) {
	client, err := c.cfg.SlackClient(ctx, nil, c.log)
	if err != nil {
		c.bad("slack tokens", err.Error(), "")
		return
	}
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	id, err := client.Identify(limited, bot.Clock{})
	if err != nil {
		c.bad("slack bot token", err.Error(), "")
		return
	}
	c.ok("slack bot token", "app %s in %s (%s)", id.App, id.TeamName, id.Team)
	if err := client.InspectAppToken(limited); err != nil {
		c.bad("slack app token", err.Error(), "Basic Information, App-Level Tokens: one with the scope connections:write")
	} else {
		c.ok("slack app token", "opens Socket Mode connections")
	}
	seen := map[string]bool{}
	check := func(channel, from string) {
		if !seen[channel] {
			seen[channel] = true
			c.channel(limited, client, channel, from)
		}
	}
	for i, g := range c.cfg.Grants {
		check(g.Channel, fmt.Sprintf("grants[%d]", i))
	}
	for _, a := range c.cfg.Announcements {
		check(a.Channel, "announcement "+a.Name)
	}
}

func (c *checker) channel(ctx context.Context, client *bot.Client, channel, from string) {
	what := fmt.Sprintf("channel %s (%s)", channel, from)
	p, err := client.InspectChannel(ctx, channel)
	switch {
	case err != nil:
		c.bad(what, err.Error(), "a private channel is not seen before the bot is in it: /invite @adsync there")
	case !p.Member:
		c.bad(what, "#"+p.Name+": the bot is not in it and cannot post", "in that channel: /invite @adsync")
	case p.Shared:
		c.bad(what, "#"+p.Name+" is shared with another organisation: commands from there are refused", "use a channel of your own")
	default:
		c.ok(what, "#%s, the bot is in it", p.Name)
	}
}

// explained is an error in people's words, for a terminal.
func explained(err error) (says, mend string) {
	e := commands.Explain(err, "")
	plain := commands.Plain{}
	says = plain.Text(e.Cause)
	if e.Detail != "" {
		says += " | " + e.Detail
	}
	return says, plain.Text(e.Next)
}
