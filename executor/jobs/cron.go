package jobs

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Plan is a cron schedule in a time zone with a written rule for daylight saving time: a fixed time of day that a change
// skips runs at the next valid minute, a doubled one runs once; "*" hours and "@every" follow elapsed time.
type Plan struct {
	schedule cron.Schedule
	zone     *time.Location
	fixed    bool
}

// ParsePlan reads a five-field cron expression or a descriptor such as @daily or "@every 1h", in the given IANA zone. A
// schedule that can never fire is an error.
func ParsePlan(spec, zone string) (Plan, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Plan{}, fmt.Errorf("time zone %q: not an IANA zone such as Europe/London", zone)
	}
	if strings.Contains(spec, "TZ=") {
		return Plan{}, fmt.Errorf("schedule %q: the zone belongs in time_zone", spec)
	}
	s, err := cron.ParseStandard(spec)
	if err != nil {
		return Plan{}, fmt.Errorf("schedule %q: %w", spec, err)
	}
	p := Plan{schedule: s, zone: loc, fixed: fixedTime(spec)}
	// Leap days come within eight years; what has not fired by then never does.
	if p.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Plan{}, fmt.Errorf("schedule %q: there is no such day, it would never fire", spec)
	}
	return p, nil
}

// fixedTime reports whether spec names times of day, as opposed to a rhythm.
func fixedTime(spec string) bool {
	if strings.HasPrefix(spec, "@") {
		return !strings.HasPrefix(spec, "@every") && spec != "@hourly"
	}
	fields := strings.Fields(spec)
	return len(fields) == 5 && !strings.HasPrefix(fields[1], "*")
}

// Next returns the first fire after t, in UTC; the zero time when there is none.
func (p Plan) Next(t time.Time) time.Time {
	if !p.fixed {
		return utc(p.schedule.Next(t.In(p.zone)))
	}
	// Fixed times are computed on the wall clock alone, as if the zone had no changes, and then placed on the real
	// time line: cron's own walk drops a skipped time and fires a doubled one twice.
	local := t.In(p.zone)
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	for {
		wall = p.schedule.Next(wall)
		if wall.IsZero() {
			return time.Time{}
		}
		if fire := place(wall, p.zone); fire.After(t) {
			return fire.UTC()
		}
	}
}

// Shortest returns the shortest gap between fires, as far as a week and a change of daylight saving time show it.
func (p Plan) Shortest() time.Duration {
	shortest := time.Duration(1<<63 - 1)
	at := p.Next(time.Date(2026, 3, 25, 0, 0, 0, 0, time.UTC))
	for range 400 {
		next := p.Next(at)
		if next.IsZero() {
			break
		}
		shortest = min(shortest, next.Sub(at))
		at = next
	}
	return shortest
}

// place puts a wall-clock time on the time line: the first of two instants that bear it, or, when a change skips it, the
// first instant after the change.
func place(wall time.Time, zone *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	start, end := t.ZoneBounds()
	if t.Hour() != wall.Hour() || t.Minute() != wall.Minute() {
		if !start.IsZero() && t.Sub(start) < 24*time.Hour {
			return start
		}
		return end
	}
	if start.IsZero() {
		return t
	}
	_, before := start.Add(-time.Second).Zone()
	_, now := t.Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); now < before && first.Before(start) {
		return first
	}
	return t
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
