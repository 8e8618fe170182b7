package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

func people() map[string]string {
	return map[string]string{"ann": e2e.Ann, "ben": e2e.Ben, "guest": e2e.Guest, "stranger": e2e.Stranger}
}

func channels() map[string]string {
	return map[string]string{
		"helpdesk": e2e.Helpdesk, "identity": e2e.Identity, "reports": e2e.Reports, "shared": e2e.Shared,
		"quiet": e2e.Quiet, "private": e2e.Private, "direct": e2e.Direct, "general": e2e.General,
	}
}

func name(ts *testscript.TestScript, names map[string]string, word string) string {
	id, ok := names[word]
	if !ok {
		ts.Fatalf("nobody and nothing is called %q", word)
	}
	return id
}

func number(ts *testscript.TestScript, word string) int {
	n, err := strconv.Atoi(word)
	ts.Check(err)
	return n
}

// slash <user> <channel> <text…>: types /adsync, and prints what the person sees in answer.
// ! slash …: Slack itself tells the person that the app does not answer.
func cmdSlash(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, "slash user channel")
	s := of(ts)
	c := slacksim.SlashCommand{
		UserID: name(ts, people(), args[0]), ChannelID: name(ts, channels(), args[1]), Command: "/adsync", Text: strings.Join(args[2:], " "),
	}
	ctx, cancel := limit()
	defer cancel()
	for {
		d, err := s.Slack.Slash(ctx, c)
		ts.Check(err)
		s.last = d.Envelope
		switch {
		case neg && d.Error == "":
			ts.Fatalf("the command was acknowledged")
		case neg:
			show(ts, d.Error)
			return
		case d.Error != "":
			ts.Fatalf("slack tells %s: %s", args[0], d.Error)
		}
		answer := s.see(ctx, ts, c.ChannelID, c.UserID)
		if !strings.Contains(answer, unwritten) {
			show(ts, answer)
			return
		}
		ts.Logf("%s asks again", args[0])
	}
}

// unwritten is the answer of a bot whose disk is too slow to store a command while Slack waits. People ask again then.
const unwritten = "could not write your command down"

// see waits for the next answer that only this person sees.
func (s *scene) see(ctx context.Context, ts *testscript.TestScript, channel, user string) string {
	key := channel + user
	n := s.told[key]
	err := s.Slack.Wait(ctx, func(slacksim.Snapshot) bool { return len(s.Slack.Ephemerals(channel, user)) > n })
	ts.Check(err)
	s.told[key] = n + 1
	return s.Slack.Text(s.Slack.Ephemerals(channel, user)[n], user)
}

// sees <user> <channel>: waits for a further answer to this person and prints it.
func cmdSees(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "sees user channel")
	ctx, cancel := limit()
	defer cancel()
	show(ts, of(ts).see(ctx, ts, name(ts, channels(), args[1]), name(ts, people(), args[0])))
}

// whispers <user> <channel> <n>: so many answers were for this person alone.
func cmdWhispers(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "whispers user channel n")
	got := len(of(ts).Slack.Ephemerals(name(ts, channels(), args[1]), name(ts, people(), args[0])))
	if got != number(ts, args[2]) {
		ts.Fatalf("%d answers to %s, want %s", got, args[0], args[2])
	}
}

// redeliver: Slack sends the last command once more.
func cmdRedeliver(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	ctx, cancel := limit()
	defer cancel()
	d, err := s.Slack.Redeliver(ctx, s.last)
	ts.Check(err)
	if d.Error != "" {
		ts.Fatalf("slack says %s", d.Error)
	}
}

// foreign: the last command comes again as another workspace's, under new ids; prints the answer.
func cmdForeign(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	var payload map[string]any
	ts.Check(json.Unmarshal(s.last.Payload, &payload))
	payload["team_id"], payload["trigger_id"] = "T0OTHER", rand.Text()
	e := s.last
	e.ID = rand.Text()
	var err error
	e.Payload, err = json.Marshal(payload)
	ts.Check(err)
	frame, err := json.Marshal(e)
	ts.Check(err)
	ts.Check(s.Slack.SendRaw(string(frame)))
	ctx, cancel := limit()
	defer cancel()
	ts.Check(s.Slack.Wait(ctx, func(now slacksim.Snapshot) bool {
		return slices.ContainsFunc(now.Acks, func(a slacksim.Ack) bool {
			if a.EnvelopeID == e.ID {
				show(ts, string(a.Payload))
			}
			return a.EnvelopeID == e.ID
		})
	}))
}

// until <channel> [n] <text…>: waits until one message there (or the n-th one that does), with its thread, shows all the
// texts, and prints it.
func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "until channel text")
	s := of(ts)
	channel := name(ts, channels(), args[0])
	nth, texts := 1, args[1:]
	if n, err := strconv.Atoi(texts[0]); err == nil {
		nth, texts = n, texts[1:]
	}
	ctx, cancel := limit()
	defer cancel()
	shown := ""
	err := s.Slack.Wait(ctx, func(now slacksim.Snapshot) bool {
		shown = s.thread(now.Messages(channel), nth, texts)
		return shown != ""
	})
	if err != nil {
		ts.Fatalf("%q never came; the channel shows:\n%s", args[1:], s.Slack.Transcript(channel, ""))
	}
	show(ts, shown)
}

// thread is the n-th message that shows all texts, with its replies; empty when there is none.
func (s *scene) thread(messages []slacksim.Message, nth int, texts []string) string {
	for _, parent := range messages {
		shown := s.Slack.Text(parent, "") + "\n"
		for _, m := range messages {
			if m.ThreadTS == parent.TS && m.TS != parent.TS {
				shown += "  in its thread: " + s.Slack.Text(m, "") + "\n"
			}
		}
		if parent.ThreadTS != "" || slices.ContainsFunc(texts, func(t string) bool { return !strings.Contains(shown, t) }) {
			continue
		}
		if nth--; nth == 0 {
			return shown
		}
	}
	return ""
}

// channel <channel>: prints the channel as everybody in it sees it.
func cmdChannel(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "channel channel")
	show(ts, of(ts).Slack.Transcript(name(ts, channels(), args[0]), ""))
}

// posts <channel> <n>: the channel holds n messages, those in threads not counted.
func cmdPosts(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "posts channel n")
	got := 0
	for _, m := range of(ts).Slack.Messages(name(ts, channels(), args[0])) {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			got++
		}
	}
	if got != number(ts, args[1]) {
		ts.Fatalf("%d messages, want %s", got, args[1])
	}
}

// invite <channel>: somebody types /invite @adsync there.
func cmdInvite(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "invite channel")
	of(ts).Slack.Join(name(ts, channels(), args[0]), slacksim.BotUser)
}

// fail <method> <n> <error>|http:<status>: the next n calls of a method fail; heal ends all of that.
func cmdFail(ts *testscript.TestScript, _ bool, args []string) {
	need(ts, args, "fail method n error")
	f := slacksim.Fault{Error: args[2]}
	if status, ok := strings.CutPrefix(args[2], "http:"); ok {
		f = slacksim.Fault{HTTPStatus: number(ts, status)}
	}
	of(ts).Slack.Fail(args[0], number(ts, args[1]), f)
}

func cmdHeal(ts *testscript.TestScript, _ bool, _ []string) { of(ts).Slack.Heal() }
