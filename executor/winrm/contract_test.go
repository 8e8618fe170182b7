package winrm_test

import (
	"testing"

	"github.com/adsyncbot/adsyncbot/executor/runnertest"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

func TestContract(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			runnertest.Run(t, func(t *testing.T) runnertest.Subject {
				server := newServer(t, w)
				return runnertest.Subject{
					Runner: newRunner(t, server, w),
					Server: "aadc01",
					Left:   func() int { return server.Stats().Shells },
					Silent: func() {
						const noOutputYet = 2150858793
						await(t, server, func(s winsim.Stats) bool { return s.Faults[noOutputYet] >= 2 })
					},
				}
			})
		})
	}
}
