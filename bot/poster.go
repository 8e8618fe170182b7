package bot

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

const (
	pollGap    = time.Second     // another process may have put something into the outbox
	editGap    = 3 * time.Second // before the next edit of a message that is not its last
	channelGap = time.Second     // between two posts in one channel, as Slack wants it
	sendLimit  = 20 * time.Second
	noteLimit  = 5 * time.Second
	inFlight   = 4  // messages sent at once
	dueLimit   = 16 // rows read at once of each queue
)

// Slack takes 50 edits a minute in a workspace. A bucket of editBurst that gets editRate a minute lets 46 out in any
// minute, and inFlight more may arrive late. Progress leaves editReserve of them, so that it takes at most 38 a minute and
// the end of a cycle always finds room.
const (
	editBurst   = 14
	editRate    = 32
	editReserve = 8
)

// Poster sends what stands in the outbox: new messages, edits and answers for one person's eyes. A message shows the
// newest state there is when it is sent, so that states in between are left out when Slack is slow, and the last one
// never is. What fails is tried again from the outbox, also after a restart.
type Poster struct {
	client *Client
	store  *store.Store
	clock  Clock
	log    *slog.Logger
	wake   chan struct{}

	mu     sync.Mutex
	flying map[uuid.UUID]bool   // true for progress, which leaves room for what matters more
	holds  map[string]time.Time // what may not be sent before: a message, its next progress, a channel, a method
	edits  bucket
	told   map[trouble]bool
	news   chan struct{} // closed and replaced when a message was sent or given up
}

// trouble is what an operator is told once, until a message gets through again. Without a channel it is about the token.
type trouble struct{ channel, code string }

// NewPoster returns a Poster. It sends nothing before Run.
func NewPoster(client *Client, st *store.Store, clock Clock, log *slog.Logger) *Poster {
	return &Poster{
		client: client, store: st, clock: clock.withDefaults(), log: log,
		wake: make(chan struct{}, 1), flying: map[uuid.UUID]bool{}, holds: map[string]time.Time{}, news: make(chan struct{}),
		edits: bucket{size: editBurst, every: time.Minute / editRate}, told: map[trouble]bool{},
	}
}

// Changed says that the outbox has something new.
func (p *Poster) Changed() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends, and then finishes what is on the wire, so that a post that Slack took is noted.
func (p *Poster) Run(ctx context.Context) error {
	if p.store.Kind() == store.SQLite { // nobody else sends from it
		if err := p.store.Unclaim(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
	if _, _, dead, err := p.store.OutboxDepth(ctx); err == nil && dead > 0 {
		p.log.WarnContext(ctx, "messages were given up since the store was made", "count", dead)
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	for {
		next := p.clock.Now().Add(pollGap)
		due, err := p.store.Due(ctx, p.clock.Now(), dueLimit)
		if err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "outbox not read", "cause", scrub(err))
		}
		for _, m := range due {
			at, ok := p.take(m)
			if !ok {
				if at.Before(next) {
					next = at
				}
				continue
			}
			sending.Go(func() {
				defer p.land(m)
				p.send(ctx, m)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case <-p.clock.After(max(next.Sub(p.clock.Now()), time.Millisecond)):
		}
	}
}

// take reserves a message for sending, or says when to ask again.
func (p *Poster) take(m store.Message) (again time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	again = now.Add(pollGap)
	if _, flies := p.flying[m.ID]; flies || len(p.flying) >= inFlight || progress(m) && p.flyingProgress() >= inFlight/2 {
		return again, false // land wakes us
	}
	held := p.heldUntil(m)
	if held.After(now) {
		return held, false
	}
	switch methodOf(m) {
	case methodPost: // at once, so that the next one waits although this one is still under way
		p.holds["channel "+m.Channel] = now.Add(channelGap)
	case methodUpdate:
		keep := 0
		if progress(m) {
			keep = editReserve
		}
		if wait := p.edits.take(now, keep); wait > 0 {
			return now.Add(wait), false
		}
	}
	p.flying[m.ID] = progress(m)
	return again, true
}

// progress reports an edit that another one will follow.
func progress(m store.Message) bool { return methodOf(m) == methodUpdate && !m.Final }

func (p *Poster) flyingProgress() (n int) {
	for _, is := range p.flying {
		if is {
			n++
		}
	}
	return n
}

func (p *Poster) heldUntil(m store.Message) time.Time {
	method := methodOf(m)
	held := p.holds["method "+method]
	keys := []string{"message " + m.ID.String()}
	if method == methodPost {
		keys = append(keys, "channel "+m.Channel)
	}
	if progress(m) {
		keys = append(keys, "progress "+m.ID.String())
	}
	for _, key := range keys {
		if until := p.holds[key]; until.After(held) {
			held = until
		}
	}
	return held
}

// land frees what take has reserved.
func (p *Poster) land(m store.Message) {
	p.mu.Lock()
	delete(p.flying, m.ID)
	now := p.clock.Now()
	for key, until := range p.holds {
		if !until.After(now) {
			delete(p.holds, key)
		}
	}
	close(p.news)
	p.news = make(chan struct{})
	p.mu.Unlock()
	p.Changed()
}

// hold keeps a message, channel or method back for a while.
func (p *Poster) hold(key string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.clock.Now().Add(d); until.After(p.holds[key]) {
		p.holds[key] = until
	}
}

// unheard reports whether the operator has not been told of a trouble yet.
func (p *Poster) unheard(t trouble) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.told[t]
	p.told[t] = true
	return !known
}

// wellAgain forgets the troubles of a channel, and of the token.
func (p *Poster) wellAgain(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.told, func(t trouble, _ bool) bool { return t.channel == channel || t.channel == "" })
}

func (p *Poster) nextNews() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.news
}

// The methods by which messages are sent. Slack limits each on its own.
const (
	methodPost      = "chat.postMessage"
	methodUpdate    = "chat.update"
	methodEphemeral = "chat.postEphemeral"
	methodReply     = "response_url"
)

// refOf is what the log calls what a message is about: its cycle, else the command it answers, else the announcement.
func refOf(m store.Message) string {
	switch {
	case m.CycleID != uuid.Nil:
		return executor.Reference("C", m.CycleID)
	case m.Kind == store.Ephemeral:
		return executor.Reference("E", m.ID)
	}
	return executor.Reference("A", m.ID)
}

func methodOf(m store.Message) string {
	switch {
	case m.Kind == store.Ephemeral && m.ReplyTo != "":
		return methodReply
	case m.Kind == store.Ephemeral:
		return methodEphemeral
	case m.Kind == store.CycleMessage && m.TS != "":
		return methodUpdate
	}
	return methodPost
}
