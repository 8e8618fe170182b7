package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

const (
	introduction = `Now you: /adsync help, or any other /adsync command; the servers are aadc01 and aadc02. You are @ann in #helpdesk.
   Type "@ben #identity" to be @ben in #identity, who may do more, what stands on a button, "[Leave it]", to press it,
   and "quit" to end.`
	hint = `Type an /adsync command (/adsync help), a button ([Leave it]), who and where to be (@ann, @ben, #helpdesk, #identity), or quit.`
)

// conversation is who is typing and where.
type conversation struct {
	slack  *slacksim.Workspace
	screen *screen
	who    name
	where  name
}

// converse does what lines say until the last one, "quit", or the end of ctx.
func converse(ctx context.Context, ws *slacksim.Workspace, s *screen, in io.Reader, out io.Writer) error {
	c := &conversation{slack: ws, screen: s, who: people()[0], where: places()[0]}
	s.note("%s", introduction)
	from, err := newTyping(in, out, s)
	if err != nil {
		return err
	}
	defer from.restore()

	prompts, lines := make(chan string), make(chan string)
	defer close(prompts)
	go func() { // when ctx ends first, it is left waiting for a line that may never come
		defer close(lines)
		for prompt := range prompts {
			line, err := from.next(prompt)
			if err != nil {
				return
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		prompts <- fmt.Sprintf("@%s #%s> ", c.who.name, c.where.name)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case line, more := <-lines:
			if !more && from.byHand {
				return nil
			}
			if !more {
				return c.settle(ctx)
			}
			if quit, err := c.line(ctx, line); quit || err != nil {
				return err
			}
		}
	}
}

// line does what one line says.
func (c *conversation) line(ctx context.Context, line string) (quit bool, err error) {
	line = strings.TrimSpace(line)
	moved := false
	for {
		word, rest, _ := strings.Cut(line, " ")
		if !c.move(word) {
			break
		}
		line, moved = strings.TrimSpace(rest), true
	}
	command, text, _ := strings.Cut(line, " ")
	switch {
	case command == "/adsync":
		return false, c.command(ctx, text)
	case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
		return false, c.press(ctx, strings.TrimSpace(line[1:len(line)-1]))
	case line == "quit" || line == "exit":
		return true, nil
	case line == "" && moved:
		c.screen.note("You are @%s in #%s.", c.who.name, c.where.name)
	case line != "":
		c.screen.note("%s", hint)
	}
	return false, nil
}

// move makes what follows come from the person, or the channel, that word names.
func (c *conversation) move(word string) bool {
	for _, p := range people() {
		if word == "@"+p.name {
			c.who = p
			return true
		}
	}
	for _, p := range places() {
		if word == "#"+p.name {
			c.where = p
			return true
		}
	}
	return false
}

// command types a command and waits for its first answer, which every command has.
func (c *conversation) command(ctx context.Context, text string) error {
	answers := func() int { return len(c.slack.Ephemerals(c.where.id, c.who.id)) }
	before := answers()
	if err := c.screen.typed(ctx, c.who, c.where, text); err != nil {
		return err
	}
	err := c.slack.Wait(ctx, func(slacksim.Snapshot) bool { return answers() > before })
	c.screen.catchUp()
	return err
}

// press presses a button and waits for what comes of it: an answer in its place, or a further one.
func (c *conversation) press(ctx context.Context, label string) error {
	press, found := c.slack.Button(c.who.id, c.where.id, label)
	if !found {
		c.screen.note("@%s sees no button [%s] in #%s.", c.who.name, label, c.where.name)
		return nil
	}
	versions := func() (n int) {
		for _, m := range c.slack.Ephemerals(c.where.id, c.who.id) {
			n += 1 + len(m.Earlier)
		}
		return n
	}
	before := versions()
	if err := c.screen.pressed(ctx, c.who, c.where, label, press); err != nil {
		return err
	}
	err := c.slack.Wait(ctx, func(slacksim.Snapshot) bool { return versions() > before })
	c.screen.catchUp()
	return err
}

// settle waits until no message in a channel tells of a live cycle any more: who sends commands in from a file wants to
// see what they came to. A cycle that an answer has named may not stand in its channel yet.
func (c *conversation) settle(ctx context.Context) error {
	reference := regexp.MustCompile(`\bC-[0-9A-Z]{4}\b`)
	err := c.slack.Wait(ctx, func(now slacksim.Snapshot) bool {
		var shown strings.Builder
		for _, p := range places() {
			for _, m := range now.Messages(p.id) {
				text := c.slack.Text(m, m.User)
				if _, over := ended(text); !over && m.ThreadTS == "" {
					return false
				}
				shown.WriteString(text)
			}
		}
		for _, m := range now.Ephemerals {
			for _, ref := range reference.FindAllString(c.slack.Text(m, m.ForUser), -1) {
				if !strings.Contains(shown.String(), ref) {
					return false
				}
			}
		}
		return true
	})
	c.screen.catchUp()
	return err
}
