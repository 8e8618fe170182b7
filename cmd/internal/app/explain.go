package app

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/adsyncbot/adsyncbot/commands"
)

// Explain writes what the configuration means: what each channel may do on which server, and what is risky.
func (c *Config) Explain(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "The configuration is valid.\n\nServers\n")
	for _, name := range c.ServerNames() {
		s := c.Servers[name]
		how := "this machine itself"
		if s.Address != "local:" {
			how = fmt.Sprintf("%s as %s (%s)", s.Address, s.Username, s.Auth)
		}
		if s.Tenant != "" {
			how += ", of the tenant " + s.Tenant
		}
		_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, how)
		if s.Admin.Username != "" {
			_, _ = fmt.Fprintf(t, "  \tpause and resume as %s\n", s.Admin.Username)
		}
	}
	_, _ = fmt.Fprintf(t, "\nWho may do what (everything else is denied)\n")
	for i, g := range c.Grants {
		_, _ = fmt.Fprintf(t, "  grants[%d]\tin %s\t%s\tmay %s\ton %s%s\n", i, g.Channel, who(g), may(g), strings.Join(c.expand(g.Servers), ", "), apart(g))
	}
	if len(c.Grants) == 0 {
		_, _ = fmt.Fprintln(t, "  nobody: there are no grants")
	}
	if len(c.Announcements) > 0 {
		_, _ = fmt.Fprintf(t, "\nAnnouncements (adsyncbot schedules shows when)\n")
	}
	for _, a := range c.Announcements {
		_, _ = fmt.Fprintf(t, "  %s\t%s in %s\t%s on %s\tto %s\n", a.Name, a.Schedule, a.zone(), a.Post, strings.Join(c.expand(a.Servers), ", "), a.Channel)
	}
	_, _ = fmt.Fprintf(t, "\nAudit\n  %s\n", c.Audit.says())
	if warnings := c.warnings(); len(warnings) > 0 {
		_, _ = fmt.Fprintf(t, "\nRisky\n")
		for _, text := range warnings {
			_, _ = fmt.Fprintf(t, "  %s\n", text)
		}
	}
	return t.Flush()
}

// apart says how far apart a grant keeps deltas.
func apart(g GrantConfig) string {
	if g.coolDown() == 0 {
		return ""
	}
	return fmt.Sprintf(", %d min at least after the cycle before", int(g.coolDown().Round(time.Minute).Minutes()))
}

func who(g GrantConfig) string {
	if len(g.Users)+len(g.UserGroups) == 0 {
		return "everybody"
	}
	return strings.Join(slices.Concat(g.Users, g.UserGroups), ", ")
}

func may(g GrantConfig) string {
	if slices.Contains(g.Commands, "*") {
		return strings.Join(commands.Given(g.Commands), ", ")
	}
	return strings.Join(g.Commands, ", ")
}

// warnings lists what is allowed but should be a decision.
func (c *Config) warnings() []string {
	var out []string
	for i, g := range c.Grants {
		everybody := len(g.Users)+len(g.UserGroups) == 0
		full := slices.Contains(g.Commands, "*") || slices.Contains(g.Commands, "full")
		if everybody && full {
			out = append(out, fmt.Sprintf("grants[%d]: everybody in %s may start a full cycle, which can take hours: name users or user_groups", i, g.Channel))
		}
		if g.Objects == objectsInChannel {
			out = append(out, fmt.Sprintf("grants[%d]: results in %s may name people whose objects have errors, to everybody who can read the channel, and are kept with the cycle", i, g.Channel))
		}
		if everybody && slices.Contains(g.Servers, "*") && len(c.Servers) > 1 {
			out = append(out, fmt.Sprintf(`grants[%d]: everybody in %s reaches every server, those added later too ("*")`, i, g.Channel))
		}
	}
	for _, name := range c.ServerNames() {
		s := c.Servers[name]
		if s.Admin.Username != "" && s.Tenant == "" && len(c.Servers) > 1 {
			out = append(out, fmt.Sprintf("servers.%s: a pause reaches every server of its tenant, and without tenant the bot does not know which those are", name))
		}
		if s.Auth == "basic" {
			out = append(out, fmt.Sprintf("servers.%s: Basic hands the password itself to the server; prefer ntlm", name))
		}
		if strings.HasPrefix(s.Address, "http://") {
			out = append(out, fmt.Sprintf("servers.%s: over plain http nothing proves the server before the logon, and who records it can guess at a weak password; prefer https", name))
		}
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && !loopback(host) {
		out = append(out, fmt.Sprintf("listen: /metrics and /readyz at %s name servers and tell whoever can reach them", c.Listen))
	}
	if len(c.Grants) > 0 && c.Contact == "" {
		out = append(out, "contact is not set: refusals cannot say whom to ask")
	}
	return out
}
