package adsync

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

type errorsParameters struct {
	History string `json:"history"`
	Seconds int    `json:"seconds"`
}

type pendingParameters struct{}

// maxObjects is how many errors of one kind on one connector a script prints.
const maxObjects = 200

// objects prints the errors of one kind on one connector, newest first, then how many there are of each type.
func (s *session) objects(connector, kind, source string, found []ObjectError) {
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b ObjectError) int { return b.First.Compare(a.First) })
	type count struct {
		Type  string `json:"type"`
		Count int    `json:"count"`
	}
	types := []count{}
	for i, e := range found {
		if i < maxObjects {
			detail := e.Detail
			if source == "csexport" && kind == "import" {
				detail = "" // it has none
			}
			s.emit("object", "connector", connector, "kind", kind, "type", e.Type, "dn", e.DN, "name", e.Name,
				"first", stamp(e.First.Truncate(precision(source))), "last", stamp(e.Last.Truncate(precision(source))), "retries", e.Retries, "detail", detail)
		}
		at := slices.IndexFunc(types, func(c count) bool { return c.Type == e.Type })
		if at < 0 {
			types = append(types, count{Type: e.Type})
			at = len(types) - 1
		}
		types[at].Count++
	}
	slices.SortFunc(types, func(a, b count) int { return cmp.Compare(a.Type, b.Type) })
	s.emit("objects", "connector", connector, "kind", kind, "source", source, "readable", true, "count", len(found), "types", types, "message", "")
}

// precision of dates: csexport.exe writes milliseconds.
func precision(source string) time.Duration {
	if source == "csexport" {
		return time.Millisecond
	}
	return 1
}

// errors answers the script that tells which objects could not be synchronised.
func (s *session) errors(ctx context.Context, p errorsParameters) {
	s.clock()
	until := s.m.Now().Add(seconds(p.Seconds))
	if s.module(ctx) != nil {
		return
	}
	if runs, read := s.history(ctx, nil, 100, p.History); read {
		s.lastRuns(runs)
		return
	}
	names := s.connectors(ctx)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(boolean(a != EntraConnector), boolean(b != EntraConnector))
	})
	for _, name := range names {
		if s.m.Settings().ExportMissing {
			s.unread(name, "export", "csexport.exe is not there")
			continue
		}
		s.export(ctx, name, "export", "/f:e", until)
		s.export(ctx, name, "import", "/f:i", until)
	}
	s.lastEvents(ctx)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *session) lastRuns(runs []Run) {
	seen := map[string]bool{}
	for _, r := range runs {
		key := r.Connector + "|" + strings.TrimPrefix(strings.TrimPrefix(r.Profile, "Full "), "Delta ")
		if r.Result == "in-progress" || seen[key] {
			continue
		}
		seen[key] = true
		s.runObjects(r)
	}
}

func (s *session) runObjects(r Run) {
	if len(r.Objects) > 0 {
		s.objects(r.Connector, kindOf(r.Profile), s.source, r.Objects)
	}
}

func (s *session) unread(connector, kind, message string) {
	s.emit("objects", "connector", connector, "kind", kind, "source", "csexport", "readable", false, "count", 0, "types", []string{}, "message", message)
}

func (s *session) export(ctx context.Context, connector, kind, filter string, until time.Time) {
	if until.Sub(s.m.Now()) < 500*time.Millisecond {
		s.unread(connector, kind, "the time was up")
		return
	}
	s.beat("csexport")
	out, err := s.m.Export(ctx, connector, filter)
	switch {
	case err != nil:
		s.err = err
	case out.XML == "":
		s.unread(connector, kind, out.Output)
	default:
		s.m.lock()
		found := slices.Clone(s.m.failing[connector+"|"+kind])
		s.m.unlock()
		s.objects(connector, kind, "csexport", found)
	}
}

// lastEvents prints what the newest cycle of the last day wrote.
func (s *session) lastEvents(ctx context.Context) {
	began, _ := s.newest(ctx, s.m.Now().Add(-24*time.Hour), "cycle started")
	if !began.IsZero() {
		s.events(ctx, EventFilter{Sources: []string{SourceDirectory, SourceADSync}, Since: began}, worthTelling)
	}
}

// pending answers the script that tells what waits.
func (s *session) pending(ctx context.Context) {
	s.clock()
	s.service(ctx)
	if s.module(ctx) != nil {
		return
	}
	if _, err := s.running(ctx); err != nil {
		s.problem("Get-ADSyncConnectorRunStatus", err)
	}
	for _, name := range s.connectors(ctx) {
		s.statistics(ctx, name)
	}
}
