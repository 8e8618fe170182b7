package bot

import (
	"os"
	"strings"
	"testing"
)

func TestTheDocsSayWhyEachScopeIsThere(t *testing.T) {
	text, err := os.ReadFile("../docs/scopes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Scopes() {
		name := "`" + s.Name + "`"
		if s.Optional {
			name += " (optional)"
		}
		if row := "| " + name + " | " + s.Why + " |"; !strings.Contains(string(text), row) {
			t.Errorf("docs/scopes.md has not the row %s", row)
		}
	}
}
