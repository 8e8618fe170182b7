package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// storedCapability is the stored form of a server's capability, as a fact of its own.
type storedCapability struct {
	Road    string    `json:"road,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Checked time.Time `json:"checked,omitzero"`
	Version string    `json:"version,omitempty"`
	Message string    `json:"message,omitempty"`
}

func capabilityFact(server string) string { return "capability:" + server }

// Capability returns how far a server's run history can be read; the zero Capability when that is not known.
func (q *queries) Capability(ctx context.Context, server string) (executor.Capability, error) {
	value, err := q.Fact(ctx, capabilityFact(server))
	if err != nil || value == "" {
		return executor.Capability{}, err
	}
	var s storedCapability
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return executor.Capability{}, fmt.Errorf("read capability of %s: %w", server, err)
	}
	return executor.Capability{Road: executor.Road(s.Road), Since: s.Since, Checked: s.Checked, Version: s.Version, Message: s.Message}, nil
}

// SetCapability remembers how far a server's run history can be read.
func (q *queries) SetCapability(ctx context.Context, server string, c executor.Capability) error {
	value, err := json.Marshal(storedCapability{
		Road: string(c.Road), Since: c.Since.UTC(), Checked: c.Checked.UTC(), Version: c.Version, Message: c.Message,
	})
	if err != nil {
		return fmt.Errorf("write capability of %s: %w", server, err)
	}
	return q.SetFact(ctx, capabilityFact(server), string(value))
}
