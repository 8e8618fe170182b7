package executor

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// FuzzRunHistory: whatever a server says of its runs, a cycle has succeeded only if every run says so in the engine's word.
func FuzzRunHistory(f *testing.F) {
	for _, word := range []string{"success", "in-progress", "completed-export-errors", "stopped-deletion-threshold-exceeded", "completed-in-a-new-way", "SUCCESS", "", "success\u0000"} {
		f.Add(word, "contoso.com", "Export", `"5fdc0b17"`, "1", "2026-11-24T09:00:20Z")
	}
	f.Add("success", "münchen \U0001f389", "Delta Import", "null", "-1", "0001-01-01T00:00:00Z")
	f.Add("success", "x", "Export", "{}", "1e99", "9999-12-31T23:59:59.9999999Z")
	f.Fuzz(func(t *testing.T, result, connector, profile, id, count, start string) {
		line := fmt.Sprintf(`{"t":"run","connector":%s,"profile":%s,"result":%s,"start":%s,"end":%q,"number":1,"id":%s,"adds":%s,"updates":0,"deletes":0,"errors":0}`,
			quoted(connector), quoted(profile), quoted(result), quoted(start), o(30), id, count)
		lines := script(append([]string{done(60), connectors, readable, line}, cycleEvents(10, nil)...)...)
		p := &player{lines: lines}
		look, err := executorOver(p).Follow(t.Context(), "aadc01", FollowOrder{Policy: Delta, Baseline: Baseline{ServerTime: at(0)}, Follow: FollowState{Seen: true}}, nil)
		if err != nil {
			return // not understood, which the look says
		}
		if look.Result.Source == FromHistory && look.Result.Verdict == Succeeded && len(look.Runs) > 0 && look.Runs[0].Result != "success" {
			t.Errorf("%q is a success: %+v", result, look.Result)
		}
	})
}

// FuzzObjects: lines about objects, of whatever csexport.exe has written, and events of errors.
func FuzzObjects(f *testing.F) {
	f.Add(`{"t":"object","connector":"contoso.com","kind":"export","type":"InvalidSoftMatch","dn":"CN=Ann","name":"","first":"2026-11-12T09:00:00.0000000Z","last":"","retries":7,"detail":""}`,
		`{"t":"objects","connector":"contoso.com","kind":"export","source":"csexport","readable":true,"count":1,"types":[{"type":"InvalidSoftMatch","count":1}],"message":""}`, "Error Name: X")
	f.Add(`{"t":"object","retries":null,"first":null}`, `{"t":"objects","readable":false,"types":null,"message":"Access is denied."}`, "error name:\r\n\r\nError Name: \"Y\"")
	f.Add(`{"t":"object","type":"a"}`, `{"t":"objects","source":"csexport","readable":true,"count":-5,"types":[{"type":"a","count":-5},{"type":"a","count":9999999999}]}`, "")
	f.Fuzz(func(t *testing.T, one, all, event string) {
		text := fmt.Sprintf(`{"t":"event","source":"ADSync","id":6941,"level":"Error","at":%q,"record":1,"message":%s}`, o(1), quoted(event))
		p := &player{lines: script(strings.ReplaceAll(one, "\n", " "), strings.ReplaceAll(all, "\n", " "), connectors, text, events(1))}
		r, err := executorOver(p).Errors(t.Context(), "aadc01", ErrorsOrder{History: RoadNone})
		if err != nil {
			return
		}
		s := r.Summary(Before{Server: at(0), Ours: at(0)}, make([]time.Time, len(r.Objects)))
		if s.New() < 0 || s.Chronic() < 0 || s.Count() < 0 || s.New()+s.Chronic() > 2*len(r.Objects) && len(s.Types) < 3 {
			t.Errorf("%+v of %+v", s, r)
		}
		if r.Source == FromNothing && r.Complete || r.Source == FromEventLog && r.Complete {
			t.Errorf("complete, from %s", r.Source)
		}
	})
}
