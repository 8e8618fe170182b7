// Package slacksim is a fake Slack workspace on the real wire: the Web API over HTTP and Socket Mode over
// WebSocket, both on the loopback interface and in memory only. It holds people, channels, living messages,
// sockets and a log of everything a client did, and it misbehaves on demand.
//
// It knows nothing of the program under test and shares no code with any Slack client: what it answers follows
// Slack's documentation (docs.slack.dev) and the behaviour recorded in the issues of Slack's own SDKs.
package slacksim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Workspace is one Slack workspace with one installed app. It is made by [New], listens after [Workspace.Start],
// and its methods may be called from any goroutine.
//
// Unexported methods expect mu to be held, except for those which serve HTTP or wait.
type Workspace struct {
	now         func() time.Time
	ackTimeout  time.Duration
	pingEvery   time.Duration
	limited     bool
	address     string
	lifetime    time.Duration
	stopServing context.CancelFunc
	server      *http.Server
	base        string // http://127.0.0.1:port
	methods     map[string]method
	serving     sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	changed chan struct{} // closed and replaced at every change

	team     Team
	app      App
	users    map[string]User
	channels map[string]Channel
	groups   map[string]UserGroup
	zones    map[string]*time.Location // by name

	lastStamp  time.Time
	messages   map[string][]Message // by channel, in the order of posting
	ephemerals []Message
	views      map[string]View // modals by view id, home tabs by user id
	files      map[string]*upload
	hooks      map[string]*hook       // response urls by their secret
	triggers   map[string]trigger     // by trigger id
	posts      map[string][]time.Time // for rate limits

	tickets    map[string]bool
	sockets    []*socket
	opened     int
	nextSocket int
	envelopes  map[string]*pending
	acks       []Ack

	calls      []Call
	faults     map[string][]*fault
	linkFaults []*linkFault
}

// New makes a workspace. It does not listen yet, and may be populated before and after [Workspace.Start].
func New(opts ...Option) *Workspace {
	ws := &Workspace{
		now:        time.Now,
		ackTimeout: 3 * time.Second,
		pingEvery:  5 * time.Second,
		lifetime:   5 * time.Hour,
		address:    "127.0.0.1:0",
		changed:    make(chan struct{}),
		users:      map[string]User{},
		channels:   map[string]Channel{},
		groups:     map[string]UserGroup{},
		zones:      map[string]*time.Location{},
		messages:   map[string][]Message{},
		views:      map[string]View{},
		files:      map[string]*upload{},
		hooks:      map[string]*hook{},
		triggers:   map[string]trigger{},
		posts:      map[string][]time.Time{},
		tickets:    map[string]bool{},
		envelopes:  map[string]*pending{},
		faults:     map[string][]*fault{},
		methods:    methods(),
	}
	for _, opt := range opts {
		opt(ws)
	}
	ws.team = ws.team.withDefaults()
	ws.app = ws.app.withDefaults()
	for id, u := range ws.users {
		ws.users[id] = u.in(ws.team.ID)
	}
	bot := User{ID: ws.app.BotUserID, Name: ws.app.Name, RealName: ws.app.Name, Bot: true}
	ws.users[bot.ID] = bot.in(ws.team.ID)
	return ws
}

// Start listens and serves until [Workspace.Close]; ctx bounds the listening only.
func (ws *Workspace) Start(ctx context.Context) error {
	if ws.server != nil {
		return errors.New("slacksim: start: the workspace was started before")
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", ws.address)
	if err != nil {
		return fmt.Errorf("slacksim: listen on %s: %w", ws.address, err)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	ws.stopServing = stop
	ws.base = "http://" + listener.Addr().String()
	ws.server = &http.Server{
		Handler:           ws.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return life },
	}
	ws.serving.Go(func() { _ = ws.server.Serve(listener) })
	return nil
}

// URL is the base of the Web API and ends in "/api/". It is empty before [Workspace.Start].
func (ws *Workspace) URL() string {
	if ws.base == "" {
		return ""
	}
	return ws.base + "/api/"
}

// Close stops listening, drops every socket without a word, and returns when nothing of the workspace runs any more.
// What was posted and recorded can still be read.
func (ws *Workspace) Close() {
	if ws.server == nil {
		return
	}
	ws.change(func() { ws.closed = true })
	ws.stopServing()
	_ = ws.server.Close()
	ws.serving.Wait()
}

func (ws *Workspace) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", ws.served(ws.serveAPI))
	mux.HandleFunc("POST /commands/{secret}", ws.served(ws.serveHook))
	mux.HandleFunc("POST /upload/{id}", ws.served(ws.serveUpload))
	mux.HandleFunc("GET /link/", ws.served(ws.serveLink))
	return mux
}

// served counts a handler in, so that Close can wait for it: the server itself forgets a connection which was taken
// over by a WebSocket.
func (ws *Workspace) served(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !ws.enter() {
			resetConnection(w)
			return
		}
		defer ws.serving.Done()
		h(w, r)
	}
}

// enter counts a handler in unless the workspace closes. It locks.
func (ws *Workspace) enter() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed {
		return false
	}
	ws.serving.Add(1)
	return true
}

// notify wakes everyone who waits for a change.
func (ws *Workspace) notify() {
	close(ws.changed)
	ws.changed = make(chan struct{})
}

// stamp is the next message timestamp: the clock's time, later than any stamp before it.
func (ws *Workspace) stamp() string {
	t := ws.now().Truncate(time.Microsecond)
	if !t.After(ws.lastStamp) {
		t = ws.lastStamp.Add(time.Microsecond)
	}
	ws.lastStamp = t
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

// newUUID is a random identifier in the form of Slack's envelope ids. Random rather than counted: a client may keep
// the ids of envelopes for longer than one workspace lives.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, as its documentation says
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
