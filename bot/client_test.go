package bot

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

func TestTokensOfTheWrongKindAreFoundWithoutAskingSlack(t *testing.T) {
	for _, tt := range []struct{ name, app, bot, key, says string }{
		{"both swapped", "xoxb-1-a", "xapp-1-b", "slack.app_token", "swapped"},
		{"a user token for the bot", "xapp-1-a", "xoxp-1-b", "slack.bot_token", `"xoxp-"`},
		{"the bot token twice", "xoxb-1-a", "xoxb-1-a", "slack.app_token", `"xoxb-"`},
		{"something else", "xapp-1-a", "hunter2", "slack.bot_token", `"?"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewClient(nil, tt.app, tt.bot, "", nil)
			refused, ok := errors.AsType[*TokenError](err)
			if !ok || refused.Token != tt.key || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s and %s", err, tt.key, tt.says)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "-1-") {
				t.Errorf("the error holds a token: %v", err)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	t.Run("names team, app and user", func(t *testing.T) {
		s := newSim(t, nil)
		id, err := s.client.Identify(t.Context(), Clock{})
		if err != nil || id.Team != "T0SIM" || id.App != "A0SIM" || id.User != slacksim.BotUser {
			t.Errorf("got %+v, %v", id, err)
		}
	})
	t.Run("tries again while Slack is down", func(t *testing.T) {
		s := newSim(t, nil)
		s.ws.Fail("auth.test", 2, slacksim.Fault{HTTPStatus: 500})
		i := newImpatient()
		if _, err := s.client.Identify(t.Context(), i.clock()); err != nil {
			t.Fatal(err)
		}
		if want := seconds(1, 2); !slices.Equal(i.waits, want) {
			t.Errorf("waited %v, want %v", i.waits, want)
		}
	})
	t.Run("ends with a refused bot token", func(t *testing.T) {
		s := newSim(t, nil)
		s.ws.Fail("auth.test", -1, slacksim.Fault{Error: "token_revoked"})
		_, err := s.client.Identify(t.Context(), Clock{})
		if refused, ok := errors.AsType[*TokenError](err); !ok || refused.Token != "slack.bot_token" {
			t.Errorf("got %v, want a *TokenError about slack.bot_token", err)
		}
	})
	t.Run("ends at an address that is not Slack's", func(t *testing.T) {
		s := newSim(t, nil)
		s.ws.Fail("auth.test", -1, slacksim.Fault{HTTPStatus: 404})
		if _, err := s.client.Identify(t.Context(), Clock{}); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("got %v, want the status", err)
		}
	})
}
