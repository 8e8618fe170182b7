package executor

import (
	"time"

	"github.com/google/uuid"
)

// Report is what a schedule found out about its servers, to be posted in a channel.
type Report struct {
	ID       uuid.UUID // the same fire has the same id
	Schedule string
	Audience Audience
	Due      time.Time
	Missed   []time.Time // fires that did not happen since the last report
	Servers  []ServerReport
}

// ServerReport is one server's part of a Report.
type ServerReport struct {
	Server string
	Status Status
	Err    error // why the server could not be looked at; Status is zero then
}
