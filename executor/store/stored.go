package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// What follows is the stored form of a cycle's parts. A tag is never renamed nor given another meaning: rows written years
// ago are read by it. Times keep their nanoseconds, because most are a server's and are compared with later readings.

type storedState struct {
	Baseline  storedBaseline   `json:"baseline"`
	Preflight *storedPreflight `json:"preflight,omitempty"`
	ReadsFrom time.Time        `json:"reads_from,omitzero"`
	Follow    storedFollow     `json:"follow"`
	Waiting   *storedWaiting   `json:"waiting,omitempty"`
	Result    storedResult     `json:"result"`
}

type storedBaseline struct {
	ServerTime time.Time `json:"server_time,omitzero"`
	NextStart  time.Time `json:"next_start,omitzero"`
	Staging    bool      `json:"staging,omitempty"`
}

type storedPreflight struct {
	Version   string         `json:"version,omitempty"`
	LastCycle time.Time      `json:"last_cycle,omitzero"`
	AllowedMS int64          `json:"allowed_ms,omitempty"`
	Deletes   *storedDeletes `json:"deletes,omitempty"` // nil: not counted
}

type storedDeletes struct {
	Waiting   int  `json:"waiting"`
	Failed    bool `json:"failed,omitempty"` // tried, and not counted
	Readable  bool `json:"readable,omitempty"`
	Prevented bool `json:"prevented,omitempty"`
	Threshold int  `json:"threshold,omitempty"`
}

type storedFollow struct {
	Seen        bool      `json:"seen,omitempty"`
	Cycle       time.Time `json:"cycle,omitzero"`
	Polled      time.Time `json:"polled,omitzero"`
	Connector   string    `json:"connector,omitempty"`
	Profile     string    `json:"profile,omitempty"`
	Connectors  []string  `json:"connectors,omitempty"`
	At          time.Time `json:"at,omitzero"`
	Record      int64     `json:"record,omitempty"`
	Slices      int       `json:"slices,omitempty"`
	LastLook    time.Time `json:"last_look,omitzero"`
	LastProblem string    `json:"last_problem,omitempty"`
}

type storedWaiting struct {
	For   string    `json:"for"`
	On    string    `json:"on,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// storedResult is a result without its verdict, which is a column.
type storedResult struct {
	Source   string          `json:"source,omitempty"`
	Code     string          `json:"code,omitempty"`
	Detail   string          `json:"detail,omitempty"`
	Findings []storedFinding `json:"findings,omitempty"`
	Pending  []storedPending `json:"pending,omitempty"`
	Errors   *storedErrors   `json:"errors,omitempty"`
	Bridge   string          `json:"bridge,omitempty"`
	Objects  []storedObject  `json:"objects,omitempty"`
}

type storedObject struct {
	Connector string    `json:"connector,omitempty"`
	Kind      string    `json:"kind,omitempty"`
	Type      string    `json:"type,omitempty"`
	DN        string    `json:"dn,omitempty"`
	Name      string    `json:"name,omitempty"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Retries   int       `json:"retries,omitempty"`
	Detail    string    `json:"detail,omitempty"`
}

type storedErrors struct {
	Source string       `json:"source,omitempty"`
	Types  []storedType `json:"types,omitempty"`
	Unread int          `json:"unread,omitempty"`
}

type storedType struct {
	Connector string    `json:"connector,omitempty"`
	Kind      string    `json:"kind,omitempty"`
	Type      string    `json:"type,omitempty"`
	Count     int       `json:"count,omitempty"`
	New       int       `json:"new,omitempty"`
	Chronic   int       `json:"chronic,omitempty"`
	Since     time.Time `json:"since,omitzero"`
}

type storedFinding struct {
	Verdict   string `json:"verdict,omitempty"`
	What      string `json:"what"`
	Connector string `json:"connector,omitempty"`
	EventID   int    `json:"event_id,omitempty"`
	Count     int    `json:"count,omitempty"`
}

type storedPending struct {
	Connector     string `json:"connector"`
	ImportAdds    int    `json:"import_adds,omitempty"`
	ImportUpdates int    `json:"import_updates,omitempty"`
	ImportDeletes int    `json:"import_deletes,omitempty"`
	ExportAdds    int    `json:"export_adds,omitempty"`
	ExportUpdates int    `json:"export_updates,omitempty"`
	ExportDeletes int    `json:"export_deletes,omitempty"`
}

// encodeState returns the stored form of what a cycle has beside its columns.
func encodeState(c executor.Cycle) (string, error) {
	s := storedState{
		Baseline: storedBaseline{
			ServerTime: c.Baseline.ServerTime.UTC(),
			NextStart:  c.Baseline.NextStart.UTC(),
			Staging:    c.Baseline.Staging,
		},
		Preflight: storePreflight(c.Preflight),
		ReadsFrom: c.ReadsFrom.UTC(),
		Follow: storedFollow{
			Seen:        c.Follow.Seen,
			Cycle:       c.Follow.Cycle.UTC(),
			Polled:      c.Follow.Polled.UTC(),
			Connector:   c.Follow.Connector,
			Profile:     c.Follow.Profile,
			Connectors:  c.Follow.Connectors,
			At:          c.Follow.At.UTC(),
			Record:      c.Follow.Record,
			Slices:      c.Follow.Slices,
			LastLook:    c.Follow.LastLook.UTC(),
			LastProblem: c.Follow.LastProblem,
		},
		Result: storedResult{
			Source: string(c.Result.Source),
			Code:   string(c.Result.Code),
			Detail: c.Result.Detail,
			Bridge: string(c.Result.Bridge),
		},
	}
	if c.Waiting != nil {
		s.Waiting = &storedWaiting{For: c.Waiting.For, On: c.Waiting.On, Since: c.Waiting.Since.UTC()}
	}
	for _, f := range c.Result.Findings {
		s.Result.Findings = append(s.Result.Findings, storedFinding{
			Verdict: string(f.Verdict), What: f.What, Connector: f.Connector, EventID: f.EventID, Count: f.Count,
		})
	}
	for _, p := range c.Result.Pending {
		s.Result.Pending = append(s.Result.Pending, storedPending(p))
	}
	if e := c.Result.Errors; e != nil {
		s.Result.Errors = &storedErrors{Source: string(e.Source), Unread: e.Unread}
		for _, t := range e.Types {
			t.Since = t.Since.UTC()
			s.Result.Errors.Types = append(s.Result.Errors.Types, storedType(t))
		}
	}
	for _, o := range c.Result.Objects {
		o.First, o.Last = o.First.UTC(), o.Last.UTC()
		s.Result.Objects = append(s.Result.Objects, storedObject(o))
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// decodeState fills in what encodeState took from a cycle.
func decodeState(state string, c *executor.Cycle) error {
	var s storedState
	if err := json.Unmarshal([]byte(state), &s); err != nil {
		return fmt.Errorf("read stored state: %w", err)
	}
	c.Baseline = executor.Baseline{
		ServerTime: s.Baseline.ServerTime,
		NextStart:  s.Baseline.NextStart,
		Staging:    s.Baseline.Staging,
	}
	c.Preflight = s.Preflight.preflight()
	c.ReadsFrom = s.ReadsFrom
	c.Follow = executor.FollowState{
		Seen:        s.Follow.Seen,
		Cycle:       s.Follow.Cycle,
		Polled:      s.Follow.Polled,
		Connector:   s.Follow.Connector,
		Profile:     s.Follow.Profile,
		Connectors:  s.Follow.Connectors,
		At:          s.Follow.At,
		Record:      s.Follow.Record,
		Slices:      s.Follow.Slices,
		LastLook:    s.Follow.LastLook,
		LastProblem: s.Follow.LastProblem,
	}
	if s.Waiting != nil {
		c.Waiting = &executor.Waiting{For: s.Waiting.For, On: s.Waiting.On, Since: s.Waiting.Since}
	}
	c.Result.Source = executor.Source(s.Result.Source)
	c.Result.Code = executor.Code(s.Result.Code)
	c.Result.Detail = s.Result.Detail
	c.Result.Bridge = executor.Code(s.Result.Bridge)
	for _, f := range s.Result.Findings {
		c.Result.Findings = append(c.Result.Findings, executor.Finding{
			Verdict: executor.Verdict(f.Verdict), What: f.What, Connector: f.Connector, EventID: f.EventID, Count: f.Count,
		})
	}
	for _, p := range s.Result.Pending {
		c.Result.Pending = append(c.Result.Pending, executor.Pending(p))
	}
	for _, o := range s.Result.Objects {
		c.Result.Objects = append(c.Result.Objects, executor.ObjectError(o))
	}
	if e := s.Result.Errors; e != nil {
		c.Result.Errors = &executor.ErrorSummary{Source: executor.Source(e.Source), Unread: e.Unread}
		for _, t := range e.Types {
			c.Result.Errors.Types = append(c.Result.Errors.Types, executor.TypeSummary(t))
		}
	}
	return nil
}

func storePreflight(p executor.Preflight) *storedPreflight {
	if p == (executor.Preflight{}) {
		return nil
	}
	s := storedPreflight{Version: p.Version, LastCycle: p.LastCycle.UTC(), AllowedMS: p.Allowed.Milliseconds()}
	if d := p.Deletes; d.Counted || d.Failed {
		s.Deletes = &storedDeletes{Failed: d.Failed, Waiting: d.Waiting, Readable: d.Readable, Prevented: d.Prevented, Threshold: d.Threshold}
	}
	return &s
}

func (s *storedPreflight) preflight() (p executor.Preflight) {
	if s == nil {
		return p
	}
	p.Version, p.LastCycle, p.Allowed = s.Version, s.LastCycle, time.Duration(s.AllowedMS)*time.Millisecond
	if d := s.Deletes; d != nil {
		p.Deletes = executor.Deletes{Counted: !d.Failed, Failed: d.Failed, Waiting: d.Waiting, Readable: d.Readable, Prevented: d.Prevented, Threshold: d.Threshold}
	}
	return p
}
