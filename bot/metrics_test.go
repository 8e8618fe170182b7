package bot

import (
	"maps"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestWhatComesInIsCounted(t *testing.T) {
	s := newSim(t, nil)
	id, err := s.client.Identify(t.Context(), Clock{})
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	poster := NewPoster(s.client, s.store, Clock{}, s.log.logger())
	b := New(s.client, &counting{}, poster, s.store, Config{Identity: id, Metrics: reg}, s.log.logger())
	stop := s.background(b.Run, poster.Run)
	s.connected()
	d := s.slash("delta")
	s.wait(ephemerals(1))
	for range 2 {
		if _, err := s.ws.Redeliver(t.Context(), d.Envelope); err != nil {
			t.Fatal(err)
		}
	}
	if err := stop(); err != nil { // what is counted behind an acknowledgement has been counted then
		t.Error(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch name := f.GetName(); {
			case m.GetHistogram() != nil:
				got[name] = float64(m.GetHistogram().GetSampleCount())
			case m.GetCounter().GetValue() > 0:
				got[name+" "+m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	want := map[string]float64{
		"adsyncbot_inbox_commands_total stored": 1, "adsyncbot_inbox_commands_total duplicate": 2,
		"adsyncbot_slack_ack_duration_seconds": 3,
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}
