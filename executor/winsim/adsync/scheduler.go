package adsync

import (
	"context"
	"fmt"
	"time"
)

// Scheduler is what Get-ADSyncScheduler returns.
type Scheduler struct {
	AllowedInterval   time.Duration `json:"allowed_interval"`
	EffectiveInterval time.Duration `json:"effective_interval"`
	PurgeInterval     time.Duration `json:"purge_interval"`
	NextPolicy        Policy        `json:"next_policy"`
	NextStart         time.Time     `json:"next_start"` // UTC
	Enabled           bool          `json:"enabled"`
	Maintenance       bool          `json:"maintenance"`
	Staging           bool          `json:"staging"`
	Suspended         bool          `json:"suspended"`
	InProgress        bool          `json:"in_progress"`
}

// Scheduler is Get-ADSyncScheduler. It asks Entra ID, so it takes a while.
func (m *Model) Scheduler(ctx context.Context) (Scheduler, error) {
	if err := m.askCloud(ctx); err != nil {
		return Scheduler{}, err
	}
	m.lock()
	defer m.unlock()
	m.called("Get-ADSyncScheduler")
	if err := m.reach("Get-ADSyncScheduler", Browse); err != nil {
		return Scheduler{}, err
	}
	if m.settings.CloudUnreadable {
		return Scheduler{}, schedulerFailure("Get-ADSyncScheduler", refuseCloud)
	}
	return Scheduler{
		AllowedInterval:   m.settings.Allowed,
		EffectiveInterval: m.settings.Interval,
		PurgeInterval:     7 * 24 * time.Hour,
		NextPolicy:        m.next.policy,
		NextStart:         m.next.start,
		Enabled:           m.settings.Enabled,
		Maintenance:       true,
		Staging:           m.settings.Staging,
		Suspended:         m.settings.Suspended,
		InProgress:        m.cycle != nil,
	}, nil
}

// Start is Start-ADSyncSyncCycle: nil means accepted, which is not started.
func (m *Model) Start(ctx context.Context, policy Policy) error {
	if err := m.askCloud(ctx); err != nil {
		return err
	}
	m.lock()
	defer m.unlock()
	m.called("Start-ADSyncSyncCycle")
	if err := m.reach("Start-ADSyncSyncCycle", Operators); err != nil {
		return err
	}
	if text := m.refusal(policy); text != "" {
		return schedulerFailure("Start-ADSyncSyncCycle", text)
	}
	m.starts++
	m.request(policy)
	return nil
}

// request sets the flag that the scheduler's thread picks up a little later.
func (m *Model) request(policy Policy) {
	if policy == Unspecified {
		policy = m.next.policy
	}
	m.requested = true
	m.after(m.settings.PickUp, func() {
		if !m.requested { // the service stopped meanwhile
			return
		}
		m.requested = false
		m.begin(policy)
	})
	m.notify()
}

// Stop is Stop-ADSyncSyncCycle. It skips what a cycle does at its end, so the next start stays in the past and an
// enabled scheduler soon starts anew.
func (m *Model) Stop(ctx context.Context) error {
	if err := m.askCloud(ctx); err != nil {
		return err
	}
	m.lock()
	defer m.unlock()
	m.called("Stop-ADSyncSyncCycle")
	if err := m.reach("Stop-ADSyncSyncCycle", Operators); err != nil {
		return err
	}
	m.stop()
	return nil
}

// Enable is Set-ADSyncScheduler -SyncCycleEnabled. A running cycle goes on. The setting is kept in Entra ID, for every
// server of the tenant.
func (m *Model) Enable(ctx context.Context, enabled bool) error {
	if err := m.askCloud(ctx); err != nil {
		return err
	}
	need := Admins
	if ctx.Value(adminKey{}) != nil {
		need = Browse
	}
	if err := m.enable(enabled, need); err != nil {
		return err
	}
	for _, other := range m.tenant {
		if other != m {
			other.Set(func(s *Settings) { s.Enabled = enabled })
		}
	}
	return nil
}

type adminKey struct{}

// AsAdmin is a context for what an account does that is in ADSyncAdmins, whatever the settings say of the others.
func AsAdmin(ctx context.Context) context.Context { return context.WithValue(ctx, adminKey{}, true) }

func (m *Model) enable(enabled bool, need Rights) error {
	m.lock()
	defer m.unlock()
	m.called("Set-ADSyncScheduler")
	if err := m.reach("Set-ADSyncScheduler", need); err != nil {
		return err
	}
	if m.settings.CloudUnreadable {
		return schedulerFailure("Set-ADSyncScheduler", refuseCloud)
	}
	m.settings.Enabled = enabled
	m.notify()
	return nil
}

// Share puts servers into one tenant, whose settings they share. It is called before any of them works.
func Share(models ...*Model) {
	for _, m := range models {
		m.tenant = models
	}
}

func (m *Model) askCloud(ctx context.Context) error {
	s := m.Settings()
	if err := m.clock.Sleep(ctx, s.scaled(s.CloudLatency)); err != nil {
		return fmt.Errorf("ask Entra ID: %w", err)
	}
	return nil
}

// wake is the scheduler's thread looking whether a cycle is due.
func (m *Model) wake() {
	s := &m.settings
	ready := s.Automatic && s.Enabled && !s.Suspended && !s.WizardOpen && s.Service == ServiceRunning
	if ready && m.cycle == nil && m.busy == nil && !m.requested && !m.now.Before(m.next.start) {
		m.begin(m.next.policy)
	}
}
