package commands

import (
	"errors"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

// stopAsked is a stop of the cycle, asked in a channel.
func stopAsked(channel string) func(*CycleView) {
	return func(v *CycleView) { v.Stops = []executor.Act{stopOf(channel)} }
}

func stopOf(channel string) executor.Act {
	return executor.Act{
		ID: id(5), Kind: executor.StopAct, Server: "aadc01", Asker: executor.Asker{Way: executor.FromSlack, Team: "T1", User: "U2BOB"},
		Audience: executor.Audience{Team: "T1", Channel: channel}, Reason: "the filter is wrong", AskedAt: at(1, 30), AcceptedAt: at(1, 33),
	}
}

func TestWhatCameOfAStop(t *testing.T) {
	for _, tt := range []struct {
		result executor.ActResult
		code   executor.Code
		detail string
	}{
		{result: executor.StopDone},
		{result: executor.StopGone},
		{result: executor.StopGoesOn},
		{result: executor.StopIdle},
		{result: executor.StopUnstarted},
		{result: executor.StopOver},
		{result: executor.ActRefused, code: executor.CodeNoRights, detail: "The current user has insufficient privileges to perform this operation."},
		{result: executor.ActUnreached, code: executor.CodeUnreachable, detail: "unreachable"},
		{result: executor.ActUnknown},
	} {
		t.Run(string(tt.result), func(t *testing.T) {
			a := stopOf("C1")
			a.Phase, a.Result, a.Code, a.Detail = executor.ActEnded, tt.result, tt.code, tt.detail
			golden(t, "act_stop_"+string(tt.result), ActAnswer(ActView{Act: a, Channel: "C1"}))
		})
	}
}

func TestAStopThatIsPressed(t *testing.T) {
	aboutLive := func(a executor.Act) (executor.Act, error) {
		a.Phase, a.About = executor.ActAsked, id(2)
		return a, nil
	}
	over := func(a executor.Act) (executor.Act, error) {
		a.Phase, a.Result = executor.ActEnded, executor.StopIdle
		return a, nil
	}
	full := func(a executor.Act) (executor.Act, error) { return a, errors.New("disk full") }
	for name, w := range map[string]*world{
		"nothing_of_ours": {},
		"running":         {live: inPhase(executor.PhaseFollowing), act: aboutLive},
		"queued":          {live: inPhase(executor.PhaseQueued), act: aboutLive},
		"known":           {act: over},
		"not_stored":      {act: full},
	} {
		t.Run(name, func(t *testing.T) {
			h := w.handler(testSnapshot())
			if _, err := h.Handle(t.Context(), input(member("C4"), "stop aadc01 because wrong filter")); err != nil {
				t.Fatal(err)
			}
			if len(w.acts) != 0 {
				t.Fatal("it did not ask first")
			}
			a, _, err := h.Press(t.Context(), pressOf(member("C4"), StopNow))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "press_stop_"+name, a)
			if len(w.acts) != 1 || w.acts[0].ID != id(1) || w.acts[0].Kind != executor.StopAct || w.acts[0].Reason != "wrong filter" {
				t.Errorf("asked for %+v", w.acts)
			}
		})
	}
}

func TestHowAPauseStands(t *testing.T) {
	pause := func(change func(*executor.Act)) executor.Act {
		a := stopOf("C1")
		a.Kind, a.Until, a.Reach, a.Phase = executor.PauseAct, at(121, 30), []string{"aadc01", "aadc02"}, executor.ActEnded
		change(&a)
		return a
	}
	for name, change := range map[string]func(*executor.Act){
		"holding": func(a *executor.Act) { a.Phase = executor.ActHolding },
		"does_not_end": func(a *executor.Act) {
			a.Phase, a.Tries, a.Problem, a.Code, a.Detail = executor.ActEnding, 3, "unreachable", executor.CodeUnreachable, "unreachable"
		},
		"resumed":      func(a *executor.Act) { a.Result, a.EndedAt = executor.PauseOver, a.Until },
		"resumed_late": func(a *executor.Act) { a.Result, a.EndedAt = executor.PauseOver, at(180, 0) },
		"overridden":   func(a *executor.Act) { a.Result = executor.PauseOverrode },
		"disabled":     func(a *executor.Act) { a.Result, a.Code = executor.ActRefused, executor.CodeDisabled },
		"no_rights":    func(a *executor.Act) { a.Result, a.Code = executor.ActRefused, executor.CodeNoRights },
		"unreached": func(a *executor.Act) {
			a.Result, a.Code, a.Detail = executor.ActUnreached, executor.CodeUnreachable, "unreachable"
		},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "act_pause_"+name, ActAnswer(ActView{Act: pause(change), Channel: "C1"}))
		})
	}
}
