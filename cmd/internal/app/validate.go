package app

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/jobs"
)

// minDeltaInterval is the shortest interval that Entra Connect supports for automatic cycles.
const minDeltaInterval = 30 * time.Minute

// validate notes everything that is wrong with the values.
func (c *Config) validate(d *document) {
	c.validateSlack(d)
	c.validateStore(d)
	for _, name := range c.ServerNames() {
		c.validateServer(d, name)
	}
	if len(c.Servers) == 0 {
		d.addf("servers", "at least one server is needed")
	}
	seen := map[string]int{}
	for i, g := range c.Grants {
		c.validateGrant(d, fmt.Sprintf("grants[%d]", i), g)
		key := fmt.Sprintf("%q", g)
		if j, ok := seen[key]; ok {
			d.addf(fmt.Sprintf("grants[%d]", i), "says the same as grants[%d]", j)
		}
		seen[key] = i
	}
	names := map[string]bool{}
	for i, a := range c.Announcements {
		at := fmt.Sprintf("announcements[%d]", i)
		if a.Name != "" && names[a.Name] {
			d.addf(at+".name", "%q stands twice: a schedule is known by its name", a.Name)
		}
		names[a.Name] = true
		c.validateAnnouncement(d, at, a)
	}
	if _, err := c.Audit.keep(); err != nil {
		d.addf("audit.keep", "%v", err)
	}
}

func (c *Config) validateSlack(d *document) {
	for path, ref := range map[string]SecretRef{"slack.app_token": c.Slack.AppToken, "slack.bot_token": c.Slack.BotToken} {
		if ref == "" {
			d.addf(path, "is needed, for example env:%s", strings.ToUpper(strings.ReplaceAll(path, ".", "_")))
		} else if err := ref.check(); err != nil {
			d.addf(path, "%v", err)
		}
	}
	if u := c.Slack.APIURL; u != "" {
		p, err := url.Parse(u)
		if err != nil || p.Host == "" || !strings.HasSuffix(p.Path, "/") || (p.Scheme != "https" && p.Scheme != "http") {
			d.addf("slack.api_url", "must be an http(s) address that ends in a slash, such as https://slack.com/api/")
		} else if p.Scheme == "http" && !loopback(p.Hostname()) {
			d.addf("slack.api_url", "plain http would show the bot token to the network; it is allowed for this machine only")
		}
	}
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (c *Config) validateStore(d *document) {
	switch {
	case strings.HasPrefix(c.Store, "sqlite:") && len(c.Store) > len("sqlite:"):
	case strings.HasPrefix(c.Store, "postgres://"), strings.HasPrefix(c.Store, "postgresql://"):
		u, err := url.Parse(c.Store)
		if err != nil {
			d.addf("store", "is not a valid postgres:// address")
			return
		}
		if _, has := u.User.Password(); has {
			d.addf("store", "a password must not stand in the file: use PGPASSFILE, a service file or a client certificate")
		}
	default:
		d.addf("store", "must be sqlite:<file> or postgres://user@host/database")
	}
}

// serverName is what a short name may look like: people type it, and it stands in logs and file names.
func serverName(name string) bool {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`).MatchString(name)
}

func (c *Config) validateServer(d *document, name string) {
	at, s := "servers."+name, c.Servers[name]
	if !serverName(name) {
		d.addf(at, "a server's short name is made of small letters, digits and hyphens (at most 31)")
	}
	if why, bad := commands.ReservedName(name); bad {
		d.addf(at, "the name is reserved: %s", why)
	}
	if s.Tenant != "" && !serverName(s.Tenant) {
		d.addf(at+".tenant", "a tenant's word is made of small letters, digits and hyphens (at most 31)")
	}
	if s.Address == "local:" {
		if s.Auth != "" || s.Username != "" || s.Password != "" || s.CAFile != "" || s.TLSName != "" {
			d.addf(at, "local: is this machine itself and takes no auth, username, password, ca_file or tls_name")
		}
		if s.Admin != (AdminConfig{}) {
			d.addf(at+".admin", "local: is this machine itself and takes no second logon")
		}
		return
	}
	u, err := url.Parse(s.Address)
	if err != nil || u.Hostname() == "" || u.Port() == "" || u.User != nil || (u.Path != "" && u.Path != "/") || (u.Scheme != "https" && u.Scheme != "http") {
		d.addf(at+".address", "must be https://host:5986, http://host:5985 or local:")
		return
	}
	if u.Scheme == "http" && s.Auth != "ntlm" {
		d.addf(at+".address", "plain http is refused: only ntlm seals what it sends, anything else would show credentials and commands to the network; use ntlm, or https://%s:5986", u.Hostname())
	}
	if u.Scheme == "http" && (s.CAFile != "" || s.TLSName != "") {
		d.addf(at, "ca_file and tls_name belong to https")
	}
	c.validateLogon(d, at, s)
}

func (c *Config) validateLogon(d *document, at string, s ServerConfig) {
	switch s.Auth {
	case "basic", "ntlm":
	case "kerberos", "certificate":
		d.addf(at+".auth", "%s is not in this version; use ntlm or basic over https", s.Auth)
	default:
		d.addf(at+".auth", "must be ntlm or basic")
	}
	if s.Username == "" {
		d.addf(at+".username", "is needed")
	}
	if s.Password == "" {
		d.addf(at+".password", "is needed, for example file:/run/secrets/%s", strings.TrimPrefix(at, "servers."))
	} else if err := s.Password.check(); err != nil {
		d.addf(at+".password", "%v", err)
	}
	if s.Admin != (AdminConfig{}) {
		if s.Admin.Username == "" {
			d.addf(at+".admin.username", "is needed")
		} else if strings.EqualFold(s.Admin.Username, s.Username) {
			d.addf(at+".admin.username", "must be another account than username: only pause and resume may use it")
		}
		if s.Admin.Password == "" {
			d.addf(at+".admin.password", "is needed, as a reference")
		} else if err := s.Admin.Password.check(); err != nil {
			d.addf(at+".admin.password", "%v", err)
		}
	}
	if s.CAFile != "" {
		if _, err := os.Stat(c.file(s.CAFile)); err != nil {
			d.addf(at+".ca_file", "cannot be read: %v", err)
		}
	}
}

// slackID reports whether id is a Slack id with one of the given first letters. Names change; ids are what grants go by.
func slackID(id, letters string) bool {
	return regexp.MustCompile(`^[` + letters + `][A-Z0-9]{2,}$`).MatchString(id)
}

func (c *Config) validateGrant(d *document, at string, g GrantConfig) {
	if !slackID(g.Channel, "CG") {
		d.addf(at+".channel", "must be a channel's id such as C0HELPDESK (in Slack: the channel's name, About, at the bottom); names change")
	}
	if len(g.Commands) == 0 {
		d.addf(at+".commands", "is needed: a grant without commands grants nothing")
	}
	known := commands.Grantable()
	for i, word := range g.Commands {
		path := fmt.Sprintf("%s.commands[%d]", at, i)
		if word == "*" {
			continue
		}
		if !slices.Contains(known, word) {
			d.addf(path, "%s", unknownWord("command", word, known))
		}
	}
	if len(g.Servers) == 0 {
		d.addf(at+".servers", `is needed: name servers, or "*" for all`)
	}
	c.validateServers(d, at, g.Servers)
	validateObjects(d, at, g.Objects)
	validateCoolDown(d, at, g)
	for i, u := range g.Users {
		if !slackID(u, "UW") {
			d.addf(fmt.Sprintf("%s.users[%d]", at, i), "must be a user's id such as U012ABCDEF (profile, ⋮, Copy member ID)")
		}
	}
	for i, u := range g.UserGroups {
		if !slackID(u, "S") {
			d.addf(fmt.Sprintf("%s.user_groups[%d]", at, i), "must be a user group's id such as S012ABCDEF")
		}
	}
}

// validateCoolDown refuses a cool-down that is none, one that nothing keeps to, and a force that overrides nothing.
func validateCoolDown(d *document, at string, g GrantConfig) {
	if g.CoolDown == "" {
		return
	}
	length, err := time.ParseDuration(g.CoolDown)
	switch {
	case err != nil || length < time.Minute || length > commands.LongestCoolDown:
		d.addf(at+".cool_down", "must be a duration from 1m to %s, such as 10m or 1h30m", commands.LongestCoolDown)
	case !slices.Contains(commands.Given(g.Commands), string(commands.Delta)):
		d.addf(at+".cool_down", "keeps deltas apart, and this grant gives none")
	}
}

func validateObjects(d *document, at, objects string) {
	switch objects {
	case "", objectsAsker, objectsInChannel:
	default:
		d.addf(at+".objects", "%s", unknownWord("place", objects, []string{objectsAsker, objectsInChannel}))
	}
}

func (c *Config) validateServers(d *document, at string, servers []string) {
	for i, name := range servers {
		if _, ok := c.Servers[name]; name != "*" && !ok {
			d.addf(fmt.Sprintf("%s.servers[%d]", at, i), "%s", unknownWord("server", name, c.ServerNames()))
		}
	}
}

func (c *Config) validateAnnouncement(d *document, at string, a AnnouncementConfig) {
	if a.Name == "" {
		d.addf(at+".name", "is needed")
	}
	if !slackID(a.Channel, "CG") {
		d.addf(at+".channel", "must be a channel's id such as C0REPORTS")
	}
	plan, err := jobs.ParsePlan(a.Schedule, a.zone())
	if err != nil {
		d.addf(at+".schedule", "%v", err)
	}
	switch jobs.Post(a.Post) {
	case jobs.PostStatus:
	case jobs.PostDelta:
		if err == nil && plan.Shortest() < minDeltaInterval {
			d.addf(at+".schedule", "a delta more often than every 30 minutes is not supported by Entra Connect; people may ask for one at any time")
		}
	case "full", "initial":
		d.addf(at+".post", "a schedule never starts a full cycle")
	default:
		d.addf(at+".post", "must be status or delta")
	}
	if len(a.Servers) == 0 {
		d.addf(at+".servers", `is needed: name servers, or "*" for all`)
	}
	c.validateServers(d, at, a.Servers)
	if a.Missed != "" && a.Missed != "run-once" && a.Missed != "skip" {
		d.addf(at+".missed", "must be run-once (made up for once) or skip (mentioned in the next one)")
	}
}

func unknownWord(what, word string, known []string) string {
	if near, ok := commands.Nearest(word, known); ok {
		return fmt.Sprintf("unknown %s %q; did you mean %s?", what, word, near)
	}
	return fmt.Sprintf("unknown %s %q; known: %s", what, word, strings.Join(known, ", "))
}
