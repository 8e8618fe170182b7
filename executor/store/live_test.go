package store

import (
	"context"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestLiveCyclesAreCountedByPhase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		for _, server := range []string{"aadc01", "aadc02", "aadc03"} {
			ask(t, s, request(t, server, executor.Delta))
		}
		ended, _ := ask(t, s, request(t, "aadc04", executor.Delta))
		end(t, s, ended.Cycle.ID, morning.Add(time.Minute), executor.Succeeded)
		got, err := s.LivePhases(t.Context())
		check(t, err)
		if want := map[executor.Phase]int{executor.PhaseQueued: 3}; !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestAReplyAddressIsForgottenWhenItIsNotNeededAnyMore(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		asked := func(p executor.Policy, channel string) executor.Request {
			r := request(t, "aadc01", p)
			r.Audience.Channel = channel
			check(t, s.Tx(t.Context(), func(ctx context.Context, tx *Tx) error {
				_, _, err := tx.Ask(ctx, r, "https://hooks.example/secret")
				return err
			}))
			return r
		}
		keeps := func(r executor.Request, want bool, when string) {
			t.Helper()
			to, err := s.ReplyTo(t.Context(), r.ID)
			check(t, err)
			if (to != "") != want {
				t.Errorf("%s: the reply address is %q", when, to)
			}
		}
		first, second := asked(executor.Delta, "C1"), asked(executor.Delta, "C2")
		refused := asked(executor.Initial, "C1")
		keeps(first, true, "before its message is out")
		keeps(refused, false, "refused")
		c, err := s.LiveCycles(t.Context())
		check(t, err)
		messages, err := s.Messages(t.Context(), c[0].ID)
		check(t, err)
		for _, m := range messages {
			if m.Channel == "C1" {
				check(t, s.Posted(t.Context(), m, "1.1", 1))
			}
		}
		keeps(first, false, "after its message is out")
		keeps(second, true, "after the message of another channel is out")
		for _, m := range messages {
			if m.Channel == "C2" {
				dead(t, s, m, errors.New("not_in_channel"))
				check(t, s.ForgetReplies(t.Context(), m.ID))
			}
		}
		keeps(second, false, "after its message was given up")
	})
}

func TestWhatIsForgottenIsGoneFromTheFile(t *testing.T) {
	url := sqliteFile(t)
	s := open(t, url, Options{})
	secret := "https://hooks.example/" + strings.Repeat("secret-", 20)
	m := Message{ID: newID(t), Kind: Ephemeral, Channel: "C1", ReplyTo: secret, Body: []byte("x")}
	check(t, s.AddMessage(t.Context(), m))
	check(t, s.Posted(t.Context(), m, "", 1))
	check(t, s.Close())
	data, err := os.ReadFile(strings.TrimPrefix(url, "sqlite:"))
	check(t, err)
	if strings.Contains(string(data), "secret-") {
		t.Error("the file still holds it")
	}
}
