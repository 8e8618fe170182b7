package executor

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// ObjectError is one object that could not be synchronised. All of its texts are the server's, and name people: they are
// shown to whom may see them and are neither stored nor logged.
type ObjectError struct {
	Connector string
	Kind      string // "export" or "import"; a synchronization's errors are import's
	Type      string // "AttributeValueMustBeUnique", …
	DN        string
	Name      string    // what people call the object; empty when the source does not tell
	First     time.Time // the server's clock: since when the error has been; zero when the source does not tell
	Last      time.Time
	Retries   int // -1 when the source does not tell
	Detail    string
}

// ErrorCount is how many objects have an error of one type on one connector.
type ErrorCount struct {
	Connector, Kind, Type string
	Count                 int
}

// Unread is a list of errors that could not be read.
type Unread struct {
	Connector, Kind string
	Why             string // the server's own words, or the script's
}

// ObjectErrors is what is known of the objects with errors on a server.
type ObjectErrors struct {
	Source  Source // FromHistory, FromBridge, FromExport, FromEventLog; FromNothing when nothing could be read
	Objects []ObjectError
	Counts  []ErrorCount // all of them; Objects may be fewer
	Unread  []Unread
}

// Total is how many objects have an error.
func (e ObjectErrors) Total() int {
	n := 0
	for _, c := range e.Counts {
		n += c.Count
	}
	return n
}

// take reads a line about objects.
func (e *ObjectErrors) take(line any) {
	switch line := line.(type) {
	case objectLine:
		e.Objects = append(e.Objects, ObjectError{
			Connector: line.Connector, Kind: line.Kind, Type: line.Type, DN: line.DN, Name: line.Name,
			First: line.First.Time, Last: line.Last.Time, Retries: line.Retries, Detail: line.Detail,
		})
	case objectsLine:
		if !line.Readable {
			e.Unread = append(e.Unread, Unread{Connector: line.Connector, Kind: line.Kind, Why: line.Message})
			return
		}
		e.Source = FromExport
		if line.Source == string(RoadDirect) || line.Source == string(RoadBridge) {
			e.Source = Road(line.Source).source()
		}
		for _, t := range line.Types {
			e.Counts = append(e.Counts, ErrorCount{Connector: line.Connector, Kind: line.Kind, Type: t.Type, Count: max(t.Count, 0)})
		}
	}
}

// ErrorsOrder asks which objects could not be synchronised.
type ErrorsOrder struct {
	History Road // by which the run history is read
}

// ErrorReport is the answer.
type ErrorReport struct {
	ObjectErrors

	Server   string
	At       time.Time // the server's clock
	Version  string    // of Entra Connect; empty when it could not be read
	Reading  *Reading  // of the run history; nil when it was not asked for
	Problems []Problem
	// Complete is whether everything that the source has was read: only then is no error none.
	Complete bool
}

type errorsParameters struct {
	History Road `json:"history"`
	Seconds int  `json:"seconds"`
}

// exportTime is how long the script may spend with csexport.exe: with the module's loading it stays within a slice.
const exportTime = 12 * time.Second

// Errors tells which objects on a server have an error now, from the best source: the run history, the connector spaces,
// else the newest cycle's events, which name no objects.
func (e *Executor) Errors(ctx context.Context, server string, order ErrorsOrder) (ErrorReport, error) {
	r := ErrorReport{Server: server}
	r.Source = FromNothing
	road := order.History.order()
	var read []eventLine
	var events *eventsLine
	lists, connectors, failed := 0, 0, false
	err := e.play(ctx, server, scripts.Errors, errorsParameters{History: road, Seconds: int(exportTime / time.Second)}, func(line any) {
		r.take(line)
		switch line := line.(type) {
		case clockLine:
			r.At = line.UTC.Time
		case moduleLine:
			r.Version = line.Version
		case historyLine:
			r.Reading = line.reading(road, r.Problems)
		case objectsLine:
			lists++
			failed = failed || !line.Readable
		case connectorsLine:
			connectors = len(line.List)
		case eventLine:
			read = append(read, line)
		case eventsLine:
			events = &line
		case problemLine:
			r.Problems = append(r.Problems, line.problem())
		}
	})
	if err != nil {
		return ErrorReport{}, err
	}
	switch {
	case r.Reading != nil && r.Reading.Found != "":
		r.Source, r.Complete = r.Reading.Found.source(), true
	case r.Source == FromExport:
		r.Complete = !failed && lists >= 2*connectors
	case events != nil:
		r.Source = FromEventLog
		r.Counts = eventErrors(read)
	}
	return r, nil
}

var errorNamePattern = regexp.MustCompile(`(?i)\bError Name\s*:\s*"?([A-Za-z][\w.-]{0,80})`)

// eventErrors counts the errors with objects that events name: the type, and never the object.
func eventErrors(events []eventLine) []ErrorCount {
	j := journal{}
	var counts []ErrorCount
	for _, e := range events {
		if traced(e) {
			j.step(e)
			continue
		}
		if e.Source != sourceEngine || e.ID != 6941 && e.ID != 6942 {
			continue
		}
		c := ErrorCount{Connector: namedConnector(e.Message), Kind: "export", Count: 1}
		if e.ID == 6942 {
			c.Kind = "import"
		}
		if r := j.run(e); r != nil && c.Connector == "" {
			c.Connector = r.Connector
		}
		if found := errorNamePattern.FindStringSubmatch(e.Message); found != nil {
			c.Type = found[1]
		}
		i := slices.IndexFunc(counts, func(o ErrorCount) bool {
			return o.Connector == c.Connector && o.Kind == c.Kind && strings.EqualFold(o.Type, c.Type)
		})
		if i < 0 {
			counts = append(counts, c)
			continue
		}
		counts[i].Count++
	}
	return counts
}
