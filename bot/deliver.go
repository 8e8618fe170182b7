package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

// errNoTS is a post that Slack took without saying what it is called.
var errNoTS = errors.New("slack names no timestamp for the message")

// deliver sends a message by the method that fits it, and returns what it is called since.
func (c *Client) deliver(ctx context.Context, m store.Message, what message) (ts string, err error) {
	ts, err = c.by(ctx, methodOf(m), m, what)
	switch v := judge(err); {
	case err == nil:
		return ts, nil
	case v.outcome == permanent && methodOf(m) == methodReply: // expired, or used up: 30 minutes and 5 posts
		return c.by(ctx, methodEphemeral, m, what)
	case tooMuch(v.code) && what.Blocks != nil:
		c.log.ErrorContext(ctx, "slack refused the layout of a message, so its text goes out alone", "ref", refOf(m), "message", m.ID, "code", v.code, "cause", v.text)
		what.Blocks = nil
		return c.by(ctx, methodOf(m), m, what)
	}
	return ts, err
}

// tooMuch reports codes that are about blocks.
func tooMuch(code string) bool {
	switch code {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long":
		return true
	}
	return false
}

func (c *Client) by(ctx context.Context, method string, m store.Message, what message) (string, error) {
	if method == methodReply {
		return "", c.respond(ctx, m.ReplyTo, m.Replaces, what)
	}
	// Blocks go with every edit: a text alone would take them away. Our own text is escaped already.
	options := []slack.MsgOption{slack.MsgOptionText(what.Text, false), slack.MsgOptionBlocks(what.Blocks...)}
	switch method {
	case methodEphemeral:
		ts, err := c.api.PostEphemeralContext(ctx, m.Channel, m.User, options...)
		return ts, err
	case methodUpdate:
		_, ts, _, err := c.api.UpdateMessageContext(ctx, m.Channel, m.TS, options...)
		return ts, err
	}
	options = append(options, slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
	if m.Thread != "" {
		options = append(options, slack.MsgOptionTS(m.Thread))
	}
	_, ts, err := c.api.PostMessageContext(ctx, m.Channel, options...)
	if err == nil && ts == "" {
		err = errNoTS
	}
	return ts, err
}

// respond sends an answer to a response_url, which is a secret; one that replaces takes the place of the message whose
// button was pressed.
func (c *Client) respond(ctx context.Context, to string, replaces bool, what message) error {
	no := false
	err := slack.PostWebhookCustomHTTPContext(ctx, to, c.http, &slack.WebhookMessage{
		ResponseType: slack.ResponseTypeEphemeral, Text: what.Text, Blocks: &slack.Blocks{BlockSet: what.Blocks},
		UnfurlLinks: &no, UnfurlMedia: &no, ReplaceOriginal: replaces,
	})
	if err != nil {
		return fmt.Errorf("answer by response_url: %w", err)
	}
	return nil
}
