package bot

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

// content is what a message shows now.
type content struct {
	message
	version int
	final   bool   // of a cycle: it has ended
	detail  string // of an ended cycle: goes into the thread
	caption string // what the detail is
}

// render says what a message shows now. A cycle's message is made from the cycle as it stands, not as it stood when the
// row was written.
func (p *Poster) render(ctx context.Context, m store.Message) (content, error) {
	if m.Kind != store.CycleMessage {
		var a commands.Answer
		if err := json.Unmarshal(m.Body, &a); err != nil {
			return content{}, fmt.Errorf("read the body of message %s: %w", m.ID, err)
		}
		return content{message: layout(a), version: m.Want}, nil
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
	view := commands.CycleView{Cycle: cycle, Requests: requests, Channel: m.Channel, Usual: usual, Now: p.clock.Now()}
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
	if c.final {
		c.detail, c.caption = a.Detail, "In detail:"
		if cycle.Result.Verdict == executor.NotStarted {
			c.caption = "What the server said:"
		}
	}
	a.Detail = "" // the channel reads one calm message; a server's words stand in its thread
	c.message = layout(a)
	return c, nil
}
