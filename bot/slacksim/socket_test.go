package slacksim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
)

// link is a bare Socket Mode client.
type link struct {
	t     *testing.T
	conn  *websocket.Conn
	pings chan struct{}
}

// ticket asks for the address of a socket.
func (h hand) ticket() string {
	h.t.Helper()
	_, _, text := h.send(h.ws.URL()+"apps.connections.open", "application/x-www-form-urlencoded", h.ws.App().AppToken, "")
	return fmt.Sprint(h.decode(text)["url"])
}

func (h hand) dial(address string) (*link, int) {
	h.t.Helper()
	l := &link{t: h.t, pings: make(chan struct{}, 100)}
	conn, response, err := websocket.Dial(within(h.t), address, &websocket.DialOptions{ //nolint:bodyclose // Dial closes it
		HTTPClient: h.c,
		HTTPHeader: http.Header{"Origin": {"https://api.slack.com"}},
		OnPingReceived: func(context.Context, []byte) bool {
			l.pings <- struct{}{}
			return true
		},
	})
	if err != nil {
		if response == nil {
			h.t.Fatal(err)
		}
		return nil, response.StatusCode
	}
	h.t.Cleanup(func() { _ = conn.CloseNow() })
	l.conn = conn
	return l, response.StatusCode
}

// connect opens a socket and reads its hello.
func (h hand) connect() (*link, answered) {
	h.t.Helper()
	l, status := h.dial(h.ticket())
	if l == nil {
		h.t.Fatalf("the upgrade was answered with %d", status)
	}
	return l, l.read()
}

func (l *link) read() answered {
	l.t.Helper()
	_, data, err := l.conn.Read(within(l.t))
	if err != nil {
		l.t.Fatal(err)
	}
	var a answered
	if err := json.Unmarshal(data, &a); err != nil {
		l.t.Fatal(err)
	}
	return a
}

func (l *link) write(text string) {
	l.t.Helper()
	if err := l.conn.Write(within(l.t), websocket.MessageText, []byte(text)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *link) ack(envelope answered) {
	l.write(`{"envelope_id":"` + fmt.Sprint(envelope["envelope_id"]) + `"}`)
}

// ends reads until the connection is over and returns what came before.
func (l *link) ends() []answered {
	l.t.Helper()
	var frames []answered
	for {
		_, data, err := l.conn.Read(within(l.t))
		if errors.Is(err, context.DeadlineExceeded) {
			l.t.Fatal("the connection stays open")
		}
		if err != nil {
			return frames
		}
		var a answered
		if err := json.Unmarshal(data, &a); err != nil {
			l.t.Fatal(err)
		}
		frames = append(frames, a)
	}
}

// command lets Ann type in the help desk's channel, in the background.
func command(t *testing.T, ws *slacksim.Workspace) <-chan slacksim.Delivery {
	t.Helper()
	done := make(chan slacksim.Delivery, 1)
	ctx := within(t)
	go func() {
		d, err := ws.Slash(ctx, slacksim.SlashCommand{UserID: "U0ANN", ChannelID: "C0HELP", Command: "/adsync", Text: "status"})
		if err != nil {
			t.Error(err)
		}
		done <- d
	}()
	return done
}

func TestHelloCountsTheOpenSockets(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	for want := 1.0; want <= 3; want++ {
		_, hello := h.connect()
		if hello["type"] != "hello" || hello["num_connections"] != want || hello.dig("connection_info", "app_id") != ws.App().ID ||
			hello.dig("debug_info", "approximate_connection_time") != 18000.0 {
			t.Errorf("hello %v is %v", want, hello)
		}
	}
}

func TestAClientLearnsWhereItIs(t *testing.T) {
	ws := start(t, slacksim.WithConnectionTime(time.Minute), slacksim.WithAddress("127.0.0.1:0"),
		slacksim.WithTeam(slacksim.Team{ID: "T0CORP", Name: "Corp", Domain: "corp", EnterpriseID: "E0CORP"}),
		slacksim.WithApp(slacksim.App{ID: "A0OWN", BotToken: "xoxb-1", Scopes: []string{"commands", "chat:write"}}))
	h := bare(t, ws)
	_, header, text := h.send(ws.URL()+"auth.test", "", "xoxb-1", "")
	a := h.decode(text)
	if a["team_id"] != "T0CORP" || a["enterprise_id"] != "E0CORP" || a["user_id"] != slacksim.BotUser ||
		a["url"] != "https://corp.slack.com/" || header.Get("X-OAuth-Scopes") != "commands,chat:write" {
		t.Errorf("auth.test answers %v with scopes %s", a, header.Get("X-OAuth-Scopes"))
	}
	_, hello := h.connect()
	if hello.dig("connection_info", "app_id") != "A0OWN" || hello.dig("debug_info", "approximate_connection_time") != 60.0 {
		t.Errorf("hello is %v", hello)
	}
	if err := ws.Start(t.Context()); err == nil {
		t.Error("a workspace starts twice")
	}
}

func TestATicketIsGoodForOneSocket(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	address := h.ticket()
	if l, status := h.dial(address); l == nil {
		t.Fatalf("the first use is answered with %d", status)
	}
	if _, status := h.dial(address); status != http.StatusForbidden {
		t.Errorf("the second use is answered with %d", status)
	}
}

func TestTheEleventhSocketIsSentAway(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	for range 10 {
		h.connect()
	}
	l, first := h.connect()
	if first["type"] != "disconnect" || first["reason"] != slacksim.TooManyWebsockets {
		t.Errorf("it is told %v", first)
	}
	if rest := l.ends(); len(rest) != 0 {
		t.Errorf("and then %v", rest)
	}
}

func TestAnEnvelopeGoesToOneSocketAndNotToOneToldToLeave(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	first, _ := h.connect()
	second, _ := h.connect()
	if told := ws.Disconnect(slacksim.Warning, 1); told != 1 {
		t.Fatalf("%d sockets were told", told)
	}
	for range 4 {
		done := command(t, ws)
		second.ack(second.read())
		if d := <-done; d.Socket != 2 || d.Error != "" {
			t.Fatalf("delivered to socket %d: %s", d.Socket, d.Error)
		}
	}
	if told := first.read(); told["type"] != "disconnect" || told["reason"] != slacksim.Warning {
		t.Errorf("the first socket is told %v", told)
	}
	ws.DropSockets()
	if rest := first.ends(); len(rest) != 0 {
		t.Errorf("and then %v", rest)
	}
	if rest := second.ends(); len(rest) != 0 {
		t.Errorf("the second socket had %v beside its four envelopes", rest)
	}
}

func TestEnvelopesTakeTurnsBetweenSockets(t *testing.T) {
	ws := start(t)
	h := bare(t, ws)
	links := map[int]*link{}
	links[1], _ = h.connect()
	links[2], _ = h.connect()
	seen := map[int]int{}
	for range 4 {
		before := ws.Sockets()
		done := command(t, ws)
		var to int
		err := ws.Wait(within(t), func(s slacksim.Snapshot) bool {
			for i := range s.Sockets {
				if s.Sockets[i].Delivered > before[i].Delivered {
					to = s.Sockets[i].ID
				}
			}
			return to != 0
		})
		if err != nil {
			t.Fatal(err)
		}
		links[to].ack(links[to].read())
		seen[(<-done).Socket]++
	}
	if seen[1] != 2 || seen[2] != 2 {
		t.Errorf("deliveries by socket are %v", seen)
	}
}

func TestNobodyConnectedMeansDispatchFailed(t *testing.T) {
	ws := start(t)
	d := <-command(t, ws)
	if d.Error != slacksim.DispatchFailed || d.Sees != `/adsync failed with the error "dispatch_failed"` || d.Socket != 0 {
		t.Errorf("the delivery is %+v", d)
	}
}

func TestAnAcknowledgementMayComeTooLate(t *testing.T) {
	ws := start(t, slacksim.WithAckTimeout(time.Millisecond))
	l, _ := bare(t, ws).connect()
	done := command(t, ws)
	envelope := l.read()
	if d := <-done; d.Error != slacksim.OperationTimeout || !strings.Contains(d.Sees, "operation_timeout") {
		t.Fatalf("the delivery is %+v", d)
	}
	l.write(`{"envelope_id":"` + fmt.Sprint(envelope["envelope_id"]) + `","payload":{"text":"sorry"}}`)
	l.ack(envelope)
	if err := ws.Wait(within(t), func(s slacksim.Snapshot) bool { return len(s.Acks) == 2 }); err != nil {
		t.Fatal(err)
	}
	acks := ws.Acks()
	if !acks[0].Late || acks[0].Bug != "" || acks[1].Bug != slacksim.BugTwice {
		t.Errorf("acks are %+v", acks)
	}
	if e := ws.Ephemerals("C0HELP", "U0ANN"); len(e) != 0 {
		t.Errorf("a late payload is shown: %+v", e)
	}
}

func TestAcknowledgementsAreJudged(t *testing.T) {
	ws := start(t)
	l, _ := bare(t, ws).connect()
	for _, tt := range []struct {
		name, payload, sees, bug string
		public                   int
	}{
		{"nothing", ``, "", "", 0},
		{"an empty payload", `{}`, "", "", 0},
		{"a text", `{"text":"&lt;hello&gt;"}`, "<hello>", "", 0},
		{"a text for everybody", `{"text":"hello","response_type":"in_channel"}`, "hello", "", 2},
		{"only a response type", `{"response_type":"in_channel"}`, "/adsync status", "", 1},
		{"blocks", `{"text":"x","blocks":[{"type":"header","text":{"type":"plain_text","text":"Hi"}}]}`, "Hi", "", 0},
		{"broken blocks", `{"text":"x","blocks":[{"type":"header"}]}`, "", slacksim.BugContent, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(ws.Messages("C0HELP"))
			done := command(t, ws)
			id := fmt.Sprint(l.read()["envelope_id"])
			if tt.payload == "" {
				l.write(`{"envelope_id":"` + id + `"}`)
			} else {
				l.write(`{"envelope_id":"` + id + `","payload":` + tt.payload + `}`)
			}
			d := <-done
			if d.Error != "" || d.Sees != tt.sees || d.Ack.Bug != tt.bug || len(ws.Messages("C0HELP"))-before != tt.public {
				t.Errorf("delivered as %+v, %d public messages", d, len(ws.Messages("C0HELP"))-before)
			}
		})
	}
}

func TestBugsOfAClientAreRecorded(t *testing.T) {
	ws := start(t)
	l, _ := bare(t, ws).connect()
	done := command(t, ws)
	id := fmt.Sprint(l.read()["envelope_id"])
	l.write(`{"envelope_id":""}`)
	l.write(`{"envelope_id":"nobody"}`)
	l.write(`hello`)
	l.write(`{"envelope_id":"` + id + `","payload":{"text":"` + strings.Repeat("x", 20_480) + `"}}`)
	l.write(`{"envelope_id":"` + id + `"}`)
	l.write(`{"envelope_id":"` + id + `"}`)
	if d := <-done; d.Error != "" || d.Sees != "" {
		t.Errorf("delivered as %+v", d)
	}
	if err := ws.Wait(within(t), func(s slacksim.Snapshot) bool { return len(s.Acks) == 6 }); err != nil {
		t.Fatal(err)
	}
	want := []string{
		slacksim.BugEmptyID, slacksim.BugUnknownID, slacksim.BugNotJSON, slacksim.BugTooLarge, "", slacksim.BugTwice,
	}
	for i, a := range ws.Acks() {
		if a.Bug != want[i] || a.Socket != 1 {
			t.Errorf("frame %d is judged %q on socket %d, want %q", i+1, a.Bug, a.Socket, want[i])
		}
	}
}

func TestAnEventIsRetriedOnDemand(t *testing.T) {
	ws := start(t, slacksim.WithAckTimeout(time.Millisecond))
	l, _ := bare(t, ws).connect()
	d, err := ws.Event(within(t), map[string]any{"type": "app_home_opened", "user": "U0ANN"})
	if err != nil || d.Error != slacksim.OperationTimeout || d.Sees != "" {
		t.Fatalf("%+v, %v", d, err)
	}
	first := l.read()
	if _, err := ws.Redeliver(within(t), d.Envelope); err != nil {
		t.Fatal(err)
	}
	again := l.read()
	if first["retry_attempt"] != nil || again["retry_attempt"] != 1.0 || again["retry_reason"] != "timeout" ||
		again["accepts_response_payload"] != false || again.dig("payload", "event_id") != first.dig("payload", "event_id") ||
		again.dig("payload", "event", "user") != "U0ANN" {
		t.Errorf("first %v, then %v", first, again)
	}
	if _, err := ws.Redeliver(within(t), slacksim.Envelope{ID: "never"}); err == nil {
		t.Error("an envelope which never was is redelivered")
	}
}

func TestTheServerPings(t *testing.T) {
	ws := start(t, slacksim.WithPingInterval(time.Millisecond))
	l, _ := bare(t, ws).connect()
	go func() { _, _, _ = l.conn.Read(within(t)) }() // pings are answered while somebody reads
	<-l.pings
	if err := ws.Wait(within(t), func(s slacksim.Snapshot) bool { return len(s.Sockets) == 1 && s.Sockets[0].Pongs > 1 }); err != nil {
		t.Error(err)
	}
	if err := ws.SendRaw("{}"); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotHappenInSlackIsAnError(t *testing.T) {
	ws := start(t)
	for _, c := range []slacksim.SlashCommand{
		{UserID: "U0NOBODY", ChannelID: "C0HELP"},
		{UserID: "U0ANN", ChannelID: "C0NONE"},
		{UserID: "U0OUT", ChannelID: "C0HELP"},
		{UserID: "U0BEN", ChannelID: "C0SECRET"},
		{UserID: "U0ANN", ChannelID: "C0OLD"},
	} {
		if d, err := ws.Slash(within(t), c); err == nil {
			t.Errorf("%+v comes to %+v", c, d)
		}
	}
}

func TestWaitSaysWhatHappenedInstead(t *testing.T) {
	ws := start(t)
	bare(t, ws).call("users.info", "user", "U0NONE")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	err := ws.Wait(ctx, func(slacksim.Snapshot) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "1 users.info (user_not_found)") || !strings.Contains(err.Error(), "enough") {
		t.Errorf("the error is %v", err)
	}
}
