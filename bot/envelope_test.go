package bot

import (
	"encoding/json"
	"testing"
)

func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"envelope_id":"e","type":"slash_commands","payload":{"team_id":"T","channel_id":"C","user_id":"U","command":"/adsync","trigger_id":"1"}}`,
		`{"envelope_id":"e","type":7,"payload":"x"}`, `{"envelope_id":7}`, `{"type":"hello"}`, `[]`, `null`, `{"envelope_id":"e","payload":null}`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := parseEnvelope(raw)
		if err != nil {
			return
		}
		if e.ID == "" {
			t.Error("an envelope without an id was taken")
		}
		c, err := parseSlash(e.Payload)
		if err != nil {
			return
		}
		if c.User == "" || c.Channel == "" || c.Team == "" {
			t.Errorf("a command of nobody or nowhere was taken: %+v", c)
		}
		stored, err := json.Marshal(c.stored())
		if err != nil {
			t.Fatal(err)
		}
		var back storedCommand
		if err := json.Unmarshal(stored, &back); err != nil || back != c.stored() {
			t.Errorf("stored %+v, read %+v, %v", c.stored(), back, err)
		}
	})
}

func TestTheKeyTellsOneTypingFromAnother(t *testing.T) {
	typed := slashCommand{Team: "T1", TriggerID: "1.2.abc"}
	for _, tt := range []struct {
		name     string
		other    slashCommand
		envelope string
		same     bool
	}{
		{"the same trigger in another envelope is the same typing", typed, "e-2", true},
		{"another trigger is another typing", slashCommand{Team: "T1", TriggerID: "1.3.abc"}, "e-1", false},
		{"another team's trigger is another typing", slashCommand{Team: "T2", TriggerID: "1.2.abc"}, "e-1", false},
		{"an envelope's id is not a trigger", slashCommand{Team: "T1"}, "1.2.abc", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if same := typed.key("e-1") == tt.other.key(tt.envelope); same != tt.same {
				t.Errorf("same key: %v, want %v", same, tt.same)
			}
		})
	}
}
