package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// checkLimit bounds the steps of one server; its cmdlets call the cloud.
const checkLimit = 90 * time.Second

// server checks one server from its name to its event log, and stops where the next step cannot work.
func (c *checker) server(ctx context.Context, name string, ex *executor.Executor, lockout *winrm.Lockout) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	s := c.cfg.Servers[name]
	if s.Address != "local:" {
		if !c.wire(ctx, name, s) {
			return nil
		}
		if err := lockout.Check(ctx, winrm.Identity(s.Username)); err != nil {
			return err
		}
	}
	found, err := ex.Check(ctx, name)
	if err != nil {
		if run, ok := errors.AsType[*executor.RunError](err); ok && run.Kind == executor.FailureAccess {
			c.bad(name+" logon", "the logon works, but the account may not open a remote shell", "on the server: winrm configSDDL default, and give "+s.Username+" Read and Execute")
			return nil
		}
		says, mend := explained(err)
		c.bad(name+" logon", says, mend)
		return nil
	}
	if s.Address != "local:" {
		c.ok(name+" logon", "as %s", s.Username)
	}
	c.powershell(name, found)
	c.rights(name, s, found)
	return nil
}

// wire checks name, port and, over https, TLS, without a logon.
func (c *checker) wire(ctx context.Context, name string, s ServerConfig) bool {
	u, err := url.Parse(s.Address)
	if err != nil {
		c.bad(name+" address", err.Error(), "")
		return false
	}
	var r net.Resolver
	ips, err := r.LookupHost(ctx, u.Hostname())
	if err != nil {
		c.bad(name+" name", fmt.Sprintf("%s is not found", u.Hostname()), "correct servers."+name+".address, or the machine's DNS")
		return false
	}
	c.ok(name+" name", "%s is %s", u.Hostname(), strings.Join(ips, ", "))
	d := net.Dialer{Timeout: 10 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		c.bad(name+" port", fmt.Sprintf("%s does not answer", u.Host), "on the server: winrm enumerate winrm/config/listener (an "+strings.ToUpper(u.Scheme)+" listener?), and its firewall for port "+u.Port())
		return false
	}
	defer func() { _ = conn.Close() }()
	c.ok(name+" port", "%s answers", u.Host)
	if u.Scheme == "http" {
		c.ok(name+" sealing", "plain http: every message is sealed with the key of the logon")
		return true
	}
	return c.tls(ctx, name, s, u.Hostname(), conn)
}

// tls checks the certificate of a server that has been reached.
func (c *checker) tls(ctx context.Context, name string, s ServerConfig, host string, conn net.Conn) bool {
	pool, err := c.cfg.pool(s)
	if err != nil {
		c.bad(name+" TLS", err.Error(), "")
		return false
	}
	serverName := s.TLSName
	if serverName == "" {
		serverName = host
	}
	t := tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: serverName, MinVersion: tls.VersionTLS12})
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := t.HandshakeContext(limited); err != nil {
		c.bad(name+" TLS", err.Error(), "set ca_file to the PEM of the authority that signed the certificate, or tls_name to the name in it")
		return false
	}
	leaf := t.ConnectionState().PeerCertificates[0]
	if left := time.Until(leaf.NotAfter); left < 30*24*time.Hour {
		c.note(name+" TLS", fmt.Sprintf("the certificate ends %s", leaf.NotAfter.UTC().Format(time.DateOnly)), "renew it and give its thumbprint to the HTTPS listener")
	} else {
		c.ok(name+" TLS", "trusted until %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return true
}

// maxSkew is how far a server's clock may be off before people are told: results carry the server's times.
const maxSkew = 2 * time.Minute

func (c *checker) powershell(name string, f executor.Checkup) {
	c.ok(name+" PowerShell", "%s, %s, %s", f.PowerShell, f.LanguageMode, f.Culture)
	if !f.X64 {
		c.bad(name+" PowerShell", "is a 32-bit one, which cannot load ADSync", "")
	}
	if f.Skew > maxSkew || f.Skew < -maxSkew {
		c.note(name+" clock", fmt.Sprintf("differs from this machine's by %s", f.Skew.Round(time.Second)), "check time synchronisation on both")
	}
	switch f.Status.Service {
	case "Running":
		c.ok(name+" service", "ADSync is running")
	case "":
		c.note(name+" service", "its state cannot be read by this account", "")
	default:
		c.bad(name+" service", "ADSync is "+f.Status.Service, "on the server: Start-Service ADSync")
	}
	switch f.ModuleBy {
	case "name":
		c.ok(name+" module", "ADSync loads; Entra Connect %s", f.Status.Version)
	case "path":
		c.ok(name+" module", "ADSync loads by its path; Entra Connect %s", f.Status.Version)
	default:
		c.bad(name+" module", "ADSync cannot be loaded", "is Entra Connect Sync installed here? In Constrained Language its signature must be trusted")
	}
}

// Identifiers of built-in groups; their names are in the server's language.
const (
	sidAdministrators = "S-1-5-32-544"
	sidEventReaders   = "S-1-5-32-573"
)

func (c *checker) rights(name string, s ServerConfig, f executor.Checkup) {
	in := func(group string) bool {
		return slices.ContainsFunc(f.Groups, func(g executor.Group) bool {
			short := g.Name[strings.LastIndex(g.Name, `\`)+1:]
			return g.SID == group || strings.EqualFold(short, group)
		})
	}
	account := s.Username
	if account == "" {
		account = "the account of the bot"
	}
	add := func(group string) string {
		return fmt.Sprintf("on the server: Add-LocalGroupMember -Group '%s' -Member '%s'   (counts from the next logon)", group, account)
	}
	switch {
	case in(sidAdministrators):
		c.note(name+" groups", account+" is an administrator of the server, which the bot does not need", "use an account in ADSyncOperators, ADSyncBrowse and Event Log Readers")
	case in("ADSyncAdmins"):
		c.note(name+" groups", account+" is in ADSyncAdmins, which the bot does not need", "ADSyncOperators and ADSyncBrowse suffice")
	case !in("ADSyncOperators"):
		c.bad(name+" groups", account+" is not in ADSyncOperators and cannot start a cycle", add("ADSyncOperators"))
	case !in("ADSyncBrowse"):
		c.note(name+" groups", account+" is in ADSyncOperators, but not in ADSyncBrowse: it starts cycles and may not read all that they did", add("ADSyncBrowse"))
	default:
		c.ok(name+" groups", "ADSyncOperators, ADSyncBrowse")
	}
	if f.Status.EventsReadable {
		c.ok(name+" event log", "readable: results come from there")
	} else {
		c.bad(name+" event log", "not readable: the result of every cycle would be unknown", add("Event Log Readers"))
	}
	if !f.Status.EventsReadable && in(sidEventReaders) {
		c.note(name+" event log", "the account is in Event Log Readers, but the log cannot be read all the same", "")
	}
	c.history(name, account, f)
}

// history tells by which road results learn what a cycle changed. That there is no bridge is a choice; one that is there
// and does not answer is not.
func (c *checker) history(name, account string, f executor.Checkup) {
	cause, next, broken := commands.BridgeWords(f.Bridge, name)
	plain := commands.Plain{}
	switch {
	case f.HistoryRoad == executor.RoadBridge:
		c.ok(name+" run history", "read by the bridge: results show what changed")
	case f.HistoryReadable:
		c.ok(name+" run history", "readable: results show what changed")
	case broken:
		c.bad(name+" bridge", plain.Text(cause)+" Results come from the event log, without counts.", plain.Text(next))
	default:
		c.note(name+" run history", "not readable, as on every real server over WinRM: results come from the event log, without counts",
			"docs/bridge.md tells how it can be: adsyncbot bridge --account '"+account+"' --out bridge.ps1, then run that on the server")
	}
}
