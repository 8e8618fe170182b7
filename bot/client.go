package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
)

// callTimeout bounds one call to Slack's Web API, from dialling to the last byte of the answer.
const callTimeout = 10 * time.Second

// Client speaks to one Slack workspace: the Web API with the bot token, connections with the app token. It hides both.
type Client struct {
	app, bot, url string
	http          *http.Client
	api           *slack.Client
	log           *slog.Logger
}

// NewClient returns a client for the two tokens, whose calls go through transport; http.DefaultTransport when nil. An
// empty apiURL is Slack's own; another one is a test's or a proxy's and
// ends in "/api/". Nothing is dialled. A token of the wrong kind gives a *TokenError: both swapped is the commonest
// mistake.
func NewClient(transport http.RoundTripper, appToken, botToken, apiURL string, log *slog.Logger) (*Client, error) {
	if err := checkKinds(appToken, botToken); err != nil {
		return nil, err
	}
	if apiURL == "" {
		apiURL = slack.APIURL
	}
	if !strings.HasSuffix(apiURL, "/") {
		apiURL += "/"
	}
	c := &Client{app: appToken, bot: botToken, url: apiURL, http: &http.Client{Transport: transport, Timeout: callTimeout}, log: log}
	// Never with slack.OptionDebug: it makes Slack recycle every connection after six minutes.
	c.api = slack.New(botToken, slack.OptionAPIURL(apiURL), slack.OptionHTTPClient(c.http))
	return c, nil
}

// String keeps the tokens out of whatever prints a Client.
func (c *Client) String() string { return "slack client of " + c.url }

func checkKinds(appToken, botToken string) error {
	if strings.HasPrefix(appToken, "xoxb-") && strings.HasPrefix(botToken, "xapp-") {
		return &TokenError{Token: appTokenKey, Code: "wrong_kind", Advice: "the two tokens are swapped: slack.app_token holds the bot token (xoxb-…), slack.bot_token the app token (xapp-…)"}
	}
	for _, t := range []struct{ key, token, prefix string }{{appTokenKey, appToken, "xapp-"}, {botTokenKey, botToken, "xoxb-"}} {
		if !strings.HasPrefix(t.token, t.prefix) {
			return &TokenError{Token: t.key, Code: "wrong_kind", Advice: fmt.Sprintf("it begins with %q; %s", kind(t.token), whereToFind(t.key))}
		}
	}
	return nil
}

// kind returns the prefix that tells a token's kind, and nothing more of it.
func kind(token string) string {
	for _, known := range []string{"xapp-", "xoxb-", "xoxp-", "xoxe.", "xoxe-", "xoxa-", "xoxr-", "xoxs-", "xoxc-"} {
		if strings.HasPrefix(token, known) {
			return known
		}
	}
	return "?"
}

// Identity is what a bot token is for.
type Identity struct {
	Team, TeamName string
	Enterprise     string // empty outside Enterprise Grid
	App            string // A…
	User           string // the bot's user id
}

// Identify asks Slack whose tokens these are. It tries until Slack answers or ctx ends; a *TokenError comes at once.
func (c *Client) Identify(ctx context.Context, clock Clock) (Identity, error) {
	clock = clock.withDefaults()
	var p pace
	for {
		p.started(clock.Now())
		id, err := c.identify(ctx)
		if err == nil {
			return id, nil
		}
		if refused := refusal(botTokenKey, err); refused != nil {
			return Identity{}, refused
		}
		if _, ok := errors.AsType[*TokenError](err); ok {
			return Identity{}, err
		}
		v := judge(err)
		err = fmt.Errorf("ask Slack whose tokens these are: %s", v.text)
		if v.outcome == permanent || ctx.Err() != nil {
			return Identity{}, err
		}
		p.lived(clock.Now(), v.after)
		c.log.WarnContext(ctx, "slack does not say whose tokens these are, trying again", "cause", v.text)
		if !clock.wait(ctx, p.due(clock.Now())) {
			return Identity{}, err
		}
	}
}

func (c *Client) identify(ctx context.Context) (Identity, error) {
	who, err := c.api.AuthTestContext(ctx)
	if err != nil {
		return Identity{}, err
	}
	if who.BotID == "" || who.TeamID == "" {
		return Identity{}, &TokenError{Token: botTokenKey, Code: "wrong_kind", Advice: "Slack says that this token is not a bot's; " + whereToFind(botTokenKey)}
	}
	self, err := c.api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: who.BotID})
	if err != nil {
		return Identity{}, err
	}
	if self.AppID == "" {
		return Identity{}, errors.New("bots.info names no app")
	}
	return Identity{Team: who.TeamID, TeamName: who.Team, Enterprise: who.EnterpriseID, App: self.AppID, User: who.UserID}, nil
}

// maxFrame is the largest envelope that is read; Slack's are some kilobytes.
const maxFrame = 1 << 20

// open asks Slack for the address of a connection, which is what the app token is for. The address is a secret that works
// once.
func (c *Client) open(ctx context.Context) (address string, err error) {
	api := slack.New(c.bot, slack.OptionAppLevelToken(c.app), slack.OptionAPIURL(c.url), slack.OptionHTTPClient(c.http))
	_, address, err = api.StartSocketModeContext(ctx)
	return address, err
}

// dial opens the connection at an address.
func (c *Client) dial(ctx context.Context, address string) (*websocket.Conn, error) {
	dialer := &websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: c.http.Timeout,
		// Slack drops an acknowledgement that comes in several frames; gorilla's own default is 4 KiB.
		WriteBufferSize: 32 << 10,
	}
	conn, answer, err := dialer.DialContext(ctx, address, nil)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if err != nil && answer != nil {
		return nil, fmt.Errorf("upgrade to a WebSocket: slack answers %s", answer.Status)
	}
	if err != nil {
		return nil, fmt.Errorf("upgrade to a WebSocket: %w", err)
	}
	return conn, nil
}
