package slacksim

import "time"

// Option is one property of a new [Workspace].
type Option func(*Workspace)

// WithTeam names the workspace; empty fields get defaults.
func WithTeam(t Team) Option { return func(ws *Workspace) { ws.team = t } }

// WithApp names the installed app, its tokens and its scopes; empty fields get defaults, empty tokens are generated.
func WithApp(a App) Option { return func(ws *Workspace) { ws.app = a } }

// WithUsers adds people.
func WithUsers(users ...User) Option {
	return func(ws *Workspace) {
		for _, u := range users {
			ws.users[u.ID] = u
		}
	}
}

// WithChannels adds conversations.
func WithChannels(channels ...Channel) Option {
	return func(ws *Workspace) {
		for _, c := range channels {
			ws.channels[c.ID] = c
		}
	}
}

// WithUserGroups adds user groups.
func WithUserGroups(groups ...UserGroup) Option {
	return func(ws *Workspace) {
		for _, g := range groups {
			ws.groups[g.ID] = g
		}
	}
}

// WithClock sets the clock of timestamps, of rate limits and of what expires (trigger ids, response urls).
// It must be safe for concurrent use and return without calling the workspace. The default is [time.Now].
func WithClock(now func() time.Time) Option { return func(ws *Workspace) { ws.now = now } }

// WithAckTimeout sets how long an envelope waits for its acknowledgement before the person sees an error.
// The default is Slack's 3 s, in real time.
func WithAckTimeout(d time.Duration) Option { return func(ws *Workspace) { ws.ackTimeout = d } }

// WithPingInterval sets how often the server pings each socket, in real time; 0 means never. The default is 5 s.
func WithPingInterval(d time.Duration) Option { return func(ws *Workspace) { ws.pingEvery = d } }

// WithConnectionTime sets the approximate_connection_time which hello announces. The default is 5 h. Nothing happens
// when it is over: disconnects are on demand.
func WithConnectionTime(d time.Duration) Option { return func(ws *Workspace) { ws.lifetime = d } }

// WithRateLimits switches on Slack's limits: one chat.postMessage a second in each channel, 50 chat.update a minute.
func WithRateLimits() Option { return func(ws *Workspace) { ws.limited = true } }

// WithAddress sets where the workspace listens. The default is a free port on 127.0.0.1.
func WithAddress(hostport string) Option { return func(ws *Workspace) { ws.address = hostport } }
