package adsync

import "time"

// Situation is a state of a server worth telling apart. Every way to answer a script, and every reader of the answers,
// is tested with all of them.
type Situation struct {
	Name     string
	settings func(*Settings)
	prepare  func(*Model)
}

// New returns a server in this situation. change, if not nil, has the last word on its settings.
func (s Situation) New(clock Clock, change func(*Settings)) *Model {
	settings := DefaultSettings()
	if s.settings != nil {
		s.settings(&settings)
	}
	if change != nil {
		change(&settings)
	}
	m := New(clock, settings)
	if s.prepare != nil {
		s.prepare(m)
	}
	return m
}

// Situations returns all situations; their names do not change.
func Situations() []Situation {
	const domain = "contoso.com"
	return []Situation{
		{Name: "ok"},
		{Name: "race", settings: func(s *Settings) { s.PickUp = 25 * time.Second }},
		{Name: "running delta", prepare: func(m *Model) { m.Begin(Delta) }},
		{Name: "running initial", prepare: func(m *Model) { m.Begin(Initial) }},
		{Name: "staging", settings: func(s *Settings) { s.Staging = true }},
		{Name: "suspended", settings: func(s *Settings) { s.Suspended = true }},
		{Name: "disabled", settings: func(s *Settings) { s.Enabled = false }},
		{Name: "wizard", settings: func(s *Settings) { s.WizardOpen = true }},
		{Name: "wizard hidden", settings: func(s *Settings) { s.WizardOpen, s.WizardHidden = true, true }},
		{Name: "pending deletes", settings: func(s *Settings) { s.PendingDeletes = 120 }},
		{Name: "shutting down", settings: func(s *Settings) { s.ShuttingDown = true }},
		{Name: "busy", prepare: func(m *Model) { m.RunForeign(EntraConnector, "Full Import", 10*time.Minute) }},
		{Name: "service stopped", settings: func(s *Settings) { s.Service = ServiceStopped }},
		{Name: "service missing", settings: func(s *Settings) { s.Service, s.Module, s.Version = ServiceMissing, ModuleMissing, "" }},
		{Name: "module by path", settings: func(s *Settings) { s.Module = ModuleByPath }},
		{Name: "module missing", settings: func(s *Settings) { s.Module = ModuleMissing }},
		{Name: "cloud settings unreadable", settings: func(s *Settings) { s.CloudUnreadable = true }},
		{Name: "no rights", settings: func(s *Settings) { s.Rights = NoRights }},
		{Name: "browse only", settings: func(s *Settings) { s.Rights = Browse }},
		{Name: "event log unreadable", settings: func(s *Settings) { s.EventLogDenied = true }},
		{Name: "history readable", settings: func(s *Settings) { s.NetworkLogon = false }},
		{Name: "bridge", settings: func(s *Settings) { s.Bridge = BridgeWorks }},
		{Name: "bridge denied", settings: func(s *Settings) { s.Bridge = BridgeDenied }},
		{Name: "bridge disabled", settings: func(s *Settings) { s.Bridge = BridgeDisabled }},
		{Name: "bridge hangs", settings: func(s *Settings) { s.Bridge = BridgeHangs }},
		{Name: "bridge busy", settings: func(s *Settings) { s.Bridge = BridgeBusy }},
		{Name: "bridge stale", settings: func(s *Settings) { s.Bridge = BridgeStale }},
		{Name: "bridge foreign", settings: func(s *Settings) { s.Bridge = BridgeForeign }},
		{Name: "bridge garbled", settings: func(s *Settings) { s.Bridge = BridgeGarbled }},
		{Name: "bridge rightless", settings: func(s *Settings) { s.Bridge = BridgeRightless }},
		{Name: "constrained language", settings: func(s *Settings) { s.Language = "ConstrainedLanguage" }},
		{Name: "two forests", settings: func(s *Settings) { s.Domains = []string{domain, "fabrikam.com"} }},
		{Name: "umlauts", settings: func(s *Settings) {
			s.Domains = []string{"münchen.example", "東京.example"}
			s.Culture, s.TimeZone = "de-DE", "Europe/Berlin"
		}},
		{Name: "export errors", prepare: func(m *Model) { m.Plan(ExportErrors(2)) }},
		{Name: "chronic error", prepare: func(m *Model) {
			known := objects(3, "AttributeValueMustBeUnique")[2]
			known.First, known.Last, known.Retries = m.Now().AddDate(0, 0, -12), m.Now().Add(-30*time.Minute), 576
			m.Chronic(EntraConnector, "Export", known)
			again := ExportErrors(2)
			again.Objects = append(again.Objects[:1], known)
			m.Plan(again)
		}},
		{Name: "csexport denied", settings: func(s *Settings) { s.ExportDenied = true }, prepare: func(m *Model) { m.Plan(ExportErrors(2)) }},
		{Name: "csexport missing", settings: func(s *Settings) { s.ExportMissing = true }, prepare: func(m *Model) { m.Plan(ExportErrors(2)) }},
		{Name: "sync errors", prepare: func(m *Model) { m.Plan(SyncErrors(domain, 3)) }},
		{Name: "import failure", prepare: func(m *Model) { m.Plan(ImportFailure()) }},
		{Name: "no domain controller", prepare: func(m *Model) { m.Plan(NoDomainController(domain)) }},
		{Name: "deletion threshold", prepare: func(m *Model) { m.Plan(DeletionThreshold(domain, 800)...) }},
		{Name: "cancelled", prepare: func(m *Model) {
			m.Plan(Outcome{Connector: EntraConnector, Profile: "Import", Stop: true})
		}},
		{Name: "unknown result", prepare: func(m *Model) {
			m.Plan(Outcome{Connector: EntraConnector, Profile: "Export", Result: "completed-in-a-new-way"})
		}},
	}
}

// Find returns the situation of that name.
func Find(name string) (Situation, bool) {
	for _, s := range Situations() {
		if s.Name == name {
			return s, true
		}
	}
	return Situation{}, false
}
