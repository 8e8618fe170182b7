package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// press <user> <channel> <label…>: presses the button with these words, and prints what the person sees in answer.
// ! press …: there is no such button, or not any more.
func cmdPress(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, "press user channel label")
	s := of(ts)
	user, channel, label := name(ts, people(), args[0]), name(ts, channels(), args[1]), strings.Join(args[2:], " ")
	press, found := s.Slack.Button(user, channel, label)
	if neg == found {
		ts.Fatalf("a button %q for %s: %t; they see\n%s", label, args[0], found, s.Slack.Transcript(channel, user))
	}
	if neg {
		return
	}
	s.answered(ts, channel, user, func(ctx context.Context) {
		d, err := s.Slack.Press(ctx, press)
		ts.Check(err)
		if d.Error != "" {
			ts.Fatalf("slack tells %s: %s", args[0], d.Error)
		}
		s.last = d.Envelope
	})
}

// again <user> <channel>: the last press comes as a second one, under new ids, and prints what the person sees in answer.
// again <user> <channel> as <other>: but it says that somebody else has pressed.
func cmdAgain(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "again user channel")
	s := of(ts)
	user, channel := name(ts, people(), args[0]), name(ts, channels(), args[1])
	var payload map[string]any
	ts.Check(json.Unmarshal(s.last.Payload, &payload))
	payload["trigger_id"] = rand.Text()
	if len(args) == 4 {
		by, ok := payload["user"].(map[string]any)
		if !ok {
			ts.Fatalf("the last thing was no press")
		}
		by["id"] = name(ts, people(), args[3])
	}
	e := s.last
	e.ID = rand.Text()
	var err error
	e.Payload, err = json.Marshal(payload)
	ts.Check(err)
	frame, err := json.Marshal(e)
	ts.Check(err)
	s.answered(ts, channel, user, func(context.Context) { ts.Check(s.Slack.SendRaw(string(frame))) })
}

// answered does something and waits until what only this person sees has changed, or is more, and prints that.
func (s *scene) answered(ts *testscript.TestScript, channel, user string, do func(context.Context)) {
	ctx, cancel := limit()
	defer cancel()
	before := s.Slack.Ephemerals(channel, user)
	do(ctx)
	var now []slacksim.Message
	i := -1
	ts.Check(s.Slack.Wait(ctx, func(slacksim.Snapshot) bool {
		now = s.Slack.Ephemerals(channel, user)
		i = slices.IndexFunc(now, func(m slacksim.Message) bool {
			return !slices.ContainsFunc(before, func(b slacksim.Message) bool { return b.TS == m.TS && len(b.Earlier) == len(m.Earlier) })
		})
		return i >= 0
	}))
	s.told[channel+user] = len(now)
	show(ts, s.Slack.Text(now[i], user))
}
