package bot

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/slack-go/slack"
)

// outcome is what a failed call to Slack means for whoever made it.
type outcome int

const (
	transient outcome = iota // try again later: the network, Slack's own trouble, an answer that cannot be read
	limited                  // try again after the time Slack named
	barred                   // the token is refused: nothing will work until an operator mends it
	permanent                // this call will never work as it is
)

// verdict is a failed call, judged. Its text holds no URL and no token.
type verdict struct {
	outcome outcome
	code    string        // Slack's error code, "http_503", or "network"
	after   time.Duration // with limited
	text    string
}

// judge says what an error of a call to Slack means. Slack's error codes were read from its method reference.
func judge(err error) verdict {
	v := verdict{outcome: transient, code: "network", text: scrub(err)}
	if limit, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		v.outcome, v.code, v.after = limited, "ratelimited", limit.RetryAfter
		return v
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		v.code = fmt.Sprintf("http_%d", status.Code)
		if status.Code == http.StatusTooManyRequests { // without a Retry-After
			v.outcome, v.after = limited, 5*time.Second
		} else if status.Code < 500 {
			v.outcome = permanent
		}
		return v
	}
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		v.code, v.outcome, v.after = plainCode(refused.Err), meaning(refused.Err), 0
		if v.outcome == limited {
			v.after = 5 * time.Second
		}
	}
	return v
}

// errorCode is what Slack's codes look like.
var errorCode = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// plainCode returns a code that can be logged and stored: what answers in Slack's stead may quote anything.
func plainCode(code string) string {
	if errorCode.MatchString(code) {
		return code
	}
	return "unreadable_code"
}

func meaning(code string) outcome {
	switch code {
	case "ratelimited", "rate_limited":
		return limited
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
		"streaming_state_conflict", "external_channel_migrating", "message_limit_exceeded":
		return transient
	}
	switch code {
	case "missing_scope", "no_permission", "missing_args": // of this call; others may work
		return permanent
	}
	if adviceFor(code) != "" {
		return barred
	}
	return permanent
}

// TokenError says that Slack refuses a token for good, which one, and what to do. It ends the program.
type TokenError struct {
	Token  string // the configuration key: "slack.app_token" or "slack.bot_token"
	Code   string // Slack's error code, or "wrong_kind"
	Advice string
}

// Error implements error.
func (e *TokenError) Error() string { return fmt.Sprintf("%s: %s: %s", e.Token, e.Code, e.Advice) }

// The configuration keys of the two tokens.
const (
	appTokenKey = "slack.app_token" //nolint:gosec // the name of a setting, not a secret
	botTokenKey = "slack.bot_token" //nolint:gosec // the name of a setting, not a secret
)

// refusal turns an error into a *TokenError when Slack refuses the token for good, else it returns nil.
func refusal(key string, err error) error {
	v := judge(err)
	advice := adviceFor(v.code)
	if advice == "" {
		return nil
	}
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok && refused.Needed != "" {
		advice += " (needed: " + refused.Needed + ")"
	}
	if v.code == "not_allowed_token_type" {
		advice = "this is a token of another kind; " + whereToFind(key)
	}
	return &TokenError{Token: key, Code: v.code, Advice: advice}
}

// adviceFor returns what to do about a code that will not change by itself; empty for every other code.
func adviceFor(code string) string {
	switch code {
	case "invalid_auth", "not_authed":
		return "Slack does not know this token; copy it again from the app's settings"
	case "token_revoked":
		return "the token was revoked; reinstall the app and take its new token"
	case "token_expired":
		return "the token has expired; switch token rotation off in the app's manifest and reinstall it"
	case "account_inactive":
		return "the app was uninstalled or its user deactivated; reinstall it and take its new token"
	case "missing_scope":
		return "the token lacks a scope; compare the app with `adsyncbot manifest` and reinstall it"
	case "not_allowed_token_type":
		return "this is a token of another kind"
	case "no_permission":
		return "the app is not allowed to do this; ask the workspace's owners"
	case "forbidden_team", "team_access_not_granted":
		return "the app may not be used in this workspace; ask its owners"
	case "link_disabled":
		return "Socket Mode is switched off; switch it on in the app's settings"
	case "missing_args", "invalid_app_id", "app_not_found":
		return "Slack does not accept this token for the app; copy both tokens again from the same app"
	}
	return ""
}

// channelAdvice returns what an operator can do about a channel that messages do not get through to.
func channelAdvice(code string) string {
	switch code {
	case "not_in_channel", "channel_not_found":
		return "invite the bot there (/invite), or take the channel out of the configuration"
	case "is_archived":
		return "unarchive the channel, or take it out of the configuration"
	}
	return "ask whoever looks after the channel to let the bot post there"
}

func whereToFind(key string) string {
	if key == appTokenKey {
		return "take the app-level token (xapp-…, scope connections:write) from Basic Information, App-Level Tokens"
	}
	return "take the bot user's token (xoxb-…) from OAuth & Permissions"
}

// Slack's addresses carry secrets in their path or query (response_url, the ticket of a connection), and nobody should
// find a token in a log.
var (
	anyURL   = regexp.MustCompile(`(?i)\b(?:https?|wss?)://[^\s"']+`)
	anyToken = regexp.MustCompile(`x(?:ox|app)[a-zA-Z.]*-[0-9A-Za-z-]+`)
)

// scrub returns an error's text without any address or token in it.
func scrub(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if broken, ok := errors.AsType[*url.Error](err); ok {
		text = broken.Op + ": " + broken.Err.Error()
	}
	return anyToken.ReplaceAllString(anyURL.ReplaceAllString(text, "(address hidden)"), "(token hidden)")
}
