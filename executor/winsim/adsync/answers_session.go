package adsync

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf16"
)

// session is one script being answered. The first thing that cannot be written ends it quietly: err says so at the end.
type session struct {
	m     *Model
	out   io.Writer
	lines int
	err   error

	source   string   // by which road the run history was read
	expected bool     // whether a bridge was to be there
	listed   []string // the connectors, once they were read
	busy     string   // as last printed
	looked   bool     // whether it was printed at all
	quiet    bool     // a bridge that tells nothing is no problem
	problems []string
}

// emit prints one line: an object with the key t and the given keys and values, in their order.
func (s *session) emit(t string, keysAndValues ...any) {
	if s.err != nil {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"t":%q`, t)
	for pair := range slices.Chunk(keysAndValues, 2) {
		value, err := json.Marshal(pair[1])
		if err != nil {
			s.err = fmt.Errorf("print %s: %w", t, err)
			return
		}
		fmt.Fprintf(&b, `,%q:%s`, pair[0], asciiJSON(value))
	}
	b.WriteString("}\r\n")
	if _, err := s.out.Write(b.Bytes()); err != nil {
		s.err = err
		return
	}
	s.lines++
}

// asciiJSON writes every other character of some JSON as \uXXXX.
func asciiJSON(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, u)
			}
		}
	}
	return b.Bytes()
}

// stamp is a time as the "o" format shows it in UTC; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// interval is a TimeSpan as text.
func interval(d time.Duration) string {
	days, d := d/(24*time.Hour), d%(24*time.Hour)
	text := fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	if days > 0 {
		text = fmt.Sprintf("%d.%s", days, text)
	}
	return text
}

func (s *session) beat(doing string) { s.emit("beat", "doing", doing) }

// failure is a cmdlet's failure. Anything else means that the process is being ended.
func (s *session) failure(err error) *CmdletError {
	var f *CmdletError
	if !errors.As(err, &f) {
		s.err = err
	}
	return f
}

// problem prints that a cmdlet failed, the same only once; the script goes on where it can.
func (s *session) problem(doing string, err error) {
	f := s.failure(err)
	if f == nil || slices.Contains(s.problems, doing+" "+f.firstLine()) {
		return
	}
	s.problems = append(s.problems, doing+" "+f.firstLine())
	code := "other"
	switch {
	case f.Message == pipeText:
		code = "pipe"
	case f.Type == "System.UnauthorizedAccessException":
		code = "access_denied"
	case f.Category == "ResourceUnavailable" || f.Category == "ObjectNotFound":
		code = "not_found"
	}
	s.emit("problem", "doing", doing, "code", code, "message", f.firstLine())
}

func (s *session) clock() {
	set := s.m.Settings()
	s.emit("clock", "utc", stamp(s.m.Now()), "computer", set.Computer, "culture", set.Culture,
		"language_mode", set.Language, "ps", "5.1.20348.2849", "x64", true)
}

func (s *session) service(ctx context.Context) string {
	status := s.m.ServiceState(ctx)
	s.emit("service", "status", status)
	return status
}

func (s *session) module(ctx context.Context) *CmdletError {
	s.beat("Import-Module ADSync")
	by, err := s.m.Import(ctx)
	if err != nil {
		s.problem("Import-Module ADSync", err)
		return s.failure(err)
	}
	s.emit("module", "version", s.m.Settings().Version, "by", by)
	return nil
}

func (s *session) scheduler(ctx context.Context) (Scheduler, error) {
	s.beat("Get-ADSyncScheduler")
	sched, err := s.m.Scheduler(ctx)
	if err != nil {
		return sched, err
	}
	s.emit("scheduler", "enabled", sched.Enabled, "suspended", sched.Suspended, "in_progress", sched.InProgress,
		"staging", sched.Staging, "maintenance", sched.Maintenance, "allowed_interval", interval(sched.AllowedInterval),
		"effective_interval", interval(sched.EffectiveInterval), "next_policy", sched.NextPolicy,
		"next_start", stamp(sched.NextStart))
	return sched, nil
}

// running prints the busy connector if it is another one than before.
func (s *session) running(ctx context.Context) (string, error) {
	busy, err := s.m.Running(ctx)
	if err != nil {
		return "", err
	}
	if busy != s.busy || !s.looked {
		connectors := []string{}
		if busy != "" {
			connectors = append(connectors, busy)
		}
		s.emit("running", "connectors", connectors, "at", stamp(s.m.Now()))
		s.busy, s.looked = busy, true
	}
	return busy, nil
}
