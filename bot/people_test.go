package bot

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/commands"
)

func TestWhoAsksAndWhere(t *testing.T) {
	const home = "T0SIM"
	member := commands.Person{Known: true, Team: home, GroupsKnown: true}
	person := func(change func(*commands.Person)) commands.Person {
		p := member
		change(&p)
		return p
	}
	for _, tt := range []struct {
		name    string
		user    slacksim.User
		channel slacksim.Channel
		typedIn string // channel_name of the command
		groups  []string
		fail    map[string]string
		person  commands.Person
		room    commands.Room
	}{
		{name: "a member in a public channel", person: member, room: commands.Room{Known: true}},
		{name: "a guest", user: slacksim.User{Restricted: true}, person: person(func(p *commands.Person) { p.Guest = true }), room: commands.Room{Known: true}},
		{name: "a guest of one channel", user: slacksim.User{UltraRestricted: true}, person: person(func(p *commands.Person) { p.Guest = true }), room: commands.Room{Known: true}},
		{name: "a stranger", user: slacksim.User{Stranger: true, TeamID: "T9"}, person: person(func(p *commands.Person) { p.Stranger, p.Team = true, "T9" }), room: commands.Room{Known: true}},
		{name: "a deleted user", user: slacksim.User{Deleted: true}, person: person(func(p *commands.Person) { p.Deleted = true }), room: commands.Room{Known: true}},
		{name: "a bot", user: slacksim.User{Bot: true}, person: person(func(p *commands.Person) { p.Bot = true }), room: commands.Room{Known: true}},
		{name: "a shared channel", channel: slacksim.Channel{ExtShared: true}, person: member, room: commands.Room{Known: true, Shared: true}},
		{name: "a channel about to be shared", channel: slacksim.Channel{PendingExtShared: true}, person: member, room: commands.Room{Known: true, PendingShared: true}},
		{name: "a channel of several workspaces of one organisation", channel: slacksim.Channel{OrgShared: true}, person: member, room: commands.Room{Known: true}},
		{name: "a private channel", channel: slacksim.Channel{Private: true, Members: []string{slacksim.BotUser}}, person: member, room: commands.Room{Known: true, Private: true}},
		{name: "a private channel without the bot is unknown", channel: slacksim.Channel{Private: true}, person: member},
		{name: "a direct message", typedIn: "directmessage", person: member, room: commands.Room{Known: true, Direct: true, Private: true}},
		{name: "a group message", typedIn: "mpdm-ann--bea-1", person: member, room: commands.Room{Known: true, Group: true, Private: true}},
		{name: "a group that names the user", groups: []string{"S0IN", "S0OUT"}, person: person(func(p *commands.Person) { p.Groups = []string{"S0IN"} }), room: commands.Room{Known: true}},
		{name: "a disabled group names nobody and leaves doubt", groups: []string{"S0OFF", "S0IN"}, person: person(func(p *commands.Person) {
			p.Groups, p.GroupsKnown = []string{"S0IN"}, false
		}), room: commands.Room{Known: true}},
		{name: "no answer about the person", fail: map[string]string{"users.info": "internal_error"}, room: commands.Room{Known: true}},
		{name: "no answer about the channel", fail: map[string]string{"conversations.info": "missing_scope"}, person: member},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil, slacksim.WithUserGroups(
				slacksim.UserGroup{ID: "S0IN", Members: []string{ann}}, slacksim.UserGroup{ID: "S0OUT", Members: []string{bea}},
				slacksim.UserGroup{ID: "S0OFF", Members: []string{ann}, Disabled: true},
			))
			tt.user.ID, tt.channel.ID = ann, helpdesk
			s.ws.SetUser(tt.user)
			s.ws.SetChannel(tt.channel)
			for method, code := range tt.fail {
				s.ws.Fail(method, -1, slacksim.Fault{Error: code})
			}
			p := newPeople(s.client, func() []string { return tt.groups }, Clock{}.withDefaults(), s.log.logger())
			got := p.caller(t.Context(), storedCommand{Team: home, User: ann, Channel: helpdesk, ChannelName: tt.typedIn})
			want := commands.Caller{Team: home, User: ann, Channel: helpdesk, Person: tt.person, Room: tt.room}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestFactsAreAskedOnceForManyAndAgainWhenTheyAreStale(t *testing.T) {
	clock := newManual()
	s := newSim(t, clock)
	p := newPeople(s.client, nil, clock.clock(), s.log.logger())
	ask := func() commands.Caller {
		return p.caller(t.Context(), storedCommand{Team: "T0SIM", User: ann, Channel: helpdesk})
	}
	count := func(want int) {
		t.Helper()
		if n := s.ws.Snapshot().Count("users.info"); n != want {
			t.Errorf("%d calls of users.info, want %d", n, want)
		}
	}
	gate := make(chan struct{})
	s.ws.Fail("users.info", 1, slacksim.Fault{Hold: gate})
	var many sync.WaitGroup
	for range 10 {
		many.Go(func() { ask() })
	}
	close(gate)
	many.Wait()
	count(1)
	clock.advance(factsLife - time.Second)
	ask()
	count(1)
	clock.advance(2 * time.Second)
	s.ws.Fail("users.info", 1, slacksim.Fault{HTTPStatus: 500})
	if c := ask(); c.Person.Known {
		t.Error("stale facts were believed while Slack does not answer")
	}
	count(2)
	ask()
	count(2)
	clock.advance(doubtLife + time.Second)
	if c := ask(); !c.Person.Known {
		t.Error("doubt outlived its time")
	}
	count(3)
}

func TestAnImpatientAskerDoesNotEndTheQuestionOfOthers(t *testing.T) {
	gate, asked := make(chan struct{}), make(chan struct{})
	c := newCache(Clock{}.withDefaults(), time.Minute, time.Second, func(ctx context.Context, id string) (string, error) {
		close(asked)
		select {
		case <-gate:
			return "facts of " + id, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	})
	impatient, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := c.get(impatient, "U1")
		left <- err
	}()
	<-asked
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the impatient got %v", err)
	}
	close(gate)
	if v, err := c.get(t.Context(), "U1"); v != "facts of U1" || err != nil {
		t.Errorf("got %q, %v", v, err)
	}
}
