//go:build unix

package crash

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// acted is the server of strikes in an act: it has an admin credential.
const acted = "aadc02"

// strikesInActs are those between the press of a button and the words that tell what came of a stop or a pause. A pause
// passes each point a second time when it is ended; of two replicas, neither may come to a second one.
func strikesInActs(database string) (out []strike) {
	for _, p := range failpoint.Act() {
		out = append(out, strike{database: database, act: "stop", point: p, hit: 1}, strike{database: database, act: "pause", point: p, hit: 1})
		if database == store.SQLite {
			out = append(out, strike{database: database, act: "pause", point: p, hit: 2})
		}
	}
	return out
}

// runAct strikes once while a cycle is stopped, or while a scheduler is paused and resumed.
func (k strike) runAct(t *testing.T) outcome {
	url := ""
	if k.database == store.Postgres {
		url = storetest.Postgres(t)
	}
	s := open(t, url, "", acted)
	s.at(k.point, k.hit)
	s.start()
	if k.database == store.Postgres {
		s.start()
	}
	var o outcome
	switch k.act {
	case "stop":
		o.stop(s)
	case "pause":
		o.pause(s)
	}
	s.until("the point is reached", func() bool { return s.dead() > 0 }) // it may be the last thing of all
	s.recover()
	s.until("nobody waits", func() bool { return s.waiting() == "" })
	o.told(s)
	o.rest(s)
	return o
}

// stop lets somebody stop a cycle of the server's own. The one that the scheduler begins afterwards must live.
func (o *outcome) stop(s *scene) {
	srv := s.Servers[acted]
	srv.Model().Set(func(now *adsync.Settings) { now.Automatic = true })
	srv.Hold()
	srv.Model().Begin(adsync.Delta)
	s.types("stop " + acted)
	s.presses("Stop it")
	came, told := "the cycle has stopped", 1
	if s.point == failpoint.ActAfter { // the server's answer is lost, and told again it has nothing to stop
		came, told = "the cycle does not run any more", 0
	}
	s.reads("*Stop* on `"+acted+"`", came)
	s.until("the scheduler's next cycle has ended", func() bool {
		s.recover()
		now := srv.Model().State()
		return !now.InProgress && now.Cycles >= 3 // the one before all this, the stopped one, the next one
	})
	stopped := 0
	for _, run := range srv.Model().State().Runs {
		if strings.HasPrefix(run.Result, "stopped") {
			stopped++
		}
	}
	if stopped != 1 {
		o.second += max(0, stopped-1)
		s.t.Errorf("%d runs were stopped, want 1", stopped)
	}
	o.recorded(s, "stop", told)
}

// pause lets somebody pause a scheduler and resume it.
func (o *outcome) pause(s *scene) {
	model := s.Servers[acted].Model()
	s.types("pause " + acted + " 2h because patches")
	s.presses("Pause it")
	s.reads("*Paused*: `" + acted + "` until")
	if model.Settings().Enabled {
		o.untrue++
		s.t.Error("people read that it is paused, but the scheduler is on")
	}
	s.types("resume " + acted)
	s.reads("*Resumed*: the scheduler on `" + acted + "` is on again")
	if !model.Settings().Enabled {
		o.untrue++
		s.t.Error("people read that the scheduler is on again, but it is off")
	}
	o.recorded(s, "pause", 1)
	o.recorded(s, "resume", 0)
}

// recorded sees to it that an act stands in the audit with what the server took and what came of it, each once.
func (o *outcome) recorded(s *scene, what string, told int) {
	s.until("the act has ended", func() bool {
		s.recover()
		return s.count(`SELECT COUNT(*) FROM acts WHERE kind = '`+what+`' AND phase = 'ended'`) == 1
	})
	for decision, want := range map[string]int{store.DecisionTold: told, store.DecisionEnded: 1} {
		n := s.count(fmt.Sprintf(`SELECT COUNT(*) FROM audit WHERE what = '%s' AND decision = '%s'`, what, decision))
		if n != want {
			o.lost++
			s.t.Errorf("the audit says %d times that a %s was %s, want %d", n, what, decision, want)
		}
	}
}

// told judges what stands in the channel: what the store knows of, and what was on its way when the process died.
func (o *outcome) told(s *scene) {
	known := s.texts(`SELECT channel || ts FROM messages WHERE ts <> ''`)
	for _, m := range s.Slack.Messages(e2e.Identity) {
		switch {
		case slices.Contains(known, m.Channel+m.TS):
		case s.underWay(m):
			o.doubled++
		default:
			o.untrue++
			s.t.Errorf("a message too many: %q", m.Text)
		}
	}
}

// types lets Ben say something in the channel of those who may stop and pause.
func (s *scene) types(words string) {
	s.t.Helper()
	d, err := s.Slack.Slash(s.t.Context(), slacksim.SlashCommand{UserID: e2e.Ben, ChannelID: e2e.Identity, Command: "/adsync", Text: words})
	if err != nil || d.Error != "" {
		s.t.Fatalf("%s: %v, %s", words, err, d.Error)
	}
}

// presses presses a button as soon as it is there.
func (s *scene) presses(label string) {
	s.t.Helper()
	var press slacksim.Press
	s.until("a button "+label, func() (found bool) {
		press, found = s.Slack.Button(e2e.Ben, e2e.Identity, label)
		return found
	})
	if d, err := s.Slack.Press(s.t.Context(), press); err != nil || d.Error != "" {
		s.t.Fatalf("%s: %v, %s", label, err, d.Error)
	}
}

// reads waits for a message in that channel, and starts the program again when nobody is left.
func (s *scene) reads(words ...string) {
	s.t.Helper()
	s.until("a message "+strings.Join(words, " … "), func() bool {
		s.recover()
		return slices.ContainsFunc(s.Slack.Messages(e2e.Identity), func(m slacksim.Message) bool {
			text := s.Slack.Text(m, e2e.Ben)
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
		})
	})
}
