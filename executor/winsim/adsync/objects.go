package adsync

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ObjectError is one object that a run could not do something with.
type ObjectError struct {
	DN      string    `json:"dn"`
	Name    string    `json:"name"` // what people call it
	Type    string    `json:"type"`
	Detail  string    `json:"detail"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Retries int       `json:"retries"`
}

// objects are n objects with an error. The connector to Entra ID has distinguished names that say nothing to people.
func objects(n int, kind string) []ObjectError {
	names := []string{"ann", "ben", "cleo", "dora"}
	all := make([]ObjectError, n)
	for i := range all {
		name := names[i%len(names)]
		all[i] = ObjectError{
			DN: fmt.Sprintf("CN={6b4933325%07x}", i), Name: name + "@contoso.com", Type: kind,
			Detail: "Unable to update this object because [ProxyAddresses SMTP:" + name + "@contoso.com;] may already be associated with another object.",
		}
	}
	return all
}

// kindOf is in which list of a connector space a run leaves its errors.
func kindOf(profile string) string {
	if strings.HasSuffix(profile, "Export") {
		return "export"
	}
	return "import"
}

// fail notes what a run could not do: an error that is not new keeps since when it has been, and counts its retries. What
// an import could not do is left alone by one that goes well: only the synchronization that follows tells.
func (m *Model) fail(r Run, found []ObjectError) []ObjectError {
	key := r.Connector + "|" + kindOf(r.Profile)
	before := m.failing[key]
	if strings.HasPrefix(r.Result, "stopped-") || strings.HasPrefix(r.Result, "no-start-") || strings.HasSuffix(r.Profile, "Import") && len(found) == 0 {
		return nil
	}
	found = slices.Clone(found)
	for i := range found {
		e := &found[i]
		e.Last = m.now
		if e.First.IsZero() {
			e.First = m.now
		}
		for _, old := range before {
			if old.DN == e.DN && old.Type == e.Type {
				e.First, e.Retries = old.First, old.Retries+1
			}
		}
	}
	m.failing[key] = found
	return found
}

// Chronic puts an error into a connector space that has been there for a while.
func (m *Model) Chronic(connector, profile string, e ObjectError) {
	m.lock()
	defer m.unlock()
	key := connector + "|" + kindOf(profile)
	m.failing[key] = append(m.failing[key], e)
}

// Exported is what csexport.exe leaves behind.
type Exported struct {
	XML    string `json:"xml"` // of its file; empty: none was written
	Output string `json:"output"`
}

// Export is csexport.exe with one of the filters for errors.
func (m *Model) Export(_ context.Context, connector, filter string) (Exported, error) {
	m.lock()
	defer m.unlock()
	m.called("csexport.exe")
	switch err := m.reach("csexport.exe", Browse); {
	case m.settings.ExportDenied:
		return Exported{Output: "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))"}, nil
	case err != nil:
		return Exported{Output: err.(*CmdletError).Message}, nil //nolint:errorlint,forcetypeassert // reach knows no other
	}
	kind := map[string]string{"/f:e": "export", "/f:i": "import"}[filter]
	if kind == "" {
		return Exported{}, fmt.Errorf("the filter %q is not simulated", filter)
	}
	found := m.failing[connector+"|"+kind]
	return Exported{XML: exportedXML(kind, found), Output: fmt.Sprintf("Successfully exported %d objects.", len(found))}, nil
}

// exportedXML writes the tool's file, in the elements and attributes of Microsoft's Connector Space Export XML.
func exportedXML(kind string, found []ObjectError) string {
	const form = "2006-01-02 15:04:05.000"
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<cs-objects>\r\n")
	for i, e := range found {
		fmt.Fprintf(&b, " <cs-object cs-dn=%s id=\"{00000000-0000-0000-0000-%012x}\" transient=\"false\" object-type=\"user\">\r\n", quoted(e.DN), i+1)
		fmt.Fprintf(&b, "  <synchronized-hologram><entry dn=%s><attr name=\"userPrincipalName\" type=\"string\" multivalued=\"false\"><value>%s</value></attr></entry></synchronized-hologram>\r\n",
			quoted(e.DN), escaped(e.Name))
		fmt.Fprintf(&b, "  <%[1]s-errordetail first-occurred=\"%[2]s\" retry-count=\"%[3]d\" date-occurred=\"%[4]s\" error-type=%[5]s>\r\n   <%[1]s-status>\r\n",
			kind, e.First.Format(form), e.Retries, e.Last.Format(form), quoted(engineType(kind, e.Type)))
		if kind == "export" {
			fmt.Fprintf(&b, "    <cd-error><error-code>0x8023134a</error-code><error-name>%s</error-name><error-literal>%s</error-literal></cd-error>\r\n", escaped(e.Type), escaped(e.Detail))
		} else {
			b.WriteString("    <algorithm-step>import-flow</algorithm-step>\r\n")
		}
		fmt.Fprintf(&b, "   </%[1]s-status>\r\n  </%[1]s-errordetail>\r\n </cs-object>\r\n", kind)
	}
	b.WriteString("</cs-objects>\r\n")
	return b.String()
}

// engineType is the engine's own word: an export to Entra ID fails for a reason that only its details name.
func engineType(kind, name string) string {
	if kind == "export" {
		return "ma-extension-error"
	}
	return name
}

func quoted(s string) string { return `"` + escaped(s) + `"` }

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
