package executor

import (
	"testing"
	"time"
)

func TestCapability(t *testing.T) {
	found := at(0)
	known := func(r Road) Capability {
		return Capability{Road: r, Since: found.Add(-48 * time.Hour), Checked: found, Version: "2.6.92.0"}
	}
	for _, test := range []struct {
		name string
		has  Capability
		at   time.Duration // since it was checked
		want Road
	}{
		{"nothing is known", Capability{}, 0, RoadProbe},
		{"a road is believed", known(RoadDirect), time.Hour, RoadDirect},
		{"so is that there is none", known(RoadNone), 59 * time.Minute, RoadNone},
		{"but not for more than an hour", known(RoadNone), time.Hour, RoadProbe},
		{"nor when it was found in the future", known(RoadBridge), -time.Minute, RoadProbe},
	} {
		if got := test.has.Order(found.Add(test.at)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	now := found.Add(time.Hour)
	for _, test := range []struct {
		name    string
		has     Capability
		reading *Reading
		version string
		road    Road
		since   time.Time
	}{
		{"a first probe finds a road", Capability{}, &Reading{Asked: RoadProbe, Found: RoadDirect}, "2.6.92.0", RoadDirect, now},
		{"a first probe finds none", Capability{}, &Reading{Asked: RoadProbe, Message: "net.pipe"}, "2.6.92.0", RoadNone, now},
		{"a bridge that did not answer in time may do so next time", Capability{}, &Reading{Asked: RoadProbe, Bridge: CodeBridgeSilent}, "2.6.92.0", "", time.Time{}},
		{"the same is known since it was found first", known(RoadNone), &Reading{Asked: RoadProbe}, "2.6.92.0", RoadNone, known(RoadNone).Since},
		{"another road is known since now", known(RoadNone), &Reading{Asked: RoadProbe, Found: RoadBridge}, "2.6.92.0", RoadBridge, now},
		{"a road that failed is not known any longer", known(RoadDirect), &Reading{Asked: RoadDirect, Message: "net.pipe"}, "2.6.92.0", "", time.Time{}},
		{"nor is one of another version", known(RoadDirect), nil, "2.6.93.0", "", time.Time{}},
		{"a look that did not try changes nothing", known(RoadDirect), nil, "2.6.92.0", RoadDirect, known(RoadDirect).Since},
		{"nor does one that could not read the version", known(RoadDirect), nil, "", RoadDirect, known(RoadDirect).Since},
	} {
		got := test.has.After(now, test.reading, test.version)
		if got.Road != test.road || !got.Since.Equal(test.since) {
			t.Errorf("%s: %+v, want %q since %v", test.name, got, test.road, test.since)
		}
	}
}
