package winrm_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/adsyncbot/adsyncbot/executor/winrm"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

func TestRequestsAndFaultsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rules  []winsim.Rule
		change func(*winrm.Config)
		fails  bool
		want   []string
	}{
		{
			name: "a run",
			want: []string{"command ok 1", "create ok 1", "delete ok 1", "receive ok 1", "send ok 1", "signal ok 1"},
		},
		{
			name:  "no shell is left to open",
			rules: []winsim.Rule{{Op: winsim.OpCreate, Times: 1, Do: winsim.Fault(2150859173)}},
			fails: true,
			want:  []string{"2150859173 1", "create fault 1"},
		},
		{
			name:  "a fault that nobody has heard of is not a label",
			rules: []winsim.Rule{{Op: winsim.OpCreate, Times: 1, Do: winsim.Fault(4711)}},
			fails: true,
			want:  []string{"create fault 1", "other 1"},
		},
		{
			name:   "a wrong password",
			change: func(c *winrm.Config) { c.Password = secret("wrong") },
			fails:  true,
			want:   []string{"create refused 1"},
		},
		{
			name:  "a connection that breaks",
			rules: []winsim.Rule{{Op: winsim.OpCreate, Times: 1, Do: winsim.Reset(0)}},
			fails: true,
			want:  []string{"create failed 1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, w := range ways {
				reg := prometheus.NewRegistry()
				server := newServer(t, w)
				runner := newRunner(t, server, w, func(c *winrm.Config) {
					c.Metrics = winrm.NewMetrics(reg)
					if tt.change != nil {
						tt.change(c)
					}
				})
				for _, rule := range tt.rules {
					server.Misbehave(rule)
				}
				if err := runner.Run(t.Context(), []byte("print one\n"), drop); (err != nil) != tt.fails {
					t.Errorf("%s: got error %v", w.name, err)
				}
				if got := counted(t, reg); !slices.Equal(got, tt.want) {
					t.Errorf("%s: counted %q, want %q", w.name, got, tt.want)
				}
			}
		})
	}
}

// counted returns every counter as the values of its labels and its own.
func counted(t *testing.T, reg *prometheus.Registry) []string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var words []string
			for _, l := range m.GetLabel() {
				words = append(words, l.GetValue())
			}
			found[fmt.Sprintf("%s %v", strings.Join(words, " "), m.GetCounter().GetValue())] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
