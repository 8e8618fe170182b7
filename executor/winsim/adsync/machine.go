package adsync

import (
	"context"
	"strings"
)

// What the machine around ADSync tells: its service, the module's files, the account's groups.

// ServiceState is the status that Get-Service shows of ADSync, or ServiceMissing.
func (m *Model) ServiceState(context.Context) string {
	m.lock()
	defer m.unlock()
	m.called("Get-Service")
	return m.settings.Service
}

// Processes are the names of the processes that matter here, as Get-Process shows them: the service's and the wizard's.
func (m *Model) Processes(context.Context) []string {
	m.lock()
	defer m.unlock()
	m.called("Get-Process")
	var names []string
	if m.settings.Service == ServiceRunning {
		names = append(names, "miiserver")
	}
	if m.settings.WizardOpen && !m.settings.WizardHidden {
		names = append(names, "AzureADConnect")
	}
	return names
}

// Import is Import-Module ADSync, first by name, then by its path; it returns the way that worked.
func (m *Model) Import(context.Context) (Module, error) {
	m.lock()
	defer m.unlock()
	m.called("Import-Module")
	if m.settings.Module != ModuleMissing {
		return m.settings.Module, nil
	}
	return ModuleMissing, &CmdletError{
		Command: "Import-Module", Type: "System.IO.FileNotFoundException",
		Message: "The specified module 'ADSync' was not loaded because no valid module file was found in any module directory.",
		ID:      "Modules_ModuleNotFound", Category: "ResourceUnavailable",
	}
}

// Group is one group of the account.
type Group struct {
	Name string `json:"name"`
	Type string `json:"type"`
	SID  string `json:"sid"`
}

// Groups is what whoami /groups lists.
func (m *Model) Groups(ctx context.Context) []Group {
	m.lock()
	defer m.unlock()
	m.called("whoami.exe")
	s := &m.settings
	const machine = "S-1-5-21-1004336348-1177238915-682003330-"
	groups := []Group{
		{"Everyone", "Well-known group", "S-1-1-0"},
		{`BUILTIN\Users`, "Alias", "S-1-5-32-545"},
		{`BUILTIN\Remote Management Users`, "Alias", "S-1-5-32-580"},
	}
	if !s.EventLogDenied {
		groups = append(groups, Group{`BUILTIN\Event Log Readers`, "Alias", "S-1-5-32-573"})
	}
	rights := s.Rights
	if ctx.Value(adminKey{}) != nil {
		rights = Admins
	}
	switch rights {
	case Admins:
		groups = append(groups, Group{s.Computer + `\ADSyncAdmins`, "Alias", machine + "1001"})
	case Operators:
		groups = append(groups, Group{s.Computer + `\ADSyncOperators`, "Alias", machine + "1002"},
			Group{s.Computer + `\ADSyncBrowse`, "Alias", machine + "1003"})
	case Browse:
		groups = append(groups, Group{s.Computer + `\ADSyncBrowse`, "Alias", machine + "1003"})
	case NoRights:
	}
	if s.NetworkLogon {
		groups = append(groups, Group{`NT AUTHORITY\NETWORK`, "Well-known group", "S-1-5-2"})
	}
	return groups
}

// process notes that a PowerShell process was started.
func (m *Model) process() {
	m.lock()
	defer m.unlock()
	m.called(Process)
}

// Process is the name under which Calls and State.Calls count the processes started.
const Process = "powershell.exe"

// firstLine is the first line of a cmdlet's text without the exception's type, as people should read it.
func (f *CmdletError) firstLine() string {
	line, _, _ := strings.Cut(f.Message, "\r\n")
	return strings.TrimPrefix(line, f.Type+": ")
}
