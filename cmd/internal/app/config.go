package app

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/jobs"
)

// Config is the configuration file. It holds references to secrets, never secrets.
type Config struct {
	Slack         SlackConfig             `yaml:"slack"`
	Store         string                  `yaml:"store"`
	Listen        string                  `yaml:"listen"`
	Contact       string                  `yaml:"contact"`
	Servers       map[string]ServerConfig `yaml:"servers"`
	Grants        []GrantConfig           `yaml:"grants"`
	Announcements []AnnouncementConfig    `yaml:"announcements"`
	Audit         AuditConfig             `yaml:"audit"`

	path string // of the file; relative paths are relative to its folder
}

// SlackConfig is the way to Slack.
type SlackConfig struct {
	AppToken SecretRef `yaml:"app_token"`
	BotToken SecretRef `yaml:"bot_token"`
	APIURL   string    `yaml:"api_url"`
}

// ServerConfig is one server.
type ServerConfig struct {
	Address  string    `yaml:"address"`
	Auth     string    `yaml:"auth"`
	Username string    `yaml:"username"`
	Password SecretRef `yaml:"password"`
	CAFile   string    `yaml:"ca_file"`
	TLSName  string    `yaml:"tls_name"`
	// Tenant is a word that servers of one tenant share, whose scheduler settings are one. Empty: this server's alone.
	Tenant string      `yaml:"tenant"`
	Admin  AdminConfig `yaml:"admin"` // of an account that may change them; without it, nobody pauses here
}

// AdminConfig is a second logon on the same server.
type AdminConfig struct {
	Username string    `yaml:"username"`
	Password SecretRef `yaml:"password"`
}

// GrantConfig is what one Slack channel may do.
type GrantConfig struct {
	Channel    string   `yaml:"channel"`
	Commands   []string `yaml:"commands"`
	Servers    []string `yaml:"servers"`
	Users      []string `yaml:"users"`
	UserGroups []string `yaml:"user_groups"`
	Objects    string   `yaml:"objects"`
	CoolDown   string   `yaml:"cool_down"` // such as 10m; none when empty
}

// coolDown is the length of the cool-down; 0 is none. What is no duration was refused before.
func (g GrantConfig) coolDown() time.Duration {
	d, _ := time.ParseDuration(g.CoolDown)
	return d
}

// What a grant's objects may say: who reads names of objects.
const (
	objectsAsker     = "asker" // who asks, in an answer that nobody else sees
	objectsInChannel = "channel"
)

// AnnouncementConfig is something posted on a cron schedule.
type AnnouncementConfig struct {
	Name     string   `yaml:"name"`
	Schedule string   `yaml:"schedule"`
	TimeZone string   `yaml:"time_zone"`
	Channel  string   `yaml:"channel"`
	Post     string   `yaml:"post"`
	Servers  []string `yaml:"servers"`
	Missed   string   `yaml:"missed"`
}

// AuditConfig says how long the audit is kept.
type AuditConfig struct {
	Keep string `yaml:"keep"` // days, such as 400d; everything when empty
}

// The defaults of what a file need not say.
const (
	DefaultStore  = "sqlite:adsyncbot.db"
	DefaultListen = "127.0.0.1:9464"
	DefaultZone   = "UTC"
)

// LoadConfig reads and checks a configuration file. Everything that is wrong with it comes back at once, as a ProblemsError.
func LoadConfig(path string) (*Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return ParseConfig(path, data)
}

// ParseConfig is LoadConfig for a file's content.
func ParseConfig(path string, data []byte) (*Config, error) {
	doc, err := readDocument(path, data)
	if err != nil {
		return nil, err
	}
	c := &Config{path: path, Store: DefaultStore, Listen: DefaultListen}
	if err := yaml.Unmarshal(data, c); err != nil {
		return nil, doc.decodeError(err)
	}
	c.validate(doc)
	return c, doc.err()
}

// file returns a path of the configuration as the program opens it.
func (c *Config) file(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.path), path)
}

// StoreURL returns the store's address with the path of a SQLite file made absolute.
func (c *Config) StoreURL() (string, error) {
	path, ok := strings.CutPrefix(c.Store, "sqlite:")
	if !ok {
		return c.Store, nil
	}
	abs, err := filepath.Abs(c.file(path))
	if err != nil {
		return "", fmt.Errorf("store %s: %w", c.Store, err)
	}
	return "sqlite:" + abs, nil
}

// ServerNames returns the names of all servers in order.
func (c *Config) ServerNames() []string {
	names := make([]string, 0, len(c.Servers))
	for name := range c.Servers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// expand returns the servers that a list of names and "*" means.
func (c *Config) expand(servers []string) []string {
	if slices.Contains(servers, commands.Everything) {
		return c.ServerNames()
	}
	return servers
}

// host is the server's DNS name: people may type that instead of the short name.
func (s ServerConfig) host() string {
	u, err := url.Parse(s.Address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Snapshot returns what commands needs to know, for one Slack team.
func (c *Config) Snapshot(team string) *commands.Snapshot {
	s := &commands.Snapshot{Team: team, Contact: c.Contact}
	for _, name := range c.ServerNames() {
		s.Servers = append(s.Servers, commands.ServerInfo{
			Name: name, Host: c.Servers[name].host(), Scope: c.scope(name), Admin: c.Servers[name].Admin.Username != "",
		})
	}
	for i, g := range c.Grants {
		s.Grants = append(s.Grants, commands.Grant{
			Name: fmt.Sprintf("grants[%d]", i), Channel: g.Channel, Commands: g.Commands,
			Servers: g.Servers, Users: g.Users, UserGroups: g.UserGroups, Objects: g.Objects == objectsInChannel,
			CoolDown: g.coolDown(),
		})
	}
	return s
}

// scope is what the scheduler's settings of a server belong to.
func (c *Config) scope(server string) string {
	if t := c.Servers[server].Tenant; t != "" {
		return "tenant " + t
	}
	return "server " + server
}

// Schedules returns the announcements as jobs takes them.
func (c *Config) Schedules(team string) []jobs.Announcement {
	out := make([]jobs.Announcement, 0, len(c.Announcements))
	for _, a := range c.Announcements {
		out = append(out, jobs.Announcement{
			Name: a.Name, Spec: a.Schedule, Zone: a.zone(), Post: jobs.Post(a.Post),
			Audience: executor.Audience{Team: team, Channel: a.Channel},
			Servers:  c.expand(a.Servers), RunOnce: a.Missed != "skip",
		})
	}
	return out
}

func (a AnnouncementConfig) zone() string {
	if a.TimeZone == "" {
		return DefaultZone
	}
	return a.TimeZone
}
