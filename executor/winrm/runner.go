// Package winrm holds a Runner over WinRM: the state machine of a remote shell, the HTTP transport with Basic and NTLM
// under it (over TLS, or with NTLM sealed over plain HTTP), and the rule that keeps a wrong password from locking an
// account. The messages are built and read by masterzen/winrm; its transports and its command loop are not used, because
// they swallow faults, loop on a lost shell, do not follow a context and fall back to clear text.
//
// It does not know what the scripts say, what a cycle is, or where outcomes of logons are stored.
package winrm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// maxLanes is how many scripts may run on one server at the same time; more wait for their turn.
const maxLanes = 2

// Auth is how a Runner logs on.
type Auth string

// The ways to log on.
const (
	AuthBasic Auth = "basic" // local accounts; over https only
	// AuthNTLM is for domain (CORP\name, name@corp.example) and local accounts. Over http every message is sealed with
	// the key of the logon.
	AuthNTLM Auth = "ntlm"
)

// Config says which server, and as whom. Zero durations mean their defaults.
type Config struct {
	Server        string // short name, for errors and the log
	URL           string // https://host:5986, with NTLM also http://host:5985; the path is /wsman when there is none
	Auth          Auth
	Username      string
	Password      Secret
	CAs           *x509.CertPool // trusted instead of the system's roots, when not nil
	TLSServerName string         // expected in the certificate instead of the URL's host, when not empty

	DialTimeout      time.Duration // for the connection, and once more for the TLS handshake; default 10 s
	RequestTimeout   time.Duration // for a request and its answer, Receive apart; default 30 s
	OperationTimeout time.Duration // how long the server holds a Receive without output; default 20 s
	CleanupTimeout   time.Duration // for tidying up after a cancel or an error; default 3 s

	Metrics *Metrics // shared by the Runners of a process; not measured when nil
}

// Runner runs scripts on one server. It may be used by many goroutines.
type Runner struct {
	config   Config
	messages messages
	scheme   scheme
	gate     Gate
	log      *slog.Logger
	turns    chan struct{} // holds as many as there are runs
	all      []*lane

	mu   sync.Mutex
	idle []*lane // the last one used is the last, so that a lone run finds a connection that is logged on
}

var _ executor.Runner = (*Runner)(nil)

// New returns a Runner. It checks the configuration and does not connect.
func New(config Config, gate Gate, log *slog.Logger) (*Runner, error) {
	address, secure, err := endpoint(config.URL)
	if err != nil {
		return nil, fmt.Errorf("winrm for %s: %w", config.Server, err)
	}
	r := &Runner{config: config, gate: gate, log: log, turns: make(chan struct{}, maxLanes)}
	switch {
	case config.Auth != AuthBasic && config.Auth != AuthNTLM:
		return nil, fmt.Errorf("winrm for %s: auth %q is neither basic nor ntlm", config.Server, config.Auth)
	case config.Auth == AuthBasic && !secure:
		return nil, fmt.Errorf("winrm for %s: basic sends the password in clear text, so it needs https", config.Server)
	case config.Username == "" || config.Password == nil:
		return nil, fmt.Errorf("winrm for %s: username and password are needed", config.Server)
	case config.Auth == AuthBasic && strings.Contains(config.Username, ":"):
		return nil, fmt.Errorf("winrm for %s: basic allows no colon in a user name", config.Server)
	case gate == nil:
		return nil, fmt.Errorf("winrm for %s: a gate is needed", config.Server)
	case config.Auth == AuthBasic:
		r.scheme = basic
	case config.Auth == AuthNTLM:
		r.scheme = ntlm
	}
	if r.config.Metrics == nil {
		r.config.Metrics = NewMetrics(nil)
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&r.config.DialTimeout, 10 * time.Second},
		{&r.config.RequestTimeout, 30 * time.Second},
		{&r.config.OperationTimeout, 20 * time.Second},
		{&r.config.CleanupTimeout, 3 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	r.messages = newMessages(address.String(), r.config.OperationTimeout)
	name := config.TLSServerName
	if name == "" {
		name = address.Hostname()
	}
	var trust *tls.Config
	if secure {
		trust = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.CAs, ServerName: name}
	}
	for range maxLanes {
		r.all = append(r.all, newLane(address.String(), trust, r.config.DialTimeout))
	}
	r.idle = slices.Clone(r.all)
	return r, nil
}

// plainHost is what a host may look like: the message builder escapes nothing.
var plainHost = regexp.MustCompile(`^[0-9A-Za-z._:\[\]-]+$`)

// endpoint reads the address of a WinRM listener.
func endpoint(text string) (address *url.URL, secure bool, err error) {
	address, err = url.Parse(text)
	switch {
	case err != nil:
		return nil, false, errors.New("the address is not a URL") // its text may hold a password
	case address.Scheme != "https" && address.Scheme != "http":
		return nil, false, errors.New("the address must begin with https:// or http://")
	case address.User != nil:
		return nil, false, errors.New("the address must not hold a user name or password")
	case !plainHost.MatchString(address.Host) || address.Hostname() == "":
		return nil, false, errors.New("the address has no usable host name")
	case address.Path != "" && address.Path != "/" && address.Path != "/wsman" || address.RawQuery != "" || address.Fragment != "":
		return nil, false, errors.New("the address must end after the port or with /wsman")
	}
	address.Path, address.RawPath = "/wsman", ""
	return address, address.Scheme == "https", nil
}

// Run implements executor.Runner.
func (r *Runner) Run(ctx context.Context, script []byte, line func([]byte) error) error {
	l, err := r.enter(ctx)
	if err != nil {
		return err
	}
	defer r.leave(l)
	s := &session{
		config:   &r.config,
		messages: r.messages,
		log:      r.log,
		wire: &wire{
			lane: l, gate: r.gate, log: r.log, scheme: r.scheme,
			server: r.config.Server, username: r.config.Username, secret: r.config.Password,
		},
	}
	return s.run(ctx, script, line)
}

// enter waits for a lane.
func (r *Runner) enter(ctx context.Context) (*lane, error) {
	select {
	case r.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if ctx.Err() != nil { // select chooses at random
		<-r.turns
		return nil, context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.idle) - 1
	l := r.idle[last]
	r.idle = r.idle[:last]
	return l, nil
}

func (r *Runner) leave(l *lane) {
	r.mu.Lock()
	r.idle = append(r.idle, l)
	r.mu.Unlock()
	<-r.turns
}

// Close closes the connections that no run is using. A later Run opens new ones.
func (r *Runner) Close() {
	for _, l := range r.all {
		l.close()
	}
}
