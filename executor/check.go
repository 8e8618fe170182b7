package executor

import (
	"context"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// Checkup is what our account can do on a server.
type Checkup struct {
	Status           Status
	Computer         string
	Culture          string
	LanguageMode     string // "FullLanguage", "ConstrainedLanguage"
	PowerShell       string
	X64              bool
	ModuleBy         string        // "name" or "path"; empty when the module could not be loaded
	Skew             time.Duration // how far the server's clock is ahead of ours; the way there is in it
	Groups           []Group
	HistoryReadable  bool
	HistoryRoad      Road   // by which it is
	Bridge           Code   // why the bridge does not answer that is there; empty else
	HistoryMessage   string // why not, the server's own words, untrusted
	Connectors       []Connector
	ConnectorsListed bool // whether the connectors could be read
}

// Group is a group that our account's logon is a member of. The name is in the server's language.
type Group struct{ Name, SID string }

// Check tries everything on a server that the other scripts need, and changes nothing. What failed is in
// Status.Problems.
func (e *Executor) Check(ctx context.Context, server string) (Checkup, error) {
	c := Checkup{Status: Status{Server: server}}
	s := &c.Status
	err := e.play(ctx, server, scripts.Check, struct{}{}, func(line any) {
		switch line := line.(type) {
		case clockLine:
			c.Skew = time.Until(line.UTC.Time)
			c.Computer, c.Culture, c.LanguageMode, c.PowerShell, c.X64 = line.Computer, line.Culture, line.LanguageMode, line.PS, line.X64
		case moduleLine:
			c.ModuleBy = line.By
		case groupLine:
			c.Groups = append(c.Groups, Group(line))
		case historyLine:
			c.HistoryReadable, c.HistoryRoad, c.HistoryMessage = line.Readable, line.Source, line.Message
		case problemLine:
			if line.Doing == bridging {
				c.Bridge = bridgeCode(line.Code)
				return // it has words of its own
			}
		case connectorsLine:
			c.Connectors, c.ConnectorsListed = line.List, true
		}
		s.take(line)
	})
	if err != nil {
		return Checkup{}, err
	}
	return c, nil
}
