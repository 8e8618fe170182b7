package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// The lines that scripts write: one JSON object each, whose key t names the kind. Keys that are not listed are ignored,
// so that a newer script may tell more.
type (
	clockLine struct {
		UTC          stamp  `json:"utc"`
		Computer     string `json:"computer"`
		Culture      string `json:"culture"`
		LanguageMode string `json:"language_mode"`
		PS           string `json:"ps"`
		X64          bool   `json:"x64"`
	}
	beatLine struct {
		Doing string `json:"doing"`
	}
	serviceLine struct {
		Status string `json:"status"`
	}
	moduleLine struct {
		Version string `json:"version"`
		By      string `json:"by"`
	}
	schedulerLine struct {
		Enabled           bool   `json:"enabled"`
		Suspended         bool   `json:"suspended"`
		InProgress        bool   `json:"in_progress"`
		Staging           bool   `json:"staging"`
		Maintenance       bool   `json:"maintenance"`
		AllowedInterval   span   `json:"allowed_interval"`
		EffectiveInterval span   `json:"effective_interval"`
		NextPolicy        string `json:"next_policy"`
		NextStart         stamp  `json:"next_start"`
	}
	runningLine struct {
		Connectors []string `json:"connectors"`
		At         stamp    `json:"at"`
	}
	acceptedLine struct {
		At stamp `json:"at"`
	}
	refusedLine struct {
		Code    Code   `json:"code"`
		Message string `json:"message"`
		On      string `json:"on"`
	}
	adoptedLine struct {
		Why     string `json:"why"`
		SinceAt stamp  `json:"since_at"`
		Policy  Policy `json:"policy"`
	}
	eventLine struct {
		Source  string `json:"source"`
		ID      int    `json:"id"`
		Level   level  `json:"level"`
		At      stamp  `json:"at"`
		Record  int64  `json:"record"`
		Message string `json:"message"`
	}
	eventsLine struct {
		Count     int   `json:"count"`
		Truncated bool  `json:"truncated"`
		At        stamp `json:"at"`
	}
	connectorsLine struct {
		List []Connector `json:"list"`
	}
	statisticsLine struct {
		Connector     string `json:"connector"`
		ImportAdds    int    `json:"import_adds"`
		ImportUpdates int    `json:"import_updates"`
		ImportDeletes int    `json:"import_deletes"`
		ExportAdds    int    `json:"export_adds"`
		ExportUpdates int    `json:"export_updates"`
		ExportDeletes int    `json:"export_deletes"`
	}
	pastLine struct {
		At      stamp  `json:"at"`
		Message string `json:"message"`
	}
	deletesLine struct {
		Waiting   int  `json:"waiting"`
		Readable  bool `json:"readable"` // the threshold; the next two mean nothing otherwise
		Prevented bool `json:"prevented"`
		Threshold int  `json:"threshold"`
	}
	historyLine struct {
		Readable bool   `json:"readable"`
		Source   Road   `json:"source"` // RoadDirect or RoadBridge; empty when it is not readable
		Message  string `json:"message"`
	}
	runLine struct {
		Connector string `json:"connector"`
		Profile   string `json:"profile"`
		Result    string `json:"result"`
		Start     stamp  `json:"start"`
		End       stamp  `json:"end"`
		Number    int    `json:"number"`
		ID        string `json:"id"`
		Adds      int    `json:"adds"`
		Updates   int    `json:"updates"`
		Deletes   int    `json:"deletes"`
		Errors    int    `json:"errors"`
	}
	objectLine struct {
		Connector string `json:"connector"`
		Kind      string `json:"kind"`
		Type      string `json:"type"`
		DN        string `json:"dn"`
		Name      string `json:"name"`
		First     stamp  `json:"first"`
		Last      stamp  `json:"last"`
		Retries   int    `json:"retries"`
		Detail    string `json:"detail"`
	}
	objectsLine struct {
		Connector string `json:"connector"`
		Kind      string `json:"kind"`
		Source    string `json:"source"` // "direct", "bridge" or "csexport"
		Readable  bool   `json:"readable"`
		Count     int    `json:"count"`
		Types     []struct {
			Type  string `json:"type"`
			Count int    `json:"count"`
		} `json:"types"`
		Message string `json:"message"`
	}
	doneLine struct {
		Why string `json:"why"`
		At  stamp  `json:"at"`
	}
	// heartbeatLine tells the newest heartbeat of password hash synchronization within a day; no time when there was none.
	heartbeatLine struct {
		At stamp `json:"at"`
	}
	groupLine struct {
		Name string `json:"name"`
		SID  string `json:"sid"`
	}
	problemLine struct {
		Doing   string `json:"doing"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	endLine struct {
		Lines int `json:"lines"`
	}
	// unknownLine is a line of ours of a kind that this program does not know: it is counted and passed over.
	unknownLine struct {
		kind string
	}
)

// decodeLine reads one line. It returns nil for what is not a line of ours, and an error for one of ours whose fields
// are not what they must be.
func decodeLine(text []byte) (any, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 || text[0] != '{' {
		return nil, nil
	}
	var head struct {
		T string `json:"t"`
	}
	if json.Unmarshal(text, &head) != nil || head.T == "" {
		return nil, nil //nolint:nilerr // what is no JSON object is none of our lines
	}
	switch head.T {
	case "clock":
		return decodeAs[clockLine](head.T, text)
	case "beat":
		return decodeAs[beatLine](head.T, text)
	case "service":
		return decodeAs[serviceLine](head.T, text)
	case "module":
		return decodeAs[moduleLine](head.T, text)
	case "scheduler":
		return decodeAs[schedulerLine](head.T, text)
	case "running":
		return decodeAs[runningLine](head.T, text)
	case "accepted":
		return decodeAs[acceptedLine](head.T, text)
	case "refused":
		return decodeAs[refusedLine](head.T, text)
	case "adopted":
		return decodeAs[adoptedLine](head.T, text)
	case "event":
		return decodeAs[eventLine](head.T, text)
	case "events":
		return decodeAs[eventsLine](head.T, text)
	case "connectors":
		return decodeAs[connectorsLine](head.T, text)
	case "statistics":
		return decodeAs[statisticsLine](head.T, text)
	case "past":
		return decodeAs[pastLine](head.T, text)
	case "deletes":
		return decodeAs[deletesLine](head.T, text)
	case "history":
		return decodeAs[historyLine](head.T, text)
	case "run":
		return decodeAs[runLine](head.T, text)
	case "object":
		return decodeAs[objectLine](head.T, text)
	case "objects":
		return decodeAs[objectsLine](head.T, text)
	case "done":
		return decodeAs[doneLine](head.T, text)
	case "heartbeat":
		return decodeAs[heartbeatLine](head.T, text)
	case "group":
		return decodeAs[groupLine](head.T, text)
	case "problem":
		return decodeAs[problemLine](head.T, text)
	case "end":
		return decodeAs[endLine](head.T, text)
	}
	return unknownLine{kind: head.T}, nil
}

func decodeAs[L any](kind string, text []byte) (any, error) {
	var line L
	if err := json.Unmarshal(text, &line); err != nil {
		return nil, fmt.Errorf("line %q not understood: %w", kind, err)
	}
	return line, nil
}

// stamp is a time as scripts write it: UTC in the form of .NET's "o"; empty for none.
type stamp struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (s *stamp) UnmarshalJSON(text []byte) error {
	var written string
	if err := json.Unmarshal(text, &written); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	if written == "" {
		*s = stamp{}
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, written)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	*s = stamp{t.UTC()}
	return nil
}

// written is a time as scripts read it.
func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// span is a .NET TimeSpan as text: [d.]hh:mm:ss[.fffffff]; empty for none.
type span time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (s *span) UnmarshalJSON(text []byte) error {
	var written string
	if err := json.Unmarshal(text, &written); err != nil {
		return fmt.Errorf("interval: %w", err)
	}
	*s = 0
	if written == "" {
		return nil
	}
	var days, hours, minutes int
	var seconds float64
	if n, err := fmt.Sscanf(written, "%d.%d:%d:%g", &days, &hours, &minutes, &seconds); err != nil || n != 4 {
		days = 0
		if n, err := fmt.Sscanf(written, "%d:%d:%g", &hours, &minutes, &seconds); err != nil || n != 3 {
			return fmt.Errorf("interval %q is not [d.]hh:mm:ss", written)
		}
	}
	*s = span(time.Duration(24*days+hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds*float64(time.Second)))
	return nil
}

// level is how bad the event log says an event is.
type level string

// The levels.
const (
	information level = "Information"
	warning     level = "Warning"
	failure     level = "Error"
)
