package winsim

import (
	"encoding/base64"
	"net"
	"net/http"
	"strings"
)

// logon is what one connection has come to. Requests of an HTTP/1.1 connection are served one after another, so it
// needs no lock.
type logon struct {
	conn      net.Conn
	handshake *ntlmAcceptor // between CHALLENGE and AUTHENTICATE
	account   string        // logged on by NTLM; every further request on this connection is theirs
	session   *ntlmSession  // nil if the client did not negotiate sealing
}

// outcome of looking at a request's credentials.
type outcome struct {
	account string // who the request is from; empty: answer 401
	offer   string // an NTLM CHALLENGE to send with that 401; otherwise all schemes are offered
	fresh   bool   // this very request has completed an NTLM logon
}

// authenticate decides who a request is from.
func (s *Server) authenticate(l *logon, r *http.Request, empty bool) outcome {
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case scheme == "":
		// An empty request without credentials asks for a new handshake. Guess: Windows answers 401 even on a
		// connection that has logged on, because clients in use depend on it.
		if empty {
			*l = logon{conn: l.conn}
		}
		return outcome{account: l.account}
	case !s.offers(scheme):
		return outcome{}
	case strings.EqualFold(scheme, string(Basic)):
		if s.config.PlainHTTP && !s.config.AllowUnencrypted {
			return outcome{}
		}
		user, password, ok := r.BasicAuth()
		if !ok {
			return outcome{}
		}
		return outcome{account: s.checkBasic(user, password)}
	default:
		token, err := base64.StdEncoding.DecodeString(credentials)
		if err != nil {
			return outcome{}
		}
		return s.authenticateNTLM(l, scheme, token)
	}
}

func (s *Server) offers(scheme string) bool {
	for _, offered := range s.schemes {
		if strings.EqualFold(string(offered), scheme) {
			return true
		}
	}
	return false
}

func (s *Server) authenticateNTLM(l *logon, scheme string, token []byte) outcome {
	pending := l.handshake
	*l = logon{conn: l.conn}
	kind, err := ntlmMessageType(token)
	if err != nil {
		return outcome{}
	}
	if kind == 1 {
		if l.handshake, err = newNTLMAcceptor(token, s.host, s.clock.Now()); err != nil {
			return outcome{}
		}
		return outcome{offer: scheme + " " + base64.StdEncoding.EncodeToString(l.handshake.challenge)}
	}
	if kind != 3 || pending == nil {
		return outcome{}
	}
	message, err := parseNTLMAuthenticate(token)
	if err != nil {
		return outcome{}
	}
	account, known := s.findAccount(message.domain, message.user)
	name := account.Name
	if !known {
		name = strings.TrimPrefix(message.domain+`\`+message.user, `\`)
	}
	key, err := pending.verify(message, account.Password)
	if !s.logOn(name, known && err == nil) {
		return outcome{}
	}
	l.account = name
	// Without sealing there is no session: fine over https, refused over http when the body comes in clear.
	l.session, _ = newNTLMSession(key, pending.session(message))
	return outcome{account: name, fresh: true}
}

// checkBasic returns the account's name, or nothing if the credentials are wrong.
func (s *Server) checkBasic(user, password string) string {
	domain, name, found := strings.Cut(user, `\`)
	if !found {
		domain, name = "", user
	}
	account, known := s.findAccount(domain, name)
	if known {
		user = account.Name
	}
	if !s.logOn(user, known && account.Password == password) {
		return ""
	}
	return user
}

// findAccount knows DOMAIN\user, user@domain and, for local accounts, user and COMPUTER\user; a DNS domain name is taken
// for the NetBIOS name it begins with.
func (s *Server) findAccount(domain, user string) (Account, bool) {
	if name, suffix, found := strings.Cut(user, "@"); found && domain == "" {
		user, domain = name, suffix
	}
	domain, _, _ = strings.Cut(domain, ".")
	if strings.EqualFold(domain, s.host) {
		domain = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, account := range s.accounts {
		accountDomain, name, found := strings.Cut(account.Name, `\`)
		if !found {
			accountDomain, name = "", account.Name
		}
		if strings.EqualFold(name, user) && strings.EqualFold(accountDomain, domain) {
			return account, true
		}
	}
	return Account{}, false
}

// logOn counts an attempt and tells whether it succeeds: its credentials are right and no rule refuses everybody.
func (s *Server) logOn(name string, right bool) bool {
	succeeded := right && !s.rules.locked()
	s.watch.update(func(st *Stats) {
		counts := st.Logons[name]
		if succeeded {
			counts.Succeeded++
		} else {
			counts.Failed++
		}
		st.Logons[name] = counts
	})
	return succeeded
}
