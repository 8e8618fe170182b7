package main

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

// recorded makes a store with entries of the given whats, one a day from 1 March 2026 on, and the heads after each.
func recorded(t *testing.T, whats ...string) (dir string, heads []store.Head) {
	t.Helper()
	dir = t.TempDir()
	config := "slack: {app_token: env:A, bot_token: env:B}\nstore: sqlite:bot.db\nservers: {aadc01: {address: \"local:\"}}\n"
	if err := os.WriteFile(filepath.Join(dir, "adsyncbot.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "bot.db"), store.Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for i, what := range whats {
		at := time.Date(2026, 3, 1+i, 9, 41, 0, 0, time.UTC)
		err := st.Record(t.Context(), store.Entry{ID: uuid.UUID{15: byte(i + 1)}, At: at, Who: "U1", What: what, Decision: store.DecisionAllowed, Rule: "grants[0]"})
		if err != nil {
			t.Fatal(err)
		}
		h, err := st.AuditHead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, h)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, heads
}

// audit runs a command of audit on the store of recorded.
func audit(t *testing.T, dir string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	args = append([]string{"--config", filepath.Join(dir, "adsyncbot.yaml"), "audit"}, args...)
	code = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestAuditVerify(t *testing.T) {
	hash := strings.Repeat("0", 64)
	for _, tt := range []struct {
		name string
		harm string
		args func(heads []store.Head) []string
		code int
		says string
	}{
		{name: "intact", code: 0, says: "entries 1 to 4"},
		{name: "intact, with a head", args: func(h []store.Head) []string { return []string{"--head", h[1].String()} }, says: "held against: 1."},
		{name: "a changed entry", harm: `UPDATE audit SET who = 'U2' WHERE seq = 2`, code: 1, says: "entry 2 does not match its hash"},
		{name: "a removed entry", harm: `DELETE FROM audit WHERE seq = 2`, code: 1, says: "entry 2 is missing"},
		{
			name: "a tail cut after a head was kept", harm: `DELETE FROM audit WHERE seq > 2; UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2)`,
			args: func(h []store.Head) []string { return []string{"--head", h[0].String(), "--head", h[3].String()} }, code: 1, says: "entry 3 is missing: the chain ends before it",
		},
		{name: "a head of another chain", args: func([]store.Head) []string { return []string{"--head", "2:" + hash} }, code: 1, says: "entry 2 is not the one whose hash was kept"},
		{name: "a head that is none", args: func([]store.Head) []string { return []string{"--head", "2"} }, code: 2, says: "is no head of an audit"},
		{name: "a log that is not there", args: func([]store.Head) []string { return []string{"--log", "none"} }, code: 2, says: "none"},
		{name: "a log without a head", args: func([]store.Head) []string { return []string{"--log", os.DevNull} }, code: 2, says: "holds no head"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, heads := recorded(t, "delta", "full", "status", "delta")
			harm(t, dir, tt.harm)
			args := []string{"verify"}
			if tt.args != nil {
				args = append(args, tt.args(heads)...)
			}
			code, out, errOut := audit(t, dir, args...)
			if code != tt.code || !strings.Contains(out+errOut, tt.says) {
				t.Errorf("exit code %d, said\n%s%s\nwant %d and %q", code, out, errOut, tt.code, tt.says)
			}
		})
	}
}

func harm(t *testing.T, dir, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "bot.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAuditOfAStoreThatIsNotThere(t *testing.T) {
	dir, _ := recorded(t)
	if err := os.Remove(filepath.Join(dir, "bot.db")); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"verify", "export"} {
		if code, out, errOut := audit(t, dir, command); code != 4 || !strings.Contains(errOut, "there is no store") {
			t.Errorf("%s: exit code %d, said %s%s", command, code, out, errOut)
		}
	}
}

func TestAuditExportLines(t *testing.T) {
	dir, heads := recorded(t, "delta <aadc01> because \"x\"", "full", "status", "delta")
	for _, tt := range []struct {
		name string
		args []string
		want []int64
	}{
		{"everything", nil, []int64{1, 2, 3, 4}},
		{"since a day", []string{"--since", "2026-03-02"}, []int64{2, 3, 4}},
		{"until a day", []string{"--until", "2026-03-02"}, []int64{1}},
		{"between two moments", []string{"--since", "2026-03-02T10:41:00+01:00", "--until", "2026-03-03T09:41:00Z"}, []int64{2}},
	} {
		code, out, errOut := audit(t, dir, append([]string{"export"}, tt.args...)...)
		if code != 0 {
			t.Fatalf("%s: exit code %d: %s", tt.name, code, errOut)
		}
		var got []int64
		for line := range strings.Lines(out) {
			var e exported
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%s: %s: %v", tt.name, line, err)
			}
			if h := heads[e.Seq-1]; e.Hash != h.Hash || e.At != fmt.Sprintf("2026-03-%02dT09:41:00.000Z", e.Seq) {
				t.Errorf("%s: entry %+v", tt.name, e)
			}
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: entries %v, want %v", tt.name, got, tt.want)
		}
	}
	for _, args := range [][]string{{"--since", "yesterday"}, {"--format", "xml"}} {
		if code, _, errOut := audit(t, dir, append([]string{"export"}, args...)...); code != 2 {
			t.Errorf("%v: exit code %d: %s", args, code, errOut)
		}
	}
}

func TestAuditExportCommaSeparated(t *testing.T) {
	whats := []string{"delta, full", `=HYPERLINK("http://x")`, "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "a=1", ""}
	want := []string{"delta, full", `'=HYPERLINK("http://x")`, "'+1", "'-1", "'@SUM(A1)", "'\t=1", "' =1", "'＝1", "a=1", ""}
	dir, _ := recorded(t, whats...)
	code, out, errOut := audit(t, dir, "export", "--format", "csv")
	if code != 0 {
		t.Fatal(errOut)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows[1:] {
		got = append(got, row[5])
	}
	if rows[0][5] != "what" || !slices.Equal(got, want) {
		t.Errorf("header %q, what %q, want %q", rows[0], got, want)
	}
}
