package winsim

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Always as Rule.Times spoils every request that follows.
const Always = -1

// Rule makes the server misbehave. At OpConnect, Reset breaks the connection and any other Act keeps it silent.
type Rule struct {
	Op    Op   // which operation; OpAny is every SOAP request
	Nth   int  // the first to spoil, counted from now; 0 and 1 are the next
	Times int  // how many to spoil; 0 is one, Always all that follow
	After bool // the operation takes effect first and only its answer is spoilt
	Do    Act
}

// prevents tells whether the operation does not take place.
func (r *Rule) prevents() bool { return (r.Do.replace != nil || r.Do.drop) && !r.After }

// Act is one way to misbehave; the functions of this package that return one are all there are.
type Act struct {
	name    string
	delay   time.Duration                                    // before the operation, or with After before its answer
	drop    bool                                             // nobody gets to see an answer: without After there is no operation
	reset   bool                                             // at OpConnect: break the connection instead of keeping it silent
	replace func(s *Server, req *request) *reply             // an answer in place of the true one
	deliver func(ctx context.Context, x *exchange, r *reply) // a way to put it on the wire
}

// rules are those in force.
type rules struct {
	mu     sync.Mutex
	active []*Rule
	lock   bool
}

// Misbehave adds a rule. If several match one request, the oldest spoils it; the others count it all the same.
func (s *Server) Misbehave(rule Rule) {
	if rule.Nth == 0 {
		rule.Nth = 1
	}
	if rule.Times == 0 {
		rule.Times = 1
	}
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.rules.active = append(s.rules.active, &rule)
}

// Behave removes all rules and ends what Unauthorized began.
func (s *Server) Behave() {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.rules.active, s.rules.lock = nil, false
}

// take counts one event and returns the rule that spoils it, if any.
func (r *rules) take(op Op) *Rule {
	r.mu.Lock()
	defer r.mu.Unlock()
	var hit *Rule
	for _, rule := range r.active {
		if rule.Op != op && (rule.Op != OpAny || op == OpConnect) {
			continue
		}
		if rule.Nth > 1 {
			rule.Nth--
			continue
		}
		if hit != nil || rule.Times == 0 {
			continue
		}
		if rule.Times != Always {
			rule.Times--
		}
		hit = rule
	}
	return hit
}

// locked tells whether Unauthorized is in force.
func (r *rules) locked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lock
}

// Fault answers with a WSManFault.
func Fault(code uint32) Act {
	return answers(fmt.Sprintf("fault %d", code), func(s *Server, req *request) *reply {
		return newFault(code, "a fault was asked for").reply(s, req.Header.MessageID)
	})
}

// WMIFault answers with a fault in the shape of MSFT_WmiError, which has no WSManFault element.
func WMIFault(code uint32) Act {
	return answers(fmt.Sprintf("WMI fault %d", code), func(s *Server, req *request) *reply {
		return newWMIFault(code, "a fault was asked for").reply(s, req.Header.MessageID)
	})
}

// Status answers with an HTTP status and a page of html, as a proxy or http.sys does.
func Status(code int) Act {
	return answers(fmt.Sprintf("status %d", code), func(*Server, *request) *reply {
		text := http.StatusText(code)
		return &reply{status: code, contentType: "text/html; charset=us-ascii", body: []byte("<html><head><title>" + text + "</title></head><body><h2>" + text + "</h2></body></html>\r\n")}
	})
}

// Unauthorized answers 401, and every request after it as well, whatever its credentials, until Behave.
func Unauthorized() Act {
	return answers("unauthorized", func(s *Server, _ *request) *reply {
		s.rules.mu.Lock()
		s.rules.lock = true
		s.rules.mu.Unlock()
		return &reply{status: http.StatusUnauthorized}
	})
}

// Empty answers with status 200, the type of SOAP, and no body.
func Empty() Act {
	return answers("empty", func(*Server, *request) *reply {
		return &reply{status: http.StatusOK, contentType: soapType}
	})
}

// Garbage answers with the type of SOAP and bytes that are no XML.
func Garbage() Act {
	return answers("garbage", func(*Server, *request) *reply {
		return &reply{status: http.StatusOK, contentType: soapType, body: []byte("\x00\xff<<garbage & \xfe>")}
	})
}

// NotSOAP answers with well-formed XML that is no envelope.
func NotSOAP() Act {
	return answers("not soap", func(*Server, *request) *reply {
		return &reply{status: http.StatusOK, contentType: soapType, body: []byte(`<?xml version="1.0"?><catalog><book id="1"/></catalog>`)}
	})
}

// Huge answers with an envelope whose body holds size bytes of padding.
func Huge(size int) Act {
	return answers(fmt.Sprintf("huge %d", size), func(_ *Server, req *request) *reply {
		return soapReply(nsShell+"/"+string(req.op)+"Response", req.Header.MessageID, "<!--"+strings.Repeat("x", size)+"-->")
	})
}

// Flood answers a Receive with size bytes of output of a program that goes on running; with Always, output without end.
func Flood(size int) Act {
	return answers(fmt.Sprintf("flood %d", size), func(_ *Server, req *request) *reply {
		id := ""
		if req.Body.Receive != nil {
			id = req.Body.Receive.Desired.CommandID
		}
		line := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)
		out := taken{chunks: []chunk{{stream: "stdout", data: line[:size]}}}
		return soapReply(nsShell+"/ReceiveResponse", req.Header.MessageID, out.render(escape(id), nil))
	})
}

func answers(name string, replace func(*Server, *request) *reply) Act {
	return Act{name: name, replace: replace}
}
