package jobs

import (
	"errors"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

// failing is an answer of the connector spaces: one error whose date is told, and one that only we can date.
func failing(types ...string) executor.ErrorReport {
	r := executor.ErrorReport{Complete: true}
	r.Source = executor.FromExport
	for _, kind := range types {
		r.Objects = append(r.Objects, executor.ObjectError{Connector: "contoso.com", Kind: "export", Type: kind, DN: "CN=Ann,DC=contoso,DC=com", Retries: -1})
		r.Counts = append(r.Counts, executor.ErrorCount{Connector: "contoso.com", Kind: "export", Type: kind, Count: 1})
	}
	return r
}

func TestErrorsAreAskedForOnlyWhereTheResultHasSome(t *testing.T) {
	direct := done(executor.Errors)
	direct.Reading = &executor.Reading{Asked: executor.RoadDirect, Found: executor.RoadDirect}
	listed := direct
	objects := failing("InvalidSoftMatch").ObjectErrors
	objects.Source = executor.FromHistory
	listed.Objects = &objects
	noted := done(executor.Failed)
	noted.Result.Findings = []executor.Finding{{Verdict: executor.Errors, What: "an object could not be exported", EventID: 6941, Count: 1}}
	for _, test := range []struct {
		name  string
		look  executor.Look
		asked int
		want  executor.Source // of the summary; empty: there is none
	}{
		{"a success", done(executor.Succeeded), 0, ""},
		{"errors in the event log", done(executor.Errors), 1, executor.FromExport},
		{"a failure with errors beside it", noted, 1, executor.FromExport},
		{"a failure alone", done(executor.Failed), 0, ""},
		{"errors in the run history", listed, 0, executor.FromHistory},
		{"errors in the run history that lists no object", direct, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, Config{})
			asked := 0
			w.server.errors = func(string) (executor.ErrorReport, error) {
				asked++
				return failing("InvalidSoftMatch"), nil
			}
			w.server.start = []step{{look: accepted()}}
			w.server.follow = []step{{look: test.look}}
			r := w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID).Result
			got := executor.Source("")
			if r.Errors != nil {
				got = r.Errors.Source
			}
			if asked != test.asked || got != test.want {
				t.Errorf("asked %d times, summary from %q; want %d, %q", asked, got, test.asked, test.want)
			}
			if r.Objects != nil {
				t.Errorf("names are kept though nobody may read them: %+v", r.Objects)
			}
		})
	}
}

// What the source does not date is new when we have not seen it before this cycle.
func TestAnErrorOfAnEarlierCycleIsChronic(t *testing.T) {
	w := newWorld(t, Config{})
	w.server.start = []step{{look: accepted()}}
	w.server.follow = []step{{look: done(executor.Errors)}}
	run := func(types ...string) executor.ErrorSummary {
		t.Helper()
		w.server.errors = func(string) (executor.ErrorReport, error) { return failing(types...), nil }
		c := w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)
		if c.Result.Errors == nil {
			t.Fatal("no summary")
		}
		// As if it had been a while ago: the store counts milliseconds, and cycles here take none.
		if _, err := w.store.SQLDB().ExecContext(t.Context(), `UPDATE known_errors SET first_seen = first_seen - 1000`); err != nil {
			t.Fatal(err)
		}
		return *c.Result.Errors
	}
	if s := run("InvalidSoftMatch"); s.New() != 1 || s.Chronic() != 0 {
		t.Errorf("the first time: %+v", s)
	}
	if s := run("InvalidSoftMatch", "LargeObject"); s.New() != 1 || s.Chronic() != 1 || s.Types[0].Type != "LargeObject" {
		t.Errorf("the second time: %+v", s)
	}
	if s := run("LargeObject"); s.New() != 0 || s.Chronic() != 1 {
		t.Errorf("the third time: %+v", s)
	}
	if s := run("InvalidSoftMatch"); s.New() != 1 || s.Chronic() != 0 {
		t.Errorf("it is back after it was over: %+v", s)
	}
}

func TestAResultIsToldThoughItsErrorsCannotBeRead(t *testing.T) {
	w := newWorld(t, Config{})
	w.server.errors = func(string) (executor.ErrorReport, error) { return executor.ErrorReport{}, errors.New("gone") }
	w.server.start = []step{{look: accepted()}}
	w.server.follow = []step{{look: done(executor.Errors)}}
	if r := w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID).Result; r.Verdict != executor.Errors || r.Errors != nil {
		t.Errorf("%+v", r)
	}
}

func TestNamesAreKeptWhereSomebodyMayReadThem(t *testing.T) {
	w := newWorld(t, Config{})
	w.server.errors = func(string) (executor.ErrorReport, error) { return failing("InvalidSoftMatch"), nil }
	w.server.start = []step{{look: accepted()}}
	w.server.follow = []step{{look: done(executor.Errors)}}
	r := request(executor.Delta, "C1")
	r.Objects = true
	out, err := w.queue.Ask(t.Context(), r, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.run(t, out.Cycle.ID).Result.Objects; len(got) != 1 || got[0].DN == "" {
		t.Errorf("kept %+v", got)
	}
}
