package executor

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Support is how Microsoft stands to a version of Entra Connect.
type Support struct {
	State SupportState
	Until time.Time // with SupportEnds and SupportEnded: the last day of support
}

// SupportState is a word for it.
type SupportState string

// The states of support.
const (
	SupportCurrent  SupportState = "current"   // the newest in the table: no end is set
	SupportEnds     SupportState = "ends"      // supported until a known day
	SupportEnded    SupportState = "ended"     // that day is over
	SupportTooOld   SupportState = "too_old"   // below the version that Entra ID demands: synchronization fails
	SupportUnlisted SupportState = "not_known" // not in the table: nothing is claimed
)

// SupportChecked is when the table of versions was last compared with Microsoft's.
func SupportChecked() time.Time { return day(2026, time.October, 6) }

// SupportMinimum is the version that Entra ID demands, and since when.
func SupportMinimum() (version string, since time.Time) {
	return "2.5.79.0", day(2026, time.September, 30)
}

// supported is the table: a version is supported until twelve months after the next one was released.
//
// Sources: Microsoft's version history of Entra Connect and its page on hardened authentication, which names the minimum,
// read on the day that SupportChecked returns.
func supported() []struct {
	version string
	until   time.Time
} {
	return []struct {
		version string
		until   time.Time
	}{
		{"2.5.79.0", day(2026, time.October, 23)},
		{"2.5.190.0", day(2027, time.February, 2)},
		{"2.6.1.0", day(2027, time.March, 10)},
		{"2.6.3.0", day(2027, time.July, 7)},
		{"2.6.84.0", day(2027, time.September, 16)},
		{"2.6.91.0", day(2027, time.September, 23)},
		{"2.6.92.0", time.Time{}},
	}
}

// SupportOf looks a version up. A version that is not in the table, a newer one for example, is not known: that is not
// the same as supported.
func SupportOf(version string, now time.Time) Support {
	parts, ok := versionParts(version)
	if !ok {
		return Support{State: SupportUnlisted}
	}
	oldest, since := SupportMinimum()
	if least, _ := versionParts(oldest); slices.Compare(parts, least) < 0 && !now.Before(since) {
		return Support{State: SupportTooOld}
	}
	for _, row := range supported() {
		if listed, _ := versionParts(row.version); !slices.Equal(parts, listed) {
			continue
		}
		switch {
		case row.until.IsZero():
			return Support{State: SupportCurrent}
		case now.Before(row.until.AddDate(0, 0, 1)):
			return Support{State: SupportEnds, Until: row.until}
		default:
			return Support{State: SupportEnded, Until: row.until}
		}
	}
	return Support{State: SupportUnlisted}
}

// versionParts reads the four numbers of a version.
func versionParts(version string) ([]int, bool) {
	fields := strings.Split(version, ".")
	if len(fields) != 4 {
		return nil, false
	}
	parts := make([]int, len(fields))
	for i, field := range fields {
		n, err := strconv.Atoi(field)
		if err != nil || n < 0 {
			return nil, false
		}
		parts[i] = n
	}
	return parts, true
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}
