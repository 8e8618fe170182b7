package jobs

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// switchboard is a server's scheduler.
type switchboard struct {
	enabled bool
	turns   []bool  // what it was told
	fails   []error // of the next tellings that switch it on
	mu      *sync.Mutex
	silent  int // so many answers to a switch are lost after it was done
}

func (b *switchboard) attach(f *fakeExecutor) {
	b.mu = new(sync.Mutex)
	f.status = func(context.Context, string) (executor.Status, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return executor.Status{Scheduled: true, Enabled: b.enabled}, nil
	}
	f.turn = func(enabled bool) (executor.Scheduled, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if enabled && len(b.fails) > 0 {
			err := b.fails[0]
			b.fails = b.fails[1:]
			return executor.Scheduled{}, err
		}
		s := executor.Scheduled{Read: true, Was: b.enabled, Enabled: b.enabled}
		if b.enabled != enabled {
			b.turns = append(b.turns, enabled)
			b.enabled = enabled
			s.Accepted, s.ReadBack, s.Enabled = true, true, enabled
		}
		if b.silent > 0 {
			b.silent--
			return executor.Scheduled{}, failure(executor.FailureLost, true)
		}
		return s, nil
	}
}

func pauseFor(d time.Duration) executor.Act {
	a := aStop()
	a.Kind, a.Scope, a.Reach, a.Until, a.Reason = executor.PauseAct, "server aadc01", []string{"aadc01"}, a.AskedAt.Add(d), "patches"
	return a
}

func TestAPauseEndsByItself(t *testing.T) {
	lost := failure(executor.FailureUnreachable, false)
	for _, tt := range []struct {
		name   string
		board  switchboard
		during func(b *switchboard) // after an hour
		result executor.ActResult
		code   executor.Code
		turns  []bool
		told   []executor.ActPhase
	}{
		{"at its time", switchboard{enabled: true}, nil, executor.PauseOver, "", []bool{false, true}, []executor.ActPhase{executor.ActHolding, executor.ActEnded}},
		{"off already by somebody else", switchboard{}, nil, executor.ActRefused, executor.CodeDisabled, nil, []executor.ActPhase{executor.ActEnded}},
		{"switched on by somebody meanwhile", switchboard{enabled: true}, func(b *switchboard) { b.enabled = true }, executor.PauseOverrode, "", []bool{false}, []executor.ActPhase{executor.ActHolding, executor.ActEnded}},
		{"the answer to the pause is lost", switchboard{enabled: true, silent: 1}, nil, executor.PauseOver, "", []bool{false, true}, []executor.ActPhase{executor.ActHolding, executor.ActEnded}},
		{"the answer to the resume is lost", switchboard{enabled: true}, func(b *switchboard) { b.silent = 1 }, executor.PauseOver, "", []bool{false, true}, []executor.ActPhase{executor.ActHolding, executor.ActEnded}},
		{
			"out of reach at its end",
			switchboard{enabled: true, fails: []error{lost, lost, lost, lost}},
			nil, executor.PauseOver, "",
			[]bool{false, true},
			[]executor.ActPhase{executor.ActHolding, executor.ActEnding, executor.ActEnded},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, Config{})
				b := tt.board
				b.attach(w.server)
				if tt.during != nil {
					defer time.AfterFunc(time.Hour, func() {
						b.mu.Lock()
						defer b.mu.Unlock()
						tt.during(&b)
					}).Stop()
				}
				a := w.act(t, pauseFor(2*time.Hour))
				got := w.settle(t, a.ID)
				if got.Result != tt.result || got.Code != tt.code && tt.code != "" || !slices.Equal(b.turns, tt.turns) {
					t.Errorf("%s %s, told %v, want %s %s, told %v", got.Result, got.Code, b.turns, tt.result, tt.code, tt.turns)
				}
				var told []executor.ActPhase
				for _, said := range w.teller.acts {
					if len(told) == 0 || told[len(told)-1] != said.Phase {
						told = append(told, said.Phase)
					}
				}
				if !slices.Equal(told, tt.told) {
					t.Errorf("people were told of %v, want %v", told, tt.told)
				}
			})
		})
	}
}

func TestAPauseEndsSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Config{})
		b := switchboard{enabled: true}
		b.attach(w.server)
		p := w.act(t, pauseFor(2*time.Hour))
		if _, _, err := w.queue.acts.slice(t.Context(), p.ID); err != nil || b.enabled {
			t.Fatal(err, b.enabled)
		}
		if _, err := w.queue.Act(t.Context(), pauseFor(time.Hour), ""); err == nil {
			t.Error("it was paused twice")
		}
		r := pauseFor(0)
		r.ID, r.Kind, r.Until = uuid.Must(uuid.NewV7()), executor.ResumeAct, time.Time{}
		r = w.act(t, r)
		if got := w.settle(t, r.ID); got.Result != executor.ResumeDone || !b.enabled {
			t.Errorf("resume %s, on %t", got.Result, b.enabled)
		}
		if got := w.settle(t, p.ID); got.Result != executor.PauseOver {
			t.Errorf("pause %s", got.Result)
		}
		r.ID = uuid.Must(uuid.NewV7())
		if _, err := w.queue.Act(t.Context(), r, ""); err == nil {
			t.Error("what is not paused was resumed")
		}
	})
}
