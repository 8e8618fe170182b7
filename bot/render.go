package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// content is what a message shows now.
type content struct {
	message
	version int
	final   bool              // of a cycle: it has ended
	follow  []commands.Answer // goes into the thread, once the message stands in its last form
}

// render says what a message shows now. A cycle's message is made from the cycle as it stands, not as it stood when the
// row was written.
func (p *Poster) render(ctx context.Context, m store.Message) (content, error) {
	if m.Kind != store.CycleMessage {
		var a commands.Answer
		if err := json.Unmarshal(m.Body, &a); err != nil {
			return content{}, fmt.Errorf("read the body of message %s: %w", m.ID, err)
		}
		first, rest := a, []commands.Answer(nil)
		if m.Kind == store.Post {
			first, rest = withThread(a)
		}
		return content{message: layout(first), version: m.Want, follow: rest}, nil
	}
	cycle, err := p.store.Cycle(ctx, m.CycleID)
	if err != nil {
		return content{}, err
	}
	requests, err := p.store.Requests(ctx, m.CycleID)
	if err != nil {
		return content{}, err
	}
	usual, err := p.store.Usual(ctx, cycle)
	if err != nil {
		return content{}, err
	}
	stops, err := p.store.Stops(ctx, m.CycleID)
	if err != nil {
		return content{}, err
	}
	view := commands.CycleView{Cycle: cycle, Requests: requests, Stops: stops, Channel: m.Channel, Usual: usual, Now: p.clock.Now()}
	if cycle.Live() {
		if view.UsualRuns, err = p.store.UsualRuns(ctx, cycle); err != nil {
			return content{}, err
		}
	} else {
		least, most, ok, err := p.store.UsualDeletes(ctx, cycle)
		if err != nil {
			return content{}, err
		}
		if ok {
			view.UsualDeletes = &commands.Range{Least: least, Most: most}
		}
	}
	a := commands.CycleMessage(view)
	c := content{version: cycle.Version, final: !cycle.Live()}
	// The channel reads one calm message; a server's words, and what is too long for it, stand in its thread.
	details := commands.Answer{Headline: commands.Text{commands.Words("In detail:")}, Detail: a.Detail, Lines: a.More}
	if cycle.Result.Verdict == executor.NotStarted {
		details.Headline = commands.Text{commands.Words("What the server said:")}
	}
	a.Detail, a.More = "", nil
	if c.final {
		first, rest := withThread(a)
		for _, page := range slices.Backward(rest) {
			details.Lines = append(slices.Clone(page.Lines), details.Lines...)
		}
		if a = first; details.Detail != "" || len(details.Lines) > 0 {
			c.follow = threaded(details)
		}
	}
	c.message = layout(a)
	return c, nil
}

// withThread returns what a message shows, and the rest, to which it refers, for its thread.
func withThread(a commands.Answer) (first commands.Answer, rest []commands.Answer) {
	all := threaded(a)
	first = all[0]
	if len(all) > 1 {
		first.Lines = append(slices.Clone(first.Lines), commands.Text{commands.Words("The rest stands in the thread.")})
	}
	return first, all[1:]
}
