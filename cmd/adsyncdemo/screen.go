package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

// name is what people call somebody or something, and what Slack does.
type name struct{ name, id string }

func people() []name { return []name{{"ann", e2e.Ann}, {"ben", e2e.Ben}} }

func places() []name { return []name{{"helpdesk", e2e.Helpdesk}, {"identity", e2e.Identity}} }

func nameOf(all []name, id string) string {
	for _, n := range all {
		if n.id == id {
			return n.name
		}
	}
	return id
}

// screen shows the workspace as it changes: each new and each edited message once more, below the others, so that it
// reads the same on a terminal and in a file.
type screen struct {
	slack *slacksim.Workspace
	since time.Time
	look  look

	mu   sync.Mutex
	out  io.Writer
	echo bool              // show what is typed, which a terminal has done already
	seen map[string]string // what is on the screen, by message
}

func newScreen(out io.Writer, slack *slacksim.Workspace) *screen {
	return &screen{slack: slack, since: time.Now(), look: lookFor(out), out: out, echo: true, seen: map[string]string{}}
}

// follow shows every change until ctx ends.
func (s *screen) follow(ctx context.Context) {
	shown := 0
	for {
		var now slacksim.Snapshot
		err := s.slack.Wait(ctx, func(n slacksim.Snapshot) bool {
			now = n
			return len(n.Calls)+len(n.Acks) > shown // nothing changes but by these
		})
		if err != nil {
			return
		}
		shown = len(now.Calls) + len(now.Acks)
		s.catchUp()
	}
}

// catchUp shows what has changed until now.
func (s *screen) catchUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.slack.Snapshot()
	for _, p := range places() {
		for _, m := range now.Messages(p.id) {
			text := s.slack.Text(m, m.User)
			key, does := p.id+m.TS, "writes"
			switch was, known := s.seen[key]; {
			case known && was == text:
				continue
			case known:
				does = "changes that message to"
			case m.ThreadTS != "":
				does = "writes in the thread"
			}
			s.seen[key] = text
			s.entry(fmt.Sprintf("#%s  adsync %s", p.name, does), text)
		}
	}
	for _, m := range now.Ephemerals {
		text := s.slack.Text(m, m.ForUser)
		key, does := m.Channel+m.TS, "adsync, only visible to"
		switch was, known := s.seen[key]; {
		case known && was == text:
			continue
		case known:
			does = "adsync puts in its place, only visible to"
		}
		s.seen[key] = text
		s.entry(fmt.Sprintf("#%s  %s @%s", nameOf(places(), m.Channel), does, nameOf(people(), m.ForUser)), text)
	}
}

// typed lets somebody type /adsync and text in a channel.
func (s *screen) typed(ctx context.Context, who, where name, text string) error {
	if s.echo {
		s.mu.Lock()
		s.entry(fmt.Sprintf("#%s  @%s types", where.name, who.name), strings.TrimSpace("/adsync "+text))
		s.mu.Unlock()
	}
	d, err := s.slack.Slash(ctx, slacksim.SlashCommand{UserID: who.id, ChannelID: where.id, Command: "/adsync", Text: text})
	if err != nil {
		return err
	}
	if d.Error != "" {
		s.note("Slack tells @%s: /adsync failed with the error %q.", who.name, d.Error)
	}
	return nil
}

// pressed lets somebody press a button.
func (s *screen) pressed(ctx context.Context, who, where name, label string, press slacksim.Press) error {
	s.mu.Lock()
	s.entry(fmt.Sprintf("#%s  @%s presses", where.name, who.name), "["+label+"]")
	s.mu.Unlock()
	d, err := s.slack.Press(ctx, press)
	if err != nil {
		return err
	}
	if d.Error != "" {
		s.note("Slack tells @%s: the button failed with the error %q.", who.name, d.Error)
	}
	return nil
}

// note says something that is not part of the workspace.
func (s *screen) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, "%s\n\n", s.look.faint(fmt.Sprintf("-- "+format, args...)))
}

// entry expects mu to be held.
func (s *screen) entry(head, text string) {
	head = fmt.Sprintf("%5.1f s  %s", time.Since(s.since).Seconds(), head)
	text = s.look.message(text)
	_, _ = fmt.Fprintf(s.out, "%s\n         %s\n\n", s.look.faint(head), strings.ReplaceAll(text, "\n", "\n         "))
}

// draw sends what is shown from now on to out. Where typing shows itself, it is not shown once more.
func (s *screen) draw(out io.Writer, typingShows bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out, s.echo = out, !typingShows
}
