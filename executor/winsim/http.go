package winsim

import (
	"errors"
	"io"
	"log"
	"net/http"
)

func newHTTPServer(s *Server) *http.Server {
	return &http.Server{ //nolint:gosec // slow clients are part of what is tested; Close ends them
		Handler:     http.HandlerFunc(s.serve),
		ConnContext: withLogon,
		ErrorLog:    log.New(io.Discard, "", 0), // failed handshakes are what tests are about
	}
}

// serve is the HTTP edge: path, logon, sealing; what is left is a SOAP request from a known account.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		return
	}
	defer s.running.Done()
	s.watch.update(func(st *Stats) { st.HTTPRequests++ })
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	w.Header().Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	if r.URL.Path != path {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	// Twice the quota leaves room for the frame of a sealed message and for a fault instead of a broken connection.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(2*s.quotas.MaxEnvelopeSize)))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return
	}
	sealed := isSealed(r.Header.Get("Content-Type"))
	inClear := s.config.PlainHTTP && !sealed && len(body) > 0
	if inClear {
		s.watch.update(func(st *Stats) { st.Plaintext++ })
	}
	l := logonOf(r.Context())
	out := s.authenticate(l, r, len(body) == 0)
	switch {
	case out.account == "" || s.rules.locked():
		s.unauthorized(w, out.offer)
	case len(body) == 0 && out.fresh:
		w.Header().Set("Content-Length", "0") // the logon before a first sealed message
		w.WriteHeader(http.StatusOK)
	case inClear && !s.config.AllowUnencrypted:
		s.unauthorized(w, "")
	case sealed && l.session == nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		if sealed {
			if body, err = openSealed(l.session, body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			s.watch.update(func(st *Stats) { st.Sealed++ })
		}
		x := &exchange{server: s, w: w, logon: l, sealed: sealed}
		x.note = Exchange{At: s.clock.Now(), Account: out.account, Sealed: sealed}
		x.serve(r.Context(), body)
	}
}

// unauthorized answers 401 as Windows does: no body, and a challenge or every scheme there is.
func (s *Server) unauthorized(w http.ResponseWriter, challenge string) {
	s.watch.update(func(st *Stats) { st.Unauthorized++ })
	w.Header().Set("Content-Length", "0")
	if challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	} else {
		for _, scheme := range s.schemes {
			offer := string(scheme)
			if scheme == Basic {
				offer += ` realm="WSMAN"`
			}
			w.Header().Add("WWW-Authenticate", offer)
		}
	}
	w.WriteHeader(http.StatusUnauthorized)
}
