package executor

import "time"

// Capability is by which road the run history of a server can be read by our account, as its answers have shown. It is
// kept for a day: rights and versions change.
type Capability struct {
	Road    Road      // RoadDirect, RoadBridge, or RoadNone for the event log only; empty: not known yet
	Since   time.Time // our clock: since when it has been found so
	Checked time.Time // our clock: when it was found so last
	Version string    // of Entra Connect then
	Message string    // why not directly: the server's own words, untrusted
}

// How long a road is believed, and how long that there is none: somebody may set up the bridge.
const (
	capabilityLife = 24 * time.Hour
	noneLife       = time.Hour
)

// Order is the road that the next script takes: the known one while it is believed, else finding out.
func (c Capability) Order(now time.Time) Road {
	life := capabilityLife
	if c.Road == RoadNone {
		life = noneLife
	}
	if c.Road == "" || now.Sub(c.Checked) >= life || now.Before(c.Checked) {
		return RoadProbe
	}
	return c.Road
}

// Reading is what one script found out about the run history.
type Reading struct {
	Asked   Road
	Found   Road   // by which it was read; empty when it was not
	Message string // why not, the server's own words
	Bridge  Code   // why the bridge did not answer that is there, or was to be; empty else
}

// After is the capability once a script has answered: what it read, if it tried, and the version it saw, if it told. A road
// that has failed, or one that was found on another version, is not known any longer.
func (c Capability) After(now time.Time, r *Reading, version string) Capability {
	if version == "" {
		version = c.Version
	}
	if r == nil {
		if c.Road != "" && version != c.Version {
			return Capability{Version: version}
		}
		return c
	}
	road := r.Found
	if road == "" && r.Asked == RoadProbe && r.Bridge == "" {
		road = RoadNone
	}
	if road == "" {
		return Capability{Version: version, Message: r.Message}
	}
	next := Capability{Road: road, Since: now, Checked: now, Version: version, Message: r.Message}
	if road == c.Road {
		next.Since = c.Since
	}
	return next
}
