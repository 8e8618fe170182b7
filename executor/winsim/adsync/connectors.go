package adsync

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// The Entra connector, which every installation has. Only its identifier is the same everywhere; the end of its name,
// " - AAD", is why people read "AAD is busy".
const (
	EntraConnector   = "contoso.onmicrosoft.com - AAD"
	EntraConnectorID = "b891884f-051e-4a83-95af-2544101c9083"
)

// Connector is what Get-ADSyncConnector tells of one.
type Connector struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
}

// Statistics is what waits on a connector, as Get-ADSyncConnectorStatistics counts it.
type Statistics struct {
	Connector     string `json:"connector"`
	ImportAdds    int    `json:"import_adds"`
	ImportUpdates int    `json:"import_updates"`
	ImportDeletes int    `json:"import_deletes"`
	ExportAdds    int    `json:"export_adds"`
	ExportUpdates int    `json:"export_updates"`
	ExportDeletes int    `json:"export_deletes"`
}

// Run is one row of the run history.
type Run struct {
	ID          string    `json:"id"`
	ConnectorID string    `json:"connector_id"`
	Connector   string    `json:"connector"`
	Profile     string    `json:"profile"`
	Number      int       `json:"number"` // counted by connector
	Result      string    `json:"result"` // "in-progress" while running
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"` // zero while running
	Changes

	Objects []ObjectError `json:"objects"`
}

func (m *Model) connectorID(name string) string {
	if name == EntraConnector {
		return EntraConnectorID
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	sum := h.Sum64()
	return fmt.Sprintf("fffb4a69-4ed6-444d-%04x-%012x", sum>>48, sum&0xffffffffffff)
}

func (m *Model) connectors() []Connector {
	all := make([]Connector, 0, len(m.settings.Domains)+1)
	for _, domain := range m.settings.Domains {
		all = append(all, Connector{Name: domain, ID: m.connectorID(domain), Type: "AD"})
	}
	return append(all, Connector{
		Name: EntraConnector, ID: EntraConnectorID,
		Type: "Extensible2", Subtype: "Windows Azure Active Directory (Microsoft)",
	})
}

// Connectors is Get-ADSyncConnector.
func (m *Model) Connectors(context.Context) ([]Connector, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-ADSyncConnector")
	if err := m.reach("Get-ADSyncConnector", Browse); err != nil {
		return nil, err
	}
	return m.connectors(), nil
}

// Running is Get-ADSyncConnectorRunStatus: the name of the busy connector, empty when the engine is idle.
func (m *Model) Running(context.Context) (string, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-ADSyncConnectorRunStatus")
	if err := m.reach("Get-ADSyncConnectorRunStatus", Browse); err != nil {
		return "", err
	}
	if m.busy == nil {
		return "", nil
	}
	return m.busy.run.Connector, nil
}

// Statistics is Get-ADSyncConnectorStatistics.
func (m *Model) Statistics(_ context.Context, connector string) (Statistics, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-ADSyncConnectorStatistics")
	if err := m.reach("Get-ADSyncConnectorStatistics", Browse); err != nil {
		return Statistics{}, err
	}
	for _, c := range m.connectors() {
		if strings.EqualFold(c.Name, connector) {
			s := m.pending[c.Name]
			s.Connector = c.Name
			return s, nil
		}
	}
	text := "Connector " + connector + " not found."
	return Statistics{}, &CmdletError{
		Command: "Get-ADSyncConnectorStatistics", Type: "System.ArgumentException", Message: text,
		ID: text, Category: "WriteError",
	}
}

// Threshold is what Get-ADSyncExportDeletionThreshold returns.
type Threshold struct {
	Prevention int `json:"prevention"` // 0: accidental deletes are not prevented
	Percentage int `json:"percentage"`
	Count      int `json:"count"`
}

// Threshold is Get-ADSyncExportDeletionThreshold.
func (m *Model) Threshold(context.Context) (Threshold, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-ADSyncExportDeletionThreshold")
	if err := m.reachPipe("Get-ADSyncExportDeletionThreshold"); err != nil {
		return Threshold{}, err
	}
	if m.settings.DeletionThreshold == 0 {
		return Threshold{}, nil
	}
	return Threshold{Prevention: 1, Count: m.settings.DeletionThreshold}, nil
}

// History is Get-ADSyncRunProfileResult, newest first; limit 0 is the whole history.
func (m *Model) History(_ context.Context, limit int) ([]Run, error) {
	m.lock()
	defer m.unlock()
	m.called("Get-ADSyncRunProfileResult")
	if err := m.reachPipe("Get-ADSyncRunProfileResult"); err != nil {
		return nil, err
	}
	var rows []Run
	for i := len(m.history) - 1; i >= 0 && (limit == 0 || len(rows) < limit); i-- {
		rows = append(rows, m.history[i])
	}
	return rows, nil
}

// count moves what a run did from one connector's statistics to another's: an import leaves changes to be
// synchronized, a synchronization leaves changes to be exported on the other side, an export leaves what it could not do.
func (m *Model) count(r Run) {
	own := m.pending[r.Connector]
	switch {
	case strings.HasSuffix(r.Profile, "Import"):
		own.ImportAdds, own.ImportUpdates, own.ImportDeletes = r.Adds, r.Updates, r.Deletes
	case strings.HasSuffix(r.Profile, "Synchronization"):
		own.ImportAdds, own.ImportUpdates, own.ImportDeletes = 0, 0, 0
		if r.Connector != EntraConnector {
			entra := m.pending[EntraConnector]
			entra.ExportAdds += r.Adds
			entra.ExportUpdates += r.Updates
			entra.ExportDeletes += r.Deletes
			m.pending[EntraConnector] = entra
		}
	case strings.HasPrefix(r.Result, "stopped-"): // nothing was exported
	default:
		own.ExportAdds, own.ExportUpdates, own.ExportDeletes = 0, r.Errors, 0
	}
	m.pending[r.Connector] = own
}
