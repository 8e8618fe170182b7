package commands

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is everything a Handler reads and writes.
type world struct {
	mu       sync.Mutex
	outcome  executor.Outcome
	askErr   error
	asked    []executor.Request
	replies  []string
	live     []executor.Cycle
	past     map[string][]executor.Cycle
	requests map[uuid.UUID][]executor.Request
	readErr  error
	status   func(ctx context.Context, server string) (executor.Status, error)
	errors   func(server string) (executor.ErrorReport, error)
	pending  func(server string) (executor.PendingReport, error)
	roads    map[string]executor.Capability
	looked   []string
	recorded []AuditEntry
	before   executor.Past
	asks     map[uuid.UUID]Question
	poseErr  error
	acts     []executor.Act
	pauses   []executor.Act
	act      func(executor.Act) (executor.Act, error)
	log      strings.Builder
}

func (w *world) Ask(_ context.Context, r executor.Request, replyTo string) (executor.Outcome, error) {
	w.asked, w.replies = append(w.asked, r), append(w.replies, replyTo)
	return w.outcome, w.askErr
}

func (w *world) LiveCycles(context.Context) ([]executor.Cycle, error) { return w.live, w.readErr }

func (w *world) History(_ context.Context, server string, n int) ([]executor.Cycle, error) {
	c := w.past[server]
	return c[:min(n, len(c))], w.readErr
}

func (w *world) Requests(_ context.Context, id uuid.UUID) ([]executor.Request, error) {
	return w.requests[id], w.readErr
}

func (w *world) Past(context.Context, string, executor.Policy) (executor.Past, error) {
	return w.before, w.readErr
}

func (w *world) Pose(_ context.Context, q Question) error {
	if w.asks == nil {
		w.asks = map[uuid.UUID]Question{}
	}
	if _, known := w.asks[q.ID]; !known && w.poseErr == nil {
		w.asks[q.ID] = q
	}
	return w.poseErr
}

func (w *world) Question(_ context.Context, id uuid.UUID) (Question, bool, error) {
	q, known := w.asks[id]
	return q, known, w.readErr
}

func (w *world) Answer(_ context.Context, id, press uuid.UUID, with Action, _ time.Time) (bool, error) {
	q, known := w.asks[id]
	if !known || q.Answer != "" && (q.Answer != with || q.Press != press) {
		return false, w.poseErr
	}
	q.Answer, q.Press = with, press
	w.asks[id] = q
	return true, w.poseErr
}

func (w *world) Status(ctx context.Context, server string) (executor.Status, error) {
	w.mu.Lock()
	w.looked = append(w.looked, server)
	w.mu.Unlock()
	if w.status == nil {
		return executor.Status{}, errors.New("no status in this world")
	}
	return w.status(ctx, server)
}

func (w *world) Act(_ context.Context, a executor.Act, _ string) (executor.Act, error) {
	w.acts = append(w.acts, a)
	if w.act != nil {
		return w.act(a)
	}
	a.Phase = executor.ActAsked
	return a, nil
}

func (w *world) Acts(context.Context) ([]executor.Act, error) { return w.pauses, w.readErr }

func (w *world) Errors(_ context.Context, server string, _ executor.ErrorsOrder) (executor.ErrorReport, error) {
	return w.errors(server)
}

func (w *world) Pending(_ context.Context, server string) (executor.PendingReport, error) {
	return w.pending(server)
}

func (w *world) Capability(_ context.Context, server string) (executor.Capability, error) {
	return w.roads[server], w.readErr
}

func (w *world) Record(_ context.Context, e AuditEntry) error {
	w.recorded = append(w.recorded, e)
	return nil
}

func (w *world) handler(s *Snapshot) *Handler {
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	return New(w, w, w, w, w, func() *Snapshot { return s }, func() time.Time { return nine41.Add(40 * time.Second) }, log)
}

// id returns an id whose reference is easy to tell apart.
func id(n byte) uuid.UUID { return uuid.UUID{6: 0x70, 8: 0x80, 15: n} }

func input(c Caller, text string) Input {
	return Input{ID: id(1), Caller: c, Text: text, Command: "/adsync", At: nine41, ReplyTo: "reply-1"}
}

func answerTo(t *testing.T, s *Snapshot, c Caller, text string) string {
	t.Helper()
	w := &world{outcome: executor.Outcome{Cycle: executor.Cycle{ID: id(7), Server: "aadc01", Policy: executor.Delta}}}
	a, err := w.handler(s).Handle(t.Context(), input(c, text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestADeltaBecomesOneRequest(t *testing.T) {
	w := &world{outcome: executor.Outcome{Cycle: executor.Cycle{ID: id(7), Server: "aadc01", Policy: executor.Delta}}}
	if _, err := w.handler(testSnapshot()).Handle(t.Context(), input(member("C1"), "delta because new starter")); err != nil {
		t.Fatal(err)
	}
	want := executor.Request{
		ID: id(1), Policy: executor.Delta, Server: "aadc01",
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "U1ANN"},
		Audience: executor.Audience{Team: "T1", Channel: "C1"},
		Reason:   "new starter", Rule: "grants[0]", AskedAt: nine41,
	}
	if !slices.Equal(w.asked, []executor.Request{want}) || !slices.Equal(w.replies, []string{"reply-1"}) {
		t.Errorf("asked %+v with %q, want %+v", w.asked, w.replies, want)
	}
}

func TestEveryDecisionIsRecorded(t *testing.T) {
	guest := member("C1")
	guest.Person.Guest = true
	queued := executor.Outcome{Cycle: executor.Cycle{ID: id(7), Server: "aadc01", Policy: executor.Delta}}
	joined := queued
	joined.Joined = true
	for _, tt := range []struct {
		name     string
		caller   Caller
		text     string
		outcome  executor.Outcome
		decision string
		rule     string
		server   string
		result   string
		asks     int
	}{
		{"a delta that is queued", member("C1"), "delta", queued, Allowed, "grants[0]", "aadc01", "queued", 1},
		{"a delta that joins", member("C1"), "delta", joined, Allowed, "grants[0]", "aadc01", "joined", 1},
		{"a full, which asks first", member("C2"), "full lab", queued, Allowed, "grants[1]", "lab", "asked back", 0},
		{"a full that is not granted", member("C1"), "full aadc01", queued, Denied, "no-grant-for-command", "aadc01", "", 0},
		{"a full without a server that is not granted", member("C1"), "full", queued, Denied, "no-grant-for-command", "", "", 0},
		{"a server that is hidden", member("C1"), "delta secret", queued, Denied, "no-grant-for-server", "secret", "", 0},
		{"a server that does not exist", member("C1"), "delta zzz", queued, Denied, "unknown-server", "", "", 0},
		{"a guest", guest, "delta aadc01", queued, Denied, "guest", "", "", 0},
		{"something not understood", member("C1"), "delta aadc01 now", queued, NotUnderstood, "word-too-many", "", "", 0},
		{"help", member("C1"), "", queued, Allowed, "everybody", "", "", 0},
		{"status", member("C1"), "status", queued, Allowed, "grants[0]", "", "0 of 1 servers answered", 0},
		{"history", member("C2"), "history lab", queued, Allowed, "grants[1]", "lab", "0 cycles shown", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{outcome: tt.outcome}
			if _, err := w.handler(testSnapshot()).Handle(t.Context(), input(tt.caller, tt.text)); err != nil {
				t.Fatal(err)
			}
			if len(w.recorded) != 1 || len(w.asked) != tt.asks {
				t.Fatalf("%d entries, %d requests, want 1 and %d", len(w.recorded), len(w.asked), tt.asks)
			}
			e := w.recorded[0]
			if e.Decision != tt.decision || e.Rule != tt.rule || e.Server != tt.server || e.Result != tt.result {
				t.Errorf("recorded %+v", e)
			}
			if first, _, _ := strings.Cut(tt.text, " "); e.Command != "" && first != "" && string(e.Command) != first {
				t.Errorf("recorded as %s", e.Command)
			}
			if (e.Command == "") != (tt.decision == NotUnderstood || tt.rule == "guest") {
				t.Errorf("recorded as command %q", e.Command)
			}
			if e.ID != id(1) || e.Who != "U1ANN" || e.Where != "C1" && e.Where != "C2" || e.What != tt.text {
				t.Errorf("who, what and where: %+v", e)
			}
		})
	}
}

func TestAStoreThatFailsStartsNothing(t *testing.T) {
	w := &world{askErr: errors.New("disk full at /var/lib")}
	a, err := w.handler(testSnapshot()).Handle(t.Context(), input(member("C1"), "delta"))
	if err != nil {
		t.Fatal(err)
	}
	said := Plain{}.Answer(a)
	ref := executor.Reference("E", id(1))
	if !strings.Contains(said, "Nothing was started") || !strings.Contains(said, ref) || strings.Contains(said, "disk") {
		t.Errorf("said\n%s", said)
	}
	if !strings.Contains(w.log.String(), "disk full") || !strings.Contains(w.log.String(), ref) {
		t.Errorf("logged\n%s", w.log.String())
	}
}

func TestAnEndingContextLeavesTheCommandUnhandled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("the program is stopping")
	w := &world{status: func(ctx context.Context, _ string) (executor.Status, error) {
		cancel(stop)
		<-ctx.Done()
		return executor.Status{}, ctx.Err()
	}}
	if _, err := w.handler(testSnapshot()).Handle(ctx, input(member("C1"), "status")); !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause", err)
	}
	if len(w.recorded) != 0 {
		t.Errorf("recorded %+v", w.recorded)
	}
}

func TestStatusLooksAtAllowedServersInBoundedParallel(t *testing.T) {
	s := &Snapshot{Team: "T1", Grants: []Grant{{Name: "grants[0]", Channel: "C1", Commands: []string{"status"}, Servers: []string{"*"}}}}
	for range 20 {
		s.Servers = append(s.Servers, ServerInfo{Name: "s" + string(rune('a'+len(s.Servers)))})
	}
	synctest.Test(t, func(t *testing.T) {
		running := 0
		release := make(chan struct{})
		w := &world{}
		w.status = func(ctx context.Context, server string) (executor.Status, error) {
			if _, bounded := ctx.Deadline(); !bounded {
				return executor.Status{}, errors.New("no deadline")
			}
			w.mu.Lock()
			running++
			w.mu.Unlock()
			defer func() {
				w.mu.Lock()
				running--
				w.mu.Unlock()
			}()
			if server == "sb" { // one hangs until its own deadline, the others go on
				<-ctx.Done()
				return executor.Status{}, ctx.Err()
			}
			<-release
			return executor.Status{Server: server, Service: "Running", Scheduled: true, Enabled: true, EventsReadable: true}, nil
		}
		answered := make(chan Answer)
		go func() {
			a, err := w.handler(s).Handle(t.Context(), input(member("C1"), "status"))
			if err != nil {
				t.Error(err)
			}
			answered <- a
		}()
		for left := 20; left > 1; left-- { // all but the hanging one, released one by one
			synctest.Wait()
			if want := min(looks, left); running != want {
				t.Fatalf("%d looks at once with %d left, want %d", running, left, want)
			}
			release <- struct{}{}
		}
		a := <-answered
		if len(w.looked) != 20 || len(a.Lines) != 20 || a.Mark != MarkBad {
			t.Errorf("%d looks, %d lines, mark %s, want 20, 20 and bad", len(w.looked), len(a.Lines), a.Mark)
		}
		if got, want := (Plain{}).Text(a.Lines[1]), "sb did not answer in time. Ask again in a minute."; got != want {
			t.Errorf("the hanging one says %q, want %q", got, want)
		}
	})
}

// statuses is a world in which the given servers answer and every other one does not.
func statuses(by map[string]executor.Status) func(context.Context, string) (executor.Status, error) {
	return func(_ context.Context, server string) (executor.Status, error) {
		st, ok := by[server]
		if !ok {
			return executor.Status{}, &executor.RunError{Kind: executor.FailureCredentials, Server: server, Op: "connect"}
		}
		st.Server = server
		return st, nil
	}
}
