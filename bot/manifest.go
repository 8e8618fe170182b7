package bot

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// DefaultCommand is the slash command of the manifest at the root of the repository.
const DefaultCommand = "/adsync"

// Manifest returns the Slack app's manifest as YAML, for Slack's "create an app from a manifest". The command is what
// people type, such as DefaultCommand; a second installation in the same workspace needs another one, because the app
// that was installed last silently wins a command's name.
//
// The app-level token (connections:write) is not part of a manifest; it is made by hand.
func Manifest(command string) ([]byte, error) {
	if err := validCommand(command); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("# The Slack app. Made by `adsyncbot manifest`; docs/scopes.md says why each scope is there.\n")
	if err := yaml.NewEncoder(&out, yaml.IndentSequence(true)).Encode(newManifest(command)); err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	return out.Bytes(), nil
}

// validCommand holds a command to Slack's rules: a slash, then 1 to 31 of lower-case letters, digits, _ and -.
func validCommand(command string) error {
	name, ok := strings.CutPrefix(command, "/")
	if !ok || name == "" || len(command) > 32 {
		return fmt.Errorf("command %q: want a slash and 1 to 31 characters", command)
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return fmt.Errorf("command %q: want lower-case letters, digits, - and _ after the slash", command)
		}
	}
	return nil
}

// manifest is Slack's app manifest, major version 1, as far as we use it.
type manifest struct {
	Metadata    manifestMetadata `yaml:"_metadata"`
	Display     manifestDisplay  `yaml:"display_information"`
	Features    manifestFeatures `yaml:"features"`
	OAuthConfig manifestOAuth    `yaml:"oauth_config"`
	Settings    manifestSettings `yaml:"settings"`
}

type manifestMetadata struct {
	Major int `yaml:"major_version"`
	Minor int `yaml:"minor_version"`
}

type manifestDisplay struct {
	Name            string `yaml:"name"`
	Description     string `yaml:"description"`
	LongDescription string `yaml:"long_description"`
	BackgroundColor string `yaml:"background_color"`
}

type manifestFeatures struct {
	AppHome       manifestHome      `yaml:"app_home"`
	BotUser       manifestBotUser   `yaml:"bot_user"`
	SlashCommands []manifestCommand `yaml:"slash_commands"`
}

type manifestHome struct {
	Home             bool `yaml:"home_tab_enabled"`
	Messages         bool `yaml:"messages_tab_enabled"`
	MessagesReadOnly bool `yaml:"messages_tab_read_only_enabled"`
}

type manifestBotUser struct {
	DisplayName  string `yaml:"display_name"`
	AlwaysOnline bool   `yaml:"always_online"`
}

type manifestCommand struct {
	Command     string `yaml:"command"`
	Description string `yaml:"description"`
	UsageHint   string `yaml:"usage_hint"`
	// Escaping would turn a server's name such as aadc01.example.com into a link before we see it.
	ShouldEscape bool `yaml:"should_escape"`
}

type manifestOAuth struct {
	Scopes manifestScopes `yaml:"scopes"`
}

type manifestScopes struct {
	Bot         []string `yaml:"bot"`
	BotOptional []string `yaml:"bot_optional"`
}

type manifestSettings struct {
	Events        manifestEvents        `yaml:"event_subscriptions"`
	Interactivity manifestInteractivity `yaml:"interactivity"`
	OrgDeploy     bool                  `yaml:"org_deploy_enabled"`
	SocketMode    bool                  `yaml:"socket_mode_enabled"`
	// Rotation would let the bot token expire every 12 hours.
	TokenRotation bool `yaml:"token_rotation_enabled"`
}

type manifestEvents struct {
	Bot []string `yaml:"bot_events"`
}

type manifestInteractivity struct {
	Enabled bool `yaml:"is_enabled"`
}

func newManifest(command string) manifest {
	var scopes manifestScopes
	for _, s := range Scopes() {
		if s.Optional {
			scopes.BotOptional = append(scopes.BotOptional, s.Name)
		} else {
			scopes.Bot = append(scopes.Bot, s.Name)
		}
	}
	return manifest{
		Metadata: manifestMetadata{Major: 1, Minor: 1},
		Display: manifestDisplay{
			Name:        "AD Sync",
			Description: "Start and watch Microsoft Entra Connect sync cycles from Slack",
			LongDescription: "Start a delta or full sync cycle of Microsoft Entra Connect (Azure AD Connect) from a channel, see it run, and read how it really ended: " +
				"the verdict comes from the server's own records, not from the fact that the start was accepted. Which channel may do what on which server is decided by your own configuration.",
			BackgroundColor: "#1f3a5f",
		},
		Features: manifestFeatures{
			AppHome: manifestHome{Home: true, Messages: true, MessagesReadOnly: true},
			BotUser: manifestBotUser{DisplayName: "adsync", AlwaysOnline: true},
			SlashCommands: []manifestCommand{{
				Command:     command,
				Description: "Start or look at an Entra Connect sync cycle",
				UsageHint:   "delta [server] | full [server] | status | history | servers | help",
			}},
		},
		OAuthConfig: manifestOAuth{Scopes: scopes},
		Settings: manifestSettings{
			// None of these events needs a scope beyond those above.
			Events:        manifestEvents{Bot: []string{"app_home_opened", "app_uninstalled", "channel_id_changed", "tokens_revoked"}},
			Interactivity: manifestInteractivity{Enabled: true},
			SocketMode:    true,
		},
	}
}
