package app

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/local"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// runners builds the way to every server, measured by m when that is not nil. Nothing is dialled and no secret is read yet.
func (c *Config) runners(ctx context.Context, gate winrm.Gate, m *winrm.Metrics, log *slog.Logger) (map[string]executor.Runner, func(), error) {
	out := make(map[string]executor.Runner, len(c.Servers))
	var remote []*winrm.Runner
	closeAll := func() {
		for _, r := range remote {
			r.Close()
		}
	}
	for name, s := range c.Servers {
		if s.Address == "local:" {
			out[name] = local.New(name, "", log)
			continue
		}
		pool, err := c.pool(s)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		r, err := winrm.New(winrm.Config{
			Server: name, URL: s.Address, Auth: winrm.Auth(s.Auth), Username: s.Username,
			Password: c.Secret(ctx, s.Password), CAs: pool, TLSServerName: s.TLSName, Metrics: m,
		}, gate, log)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("server %s: %w", name, err)
		}
		remote = append(remote, r)
		out[name] = r
	}
	return out, closeAll, nil
}

// admins builds the way to every server that has an admin credential, for changes of its scheduler's settings alone.
func (c *Config) admins(ctx context.Context, gate winrm.Gate, m *winrm.Metrics, log *slog.Logger) (map[string]executor.Runner, func(), error) {
	second := *c
	second.Servers = map[string]ServerConfig{}
	for name, s := range c.Servers {
		if s.Admin.Username != "" {
			s.Username, s.Password = s.Admin.Username, s.Admin.Password
			second.Servers[name] = s
		}
	}
	return second.runners(ctx, gate, m, log)
}

// pool returns the certificate authorities of a server's ca_file, or nil for the system's.
func (c *Config) pool(s ServerConfig) (*x509.CertPool, error) {
	if s.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.file(s.CAFile))
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read ca_file: %s holds no PEM certificate", s.CAFile)
	}
	return pool, nil
}
