package slacksim

import (
	"math"
	"slices"
	"time"
)

// overLimit counts a call against Slack's limits and says in how many seconds it may be tried again; 0 lets it through.
// A call which is turned away does not count.
func (ws *Workspace) overLimit(name string, args arguments) int {
	if !ws.limited {
		return 0
	}
	switch name {
	case "chat.postMessage":
		return ws.limit(name+" "+args.text("channel"), 1, time.Second)
	case "chat.update":
		return ws.limit(name, 50, time.Minute)
	default:
		return 0
	}
}

func (ws *Workspace) limit(key string, n int, per time.Duration) int {
	now := ws.now()
	recent := slices.DeleteFunc(ws.posts[key], func(t time.Time) bool { return now.Sub(t) >= per })
	defer func() { ws.posts[key] = recent }()
	if len(recent) < n {
		recent = append(recent, now)
		return 0
	}
	return int(math.Ceil((per - now.Sub(recent[0])).Seconds()))
}
