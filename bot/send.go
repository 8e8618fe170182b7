package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/failpoint"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	// ephemeralLife is how long an answer for one person's eyes is worth sending; its response_url lives as long.
	ephemeralLife = 30 * time.Minute
	// barredGap is how long to wait when Slack refuses the token: an operator has to mend it.
	barredGap = time.Minute
	// claimFor is how long other processes leave a message alone that one of them sends: longer than it takes to send it and
	// to note that by what the clocks of two machines may be apart.
	claimFor = sendLimit + noteLimit + 5*time.Second
)

// send sends a message that is due, unless another process does, and notes what became of it. It does so to its end
// although ctx may end: a post that Slack took and nobody noted would be made twice. What becomes of it is noted in a time
// of its own, because the one for sending may be over.
func (p *Poster) send(ctx context.Context, due store.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	defer cancel()
	now := p.clock.Now()
	m, claimed, err := p.store.Claim(ctx, due.ID, now, now.Add(claimFor))
	switch {
	case err != nil:
		p.log.ErrorContext(ctx, "message not claimed", "ref", refOf(due), "message", due.ID, "kind", due.Kind, "cause", scrub(err))
		p.hold("message "+due.ID.String(), pollGap)
	case claimed:
		p.sendNow(ctx, m)
	}
}

func (p *Poster) sendNow(ctx context.Context, m store.Message) {
	c, err := p.render(ctx, m)
	if err != nil {
		p.log.ErrorContext(ctx, "message not rendered", "ref", refOf(m), "message", m.ID, "kind", m.Kind, "cause", scrub(err))
		p.putOff(ctx, m, p.clock.Now().Add(backoff(3)), "not_rendered")
		return
	}
	first := m.Kind == store.CycleMessage && m.TS == ""
	failpoint.Strike(failpoint.SendBefore)
	failpoint.StrikeIf(first, failpoint.PostBefore)
	failpoint.StrikeIf(c.final, failpoint.FinalBefore)
	ts, err := p.client.deliver(ctx, m, c.message)
	failpoint.Strike(failpoint.SendAfter)
	failpoint.StrikeIf(first, failpoint.PostAfter)
	failpoint.StrikeIf(c.final, failpoint.FinalAfter)
	if err == nil {
		p.delivered(ctx, m, c)
		p.shown(ctx, m, c, ts)
		return
	}
	v := judge(err)
	switch v.outcome {
	case limited:
		p.limit(methodOf(m), v)
		p.retry(ctx, m, v, v.after)
	case barred:
		if p.unheard(trouble{code: v.code}) {
			p.log.ErrorContext(ctx, "slack refuses the bot token", "ref", refOf(m), "code", v.code, "advice", adviceFor(v.code))
		}
		p.retry(ctx, m, v, barredGap)
	case transient:
		p.retry(ctx, m, v, backoff(m.Attempts))
	case permanent:
		p.refused(ctx, m, c, v)
	}
}

// delivered logs that people can read a version; the last one of a cycle is what everybody waits for.
func (p *Poster) delivered(ctx context.Context, m store.Message, c content) {
	p.hold("progress "+m.ID.String(), editGap)
	p.wellAgain(m.Channel)
	level := slog.LevelDebug
	if c.final {
		level = slog.LevelInfo
	}
	p.log.Log(ctx, level, "message sent", "ref", refOf(m), "message", m.ID, "kind", m.Kind, "method", methodOf(m),
		"channel", m.Channel, "version", c.version, "final", c.final)
}

// shown notes that a version is shown. What a server said about a cycle that has ended, and what did not fit into the
// message, follows in the thread.
func (p *Poster) shown(ctx context.Context, m store.Message, c content, ts string) {
	p.note(ctx, m, "sent", func(ctx context.Context) error {
		if len(c.follow) == 0 {
			return p.store.Posted(ctx, m, ts, c.version)
		}
		rows, err := followUp(m, c, ts)
		if err != nil {
			return err
		}
		return p.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, row := range rows {
				if err := tx.AddMessage(ctx, row); err != nil {
					return err
				}
			}
			return tx.Posted(ctx, m, ts, c.version)
		})
	})
}

// followUp are the messages that go into the thread of one that was sent.
func followUp(m store.Message, c content, ts string) (rows []store.Message, err error) {
	if m.TS != "" {
		ts = m.TS
	}
	thread := ts
	if m.Thread != "" {
		thread = m.Thread
	}
	for i, a := range c.follow {
		body, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("encode details: %w", err)
		}
		name := "detail"
		if i > 0 {
			name = fmt.Sprintf("detail %d", i+1)
		}
		rows = append(rows, store.Message{
			ID: uuid.NewSHA1(m.ID, []byte(name)), Kind: store.Post, CycleID: m.CycleID,
			Team: m.Team, Channel: m.Channel, Thread: thread, Body: body,
		})
	}
	return rows, nil
}

// limit holds a method back for as long as Slack asks. Each response_url has a limit of its own.
func (p *Poster) limit(method string, v verdict) {
	if method != methodReply {
		p.hold("method "+method, v.after)
	}
}

func (p *Poster) retry(ctx context.Context, m store.Message, v verdict, after time.Duration) {
	now := p.clock.Now()
	if m.Kind == store.Ephemeral && now.Add(after).Sub(m.CreatedAt) > ephemeralLife {
		p.giveUp(ctx, m, v)
		return
	}
	p.log.WarnContext(ctx, "message not sent, trying again", "ref", refOf(m), "message", m.ID, "kind", m.Kind, "channel", m.Channel, "attempt", m.Attempts+1, "in", after, "code", v.code, "cause", v.text)
	p.putOff(ctx, m, now.Add(after), v.code)
}

func (p *Poster) putOff(ctx context.Context, m store.Message, until time.Time, code string) {
	p.note(ctx, m, "put off", func(ctx context.Context) error { return p.store.Retry(ctx, m, until, errors.New(code)) })
}

// refused deals with what will never work as it is.
func (p *Poster) refused(ctx context.Context, m store.Message, c content, v verdict) {
	switch {
	case methodOf(m) == methodUpdate && lost(v.code):
		p.again(ctx, m, c)
	case m.Kind == store.CycleMessage && m.TS == "":
		p.undeliverable(ctx, m, v)
	default:
		p.giveUp(ctx, m, v)
	}
}

// lost reports codes that say that the message itself cannot be edited any more; the channel is all right.
func lost(code string) bool {
	switch code {
	case "message_not_found", "cant_update_message", "edit_window_closed", "is_inactive":
		return true
	}
	return false
}

// again deals with a message that somebody deleted, or that the workspace does not let us edit any more. Its end is
// posted anew, because everyone was promised to hear of it; what lies between is not worth another message.
func (p *Poster) again(ctx context.Context, m store.Message, c content) {
	ts := m.TS
	if c.final {
		m.TS = ""
		p.hold("channel "+m.Channel, channelGap)
		fresh, err := p.client.deliver(ctx, m, c.message)
		if v := judge(err); err != nil && v.outcome == permanent {
			p.giveUp(ctx, m, v)
			return
		} else if err != nil {
			if v.outcome == limited {
				p.limit(methodPost, v)
			}
			m.TS = ts
			p.retry(ctx, m, v, max(v.after, backoff(m.Attempts)))
			return
		}
		p.delivered(ctx, m, c)
		m.TS = fresh // its thread hangs there
		ts = fresh
	}
	p.shown(ctx, m, c, ts)
}

func (p *Poster) giveUp(ctx context.Context, m store.Message, v verdict) {
	p.tellOperator(ctx, m, v)
	p.log.InfoContext(ctx, "message given up", "ref", refOf(m), "message", m.ID, "kind", m.Kind, "channel", m.Channel, "code", v.code, "cause", v.text)
	p.note(ctx, m, "given up", func(ctx context.Context) error {
		_, err := p.store.Dead(ctx, m, errors.New(v.code))
		return err
	})
}

// tellOperator says once for a channel and a cause that messages do not get through; what it means for each of them is told
// by the lines with its reference.
func (p *Poster) tellOperator(ctx context.Context, m store.Message, v verdict) {
	if p.unheard(trouble{m.Channel, v.code}) {
		p.log.ErrorContext(ctx, "slack does not take messages for a channel", "ref", refOf(m), "channel", m.Channel, "code", v.code, "advice", channelAdvice(v.code))
	}
}

// undeliverable gives up the first message of a cycle in a channel, and tells those who asked there what to do.
func (p *Poster) undeliverable(ctx context.Context, m store.Message, v verdict) {
	p.tellOperator(ctx, m, v)
	p.log.InfoContext(ctx, "a cycle's message cannot be posted", "ref", refOf(m), "channel", m.Channel, "code", v.code, "cause", v.text)
	p.note(ctx, m, "given up", func(ctx context.Context) error {
		return p.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error { return giveUpFirst(ctx, tx, m, v) })
	})
}

// giveUpFirst stores that a cycle's first message is given up, and what those who asked are told, unless another process
// has taken the message over.
func giveUpFirst(ctx context.Context, tx *store.Tx, m store.Message, v verdict) error {
	counts, err := tx.Dead(ctx, m, errors.New(v.code))
	if err != nil || !counts {
		return err
	}
	started, err := mayStart(ctx, tx, m)
	if err != nil {
		return err
	}
	requests, err := tx.Requests(ctx, m.CycleID)
	if err != nil {
		return err
	}
	for _, r := range requests {
		if r.Asker.Way != executor.FromSlack || r.Audience.Channel != m.Channel {
			continue
		}
		to, err := tx.ReplyTo(ctx, r.ID)
		if err != nil {
			return err
		}
		asked := storedCommand{Team: m.Team, Channel: m.Channel, User: r.Asker.User, ReplyTo: to}
		row, err := ephemeral(uuid.NewSHA1(r.ID, []byte("invite")), asked, inviteMe(m.Channel, v.code, started))
		if err != nil {
			return err
		}
		row.CycleID = m.CycleID
		if err := tx.AddMessage(ctx, row); err != nil {
			return err
		}
	}
	return tx.ForgetReplies(ctx, m.ID)
}

// mayStart reports whether the cycle starts, or has started, although this message is given up: another channel shows it
// or may yet.
func mayStart(ctx context.Context, tx *store.Tx, given store.Message) (bool, error) {
	cycle, err := tx.Cycle(ctx, given.CycleID)
	if err != nil {
		return false, err
	}
	if cycle.Phase == executor.PhaseStarting || cycle.Phase == executor.PhaseFollowing {
		return true, nil
	}
	messages, err := tx.Messages(ctx, given.CycleID)
	if err != nil {
		return false, err
	}
	for _, m := range messages {
		if m.ID != given.ID && m.Kind == store.CycleMessage && (m.TS != "" || m.State == store.MessagePending) {
			return true, nil
		}
	}
	return false, nil
}

// note stores what became of a message. When the store does not take it, the message will be sent again.
func (p *Poster) note(ctx context.Context, m store.Message, fate string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteLimit)
	defer cancel()
	if err := do(ctx); err != nil {
		p.log.ErrorContext(ctx, "fate of a message not noted", "ref", refOf(m), "message", m.ID, "fate", fate, "cause", scrub(err))
		p.hold("message "+m.ID.String(), editGap)
	}
}
