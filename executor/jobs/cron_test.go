package jobs

import (
	"strings"
	"testing"
	"time"
)

func TestPlanNext(t *testing.T) {
	for _, tc := range []struct {
		name, spec, zone, after string
		want                    []string
	}{
		{"a weekday morning follows the zone over the spring change", "0 9 * * MON-FRI", "Europe/London", "2026-03-27T10:00:00Z", []string{"2026-03-30T08:00:00Z", "2026-03-31T08:00:00Z"}},
		{"a skipped time runs at the next valid minute", "30 1 * * *", "Europe/London", "2026-03-28T02:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"two skipped times of one day share the next valid minute", "15,45 1 * * *", "Europe/London", "2026-03-28T02:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:15:00Z"}},
		{"a doubled time runs once, the first time", "30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"asked within the doubled hour it does not run again", "30 1 * * *", "Europe/London", "2026-10-25T01:10:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"star hours follow elapsed time over the autumn change", "0 * * * *", "Europe/London", "2026-10-24T23:30:00Z", []string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
		{"every follows elapsed time", "@every 90m", "Europe/London", "2026-03-29T00:00:00Z", []string{"2026-03-29T01:30:00Z", "2026-03-29T03:00:00Z"}},
		{"daily at a midnight that is skipped runs at one", "@daily", "America/Asuncion", "2023-09-30T12:00:00Z", []string{"2023-10-01T04:00:00Z", "2023-10-02T03:00:00Z"}},
		{"a zone with half hours", "0 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:00:00Z"}},
		{"without changes", "0 9 1 1 *", "UTC", "2026-06-01T00:00:00Z", []string{"2027-01-01T09:00:00Z"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := ParsePlan(tc.spec, tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tc.after)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				at = p.Next(at)
				if got := at.Format(time.RFC3339); got != want {
					t.Fatalf("next fire: got %s, want %s", got, want)
				}
			}
		})
	}
}

func TestParsePlanRefuses(t *testing.T) {
	for _, tc := range []struct{ name, spec, zone, want string }{
		{"a day that does not exist", "0 9 30 2 *", "UTC", "never fire"},
		{"an unknown zone", "0 9 * * *", "Europe/Londn", "IANA"},
		{"a zone inside the schedule", "CRON_TZ=UTC 0 9 * * *", "UTC", "time_zone"},
		{"seconds", "0 0 9 * * *", "UTC", "schedule"},
		{"an hour that does not exist", "0 25 * * *", "UTC", "schedule"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParsePlan(tc.spec, tc.zone)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func FuzzParsePlan(f *testing.F) {
	for _, s := range []string{"0 9 * * MON-FRI", "@every 5m", "*/15 * * * *", "@daily", "0 0 29 2 *"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		p, err := ParsePlan(spec, "Europe/London")
		if err != nil {
			return
		}
		at := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
		for range 5 {
			next := p.Next(at)
			if !next.After(at) {
				t.Fatalf("%q: %s does not come after %s", spec, next, at)
			}
			at = next
		}
	})
}
