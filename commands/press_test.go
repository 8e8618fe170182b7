package commands

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// asked is a world in which somebody in C2 was asked whether to start a full on lab.
func askedFirst(t *testing.T) *world {
	t.Helper()
	w := &world{outcome: executor.Outcome{Cycle: executor.Cycle{ID: id(7), Server: "lab", Policy: executor.Initial}}}
	a, err := w.handler(testSnapshot()).Handle(t.Context(), input(member("C2"), "initial LAB because “new rule”"))
	if err != nil {
		t.Fatal(err)
	}
	if a.About != id(1) || len(a.Actions) != 2 || a.Actions[0] != StartFull || a.Actions[1] != Leave || len(w.asked) != 0 {
		t.Fatalf("asked back with %+v, requests %+v", a, w.asked)
	}
	want := Question{
		ID: id(1), Team: "T1", Channel: "C2", User: "U1ANN", Slash: "/adsync", Command: "full lab because “new rule”",
		AskedAt: nine41, Until: nine41.Add(10 * time.Minute),
	}
	if w.asks[id(1)] != want {
		t.Fatalf("stored %+v, want %+v", w.asks[id(1)], want)
	}
	return w
}

func pressOf(c Caller, action Action) Press {
	return Press{ID: id(2), Caller: c, Action: action, Question: id(1), At: nine41.Add(time.Minute), ReplyTo: "reply-2"}
}

func TestAPressIsDecidedAnew(t *testing.T) {
	with := func(change func(*Caller)) Caller {
		c := member("C2")
		change(&c)
		return c
	}
	noGrant := testSnapshot()
	noGrant.Grants = noGrant.Grants[:1]
	for _, tt := range []struct {
		name     string
		press    Press
		snapshot *Snapshot
		decision string
		rule     string
		result   string
		says     string
		replaces bool
		asks     int
	}{
		{"the asker starts it", pressOf(member("C2"), StartFull), nil, Allowed, "grants[1]", "queued", "Full on lab is queued", true, 1},
		{"the asker leaves it", pressOf(member("C2"), Leave), nil, Allowed, "asker", "left", "nothing was done", true, 0},
		{"the grant is gone", pressOf(member("C2"), StartFull), noGrant, Denied, "no-grant-for-channel", "", "Nothing was done.", true, 0},
		{"the grant is gone, and the asker leaves it", pressOf(member("C2"), Leave), noGrant, Allowed, "asker", "left", "nothing was done", true, 0},
		{"somebody else", pressOf(with(func(c *Caller) { c.User = "U2BOB" }), StartFull), nil, Denied, ruleNotAsker, "", "Only who was asked can answer", false, 0},
		{"in another channel", pressOf(member("C1"), StartFull), nil, Denied, ruleNotAsker, "", "Only who was asked can answer", false, 0},
		{"from another workspace", pressOf(with(func(c *Caller) { c.Team = "T2" }), StartFull), nil, Denied, "other-workspace", "", "Sorry, I cannot help you here.", false, 0},
		{"the asker is a guest meanwhile", pressOf(with(func(c *Caller) { c.Person.Guest = true }), StartFull), nil, Denied, "guest", "", "Sorry, I cannot help you here.", true, 0},
		{"nobody knows who presses", pressOf(with(func(c *Caller) { c.Person = Person{} }), StartFull), nil, Denied, "person-unknown", "", "Ask again in a minute", false, 0},
		{"the channel is shared meanwhile", pressOf(with(func(c *Caller) { c.Room.Shared = true }), StartFull), nil, Denied, "shared-channel", "", "shared with another organisation", false, 0},
		{"too late", Press{ID: id(2), Caller: member("C2"), Action: StartFull, Question: id(1), At: nine41.Add(10 * time.Minute)}, nil, Denied, ruleExpired, "", "was open until 09:51 UTC. Nothing was done.", true, 0},
		{"a question nobody asked", Press{ID: id(2), Caller: member("C2"), Action: StartFull, Question: id(9), At: nine41}, nil, Denied, ruleNoQuestion, "", "I do not know any more", true, 0},
		{"a button that is none of its answers", pressOf(member("C2"), "start_rocket"), nil, NotUnderstood, ruleOther, "", "I do not understand this button", true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := askedFirst(t)
			s := tt.snapshot
			if s == nil {
				s = testSnapshot()
			}
			a, replaces, err := w.handler(s).Press(t.Context(), tt.press)
			if err != nil {
				t.Fatal(err)
			}
			if said := (Plain{}).Answer(a); !strings.Contains(said, tt.says) || replaces != tt.replaces || len(a.Actions) != 0 {
				t.Errorf("said, in the place of the question %t:\n%s", replaces, said)
			}
			if len(w.asked) != tt.asks || len(w.recorded) != 2 {
				t.Fatalf("%d requests, %d entries, want %d and 2", len(w.asked), len(w.recorded), tt.asks)
			}
			e := w.recorded[1]
			if e.ID != id(2) || e.Decision != tt.decision || e.Rule != tt.rule || e.Result != tt.result || e.Who != tt.press.Caller.User {
				t.Errorf("recorded %+v", e)
			}
			if !strings.HasPrefix(e.What, "["+tt.press.Action.Label()+"]") {
				t.Errorf("recorded as %q", e.What)
			}
		})
	}
}

func TestTheRequestOfAPressIsNamedAfterTheQuestion(t *testing.T) {
	w := askedFirst(t)
	if _, _, err := w.handler(testSnapshot()).Press(t.Context(), pressOf(member("C2"), StartFull)); err != nil {
		t.Fatal(err)
	}
	want := executor.Request{
		ID: id(1), Policy: executor.Initial, Server: "lab",
		Asker:    executor.Asker{Way: executor.FromSlack, Team: "T1", User: "U1ANN"},
		Audience: executor.Audience{Team: "T1", Channel: "C2"},
		Reason:   "“new rule”", Rule: "grants[1]", AskedAt: nine41.Add(time.Minute),
	}
	if len(w.asked) != 1 || w.asked[0] != want || w.replies[0] != "reply-2" {
		t.Errorf("asked %+v with %q, want %+v", w.asked, w.replies, want)
	}
}

func TestAQuestionIsAnsweredOnce(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second Action
		same          bool // press, handled again
		asks          int
		says          string
	}{
		{"started twice", StartFull, StartFull, false, 1, "answered this already: Start the full"},
		{"started, then left", StartFull, Leave, false, 1, "answered this already: Start the full"},
		{"left, then started", Leave, StartFull, false, 0, "answered this already: Leave it"},
		{"the same press after a crash asks for the same request", StartFull, StartFull, true, 2, "is queued"},
		{"the same press after a crash leaves it", Leave, Leave, true, 0, "nothing was done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := askedFirst(t)
			h := w.handler(testSnapshot())
			if _, _, err := h.Press(t.Context(), pressOf(member("C2"), tt.first)); err != nil {
				t.Fatal(err)
			}
			again := pressOf(member("C2"), tt.second)
			if !tt.same {
				again.ID = id(3)
			}
			a, replaces, err := h.Press(t.Context(), again)
			if said := (Plain{}).Answer(a); err != nil || !replaces || !strings.Contains(said, tt.says) {
				t.Errorf("%v, in its place %t: said\n%s", err, replaces, said)
			}
			if len(w.asked) != tt.asks || tt.asks == 2 && w.asked[0] != w.asked[1] {
				t.Errorf("requests %+v, want %d", w.asked, tt.asks)
			}
		})
	}
}

func TestAStoreThatFailsDoesNothingForAPress(t *testing.T) {
	w := askedFirst(t)
	w.poseErr = errors.New("disk full at /var/lib")
	a, _, err := w.handler(testSnapshot()).Press(t.Context(), pressOf(member("C2"), StartFull))
	if err != nil {
		t.Fatal(err)
	}
	said := Plain{}.Answer(a)
	if !strings.Contains(said, "Nothing was done") || !strings.Contains(said, executor.Reference("E", id(2))) || strings.Contains(said, "disk") || len(w.asked) != 0 {
		t.Errorf("said\n%s\nrequests %+v", said, w.asked)
	}
	w.readErr = errors.New("disk gone")
	if a, replaces, err := w.handler(testSnapshot()).Press(t.Context(), pressOf(member("C2"), StartFull)); err != nil || replaces || !strings.Contains(Plain{}.Answer(a), "Nothing was done") {
		t.Errorf("%v, in its place %t: said\n%s", err, replaces, Plain{}.Answer(a))
	}
}
