package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// pagesLife is how long a long answer is kept, so that its asker can turn its pages.
const pagesLife = 30 * time.Minute

// room is what one message may hold beside its headline.
type room struct {
	lines int // 0: as many as fit
	body  int // characters of the blocks
	text  int // characters of the notification, which screen readers read; 0: it may be cut, and says so
}

// onePage is for one person, who turns pages: nothing of it is cut, not for those either who have it read to them.
func onePage() room { return room{lines: 20, body: maxBody, text: maxText} }

// onePost is for a channel, where what does not fit follows in the thread; it leaves space for a line that says so.
func onePost() room { return room{body: maxBody - 200} }

// pages cuts an answer into as many as hold all its lines. Each has the headline and the footer; the last one has the
// server's own words and the buttons.
func (r room) pages(a commands.Answer) []commands.Answer {
	limit := maxSection - len(emoji(a.Mark)) - 1
	head := units(inBlocks().line(a.Headline, limit)) + units(emoji(a.Mark)) + 2
	spoken := units(inNotices().line(a.Headline, maxText))
	full := func(lines, body, text, sections int) bool {
		return r.lines > 0 && lines > r.lines || body > r.body || sections > maxBlocks-4 || r.text > 0 && text > r.text
	}
	var all []commands.Answer
	page := a
	page.Lines, page.Detail, page.Actions = nil, "", nil
	empty := page
	// A section begins where the next line does not fit into the one before.
	body, text, open, sections := head, spoken, head, 1
	for _, l := range a.Lines {
		n, s := units(inBlocks().line(l, limit))+1, units(inNotices().line(l, maxText))+1
		if open += n; open > maxSection {
			open, sections = n, sections+1
		}
		if len(page.Lines) > 0 && full(len(page.Lines)+1, body+n, text+s, sections) {
			all, page = append(all, page), empty
			body, text, open, sections = head, spoken, head+n, 1
			if open > maxSection {
				open, sections = n, 2
			}
		}
		page.Lines = append(page.Lines, l)
		body, text = body+n, text+s
	}
	page.Detail, page.Actions = a.Detail, a.Actions
	return append(all, page)
}

// numbered says which page it is, and until when it can be turned.
func numbered(all []commands.Answer, page int, p store.Pages) commands.Answer {
	a := all[page]
	where := commands.Text{commands.Words(fmt.Sprintf("Page %d of %d, until ", page+1, len(all))), commands.At(p.Until, commands.TimeOfDay)}
	if len(a.Footer) > 0 {
		where = append(append(where, commands.Words(" · ")), a.Footer...)
	}
	a.Footer, a.About, a.Actions = where, p.ID, nil
	if page > 0 {
		a.Actions = append(a.Actions, commands.PageBack)
	}
	if page < len(all)-1 {
		a.Actions = append(a.Actions, commands.PageOn)
	}
	return a
}

// firstPage returns an answer as it is shown first, and what is to be stored when it is longer than that.
func firstPage(r received, a commands.Answer, now time.Time) (commands.Answer, *store.Pages, error) {
	all := onePage().pages(a)
	if len(all) == 1 || len(a.Actions) > 0 {
		return a, nil, nil
	}
	body, err := json.Marshal(a)
	if err != nil {
		return a, nil, fmt.Errorf("encode answer: %w", err)
	}
	c := r.command
	p := &store.Pages{ID: r.id, Team: c.Team, Channel: c.Channel, User: c.User, Body: body, Until: now.Add(pagesLife)}
	return numbered(all, 0, *p), p, nil
}

// Why a page is not turned.
var (
	errNotReader = errors.New("somebody else's pages")
	errPagesOver = errors.New("pages whose time is over")
)

// turn turns a page, for the person who was answered and nobody else; it shows nothing that this person was not told
// already. The new page takes the place of the old one.
func (b *Bot) turn(ctx context.Context, r received) {
	err := b.turned(ctx, r)
	switch {
	case err == nil:
		b.mine.remove(r.id)
		b.log.DebugContext(ctx, "page turned", "ref", r.ref())
		b.poster.Changed()
	case ctx.Err() != nil:
	case errors.Is(err, errNotReader):
		b.log.WarnContext(ctx, "a page of somebody else's answer is not turned", "ref", r.ref(), "user", r.command.User, "channel", r.command.Channel)
		b.settle(ctx, r, refusing("These pages are for somebody else.", "Ask for your own."), false)
	case errors.Is(err, errPagesOver), errors.Is(err, store.ErrNotFound):
		b.settle(ctx, r, refusing("I do not keep these pages any more.", "Ask again."), false)
	default:
		b.log.ErrorContext(ctx, "page not turned", "ref", r.ref(), "cause", scrub(err))
		b.settle(ctx, r, explained(commands.Explain(err, r.ref())), false)
	}
}

func (b *Bot) turned(ctx context.Context, r received) error {
	ctx, cancel := context.WithTimeout(ctx, afterLimit)
	defer cancel()
	return b.store.Tx(ctx, func(ctx context.Context, tx *store.Tx) error {
		var all []commands.Answer
		read := func(p store.Pages) error {
			var a commands.Answer
			if err := json.Unmarshal(p.Body, &a); err != nil {
				return fmt.Errorf("read pages %s: %w", p.ID, err)
			}
			all = onePage().pages(a)
			return nil
		}
		p, err := tx.TurnPages(ctx, r.request(), r.id, func(p store.Pages) (int, error) {
			c := r.command
			switch {
			case p.User != c.User, p.Team != c.Team, p.Channel != c.Channel:
				return 0, errNotReader
			case !r.at.Before(p.Until):
				return 0, errPagesOver
			}
			if err := read(p); err != nil {
				return 0, err
			}
			step := 1
			if commands.Action(c.Action) == commands.PageBack {
				step = -1
			}
			return min(max(p.Page+step, 0), len(all)-1), nil
		})
		if err == nil && all == nil { // turned already, before a crash
			err = read(p)
		}
		if err != nil {
			return err
		}
		m, err := ephemeral(r.id, r.command, numbered(all, min(p.Page, len(all)-1), p))
		if err != nil {
			return err
		}
		m.Replaces = true
		return errors.Join(tx.AddMessage(ctx, m), tx.Handled(ctx, r.id))
	})
}

// threaded are the answers that follow a message in its thread, because they did not fit into it.
func threaded(a commands.Answer) []commands.Answer {
	all := onePost().pages(a)
	if len(all) == 1 {
		return all
	}
	for i := range all {
		all[i].Footer = append(commands.Text{commands.Words(fmt.Sprintf("Part %d of %d", i+1, len(all)))}, all[i].Footer...)
	}
	return all
}
