package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
	"github.com/adsyncbot/adsyncbot/executor/winsim/adsync"
)

// scene is one story: what the server is like, what is asked for, what happens meanwhile and how it must end.
type scene struct {
	name  string
	about string
	exit  int
	text  string // what @ann types in #helpdesk after /adsync
	// set makes aadc01 what the story needs; meanwhile is what happens after the asking. Both may be nil.
	set       func(*stage) error
	meanwhile func(context.Context, *stage, *screen) error
}

// sceneLimit is how long a scene may take before something is wrong with it.
const sceneLimit = 90 * time.Second

func scenes() []scene {
	const delta = "delta aadc01 because new starters"
	return []scene{
		{name: "ok", about: "a delta succeeds", exit: exitGood, text: delta},
		{
			name: "busy", about: "somebody runs a Full Import; the delta waits for it, then succeeds", exit: exitGood, text: delta,
			set: func(st *stage) error {
				st.server().Model().RunForeign(adsync.EntraConnector, "Full Import", adsync.UntilReleased)
				return nil
			},
			meanwhile: noteEndOfOtherWork,
		},
		{
			name: "down", about: "the server does not answer for two minutes, which the demo shortens", exit: exitUnknown, text: delta,
			set: func(st *stage) error {
				st.server().Down()
				return nil
			},
			meanwhile: skipTheWaiting,
		},
		{name: "denied", about: "@ann asks for a server that #helpdesk may not touch", exit: exitRefused, text: "delta aadc02"},
		{
			name: "errors", about: "two objects cannot be exported", exit: exitBad, text: delta,
			set: func(st *stage) error { return st.server().Become("export errors") },
		},
		{
			name: "staging", about: "the server is in staging mode: it succeeds and exports nothing", exit: exitGood, text: delta,
			set: func(st *stage) error { return st.server().Become("staging") },
		},
	}
}

func find(name string) (scene, bool) {
	for _, s := range scenes() {
		if s.name == name {
			return s, true
		}
	}
	return scene{}, false
}

func names() []string {
	var out []string
	for _, s := range scenes() {
		out = append(out, s.name)
	}
	return out
}

// play lets the scene happen on the screen, compares what the channel shows in the end with what happened on the server,
// and returns the exit code.
func (sc scene) play(ctx context.Context, st *stage, s *screen) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sceneLimit, fmt.Errorf("scene %s: no end after %s", sc.name, sceneLimit))
	defer cancel()
	s.note("Scene %q: %s. Times are UTC.", sc.name, sc.about)
	before := st.look()
	if err := s.typed(ctx, people()[0], places()[0], sc.text); err != nil {
		return 0, err
	}
	if sc.meanwhile != nil {
		if err := sc.meanwhile(ctx, st, s); err != nil {
			return 0, err
		}
	}
	var told told
	err := st.world.Slack.Wait(ctx, func(slacksim.Snapshot) bool {
		var over bool
		told, over = read(st.world.Slack)
		return over
	})
	if err != nil {
		return 0, errors.Join(context.Cause(ctx), err)
	}
	s.catchUp()
	is := happened(before, st.look())
	if !told.fits(is) {
		s.note("That is not true. The servers' own run history: %s.", is)
		return exitUntrue, nil
	}
	s.note("That is true. The servers' own run history: %s.", is)
	return told.exit, nil
}

// sees waits until the channel shows some words.
func sees(ctx context.Context, st *stage, words string) error {
	return st.world.Slack.Wait(ctx, func(slacksim.Snapshot) bool {
		return strings.Contains(st.world.Slack.Transcript(e2e.Helpdesk, e2e.Ann), words)
	})
}

func noteEndOfOtherWork(ctx context.Context, st *stage, s *screen) error {
	if err := sees(ctx, st, "has been busy"); err != nil {
		return err
	}
	s.catchUp()
	st.server().Model().Release()
	s.note("The other work has ended; the bot looks every 10 s.")
	return nil
}

// skipTheWaiting moves the bot's clock instead of letting people wait.
func skipTheWaiting(ctx context.Context, st *stage, s *screen) error {
	if err := sees(ctx, st, "does not answer"); err != nil {
		return err
	}
	s.catchUp()
	s.note("To spare you the waiting, the bot's clock is put forward by two minutes. It looks once more within 10 s.")
	st.later(2 * time.Minute)
	return nil
}
