package slacksim

import (
	"encoding/json"
	"testing"
)

func FuzzCheckBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"x"},"accessory":{"type":"button"}}]`)
	f.Add(`[{"type":"actions","elements":[null,{"type":1}]},{"type":"table","rows":[null]},null]`)
	f.Fuzz(func(t *testing.T, blocks string) {
		err := checkBlocks(json.RawMessage(blocks), onMessage)
		if err == nil && !json.Valid([]byte(blocks)) {
			t.Error("invalid JSON passes")
		}
	})
}
