//go:build unix

package crash

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

// outcome is what a strike left behind.
type outcome struct {
	verdict string // how every cycle ends on the server, in a message's words
	starts  int
	second  int // starts that no request accounts for
	lost    int // results, answers and audit entries that never came
	untrue  int // messages that say what is not so
	doubled int // further first posts that are true: allowed between post and store
	shells  int // left after the idle time
	took    time.Duration
}

// firstForm is what a cycle's message says before anything is started; it stays true if it is never edited.
var firstForm = regexp.MustCompile(`Delta on .*asked by .*C-[0-9A-HJKMNP-TV-Z]{4}`)

// nothing is what an answer says that sends somebody away; unwritten, when the store took too long to be waited for.
const (
	nothing   = "nothing was started"
	unwritten = "could not write your command down"
)

// judge looks at the server, at Slack and at the store, once nobody waits any more.
func (o *outcome) judge(s *scene, scheduled bool) {
	cycles := o.cycles(s)
	o.starts = s.Servers[server].Model().Starts()
	want := 0
	for _, c := range cycles {
		if c.Result.Verdict != executor.NotStarted {
			want++
		}
	}
	if o.starts != want {
		o.second += max(0, o.starts-want)
		s.t.Errorf("%d starts on the server, want %d: one for each cycle that is told to have run", o.starts, want)
	}
	o.channels(s, cycles)
	o.answers(s)
	o.audit(s, cycles)
	if scheduled {
		if n := len(cycles); n != 1 {
			o.lost++
			s.t.Errorf("the scheduled delta led to %d cycles, want 1", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM messages WHERE kind = 'post' AND cycle_id IS NULL AND state = 'sent'`); n != 1 {
			o.lost++
			s.t.Errorf("%d reports were sent, want 1", n)
		}
	}
	o.rest(s)
}

// cycles returns what was asked for, which must have ended as the server knows it did.
func (o *outcome) cycles(s *scene) (asked []executor.Cycle) {
	history, err := s.store.History(s.t.Context(), server, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	words := map[executor.Verdict]string{executor.Succeeded: "succeeded", executor.Errors: "ended with errors"}
	for _, c := range history {
		if c.Origin == executor.Observed {
			continue
		}
		asked = append(asked, c)
		if words[c.Result.Verdict] != o.verdict {
			o.lost++
			s.t.Errorf("%s is stored as %s (%s), but it %s", c.Ref(), c.Result.Verdict, c.Result.Code, o.verdict)
		}
	}
	return asked
}

// channels compares what people read with what is so.
func (o *outcome) channels(s *scene, cycles []executor.Cycle) {
	now := s.Slack.Snapshot()
	for _, c := range cycles {
		rows, err := s.store.Messages(s.t.Context(), c.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, row := range rows {
			if row.Kind != store.CycleMessage {
				continue
			}
			all := now.Messages(row.Channel)
			i := slices.IndexFunc(all, func(m slacksim.Message) bool { return m.TS == row.TS })
			switch {
			case i < 0:
				o.lost++
				s.t.Errorf("the message of %s in %s is not there", c.Ref(), row.Channel)
			case !strings.Contains(all[i].Text, o.verdict):
				o.untrue++
				s.t.Errorf("the message of %s stays %q, but it %s", c.Ref(), all[i].Text, o.verdict)
			}
		}
	}
	known := s.texts(`SELECT channel || ts FROM messages WHERE ts <> ''`)
	for _, channel := range []string{e2e.Helpdesk, e2e.Identity, e2e.Reports} {
		for _, m := range now.Messages(channel) {
			if !slices.Contains(known, channel+m.TS) {
				o.double(s, m)
			}
		}
	}
}

// double judges a message that the store knows nothing of: it must have been on its way when the process died, and what it
// says must be true for ever.
func (o *outcome) double(s *scene, m slacksim.Message) {
	lasting := m.ThreadTS != "" || strings.HasPrefix(m.Text, "Schedule morning") || firstForm.MatchString(m.Text)
	if lasting && len(m.Earlier) == 0 && s.underWay(m) {
		o.doubled++
		return
	}
	o.untrue++
	s.t.Errorf("a message too many in %s: %q, edited %d times", m.Channel, m.Text, len(m.Earlier))
}

// underWay reports whether a message was posted when somebody was killed or frozen, or went on, so that the store may not
// know of it. What was sent just before may arrive just after.
func (s *scene) underWay(m slacksim.Message) bool {
	at, err := strconv.ParseFloat(m.TS, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	posted := time.UnixMicro(int64(at * 1e6))
	moments := slices.Clone(s.freezes)
	for _, p := range s.processes {
		if !p.Alive() && p.Killed() {
			moments = append(moments, p.At)
		}
	}
	return slices.ContainsFunc(moments, func(at time.Time) bool { return at.Sub(posted).Abs() < 5*time.Second })
}

// answers sees to it that everybody who was not shown an error has got one answer, and a true one.
func (o *outcome) answers(s *scene) {
	for _, who := range []asked{{user: e2e.Ann, channel: e2e.Helpdesk}, {user: e2e.Ben, channel: e2e.Identity}} {
		asks, failed := 0, 0
		for _, a := range s.asks {
			if a.user == who.user {
				asks++
				if a.delivery.Error != "" {
					failed++
				}
			}
		}
		requests := s.count(`SELECT COUNT(*) FROM requests WHERE asker_user = '` + who.user + `'`)
		served, sentAway := 0, 0
		answers := s.answers(who.channel, who.user)
		for i, m := range answers {
			again := slices.ContainsFunc(answers[:i], func(first slacksim.Message) bool { return first.Text == m.Text && (s.underWay(first) || s.underWay(m)) })
			switch {
			case again:
				o.doubled++
			case strings.Contains(m.Text, nothing):
				sentAway++
			default:
				served++
			}
		}
		if served < requests || requests+sentAway < asks-failed {
			o.lost++
			s.t.Errorf("%s asked %d times (%d times in vain): %d requests, %d answers, %d times sent away", who.user, asks, failed, requests, served, sentAway)
		}
		if served > requests || requests+sentAway > asks {
			o.untrue++
			s.t.Errorf("%s asked %d times: %d requests, but %d answers, and %d times sent away", who.user, asks, requests, served, sentAway)
		}
	}
}

// answers are what only this person sees in a channel. A delivery that is one too many may meet a store that is too slow to
// tell that it is: what that one is told is no answer to what was asked.
func (s *scene) answers(channel, user string) []slacksim.Message {
	return slices.DeleteFunc(s.Slack.Ephemerals(channel, user), func(m slacksim.Message) bool {
		return s.again && strings.Contains(m.Text, unwritten)
	})
}

// audit sees to it that every request is recorded with its decision and its result.
func (o *outcome) audit(s *scene, cycles []executor.Cycle) {
	recorded := map[uuid.UUID]bool{}
	err := s.store.Audit(s.t.Context(), time.Time{}, time.Time{}, func(e store.Recorded) error {
		recorded[e.ID] = true
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range cycles {
		requests, err := s.store.Requests(s.t.Context(), c.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range requests {
			if !recorded[r.ID] || !recorded[uuid.NewSHA1(r.ID, []byte("result"))] {
				o.lost++
				s.t.Errorf("the audit of request %s is not complete", r.ID)
			}
		}
	}
}

// rest stops who still lives and sees what stays on the servers once a shell's idle time is over.
func (o *outcome) rest(s *scene) {
	for _, p := range s.processes {
		if p.Alive() {
			if err := s.stop(p); err != nil {
				s.t.Error(err)
			}
		}
	}
	s.wire.skip(61 * time.Second)
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	for name, srv := range s.Servers {
		if err := srv.Wire.Wait(ctx, func(now winsim.Stats) bool { return now.Shells == 0 && now.Processes == 0 }); err != nil {
			now := srv.Wire.Stats()
			o.shells += now.Shells
			s.t.Errorf("%d shells and %d processes are left on %s", now.Shells, now.Processes, name)
		}
	}
}
