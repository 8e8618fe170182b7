package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

func numberedLines(n int, text string) []commands.Text {
	all := make([]commands.Text, n)
	for i := range all {
		all[i] = words(fmt.Sprintf("line %d %s", i+1, text))
	}
	return all
}

func TestPagesHoldEveryLineAndCutNone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		room   room
		answer commands.Answer
		want   int
	}{
		{"a short answer is one page", onePage(), commands.Answer{Headline: words("list"), Lines: numberedLines(20, "")}, 1},
		{"one line more is two", onePage(), commands.Answer{Headline: words("list"), Lines: numberedLines(21, "")}, 2},
		{"long lines are fewer on a page", onePage(), commands.Answer{Headline: words("list"), Lines: numberedLines(12, strings.Repeat("<", 200))}, 4},
		{"a channel holds more in one message", onePost(), commands.Answer{Headline: words("list"), Lines: numberedLines(100, strings.Repeat("x", 60))}, 1},
		{"but not everything", onePost(), commands.Answer{Headline: words("list"), Lines: numberedLines(600, strings.Repeat("x", 60))}, 4},
		{"lines that fill a section each", onePost(), commands.Answer{Headline: words("list"), Lines: numberedLines(12, strings.Repeat("x", 2000))}, 3},
		{"no lines at all", onePage(), commands.Answer{Headline: words("list")}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.answer
			a.Mark, a.Footer, a.Detail = commands.MarkInfo, words("footer"), "detail"
			all := tt.room.pages(a)
			if len(all) != tt.want {
				t.Errorf("%d pages, want %d", len(all), tt.want)
			}
			n := 0
			for i, p := range all {
				if last := i == len(all)-1; (p.Detail != "") != last || p.Mark != a.Mark || len(p.Footer) == 0 {
					t.Errorf("page %d: %+v", i+1, p)
				}
				m := layout(p)
				checkMessage(t, m, 0)
				raw, err := json.Marshal(m.Blocks)
				if err != nil {
					t.Fatal(err)
				}
				shown := string(raw)
				if tt.room.text > 0 {
					shown = m.Text
				}
				for range p.Lines {
					n++
					if !strings.Contains(shown, fmt.Sprintf("line %d ", n)) {
						t.Errorf("page %d lacks line %d", i+1, n)
					}
				}
				if strings.Contains(shown, "more lines") {
					t.Errorf("page %d is cut", i+1)
				}
			}
			if n != len(a.Lines) {
				t.Errorf("%d lines of %d", n, len(a.Lines))
			}
		})
	}
}

// long answers every command with many lines.
type long struct{ counting }

func (h *long) Handle(ctx context.Context, in commands.Input) (commands.Answer, error) {
	a, err := h.counting.Handle(ctx, in)
	a.Lines = numberedLines(45, "")
	return a, err
}

func (s *sim) press(user, label string) {
	s.t.Helper()
	p, ok := s.ws.Button(user, helpdesk, label)
	if !ok {
		s.t.Fatalf("%s sees no button %q", user, label)
	}
	if d, err := s.ws.Press(s.t.Context(), p); err != nil || d.Error != "" {
		s.t.Fatalf("press %s: %v, %q", label, err, d.Error)
	}
}

func (s *sim) shows(words string) {
	s.t.Helper()
	s.wait(func(slacksim.Snapshot) bool {
		all := s.ws.Ephemerals(helpdesk, ann)
		return len(all) == 1 && strings.Contains(s.ws.Text(all[0], ann), words)
	})
}

func TestALongAnswerIsTurnedPageByPageAlsoAfterARestart(t *testing.T) {
	s := newSim(t, nil)
	var h long
	_, stop := s.serve(&h)
	s.connected()
	s.slash("errors")
	s.wait(ephemerals(1))
	s.shows("Page 1 of 3")
	if _, ok := s.ws.Button(ann, helpdesk, "Back"); ok {
		t.Error("the first page leads back")
	}
	s.press(ann, "More")
	s.shows("line 21 ")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.serve(&h)
	s.connected()
	s.press(ann, "More")
	s.shows("Page 3 of 3")
	if _, ok := s.ws.Button(ann, helpdesk, "More"); ok {
		t.Error("the last page leads on")
	}
	s.press(ann, "Back")
	s.shows("Page 2 of 3")
	if n := len(h.pressed()); n != 0 {
		t.Errorf("the handler was asked about %d turns", n)
	}
}

func TestPagesAreTurnedForTheirReaderOnlyAndNotForEver(t *testing.T) {
	for _, tt := range []struct {
		name, user string
		age        bool // their time is over
		says       string
	}{
		{"somebody else", bea, false, "for somebody else"},
		{"too late", ann, true, "do not keep these pages"},
		{"the reader", ann, false, "Page 2 of 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil)
			now := s.now()
			r := received{id: uuid.Must(uuid.NewV7()), at: now, command: storedCommand{Team: "T0SIM", Channel: helpdesk, User: ann}}
			_, pages, err := firstPage(r, commands.Answer{Headline: words("list"), Lines: numberedLines(45, "")}, now)
			if err != nil || pages == nil {
				t.Fatalf("%v, %v", pages, err)
			}
			if tt.age {
				pages.Until = now
			}
			if err := s.store.AddPages(t.Context(), *pages); err != nil {
				t.Fatal(err)
			}
			b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store, Config{}, s.log.logger())
			press := received{id: uuid.Must(uuid.NewV7()), at: now, command: storedCommand{
				Team: "T0SIM", Channel: helpdesk, User: tt.user, Action: string(commands.PageOn), About: r.id.String(),
			}}
			for range 2 { // the second time after a crash
				b.serve(t.Context(), press)
			}
			due, err := s.store.Due(t.Context(), s.now(), 10)
			if err != nil || len(due) != 1 || due[0].ID != press.id || due[0].User != tt.user || !strings.Contains(string(due[0].Body), tt.says) {
				t.Errorf("%v: to be sent: %d, %s", err, len(due), due[0].Body)
			}
		})
	}
}

// What does not fit into a report follows in its thread.
func TestALongReportGoesOnInItsThread(t *testing.T) {
	clock := newManual()
	s := newSim(t, clock)
	p := NewPoster(s.client, s.store, clock.clock(), s.log.logger())
	s.background(p.Run)
	body, err := json.Marshal(commands.Answer{Headline: words("report"), Lines: numberedLines(400, strings.Repeat("x", 60))})
	if err != nil {
		t.Fatal(err)
	}
	err = s.store.AddMessage(t.Context(), store.Message{ID: uuid.Must(uuid.NewV7()), Kind: store.Post, Team: "T0SIM", Channel: helpdesk, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	p.Changed()
	s.drive(func(n slacksim.Snapshot) bool { return len(n.Messages(helpdesk)) == 3 })
	all := s.ws.Messages(helpdesk)
	if all[1].ThreadTS != all[0].TS || all[2].ThreadTS != all[0].TS || !strings.Contains(s.ws.Text(all[0], ""), "The rest stands in the thread") {
		t.Errorf("the parts do not hang together:\n%s", s.ws.Transcript(helpdesk, ""))
	}
	if whole := s.ws.Transcript(helpdesk, ""); !strings.Contains(whole, "line 1 ") || !strings.Contains(whole, "line 400 ") {
		t.Error("part of it is missing")
	}
}
