package bot

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/commands"
	"github.com/adsyncbot/adsyncbot/executor/store"
)

func TestAPressIsServedOnceAndItsAnswerTakesThePlaceOfTheButtons(t *testing.T) {
	s := newSim(t, nil)
	h := counting{asks: []commands.Action{commands.StartFull, commands.Leave}}
	_, stop := s.serve(&h)
	s.connected()
	s.slash("full")
	s.wait(ephemerals(1))
	p, ok := s.ws.Button(ann, helpdesk, "Start the full")
	if !ok {
		t.Fatal("there is no button")
	}
	d, err := s.ws.Press(t.Context(), p)
	if err != nil || d.Error != "" || d.Ack.Payload != nil {
		t.Fatalf("press: %v, %q, %s; want an empty acknowledgement", err, d.Error, d.Ack.Payload)
	}
	s.shows("You pressed Start the full")
	if _, ok := s.ws.Button(ann, helpdesk, "Leave it"); ok {
		t.Error("the buttons are still there")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	s.serve(&h)
	s.connected()
	if got, err := s.ws.Redeliver(t.Context(), d.Envelope); err != nil || got.Error != "" {
		t.Fatalf("redelivery: %v, %q", err, got.Error)
	}
	in := h.pressed()
	if len(in) != 1 || in[0].Action != commands.StartFull || in[0].Question != h.asked()[0].ID || in[0].ReplyTo == "" {
		t.Fatalf("pressed %+v, want the question of %+v once", in, h.asked())
	}
	if c := in[0].Caller; c.User != ann || c.Team != "T0SIM" || c.Channel != helpdesk || !c.Person.Known || !c.Room.Known {
		t.Errorf("caller %+v", c)
	}
}

func pressPayload(change func(map[string]any)) []byte {
	p := map[string]any{
		"type": "block_actions", "api_app_id": "A0SIM", "trigger_id": "secret-1", "response_url": "",
		"team": map[string]any{"id": "T0SIM"}, "user": map[string]any{"id": ann, "team_id": "T0SIM"}, "channel": map[string]any{"id": helpdesk},
		"actions": []any{map[string]any{"action_id": "leave", "value": "01930000-0000-7000-8000-00000000beef", "type": "button"}},
	}
	if change != nil {
		change(p)
	}
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return raw
}

func TestWhatIsNoPressOfOursIsAcknowledgedAndLeftAlone(t *testing.T) {
	action := func(id, value string) func(map[string]any) {
		return func(p map[string]any) {
			p["actions"] = []any{map[string]any{"action_id": id, "value": value}}
		}
	}
	const about = "01930000-0000-7000-8000-00000000beef"
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		logged string
	}{
		{"a button of another version", action("start_rocket", about), "nothing of ours"},
		{"a modal", func(p map[string]any) { p["type"] = "view_submission" }, "nothing of ours"},
		{"two actions", func(p map[string]any) { p["actions"] = []any{map[string]any{}, map[string]any{}} }, "nothing of ours"},
		{"a value that is no id", action("leave", "full aadc01"), "its value is no id"},
		{"nobody", func(p map[string]any) { p["user"] = map[string]any{} }, "team, user or channel is missing"},
		{"another workspace", func(p map[string]any) { p["team"] = map[string]any{"id": "T9"} }, "another workspace or app"},
		{"another app", func(p map[string]any) { p["api_app_id"] = "A9" }, "another workspace or app"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, nil)
			b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store,
				Config{Identity: Identity{Team: "T0SIM", App: "A0SIM"}}, s.log.logger())
			acks := 0
			b.accept(t.Context(), envelope{ID: "e", Type: typeInteractive, Payload: pressPayload(tt.change)}, func(context.Context, any) error {
				acks++
				return nil
			})
			rows, err := s.store.Unhandled(t.Context())
			if acks != 1 || err != nil || len(rows) != 0 || !s.log.contains(tt.logged) {
				t.Errorf("acknowledged %d times, stored %d, %v; logged\n%s", acks, len(rows), err, s.log.text())
			}
		})
	}
}

func TestAPressIsStoredBeforeItIsAcknowledgedAndElseNotAtAll(t *testing.T) {
	s := newSim(t, nil)
	b := New(s.client, &counting{}, NewPoster(s.client, s.store, Clock{}, s.log.logger()), s.store, Config{Identity: Identity{Team: "T0SIM"}}, s.log.logger())
	press := envelope{ID: "e", Type: typeInteractive, Payload: pressPayload(func(p map[string]any) { delete(p, "api_app_id") })}
	acks := 0
	ack := func(ctx context.Context, _ any) error {
		acks++
		rows, err := s.store.Unhandled(ctx)
		if err != nil || len(rows) != 1 || rows[0].Kind != kindPress || strings.Contains(string(rows[0].Payload)+rows[0].Key, "secret-1") {
			t.Errorf("at the acknowledgement the inbox holds %+v, %v", rows, err)
		}
		return nil
	}
	b.accept(t.Context(), press, ack)
	b.accept(t.Context(), press, ack) // a duplicate
	if n := len(b.work); acks != 2 || n != 1 {
		t.Errorf("acknowledged %d times, %d served; want 2 and 1", acks, n)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.accept(t.Context(), press, ack)
	if acks != 2 {
		t.Error("a press that is not stored was acknowledged: its presser would wait for ever")
	}
}

func TestAPressThatIsTooOldIsTold(t *testing.T) {
	s := newSim(t, nil)
	id, at := uuid.Must(uuid.NewV7()), time.Now().Add(-3*time.Minute)
	payload := `{"team":"T0SIM","channel":"` + helpdesk + `","user":"` + ann + `","reply_to":"","action":"start_full","about":"` + uuid.NewString() + `"}`
	if _, err := s.store.Inbox(t.Context(), store.Envelope{ID: id, Key: "k", Kind: kindPress, Payload: []byte(payload), ReceivedAt: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Acknowledged(t.Context(), id, at); err != nil {
		t.Fatal(err)
	}
	var h counting
	s.serve(&h)
	s.wait(func(slacksim.Snapshot) bool { return len(s.ws.Ephemerals(helpdesk, ann)) == 1 })
	if text := s.ws.Ephemerals(helpdesk, ann)[0].Text; !strings.Contains(text, "I was down when you pressed") || len(h.pressed()) != 0 {
		t.Errorf("told %q, served %+v", text, h.pressed())
	}
}

func FuzzPress(f *testing.F) {
	f.Add(pressPayload(nil))
	f.Add([]byte(`{"type":"block_actions","actions":[{"action_id":"leave","value":7}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, ours, err := parsePress(raw)
		if err != nil || !ours {
			return
		}
		c := p.stored()
		r := received{command: c}
		if c.User == "" || c.Channel == "" || c.Team == "" || r.kind() != kindPress || r.request() == uuid.Nil && c.About != uuid.Nil.String() {
			t.Errorf("a press of nobody, nowhere or about nothing was taken: %+v", c)
		}
	})
}
