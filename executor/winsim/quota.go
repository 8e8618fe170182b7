package winsim

import "time"

// Quotas are the server's limits; a zero field is the default of Windows Server 2016, as recorded or documented.
type Quotas struct {
	MaxShellsPerUser     int           // 30
	MaxProcessesPerShell int           // 25
	MaxEnvelopeSize      int           // of a request, in bytes; 512000
	MaxTimeout           time.Duration // longest OperationTimeout; 60 s
	IdleTimeout          time.Duration // of a shell that asked for none; 2 h
}

func (q Quotas) withDefaults() Quotas {
	if q.MaxShellsPerUser == 0 {
		q.MaxShellsPerUser = 30
	}
	if q.MaxProcessesPerShell == 0 {
		q.MaxProcessesPerShell = 25
	}
	if q.MaxEnvelopeSize == 0 {
		q.MaxEnvelopeSize = 500 << 10
	}
	if q.MaxTimeout == 0 {
		q.MaxTimeout = time.Minute
	}
	if q.IdleTimeout == 0 {
		q.IdleTimeout = 2 * time.Hour
	}
	return q
}
