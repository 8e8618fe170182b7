package executor_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// errorsCase is what a server tells of its errors after a delta.
type errorsCase struct {
	situation string
	local     bool // no network logon: the run history can be read
	source    executor.Source
	complete  bool
	types     string // of the objects, newest first, each with its retries
	counted   int
	unread    int
}

func errorsCases() []errorsCase {
	const unique, rule = "AttributeValueMustBeUnique", "sync-rule-error-function-triggered"
	return []errorsCase{
		{"ok", false, executor.FromExport, true, "", 0, 0},
		{"ok", true, executor.FromHistory, true, "", 0, 0},
		{"export errors", false, executor.FromExport, true, unique + " 0 " + unique + " 0 ", 2, 0},
		{"export errors", true, executor.FromHistory, true, unique + " 0 " + unique + " 0 ", 2, 0},
		{"sync errors", false, executor.FromExport, true, rule + " 0 " + rule + " 0 " + rule + " 0 ", 3, 0},
		{"chronic error", false, executor.FromExport, true, unique + " 0 " + unique + " 577 ", 2, 0},
		{"chronic error", true, executor.FromHistory, true, unique + " 0 " + unique + " 577 ", 2, 0},
		{"csexport denied", false, executor.FromEventLog, false, "", 2, 4},
		{"csexport missing", false, executor.FromEventLog, false, "", 2, 2},
		{"umlauts", false, executor.FromExport, true, "", 0, 0},
		{"module missing", false, executor.FromNothing, false, "", 0, 0},
		{"no rights", false, executor.FromEventLog, false, "", 0, 0},
	}
}

func (c errorsCase) run(t *testing.T, on func(*adsync.Model) program, language, culture string) {
	t.Helper()
	situation, ok := adsync.Find(c.situation)
	if !ok {
		t.Fatal("no such situation")
	}
	clock := adsync.NewSimulatedClock(epoch())
	m := situation.New(clock, func(s *adsync.Settings) {
		s.Language, s.Culture, s.Automatic = language, culture, false
		if c.local {
			s.NetworkLogon = false
		}
	})
	if c.situation != "module missing" && c.situation != "no rights" {
		delta(t, answers(m))
	}
	began := m.Now()
	e := executor.New(map[string]executor.Runner{"aadc01": on(m)}, slog.New(slog.DiscardHandler))
	r, err := e.Errors(t.Context(), "aadc01", executor.ErrorsOrder{})
	if err != nil {
		t.Fatal(err)
	}
	types := ""
	for _, o := range r.Objects {
		types += fmt.Sprintf("%s %d ", o.Type, o.Retries)
		if o.DN == "" || o.Name == "" || o.First.IsZero() || o.First.After(began) {
			t.Errorf("an object without its facts: %+v", o)
		}
		if o.Kind == "export" && o.Detail == "" {
			t.Errorf("an object without the reason: %+v", o)
		}
	}
	if r.Source != c.source || r.Complete != c.complete || types != c.types || r.Total() != c.counted || len(r.Unread) != c.unread {
		t.Errorf("from %s (complete %t): %q, %d in all, not read: %+v; want %+v", r.Source, r.Complete, types, r.Total(), r.Unread, c)
	}
}

func TestErrorsInEverySituation(t *testing.T) {
	for _, c := range errorsCases() {
		t.Run(fmt.Sprintf("%s local %t", c.situation, c.local), func(t *testing.T) { c.run(t, answers, "FullLanguage", "en-US") })
	}
}

func TestErrorsInPowerShell(t *testing.T) {
	on := shell(t)
	cases := 0
	for _, c := range errorsCases() {
		modes := [][2]string{{"ConstrainedLanguage", "de-DE"}}
		if c.situation == "chronic error" {
			modes = append(modes, [2]string{"FullLanguage", "ja-JP"}, [2]string{"FullLanguage", "en-US"})
		}
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s local %t %s", c.situation, c.local, mode), func(t *testing.T) { c.run(t, on, mode[0], mode[1]) })
			cases++
		}
	}
	t.Logf("%d cases", cases)
}

func TestPending(t *testing.T) {
	ways := map[string]func(*adsync.Model) program{"answers": answers}
	t.Run("answers", func(t *testing.T) { pending(t, ways["answers"]) })
	t.Run("powershell", func(t *testing.T) { pending(t, shell(t)) })
}

func pending(t *testing.T, on func(*adsync.Model) program) {
	situation, _ := adsync.Find("deletion threshold")
	m := situation.New(adsync.NewSimulatedClock(epoch()), func(s *adsync.Settings) { s.Language = "ConstrainedLanguage" })
	delta(t, answers(m))
	e := executor.New(map[string]executor.Runner{"aadc01": on(m)}, slog.New(slog.DiscardHandler))
	r, err := e.Pending(t.Context(), "aadc01")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Connectors) != 2 || len(r.Pending) != 2 || len(r.Problems) != 0 || r.Version == "" || r.Service != "Running" || r.Pending[1].ExportDeletes != 800 {
		t.Errorf("%+v", r)
	}
	m.Set(func(s *adsync.Settings) { s.Rights = adsync.NoRights })
	r, err = e.Pending(t.Context(), "aadc01")
	if err != nil || r.Connectors != nil || len(r.Pending) != 0 || len(r.Problems) == 0 || r.Problems[0].Code != executor.CodeNoRights {
		t.Errorf("without rights: %+v, %v", r, err)
	}
}
