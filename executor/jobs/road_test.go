package jobs

import (
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

// What the end of one cycle finds out about the run history is what the next one is told.
func TestARoadIsFoundOnceAndKept(t *testing.T) {
	w := newWorld(t, Config{})
	end := done(executor.Succeeded)
	end.Version = "2.6.92.0"
	end.Reading = &executor.Reading{Asked: executor.RoadProbe, Message: "net.pipe"}
	begin := accepted()
	begin.Version = "2.6.92.0"
	w.server.start = []step{{look: begin}}
	w.server.follow = []step{{look: end}}
	w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)

	renewed := begin
	renewed.Version = "2.6.93.0"
	w.server.start = []step{{look: renewed}}
	w.run(t, w.ask(t, executor.Delta, "C1").Cycle.ID)
	var got []executor.Road
	for i := range w.server.starts {
		got = append(got, w.server.starts[i].History, w.server.follows[i].History)
	}
	want := []executor.Road{executor.RoadProbe, executor.RoadProbe, executor.RoadNone, executor.RoadProbe}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("told %q, want %q: another version is another server", got, want)
		}
	}
	c, err := w.store.Capability(t.Context(), "aadc01")
	if err != nil || c.Road != executor.RoadNone || c.Message != "net.pipe" || c.Since.IsZero() {
		t.Errorf("kept %+v, %v", c, err)
	}
}
