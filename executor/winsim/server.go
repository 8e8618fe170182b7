package winsim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Config says what kind of server to start. The zero value is an HTTPS server without accounts that offers Negotiate
// and NTLM.
type Config struct {
	PlainHTTP        bool     // http instead of https
	Names            []string // host names in the certificate, besides 127.0.0.1 and localhost
	ComputerName     string   // NetBIOS name; AADC01 if empty
	Accounts         []Account
	Schemes          []Scheme // offered logons; Negotiate and NTLM if empty
	AllowUnencrypted bool     // accept SOAP in clear text, and Basic logons, over plain http
	Quotas           Quotas
	Clock            Clock   // the computer's clock if nil
	PowerShell       Program // what powershell.exe does; without it, powershell.exe is an unknown command
}

// Account is somebody who may log on. Name is `DOMAIN\user` or, for a local account, `user`.
type Account struct {
	Name     string
	Password string
}

// Scheme is an HTTP authentication scheme.
type Scheme string

// The schemes a Server can offer.
const (
	Basic     Scheme = "Basic"
	Negotiate Scheme = "Negotiate" // NTLM messages without a SPNEGO wrapper, as Windows accepts them
	NTLM      Scheme = "NTLM"
)

// Server is a running fake. All methods may be called from any goroutine.
type Server struct {
	config   Config
	host     string
	quotas   Quotas
	clock    Clock
	schemes  []Scheme
	caPEM    []byte
	address  string
	listener *listener
	http     *http.Server
	served   chan struct{} // closed when the accept loop has returned

	watch *watch
	rules *rules

	mu       sync.Mutex
	accounts []Account
	shells   map[string]*shell
	closed   bool           // nothing begins any more
	running  sync.WaitGroup // requests and programs; only grows while mu is held and closed is false
}

var errClosed = errors.New("winsim: server closed")

// New starts a Server on a free port of 127.0.0.1.
func New(config Config) (*Server, error) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binding a loopback port does not wait
	if err != nil {
		return nil, fmt.Errorf("listen for winsim: %w", err)
	}
	s := &Server{
		config:   config,
		host:     config.ComputerName,
		quotas:   config.Quotas.withDefaults(),
		clock:    config.Clock,
		schemes:  config.Schemes,
		address:  tcp.Addr().String(),
		served:   make(chan struct{}),
		watch:    newWatch(),
		rules:    &rules{},
		accounts: append([]Account(nil), config.Accounts...),
		shells:   map[string]*shell{},
	}
	if s.host == "" {
		s.host = "AADC01"
	}
	if s.clock == nil {
		s.clock = systemClock{}
	}
	if len(s.schemes) == 0 {
		s.schemes = []Scheme{Negotiate, NTLM}
	}
	s.listener = newListener(tcp, s)
	var accept net.Listener = s.listener
	if !config.PlainHTTP {
		identity, err := newIdentity(config.Names)
		if err != nil {
			return nil, errors.Join(err, tcp.Close())
		}
		s.caPEM = identity.caPEM
		accept = identity.listen(s.listener)
	}
	s.http = newHTTPServer(s)
	go func() {
		defer close(s.served)
		_ = s.http.Serve(accept) // always ErrServerClosed: the listener is only closed by Close
	}()
	return s, nil
}

// URL is the address of the WS-Management service, with port and path.
func (s *Server) URL() string {
	scheme := "https"
	if s.config.PlainHTTP {
		scheme = "http"
	}
	return scheme + "://" + s.address + path
}

// Address is the host and port the server listens on.
func (s *Server) Address() string { return s.address }

// CAPEM is the certificate of the authority that signed the server's own; nil with plain http.
func (s *Server) CAPEM() []byte { return append([]byte(nil), s.caPEM...) }

// SetPassword changes an account's password, as an administrator would. Connections that have logged on stay so.
func (s *Server) SetPassword(name, password string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.accounts {
		if strings.EqualFold(s.accounts[i].Name, name) {
			s.accounts[i].Password = password
			return nil
		}
	}
	return fmt.Errorf("set password on winsim: no account %q", name)
}

// Restart does to clients what a restart of the WinRM service does: every connection breaks, every shell is gone and
// its processes end. The address, the accounts, the rules and the counters stay.
func (s *Server) Restart() {
	s.listener.resetAll() // first, so that nobody is told why his shell has gone
	s.closeShells(errServiceStopped)
}

// begin counts a request as running; false means that the server is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.running.Add(1)
	}
	return !s.closed
}

// Close ends every connection, shell and program, and returns when all of them have ended. A second Close does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.http.Close()
	<-s.served
	s.listener.resetAll()
	s.closeShells(errClosed)
	s.running.Wait()
	s.watch.close()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close winsim: %w", err)
	}
	return nil
}
