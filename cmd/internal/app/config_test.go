package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

const good = `slack:
  app_token: env:SLACK_APP_TOKEN
  bot_token: env:SLACK_BOT_TOKEN
store: sqlite:adsyncbot.db
listen: 127.0.0.1:9464
contact: "#identity-team"
servers:
  aadc01:
    address: https://aadc01.corp.example:5986
    auth: ntlm
    username: CORP\svc-adsync
    password: file:/run/secrets/aadc01
  here:
    address: "local:"
grants:
  - channel: C0HELPDESK
    commands: [delta, status, history]
    servers: [aadc01]
  - channel: C0IDENTITY
    commands: ["*"]
    servers: ["*"]
    user_groups: [S0IDADMINS]
announcements:
  - name: morning
    schedule: "0 9 * * MON-FRI"
    time_zone: Europe/London
    channel: C0REPORTS
    post: status
    servers: ["*"]
    missed: run-once
audit:
  keep: 400d
`

func TestConfigIsRead(t *testing.T) {
	c, err := ParseConfig("/etc/adsyncbot/adsyncbot.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if url, _ := c.StoreURL(); url != "sqlite:/etc/adsyncbot/adsyncbot.db" {
		t.Errorf("store: %s is not relative to the file", url)
	}
	s := c.Snapshot("T1")
	if len(s.Servers) != 2 || s.Servers[0].Name != "aadc01" || s.Servers[0].Host != "aadc01.corp.example" {
		t.Errorf("servers: %+v", s.Servers)
	}
	a := c.Schedules("T1")
	if len(a) != 1 || strings.Join(a[0].Servers, " ") != "aadc01 here" || !a[0].RunOnce || a[0].Audience.Team != "T1" {
		t.Errorf("announcements: %+v", a)
	}
}

func TestConfigAllowsSealedHTTP(t *testing.T) {
	text := strings.Replace(good, "https://aadc01.corp.example:5986", "http://aadc01.corp.example:5985", 1)
	c, err := ParseConfig("adsyncbot.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, closeAll, err := c.runners(t.Context(), winrm.NewLockout(nil), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("the runner refuses what the configuration allows: %v", err)
	}
	closeAll()
}

func TestConfigRefuses(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"an unknown key, with its place and the nearest one", "  app_token:", "  app_tokn:", "adsyncbot.yaml:2:3: slack.app_tokn: unknown key; did you mean app_token?"},
		{"a key that is not enforced yet", "    servers: [aadc01]\n", "    servers: [aadc01]\n    approve: {by: 1}\n", "adsyncbot.yaml:19:5: grants[0].approve: approval by a second person is not enforced"},
		{"a secret in the clear", "file:/run/secrets/aadc01", "hunter2", "servers.aadc01.password: a secret must not stand in the file"},
		{"a token in the clear", "env:SLACK_BOT_TOKEN", "xoxb-123-456", "slack.bot_token: a secret must not stand in the file"},
		{"an unknown server in a grant", "servers: [aadc01]", "servers: [aadc1]", `grants[0].servers[0]: unknown server "aadc1"; did you mean aadc01?`},
		{"an unknown command in a grant", "[delta, status, history]", "[delta, statsu]", `grants[0].commands[1]: unknown command "statsu"; did you mean status?`},
		{"a command of a later version", "[delta, status, history]", "[delta, watch]", "grants[0].commands[1]: unknown command"},
		{"a cool-down that is none", "    servers: [aadc01]\n", "    servers: [aadc01]\n    cool_down: 10\n", "grants[0].cool_down: must be a duration from 1m to 24h0m0s"},
		{"a cool-down that keeps nothing apart", "[delta, status, history]\n    servers: [aadc01]\n", "[status]\n    servers: [aadc01]\n    cool_down: 10m\n", "grants[0].cool_down: keeps deltas apart, and this grant gives none"},
		{"an admin without a password", "    auth: ntlm\n", "    auth: ntlm\n    admin:\n      username: CORP\\adm\n", "servers.aadc01.admin.password: is needed, as a reference"},
		{"Basic over http", "https://aadc01.corp.example:5986\n    auth: ntlm", "http://aadc01.corp.example:5985\n    auth: basic", "servers.aadc01.address: plain http is refused: only ntlm seals"},
		{"no way to log on over http", "https://aadc01.corp.example:5986\n    auth: ntlm", "http://aadc01.corp.example:5985", "servers.aadc01.address: plain http is refused"},
		{"an authority for plain http", "https://aadc01.corp.example:5986", "http://aadc01.corp.example:5985\n    ca_file: config_test.go", "servers.aadc01: ca_file and tls_name belong to https"},
		{"an unknown way to log on", "auth: ntlm", "auth: digest", "servers.aadc01.auth: must be ntlm or basic"},
		{"a reserved name", "  here:\n", "  status:\n", "servers.status: the name is reserved"},
		{"a server twice", "  here:\n", "  aadc01:\n", `mapping key "aadc01" already defined at [8:3]`},
		{"a channel by name", "C0HELPDESK", "helpdesk", "grants[0].channel: must be a channel's id"},
		{"a schedule that never fires", "0 9 * * MON-FRI", "0 9 31 2 *", "announcements[0].schedule:"},
		{"a schedule in no zone", "Europe/London", "Europe/Lundon", "announcements[0].schedule:"},
		{"a scheduled full", "post: status", "post: full", "announcements[0].post: a schedule never starts a full"},
		{"a delta too often", "\"0 9 * * MON-FRI\"\n    time_zone: Europe/London\n    channel: C0REPORTS\n    post: status", "\"*/10 * * * *\"\n    channel: C0REPORTS\n    post: delta", "announcements[0].schedule: a delta more often"},
		{"a password in the store's address", "sqlite:adsyncbot.db", "postgres://bot:hunter2@db/adsync", "store: a password must not stand in the file"},
		{"an address without a port", "https://aadc01.corp.example:5986", "https://aadc01.corp.example", "servers.aadc01.address: must be https://host:5986"},
		{"credentials for this machine", `    address: "local:"`, "    address: \"local:\"\n    auth: ntlm", "servers.here: local: is this machine itself"},
		{"a list where a value belongs", "listen: 127.0.0.1:9464", "listen: [a]", "listen: must be a single value, not a list"},
		{"a value where a list belongs", "servers: [aadc01]", "servers: aadc01", "grants[0].servers: must be a list"},
		{"anchors", "  here:\n", "  here: &x\n", "anchors"},
		{"no YAML", "grants:", "grants: [", "not valid YAML"},
		{"the same grant twice", "  - channel: C0IDENTITY\n    commands: [\"*\"]\n    servers: [\"*\"]\n    user_groups: [S0IDADMINS]\n", "  - channel: C0HELPDESK\n    commands: [delta, status, history]\n    servers: [aadc01]\n", "grants[1]: says the same as grants[0]"},
		{"an audit kept too short", "keep: 400d", "keep: 7d", "audit.keep: must be 30d at least"},
		{"an audit kept for no number of days", "keep: 400d", "keep: 1y", "audit.keep: must be a number of days such as 400d"},
		{"an audit kept for less than nothing", "keep: 400d", "keep: -400d", "audit.keep: must be a number of days such as 400d"},
		{"an unknown key of the audit", "keep: 400d", "kept: 400d", "audit.kept: unknown key; known here: keep"},
		{"plain http to Slack", "slack:\n", "slack:\n  api_url: http://proxy.example/api/\n", "slack.api_url: plain http"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(good, tc.old, tc.new, 1)
			if text == good {
				t.Fatal("the case changes nothing")
			}
			_, err := ParseConfig("adsyncbot.yaml", []byte(text))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got\n%v\nwant %q", err, tc.want)
			}
			for _, secret := range []string{"hunter2", "xoxb-123"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
		})
	}
}

func TestWhatIsAllowedButRiskyIsTold(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"a full for everybody", "[delta, status, history]", "[delta, full]", "grants[0]: everybody in C0HELPDESK may start a full"},
		{"a full for everybody by a star", "    user_groups: [S0IDADMINS]\n", "", "grants[1]: everybody in C0IDENTITY may start a full"},
		{"every server for everybody", "servers: [aadc01]\n", "servers: [\"*\"]\n", "grants[0]: everybody in C0HELPDESK reaches every server"},
		{"Basic", "auth: ntlm", "auth: basic", "servers.aadc01: Basic hands the password itself to the server"},
		{"plain http", "https://aadc01.corp.example:5986", "http://aadc01.corp.example:5985", "servers.aadc01: over plain http nothing proves the server"},
		{"metrics for other machines", "listen: 127.0.0.1:9464", "listen: 0.0.0.0:9464", "listen: /metrics and /readyz at 0.0.0.0:9464"},
		{"metrics on every address", "listen: 127.0.0.1:9464", "listen: \":9464\"", "listen: /metrics and /readyz at :9464"},
		{"nobody to ask", "contact: \"#identity-team\"\n", "", "contact is not set"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(good, tc.old, tc.new, 1)
			c, err := ParseConfig("adsyncbot.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if risky := strings.Join(c.warnings(), "\n"); !strings.Contains("\n"+risky, "\n"+tc.want) {
				t.Errorf("got\n%s\nwant %q", risky, tc.want)
			}
		})
	}
	c, err := ParseConfig("adsyncbot.yaml", []byte(good))
	if err != nil || len(c.warnings()) != 0 {
		t.Errorf("what is not risky: %q, %v", c.warnings(), err)
	}
}

func TestConfigTellsEverythingAtOnce(t *testing.T) {
	text := strings.NewReplacer("C0HELPDESK", "helpdesk", "auth: ntlm", "auth: digest").Replace(good)
	_, err := ParseConfig("adsyncbot.yaml", []byte(text))
	p, ok := errors.AsType[*ProblemsError](err)
	if !ok || len(p.List) != 2 || p.List[0].Line > p.List[1].Line {
		t.Fatalf("got %v, want both problems in the order of the file", err)
	}
}

func TestSecretIsReadWhereItIsKept(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pw"), []byte("s3cret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ADSYNCBOT_TEST_SECRET", "from-env")
	c := &Config{path: filepath.Join(dir, "adsyncbot.yaml")}
	for _, tc := range []struct {
		name, want, err string
		ref             SecretRef
	}{
		{name: "from a file relative to the configuration", ref: "file:pw", want: "s3cret"},
		{name: "from the environment", ref: "env:ADSYNCBOT_TEST_SECRET", want: "from-env"},
		{name: "from a command", ref: "exec:echo from-exec", want: "from-exec"},
		{name: "a variable that is not set", ref: "env:ADSYNCBOT_TEST_UNSET", err: "is not set"},
		{name: "a file that is not there", ref: "file:none", err: "none"},
		{name: "an empty answer", ref: "exec:true", err: "empty"},
		{name: "a command that fails does not show its arguments", ref: "exec:false --token=hunter2", err: "secret exec:false"},
		{name: "a secret in the clear is not repeated", ref: "hunter2", err: "must not stand"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := c.ReadSecret(t.Context(), tc.ref)
			if tc.err == "" && (err != nil || got != tc.want) {
				t.Fatalf("got %q, %v", got, err)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hunter2")) {
				t.Fatalf("got %v, want an error with %q and no secret", err, tc.err)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("slack: {app_token: x}\n"))
	f.Add([]byte("- a\n- b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("adsyncbot.yaml", data)
		if err == nil && len(c.Servers) == 0 {
			t.Fatal("a configuration without servers was accepted")
		}
	})
}
