package executor

import (
	"context"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/scripts"
)

// PendingReport is what waits on a server, connector by connector.
type PendingReport struct {
	Server     string
	At         time.Time // the server's clock
	Service    string    // "Running", …; empty when it could not be read
	Version    string
	Running    []string    // connectors at work: what waits changes under the eyes
	Connectors []Connector // nil when they could not be listed
	Pending    []Pending   // those that could be read
	Problems   []Problem
}

// Pending tells what waits on a server to be imported and exported.
func (e *Executor) Pending(ctx context.Context, server string) (PendingReport, error) {
	r := PendingReport{Server: server}
	err := e.play(ctx, server, scripts.Pending, struct{}{}, func(line any) {
		switch line := line.(type) {
		case clockLine:
			r.At = line.UTC.Time
		case serviceLine:
			r.Service = line.Status
		case moduleLine:
			r.Version = line.Version
		case runningLine:
			r.Running = line.Connectors
		case connectorsLine:
			r.Connectors = line.List
		case statisticsLine:
			r.Pending = append(r.Pending, Pending(line))
		case problemLine:
			r.Problems = append(r.Problems, line.problem())
		}
	})
	if err != nil {
		return PendingReport{}, err
	}
	return r, nil
}
