package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// administrator is how the bot changes settings on the servers that have an admin credential: all but aadc01.
const (
	administrator, administratorPassword = `CORP\adm-adsync`, "correct-horse-admin"
)

// account is how the bot logs on to every server.
const account, password = `CORP\svc-adsync`, "correct-horse-battery"

// The tokens of the app.
const appToken, botToken = "xapp-simulated", "xoxb-simulated" //nolint:gosec // of the simulated workspace

func tokens() slacksim.App { return slacksim.App{AppToken: appToken, BotToken: botToken} }

// Secrets returns the environment variables that the configuration refers to; they are the same in every world.
func Secrets() map[string]string {
	return map[string]string{"SLACK_APP_TOKEN": appToken, "SLACK_BOT_TOKEN": botToken, "ADSYNC_PASSWORD": password, "ADSYNC_ADMIN_PASSWORD": administratorPassword}
}

// Places returns where things are in this world, for configurations that a test writes itself: SLACK_URL, and for a
// server aadc01 AADC01_URL and AADC01_CA.
func (w *World) Places() map[string]string {
	out := map[string]string{"SLACK_URL": w.Slack.URL()}
	for name, s := range w.Servers {
		out[strings.ToUpper(name)+"_URL"] = "https://" + s.Wire.Address()
		out[strings.ToUpper(name)+"_CA"] = w.ca(name)
	}
	return out
}

// ca is the file with the certificate of the authority that signed a server's.
func (w *World) ca(name string) string { return filepath.Join(w.options.Dir, name+".pem") }

// WriteConfig writes the configuration that leads here, with store and further YAML, and returns its path.
func (w *World) WriteConfig(store, more string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "slack:\n  app_token: env:SLACK_APP_TOKEN\n  bot_token: env:SLACK_BOT_TOKEN\n  api_url: %s\n", w.Slack.URL())
	fmt.Fprintf(&b, "store: %s\nlisten: 127.0.0.1:0\ncontact: the identity team\nservers:\n", store)
	for _, name := range w.names() {
		s := w.Servers[name]
		if err := os.WriteFile(w.ca(name), s.Wire.CAPEM(), 0o600); err != nil {
			return "", fmt.Errorf("write the authority of %s: %w", name, err)
		}
		fmt.Fprintf(&b, "  %s:\n    address: https://%s\n    auth: %s\n    username: %s\n    password: env:ADSYNC_PASSWORD\n    ca_file: %s\n    tls_name: %s\n",
			name, s.Wire.Address(), w.options.Auth, account, w.ca(name), name)
		if name != "aadc01" {
			fmt.Fprintf(&b, "    admin:\n      username: %s\n      password: env:ADSYNC_ADMIN_PASSWORD\n", administrator)
		}
	}
	b.WriteString(grants)
	b.WriteString(more)
	path := filepath.Join(w.options.Dir, "adsyncbot.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	return path, nil
}

func (w *World) names() []string {
	names := make([]string, 0, len(w.Servers))
	for name := range w.Servers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const grants = `grants:
  - channel: C0HELPDESK
    commands: [delta, status, history]
    servers: [aadc01]
  - channel: C0IDENTITY
    commands: ["*"]
    servers: ["*"]
    user_groups: [S0IDADMINS]
  - channel: C0SHARED
    commands: [delta]
    servers: [aadc01]
  - channel: C0QUIET
    commands: [delta]
    servers: [aadc01]
  - channel: C0PRIVATE
    commands: [delta]
    servers: [aadc01]
  - channel: C0IDENTITY
    commands: [stop, pause, resume]
    servers: ["*"]
    user_groups: [S0IDADMINS]
`
