package commands

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

var nine41 = time.Date(2026, 11, 24, 9, 41, 0, 0, time.UTC)

func TestAnswerSurvivesItsStorage(t *testing.T) {
	want := Answer{
		Mark: MarkGood,
		Headline: line("Delta on ", Bold("aadc01"), " by ", User("U1ANN"), " in ", Channel("C1"), " at ", At(nine41, TimeOfDay),
			" ", At(nine41, DateAndTime), " ", At(nine41, RelativeDay)),
		Lines:  []Text{line("type ", Code("/adsync help"))},
		Detail: "a\nb",
		Footer: line("C-7F3K"),
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Answer
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("after storage:\n%#v\nwant\n%#v", got, want)
	}
}

func TestStoredTagsStay(t *testing.T) {
	b, err := json.Marshal(line("a", Bold("b"), Code("c"), User("U1"), Channel("C1"), At(nine41, TimeOfDay)))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"k":"text","s":"a"},{"k":"bold","s":"b"},{"k":"code","s":"c"},{"k":"user","s":"U1"},` +
		`{"k":"channel","s":"C1"},{"k":"time","t":1795513260,"style":"time"}]`
	if string(b) != want {
		t.Errorf("stored as\n%s\nwant\n%s", b, want)
	}
}

func TestTextOfOthersCannotBecomeAnythingElse(t *testing.T) {
	for _, tt := range []struct {
		name string
		span Span
		kind Kind
		text string
	}{
		{"a user id with markup inside is plain text", User("U1> <!channel"), KindPlain, "U1> <!channel"},
		{"nor does it help to write it in capitals", User("U1><!HERE>"), KindPlain, "U1><!HERE>"},
		{"a channel id with a label is plain text", Channel("C1|x"), KindPlain, "C1|x"},
		{"an empty user id is plain text", User(""), KindPlain, ""},
		{"terminal control sequences lose their escape", Words("\x1b[31mred\a"), KindPlain, "[31mred"},
		{"text is not turned around", Code("a\u202eb\u2066c"), KindCode, "abc"},
		{"a line stays one line", Bold("a\r\nb\u2028c"), KindBold, "a  b c"},
		{"broken UTF-8 is mended", Words("a\xffb"), KindPlain, "a\uFFFDb"},
		{"joined emoji stay", Words("👩\u200d🔧"), KindPlain, "👩\u200d🔧"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.span.Kind() != tt.kind || tt.span.Value() != tt.text {
				t.Errorf("got %s %q, want %s %q", tt.span.Kind(), tt.span.Value(), tt.kind, tt.text)
			}
		})
	}
	t.Run("a stored span is made by the same rules", func(t *testing.T) {
		var s Span
		if err := json.Unmarshal([]byte(`{"k":"user","s":"U1> <!here"}`), &s); err != nil {
			t.Fatal(err)
		}
		if s.Kind() != KindPlain {
			t.Errorf("kind %s, want plain", s.Kind())
		}
		if err := json.Unmarshal([]byte(`{"k":"hologram","s":"x"}`), &s); err != nil || s.Kind() != KindPlain {
			t.Errorf("an unknown kind: %s, %v, want plain", s.Kind(), err)
		}
	})
}

func TestPreformattedHidesNames(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"could not export CN=Ann Smith\\, Dr.,OU=Staff,DC=contoso,DC=com: duplicate", "could not export (name hidden): duplicate"},
		{"user ann.smith@contoso.com is taken", "user (name hidden) is taken"},
		{"Connector: contoso.onmicrosoft.com - AAD is busy.", "Connector: contoso.onmicrosoft.com - AAD is busy."},
		{"two\r\nlines\x00", "two\nlines"},
	} {
		if got := Preformatted(tt.in); got != tt.want {
			t.Errorf("Preformatted(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := Preformatted(strings.Repeat("ä", 2000)); len([]rune(got)) != 1500 || !strings.HasSuffix(got, "…") {
		t.Errorf("long text: %d characters, want 1500 and an ellipsis", len([]rune(got)))
	}
}

func TestPlain(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Skip("no time zone data")
	}
	a := Answer{
		Headline: line("Delta by ", User("U1ANN"), " in ", Channel("C1"), " at ", At(nine41, TimeOfDay)),
		Lines:    []Text{line("on ", At(nine41.AddDate(0, 7, 0), RelativeDay))},
		Detail:   "one\ntwo",
		Footer:   line(Code("C-7F3K")),
	}
	p := Plain{Zone: london, Name: func(k Kind, _ string) string {
		if k == KindUser {
			return "ann"
		}
		return ""
	}}
	const want = "Delta by @ann in #C1 at 09:41 GMT\n  on 24 Jun 2027, 10:41 BST\n  | one\n  | two\n  C-7F3K"
	if got := p.Answer(a); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := (Plain{}).Text(line(At(nine41, TimeOfDay))), "09:41 UTC"; got != want {
		t.Errorf("without a zone %q, want %q", got, want)
	}
}
