package executor

import (
	"testing"
	"time"
)

func TestSupportOfVersions(t *testing.T) {
	november := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, version string
		now           time.Time
		want          Support
	}{
		{"the newest has no end", "2.6.92.0", november, Support{State: SupportCurrent}},
		{"an older one has", "2.5.190.0", november, Support{SupportEnds, time.Date(2027, 2, 2, 0, 0, 0, 0, time.UTC)}},
		{"the last day still counts", "2.5.190.0", time.Date(2027, 2, 2, 23, 59, 0, 0, time.UTC), Support{SupportEnds, time.Date(2027, 2, 2, 0, 0, 0, 0, time.UTC)}},
		{"the day after does not", "2.5.190.0", time.Date(2027, 2, 3, 0, 0, 0, 0, time.UTC), Support{SupportEnded, time.Date(2027, 2, 2, 0, 0, 0, 0, time.UTC)}},
		{"the minimum itself is only out of support", "2.5.79.0", november, Support{SupportEnded, time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC)}},
		{"below the minimum nothing synchronizes", "2.2.8.0", november, Support{State: SupportTooOld}},
		{"before the minimum was demanded nothing is known of it", "2.2.8.0", time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), Support{State: SupportUnlisted}},
		{"a withdrawn version is not in the table", "2.6.79.0", november, Support{State: SupportUnlisted}},
		{"nor is a newer one", "2.7.0.0", november, Support{State: SupportUnlisted}},
		{"numbers are compared as numbers", "2.5.100.0", november, Support{State: SupportUnlisted}},
		{"no version is no claim", "", november, Support{State: SupportUnlisted}},
		{"nor is a word", "2.6.x.0", november, Support{State: SupportUnlisted}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := SupportOf(tt.version, tt.now); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTheTableOfVersionsIsInOrder(t *testing.T) {
	rows := supported()
	for i, row := range rows {
		if _, ok := versionParts(row.version); !ok {
			t.Errorf("%q is no version", row.version)
		}
		if last := i == len(rows)-1; row.until.IsZero() != last || !last && i > 0 && !row.until.After(rows[i-1].until) {
			t.Errorf("the end of %s is out of order: %v", row.version, row.until)
		}
	}
}
