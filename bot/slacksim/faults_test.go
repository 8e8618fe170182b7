package slacksim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

func TestLinksGoWrongOnDemand(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	ws.FailLinks(1, slacksim.RefuseLink)
	ws.FailLinks(1, slacksim.DropAfterHello)
	ws.FailLinks(1, slacksim.MuteLink)
	if _, status := h.dial(h.ticket()); status != http.StatusServiceUnavailable {
		t.Errorf("a refused link is answered with %d", status)
	}
	dropped, hello := h.connect()
	if rest := dropped.ends(); hello["type"] != "hello" || len(rest) != 0 {
		t.Errorf("a dropped link says %v, %v", hello, rest)
	}
	if err := ws.Wait(within(t), func(s slacksim.Snapshot) bool { return len(s.Sockets) == 0 }); err != nil {
		t.Fatal(err)
	}
	mute, _ := h.dial(h.ticket())
	if err := ws.Wait(within(t), func(s slacksim.Snapshot) bool { return len(s.Sockets) == 1 }); err != nil {
		t.Fatal(err)
	}
	if d := <-command(t, ws); d.Error != slacksim.DispatchFailed {
		t.Errorf("a mute link is used: %+v", d)
	}
	ws.DropSockets()
	if rest := mute.ends(); len(rest) != 0 {
		t.Errorf("a mute link says %v", rest)
	}
	ws.FailLinks(-1, slacksim.RefuseLink)
	ws.Heal()
	if _, hello := h.connect(); hello["type"] != "hello" {
		t.Errorf("after healing: %v", hello)
	}
}

func TestAHangingLinkAndAHeldCallEndWithTheWorkspace(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	ws.FailLinks(1, slacksim.HangLink)
	ws.Fail("auth.test", 1, slacksim.Fault{Hold: make(chan struct{})})
	address := h.ticket()
	failed := make(chan error, 2)
	go func() {
		_, _, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPClient: h.c}) //nolint:bodyclose // Dial closes it
		failed <- err
	}()
	go func() {
		response, err := h.c.Get(ws.URL() + "auth.test")
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	ws.Close()
	for range 2 {
		if err := <-failed; err == nil {
			t.Error("something was answered")
		}
	}
	if n := ws.Snapshot().Count("auth.test"); n != 0 {
		t.Errorf("%d held calls were served", n)
	}
}

func TestAHeldCallGoesOnWhenItIsLetGo(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	hold := make(chan struct{})
	ws.Fail("*", 1, slacksim.Fault{Hold: hold, AfterEffect: true})
	answer := make(chan string, 1)
	go func() { answer <- h.call("chat.postMessage", "channel", "C0HELP", "text", "x").code() }()
	if err := ws.Wait(within(t), func(s slacksim.Snapshot) bool { return len(s.Messages("C0HELP")) == 1 }); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-answer:
		t.Fatalf("the answer %s did not wait", code)
	default:
	}
	close(hold)
	if code := <-answer; code != "ok" {
		t.Error(code)
	}
}

func TestAnyMethodCanFailUntilItIsHealed(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	ws.Fail("*", -1, slacksim.Fault{Error: "internal_error"})
	ws.Fail("auth.test", 1, slacksim.Fault{Error: "ratelimited"})
	got := []string{h.call("auth.test").code(), h.call("auth.test").code(), h.call("users.info", "user", "U0ANN").code()}
	ws.Heal()
	got = append(got, h.call("auth.test").code())
	for i, want := range []string{"ratelimited", "internal_error", "internal_error", "ok"} {
		if got[i] != want {
			t.Errorf("call %d answers %s, want %s", i+1, got[i], want)
		}
	}
}

func TestAResponseURLCanFailToo(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	address := invoked(t, ws)
	ws.Fail(slacksim.ResponseURL, 1, slacksim.Fault{HTTPStatus: http.StatusBadGateway, AfterEffect: true})
	if status, _, _ := h.send(address, "application/json", "", `{"text":"x"}`); status != http.StatusBadGateway {
		t.Errorf("it answers %d", status)
	}
	calls := ws.Calls()
	if e := ws.Ephemerals("C0EMPTY", "U0ANN"); len(e) != 1 || len(calls) != 1 || !calls[0].Effected || calls[0].Error != "Bad Gateway" {
		t.Errorf("Ann sees %+v, the log has %+v", e, calls)
	}
}

func TestASlowCallIsCarriedOutAllTheSame(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	ws.Fail("chat.postMessage", 1, slacksim.Fault{Delay: time.Millisecond})
	if code := h.call("chat.postMessage", "channel", "C0HELP", "text", "x").code(); code != "ok" || len(ws.Messages("C0HELP")) != 1 {
		t.Errorf("it answers %s and leaves %+v", code, ws.Messages("C0HELP"))
	}
}
