package winsim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Why a program's context ended, as context.Cause tells it.
var (
	ErrInterrupted    = errors.New("winsim: interrupted by ctrl_c")
	ErrTerminated     = errors.New("winsim: terminated by a signal")
	ErrShellDeleted   = errors.New("winsim: shell deleted")
	ErrShellIdle      = errors.New("winsim: shell idle for too long")
	errServiceStopped = errors.New("winsim: service stopped")
)

// shell is one remote shell. The server's mutex guards it.
type shell struct {
	id          string
	owner       string
	environment []string
	codePage    int
	idle        time.Duration
	commands    map[string]*command
	entered     int // requests inside now
	visits      int // requests ever: tells an idle timer that has come too late
	stopIdle    func()
	closed      bool
}

// knownCodePages are those a Server accepts: UTF-8, ASCII and the Western and Central European ones.
func knownCodePage(n int) bool {
	return slices.Contains([]int{65001, 20127, 437, 850, 852, 1250, 1251, 1252}, n)
}

// create opens a shell.
func (s *Server) create(req *request, account string, note *Exchange) (*reply, *fault) {
	if req.Body.Shell == nil {
		return nil, newFault(codeSchema, "the body holds no rsp:Shell")
	}
	sh := &shell{id: newID(), owner: account, codePage: 437, idle: s.quotas.IdleTimeout, commands: map[string]*command{}}
	if text, found := req.option("WINRS_CODEPAGE"); found {
		n, err := strconv.Atoi(text)
		if err != nil || !knownCodePage(n) {
			return nil, newFault(codeInvalidParameter, "WINRS_CODEPAGE is not a code page of this server")
		}
		sh.codePage = n
	}
	if text := strings.TrimSpace(req.Body.Shell.IdleTimeOut); text != "" {
		d, err := parseDuration(text)
		if err != nil || d == 0 {
			return nil, newFault(codeInvalidParameter, "IdleTimeOut is invalid")
		}
		sh.idle = d
	}
	for _, v := range req.Body.Shell.Environment {
		sh.environment = append(sh.environment, v.Name+"="+v.Value)
	}
	if f := s.open(sh); f != nil {
		return nil, f
	}
	note.Shell = sh.id
	body := fmt.Sprintf(`<x:ResourceCreated><a:Address>%s</a:Address><a:ReferenceParameters><w:ResourceURI>%s</w:ResourceURI>`+
		`<w:SelectorSet><w:Selector Name="ShellId">%s</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>`+
		`<rsp:Shell><rsp:ShellId>%[3]s</rsp:ShellId><rsp:ResourceUri>%[2]s</rsp:ResourceUri><rsp:Owner>%[4]s</rsp:Owner>`+
		`<rsp:ClientIP>127.0.0.1</rsp:ClientIP><rsp:IdleTimeOut>PT%.3[5]fS</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams>`+
		`<rsp:OutputStreams>stdout stderr</rsp:OutputStreams><rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>`+
		`<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>`,
		escape(s.URL()), shellURI, sh.id, escape(account), sh.idle.Seconds())
	return soapReply(nsTransfer+"/CreateResponse", req.Header.MessageID, body), nil
}

// open puts a new shell under the quota and the idle watch.
func (s *Server) open(sh *shell) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return newFault(codeAborted, "the service is stopping")
	}
	own := 0
	for _, other := range s.shells {
		if other.owner == sh.owner {
			own++
		}
	}
	if own >= s.quotas.MaxShellsPerUser {
		return newWMIFault(codeMaxShells, fmt.Sprintf("The WS-Management service cannot process the request. "+
			"The maximum number of concurrent shells for this user has been exceeded (%d).", s.quotas.MaxShellsPerUser))
	}
	s.shells[sh.id] = sh
	s.startIdle(sh)
	s.watch.update(func(st *Stats) {
		st.Shells++
		st.ShellsEver++
	})
	return nil
}

// enter finds the request's shell and keeps it from going idle until leave. To anybody but its owner a shell does not
// exist.
func (s *Server) enter(req *request, account string) (*shell, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shells[strings.ToUpper(req.shellID())]
	if sh == nil || sh.owner != account {
		return nil, goneFault()
	}
	sh.entered++
	sh.visits++
	sh.stopIdle()
	return sh, nil
}

func (s *Server) leave(sh *shell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.entered--
	if sh.entered == 0 && !sh.closed {
		s.startIdle(sh)
	}
}

// startIdle closes the shell after its idle time, unless somebody enters before. The caller holds the mutex.
func (s *Server) startIdle(sh *shell) {
	visits := sh.visits
	sh.stopIdle = s.clock.AfterFunc(sh.idle, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if sh.visits == visits {
			s.closeShell(sh, ErrShellIdle)
		}
	})
}

// delete closes the request's shell.
func (s *Server) delete(req *request, account string) (*reply, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shells[strings.ToUpper(req.shellID())]
	if sh == nil || sh.owner != account {
		return nil, goneFault()
	}
	s.closeShell(sh, ErrShellDeleted)
	return soapReply(nsTransfer+"/DeleteResponse", req.Header.MessageID, ""), nil
}

// closeShell removes a shell and ends what runs in it. The caller holds the mutex.
func (s *Server) closeShell(sh *shell, cause error) {
	if sh.closed {
		return
	}
	sh.closed = true
	sh.stopIdle()
	delete(s.shells, sh.id)
	for _, c := range sh.commands {
		c.abort(cause)
	}
	s.watch.update(func(st *Stats) { st.Shells-- })
}

func (s *Server) closeShells(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range s.shells {
		s.closeShell(sh, cause)
	}
}
