package slacksim_test

import (
	"fmt"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

func TestThePopulationChangesWhileItRuns(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	post := func(channel string) string { return h.call("chat.postMessage", "channel", channel, "text", "x").code() }
	flag := func(call, what, object, name string) any { return h.call(call, what, object).dig(what, name) }

	before := []string{post("C0EMPTY"), post("C0NEW"), post("C0HELP")}
	ws.Join("C0EMPTY", slacksim.BotUser)
	ws.Join("C0EMPTY", slacksim.BotUser)
	ws.SetChannel(slacksim.Channel{ID: "C0NEW", Name: "new", Members: []string{slacksim.BotUser}})
	ws.Leave("C0HELP", slacksim.BotUser)
	after := []string{post("C0EMPTY"), post("C0NEW"), post("C0HELP")}
	if fmt.Sprint(before, after) != "[not_in_channel channel_not_found ok] [ok ok not_in_channel]" {
		t.Errorf("posts were %v, and then %v", before, after)
	}
	ws.SetUser(slacksim.User{ID: "U0BEN", Name: "ben", Restricted: true})
	if flag("users.info", "user", "U0BEN", "is_restricted") != true {
		t.Error("Ben is no guest")
	}
	ws.SetUserGroup(slacksim.UserGroup{ID: "S0ADM", Handle: "admins", Disabled: true})
	if a := h.call("usergroups.users.list", "usergroup", "S0ADM"); a.code() != "no_such_subteam" {
		t.Errorf("a disabled group answers %v", a)
	}
	old := ws.App()
	ws.SetApp(slacksim.App{Scopes: old.Scopes})
	_, _, text := h.send(ws.URL()+"auth.test", "", old.BotToken, "")
	if code := h.decode(text).code(); code != "invalid_auth" || h.call("auth.test").code() != "ok" {
		t.Errorf("the old token answers %s", code)
	}
}

func TestADirectMessageIsOpenedOnce(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	first := h.call("conversations.open", "users", "U0ANN").dig("channel", "id")
	again := h.call("conversations.open", "users", "U0ANN").dig("channel", "id")
	posted := h.call("chat.postMessage", "channel", "U0ANN", "text", "x")["channel"]
	if first == nil || first != again || first != posted {
		t.Errorf("it is %v, then %v, then %v", first, again, posted)
	}
	info := h.call("conversations.info", "channel", fmt.Sprint(first))
	if info.dig("channel", "is_im") != true || info.dig("channel", "user") != "U0ANN" {
		t.Errorf("it is described as %v", info)
	}
	if a := h.call("conversations.open", "users", "U0NONE"); a.code() != "user_not_found" {
		t.Errorf("with nobody: %v", a)
	}
	d, err := ws.Slash(within(t), slacksim.SlashCommand{UserID: "U0ANN", ChannelID: fmt.Sprint(first), Command: "/adsync"})
	if err != nil || d.Error != slacksim.DispatchFailed {
		t.Errorf("a command in it comes to %+v, %v", d, err)
	}
}
