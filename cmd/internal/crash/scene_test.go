//go:build unix

package crash

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// patience bounds every wait. It is longer than a takeover (20 to 30 s) and the longest cycle here.
const patience = 3 * time.Minute

const server = "aadc01"

// speed is how much faster than a real one the simulated server works. Its clock goes as ours does: what the program
// concludes from the two must hold.
const speed = 8

// scene is one small world, the processes that run in it, and the harness's own view of the store.
type scene struct {
	*e2e.World

	t         *testing.T
	dir       string
	env       []string
	point     failpoint.Point
	file      string // exists once somebody was struck
	wire      *wireClock
	store     *store.Store
	processes []*e2e.Process
	asks      []asked
	again     bool        // commands are delivered again and again
	freezes   []time.Time // when one of the processes froze, and when it went on
}

// asked is one command that somebody typed.
type asked struct {
	user, channel string
	delivery      slacksim.Delivery
}

// open builds the world around a store. more is further configuration, others are further servers.
func open(t *testing.T, url, more string, others ...string) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), wire: newWireClock()}
	var err error
	s.World, err = e2e.New(t.Context(), e2e.Options{
		Dir: s.dir, Servers: append([]string{server}, others...), WireClock: s.wire,
		Clock:    func() adsync.Clock { return adsync.WallClock{} },
		Settings: func(set *adsync.Settings) { set.Speed = speed },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if url == "" {
		url = "sqlite:" + filepath.Join(s.dir, "adsyncbot.db")
	}
	path, err := s.WriteConfig(url, more)
	if err != nil {
		t.Fatal(err)
	}
	s.file = filepath.Join(s.dir, "struck")
	s.env = []string{"ADSYNCBOT_CONFIG=" + path, failpoint.FileVariable + "=" + s.file}
	for k, v := range e2e.Secrets() {
		s.env = append(s.env, k+"="+v)
	}
	s.store, err = store.Open(t.Context(), url, store.Options{Role: store.Beside}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) close() {
	for _, p := range s.processes {
		p.Kill()
		<-p.Ended
	}
	if s.t.Failed() {
		s.logs(s.t)
	}
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		s.t.Error(err)
	}
}

// at makes every process started from now on die at the n-th hit of a point; one of them does.
func (s *scene) at(p failpoint.Point, n int) {
	s.point = p
	s.env = append(s.env, fmt.Sprintf("%s=%s:%d", failpoint.Variable, p, n))
}

// freezeAt makes one of the processes started from now on freeze at the first hit of a point.
func (s *scene) freezeAt(p failpoint.Point) {
	s.point = p
	s.env = append(s.env, fmt.Sprintf("%s=%s:1:freeze", failpoint.Variable, p))
}

// frozen waits until one of the processes has frozen at the point, and returns it.
func (s *scene) frozen() *e2e.Process {
	s.t.Helper()
	var pid []byte
	s.until("one is frozen", func() bool {
		pid, _ = os.ReadFile(s.file)
		return len(pid) > 0
	})
	info, err := os.Stat(s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.freezes = append(s.freezes, info.ModTime())
	i := slices.IndexFunc(s.processes, func(p *e2e.Process) bool { return strconv.Itoa(p.PID()) == string(pid) })
	if i < 0 {
		s.t.Fatalf("process %q is none of ours", pid)
	}
	return s.processes[i]
}

// reached reports whether somebody was struck at the point.
func (s *scene) reached() bool {
	_, err := os.Stat(s.file)
	return err == nil
}

// ask lets one of two people type a command; they take turns.
func (s *scene) ask() {
	s.t.Helper()
	a := asked{user: e2e.Ann, channel: e2e.Helpdesk}
	if len(s.asks)%2 == 1 {
		a = asked{user: e2e.Ben, channel: e2e.Identity}
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	var err error
	a.delivery, err = s.Slack.Slash(ctx, slacksim.SlashCommand{UserID: a.user, ChannelID: a.channel, Command: "/adsync", Text: "delta " + server})
	if err != nil {
		s.t.Fatal(err)
	}
	s.asks = append(s.asks, a)
}

// texts reads the one column of a query from the store.
func (s *scene) texts(query string) (out []string) {
	s.t.Helper()
	db := s.store.SQLDB()
	if pool := s.store.Pool(); pool != nil {
		db = stdlib.OpenDBFromPool(pool)
		defer func() { _ = db.Close() }()
	}
	rows, err := db.QueryContext(s.t.Context(), query)
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			s.t.Fatalf("%s: %v", query, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return out
}

// count reads a number.
func (s *scene) count(query string) int {
	s.t.Helper()
	n, err := strconv.Atoi(s.texts(query)[0])
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// waiting says who still waits for something: nobody when it is empty.
func (s *scene) waiting() string {
	s.t.Helper()
	var left []string
	for _, each := range []struct{ what, query string }{
		{"commands", `SELECT COUNT(*) FROM inbox WHERE handled_at IS NULL`},
		{"live cycles", `SELECT COUNT(*) FROM cycles WHERE phase <> 'ended'`},
		{"acts", `SELECT COUNT(*) FROM acts WHERE phase <> 'ended'`},
		{"messages", `SELECT COUNT(*) FROM messages WHERE state = 'pending'`},
		{"jobs", `SELECT COUNT(*) FROM river_job WHERE kind IN ('cycle', 'announce') AND state IN ('available', 'running', 'scheduled', 'retryable', 'pending')`},
	} {
		if n := s.count(each.query); n > 0 {
			left = append(left, fmt.Sprintf("%d %s", n, each.what))
		}
	}
	return strings.Join(left, ", ")
}

// until polls for something that the program does in its own time.
func (s *scene) until(what string, done func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("%s: not after %s; waiting: %s", what, patience, s.waiting())
		}
	}
}
