package bot

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/commands"
)

func ephemerals(n int) func(slacksim.Snapshot) bool {
	return func(s slacksim.Snapshot) bool { return len(s.Ephemerals) >= n }
}

func TestACommandIsAcknowledgedServedAndAnsweredToItsAskerOnly(t *testing.T) {
	s := newSim(t, nil)
	var h counting
	b, stop := s.serve(&h)
	s.connected()
	d := s.slash("status aadc01")
	if d.Error != "" || d.Ack.Payload != nil {
		t.Fatalf("delivery %q, payload %s; want an empty acknowledgement", d.Error, d.Ack.Payload)
	}
	s.wait(ephemerals(1))
	if l := b.Link(); !l.Connected || l.Connections != 1 || l.Strangers != 0 || l.Since.IsZero() {
		t.Errorf("%+v; want connected since a time, 1 connection", l)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	seen := s.ws.Ephemerals(helpdesk, ann)
	if len(seen) != 1 || seen[0].Text != "You typed status aadc01" {
		t.Errorf("ann sees %+v", seen)
	}
	if n := s.ws.Snapshot().Count(methodReply); n != 1 {
		t.Errorf("%d posts to the response_url, want 1", n)
	}
	in := h.asked()
	want := commands.Caller{
		Team: "T0SIM", User: ann, Channel: helpdesk,
		Person: commands.Person{Known: true, Team: "T0SIM", GroupsKnown: true}, Room: commands.Room{Known: true},
	}
	if len(in) != 1 || in[0].Text != "status aadc01" || in[0].Command != "/adsync" || in[0].ReplyTo == "" {
		t.Fatalf("the handler was asked %+v", in)
	}
	if got := in[0].Caller; got.Person.Known != want.Person.Known || got.Room != want.Room || got.User != ann {
		t.Errorf("caller %+v, want %+v", got, want)
	}
	rows, err := s.store.Unhandled(t.Context())
	if err != nil || len(rows) != 0 {
		t.Errorf("left in the inbox: %v, %v", rows, err)
	}
}

func TestADuplicateDoesNothingAlsoAfterARestart(t *testing.T) {
	s := newSim(t, nil)
	var h counting
	_, stop := s.serve(&h)
	s.connected()
	d := s.slash("delta")
	s.wait(ephemerals(1))
	again := func() {
		t.Helper()
		got, err := s.ws.Redeliver(t.Context(), d.Envelope)
		if err != nil || got.Error != "" || got.Ack.Payload != nil {
			t.Fatalf("redelivery: %v, %q, %s; want an empty acknowledgement", err, got.Error, got.Ack.Payload)
		}
	}
	again()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	_, stop = s.serve(&h)
	s.connected()
	again()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(h.asked()); n != 1 {
		t.Errorf("served %d times, want 1", n)
	}
	if n := len(s.ws.Snapshot().Ephemerals); n != 1 {
		t.Errorf("%d answers, want 1", n)
	}
}

func TestAnAcknowledgementSaysSoWhenTheStoreFails(t *testing.T) {
	s := newSim(t, nil)
	var h counting
	s.serve(&h)
	s.connected()
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	d := s.slash("delta")
	if !strings.Contains(d.Sees, "nothing was started") {
		t.Errorf("ann sees %q", d.Sees)
	}
	if n := len(h.asked()); n != 0 {
		t.Errorf("served %d times, want 0", n)
	}
}

func TestWhatIsUnknownIsAcknowledgedAndHelloIsNot(t *testing.T) {
	s := newSim(t, nil)
	s.serve(&counting{})
	s.connected()
	for _, raw := range []string{
		`{"envelope_id":"e-1","type":"carrier_pigeon","payload":{"a":1}}`,
		`{"envelope_id":"e-2","type":"events_api","payload":"odd"}`,
		`{"envelope_id":"e-3","type":"slash_commands","accepts_response_payload":true,"payload":{"team_id":7}}`,
		`{"envelope_id":"e-4","type":"interactive","payload":[]}`,
		`{"no":"envelope"}`,
		`[]`,
	} {
		if err := s.ws.SendRaw(raw); err != nil {
			t.Fatal(err)
		}
	}
	s.wait(func(n slacksim.Snapshot) bool { return len(n.Acks) >= 4 })
	d, err := s.ws.Event(t.Context(), map[string]any{"type": "app_home_opened", "user": ann, "tab": "home"})
	if err != nil || d.Error != "" {
		t.Fatalf("event: %v, %q", err, d.Error)
	}
	seen := map[string]int{}
	for _, a := range s.ws.Acks() {
		seen[a.EnvelopeID]++
		if a.Bug == slacksim.BugEmptyID {
			t.Error("hello was acknowledged")
		}
	}
	for _, id := range []string{"e-1", "e-2", "e-3", "e-4", d.Envelope.ID} {
		if seen[id] != 1 {
			t.Errorf("envelope %s acknowledged %d times, want once", id, seen[id])
		}
	}
}

func TestAnotherWorkspaceOrAppIsRefused(t *testing.T) {
	s := newSim(t, nil)
	var h counting
	s.serve(&h)
	s.connected()
	for i, foreign := range []string{`"team_id":"T9","api_app_id":"A0SIM"`, `"team_id":"T0SIM","api_app_id":"A9"`} {
		err := s.ws.SendRaw(`{"envelope_id":"f","type":"slash_commands","accepts_response_payload":true,"payload":{` + foreign +
			`,"channel_id":"C1","user_id":"U1","command":"/adsync","text":"delta"}}`)
		if err != nil {
			t.Fatal(err)
		}
		s.wait(func(n slacksim.Snapshot) bool { return len(n.Acks) == i+1 })
		if ack := string(s.ws.Acks()[i].Payload); !strings.Contains(ack, "another workspace") {
			t.Errorf("acknowledged with %s", ack)
		}
	}
	if n := len(h.asked()); n != 0 {
		t.Errorf("served %d times, want 0", n)
	}
}

func TestAPanicAndAnErrorAreAnsweredWithTheReferenceInTheLog(t *testing.T) {
	s := newSim(t, nil)
	s.serve(handlerFunc(func(_ context.Context, in commands.Input) (commands.Answer, error) {
		if in.Text == "panic" {
			panic("boom")
		}
		return commands.Answer{}, errors.New("disk on fire")
	}))
	s.connected()
	for i, text := range []string{"panic", "fail"} {
		s.slash(text)
		s.wait(ephemerals(i + 1))
		answer := s.ws.Ephemerals(helpdesk, ann)[i].Text
		_, ref, ok := strings.Cut(answer, "E-")
		if !ok || !s.log.contains("E-"+ref[:4]) || strings.Contains(answer, "fire") {
			t.Errorf("%s: answered %q", text, answer)
		}
	}
	if !s.log.contains("disk on fire") || !s.log.contains("boom") {
		t.Error("the causes are not in the log")
	}
}

func TestACommandThatCouldNotBeAcknowledgedIsNotServed(t *testing.T) {
	s := newSim(t, nil)
	var h counting
	b, _ := s.serve(&h)
	payload := `{"team_id":"T0SIM","channel_id":"` + helpdesk + `","user_id":"` + ann + `","command":"/adsync","text":"delta","trigger_id":"1"}`
	acks := 0
	b.accept(t.Context(), envelope{ID: "e", Type: typeSlash, Payload: []byte(payload)}, func(context.Context, any) error {
		acks++
		return errLinkGone
	})
	s.wait(ephemerals(1))
	if text := s.ws.Ephemerals(helpdesk, ann)[0].Text; !strings.Contains(text, "nothing was started") {
		t.Errorf("ann reads %q", text)
	}
	if len(h.asked()) != 0 || acks != 1 {
		t.Errorf("served %d times, acknowledged %d times; want 0, 1", len(h.asked()), acks)
	}
}

func TestACommandIsStoredBeforeItIsAcknowledged(t *testing.T) {
	s := newSim(t, nil)
	b, _ := s.serve(&counting{})
	payload := `{"team_id":"T0SIM","channel_id":"` + helpdesk + `","user_id":"` + ann + `","command":"/adsync","text":"delta","trigger_id":"secret-1"}`
	b.accept(t.Context(), envelope{ID: "e", Type: typeSlash, Payload: []byte(payload)}, func(ctx context.Context, _ any) error {
		rows, err := s.store.Unhandled(ctx)
		if err != nil || len(rows) != 1 || !rows[0].AckedAt.IsZero() {
			t.Errorf("at the acknowledgement the inbox holds %+v, %v", rows, err)
		}
		if len(rows) == 1 && (strings.Contains(string(rows[0].Payload), "secret-1") || strings.Contains(rows[0].Key, "secret-1")) {
			t.Error("the trigger_id is stored")
		}
		return nil
	})
	s.wait(ephemerals(1))
}

func TestATokenRefusedLaterEndsTheBot(t *testing.T) {
	s := newSim(t, nil)
	id, err := s.client.Identify(t.Context(), Clock{})
	if err != nil {
		t.Fatal(err)
	}
	b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store, Config{Identity: id}, s.log.logger())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(t.Context()) }()
	s.connected()
	s.ws.Fail("apps.connections.open", -1, slacksim.Fault{Error: "token_revoked"})
	s.ws.DropSockets()
	if refused, ok := errors.AsType[*TokenError](<-ended); !ok || refused.Code != "token_revoked" {
		t.Errorf("ended with %v, want a *TokenError", refused)
	}
}
