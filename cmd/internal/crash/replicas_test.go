//go:build unix

package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store/storetest"
)

// several opens a scene on Postgres with n replicas.
func several(t *testing.T, n int, more string) *scene {
	t.Helper()
	long(t)
	s := open(t, storetest.Postgres(t), more)
	for range n {
		s.start()
	}
	s.until("all replicas work", func() bool { return s.beating() == n })
	return s
}

// beating is how many replicas have said in the last seconds that they live.
func (s *scene) beating() int {
	return s.count(`SELECT COUNT(*) FROM replicas WHERE beat_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 6000`)
}

// settled waits until nobody waits, and judges.
func (s *scene) settled() {
	s.t.Helper()
	s.until("nobody waits", func() bool { return s.waiting() == "" })
	o := outcome{verdict: "succeeded"}
	o.judge(s, false)
}

func TestOneEnvelopeDeliveredAThousandTimesIsOneStart(t *testing.T) {
	t.Parallel()
	s := several(t, 3, "")
	s.ask()
	s.again = true
	var delivering sync.WaitGroup
	for range 20 { // at once, each to the next replica in turn
		delivering.Go(func() {
			for range 50 {
				d, err := s.Slack.Redeliver(t.Context(), s.asks[0].delivery.Envelope)
				if err != nil || d.Error != "" {
					t.Errorf("redelivered: %v, %s", err, d.Error)
				}
			}
		})
	}
	delivering.Wait()
	took := map[int]int{}
	for _, a := range s.Slack.Acks() {
		took[a.Socket]++
	}
	if n := len(s.Slack.Acks()); n != 1001 || len(took) < 3 {
		t.Errorf("%d acknowledgements over the connections %v, want 1001 over three replicas", n, took)
	}
	s.settled()
	if n := s.Servers[server].Model().Starts(); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
	if n := len(s.answers(e2e.Helpdesk, e2e.Ann)); n != 1 {
		t.Errorf("%d answers, want 1", n)
	}
}

// beat is how often the schedule of this test fires: longer than a replica takes to start on a machine that is busy with
// the other tests, because a fire that is overtaken by the next one is rightly made up for only once.
const beat = 20 * time.Second

func TestEachFireHappensOnceAlthoughAReplicaDiesJustBefore(t *testing.T) {
	t.Parallel()
	s := several(t, 3, fmt.Sprintf(`announcements:
  - name: often
    schedule: "@every %s"
    time_zone: UTC
    channel: C0REPORTS
    post: status
    servers: ["*"]
    missed: run-once
`, beat))
	next := func() time.Time { return time.UnixMilli(int64(s.count(`SELECT next_at FROM schedules`))) }
	first := next()
	for _, due := range s.fired() { // while the last replica was starting
		first = earlier(first, due)
	}
	for round := range *rounds {
		fire := next()
		if time.Until(fire) < 3*time.Second { // too late to strike before this one
			s.until("the next fire", func() bool { return next().After(fire) })
			fire = next()
		}
		s.until("two seconds before the fire", func() bool { return time.Until(fire) <= 2*time.Second })
		victim := s.processes[len(s.processes)-3] // the one that has lived longest
		victim.Kill()
		<-victim.Ended
		s.until(fmt.Sprintf("fire %d", round+1), func() bool { return next().After(fire) })
		s.start()
	}
	s.until("reports are out", func() bool { return s.waiting() == "" })
	last := next()
	want := int(last.Sub(first) / beat)
	fired := map[time.Time]int{}
	for _, due := range s.fired() {
		fired[due]++
	}
	for at := first; at.Before(last); at = at.Add(beat) {
		if n := fired[at]; n != 1 {
			t.Errorf("the fire of %s happened %d times, want once", at.UTC().Format(time.TimeOnly), n)
		}
	}
	reports, doubled := 0, 0
	known := strings.Join(s.texts(`SELECT ts FROM messages WHERE kind = 'post'`), " ")
	for _, m := range s.Slack.Messages(e2e.Reports) {
		switch {
		case strings.Contains(known, m.TS):
			reports++
		case s.underWay(m):
			doubled++
		default:
			t.Errorf("a report too many: %q", m.Text)
		}
	}
	if len(fired) != want || reports != want {
		t.Errorf("%d fires and %d reports, want %d", len(fired), reports, want)
	}
	_, _ = fmt.Fprintf(os.Stdout, "\n%d kills two seconds before a fire: %d fires planned, %d happened, %d reports, %d of them twice\n", *rounds, want, len(fired), reports, doubled)
}

// fired returns the planned times of the fires that happened.
func (s *scene) fired() (out []time.Time) {
	s.t.Helper()
	for _, text := range s.texts(`SELECT args->>'due_ms' FROM river_job WHERE kind = 'announce'`) {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, time.UnixMilli(ms))
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// A frozen replica finds when it thaws that others have gone on without it.
func TestAFrozenReplicaDoesNoHarm(t *testing.T) {
	t.Parallel()
	for round := range *rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			s := several(t, 2, "")
			random := rand.New(rand.NewPCG(*seed, uint64(round)))
			frozen := s.processes[round%2]
			t.Cleanup(func() { frozen.Signal(syscall.SIGCONT) })
			if round%4 < 2 { // at some moment of a cycle
				s.ask()
				s.ask()
				<-time.After(time.Duration(random.Int64N(int64(12 * time.Second))))
				s.freezes = append(s.freezes, time.Now())
				frozen.Signal(syscall.SIGSTOP)
			} else { // one of two commands comes to the frozen one
				s.freezes = append(s.freezes, time.Now())
				frozen.Signal(syscall.SIGSTOP)
				s.ask()
				s.ask()
			}
			s.thawed(frozen)
		})
	}
}

// aftermath is how long a replica that goes on has for doing what it must not do: that it does nothing has no sign to
// wait for.
const aftermath = 10 * time.Second

// thawed lets a frozen replica go on when the other one has done the work, and judges.
func (s *scene) thawed(frozen *e2e.Process) {
	s.t.Helper()
	s.until("the other one has done the work", func() bool { return s.waiting() == "" })
	s.freezes = append(s.freezes, time.Now())
	frozen.Signal(syscall.SIGCONT)
	s.until("it beats again", func() bool { return s.beating() == 2 })
	<-time.After(aftermath)
	s.settled()
}

func TestAReplicaFrozenAtAPointDoesNoHarm(t *testing.T) {
	t.Parallel()
	points := failpoint.Command()
	if *strikes == 0 { // where it would do what another one has done meanwhile
		points = []failpoint.Point{failpoint.PostBefore, failpoint.StartBefore, failpoint.EndBefore, failpoint.FinalBefore}
	}
	for _, point := range points {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			long(t)
			s := open(t, storetest.Postgres(t), "")
			s.freezeAt(point)
			for range 2 {
				s.start()
			}
			s.until("both replicas work", func() bool { return s.beating() == 2 })
			s.ask()
			s.ask()
			frozen := s.frozen()
			t.Cleanup(func() { frozen.Signal(syscall.SIGCONT) })
			s.thawed(frozen)
		})
	}
}
