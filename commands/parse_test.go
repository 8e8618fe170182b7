package commands

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func testSnapshot() *Snapshot {
	return &Snapshot{
		Team: "T1",
		Servers: []ServerInfo{
			{Name: "aadc01", Host: "aadc01.corp.example"},
			{Name: "aadc02", Host: "SYNC-B.corp.example"},
			{Name: "lab", Host: "10.0.0.5"},
			{Name: "secret", Host: "vault.corp.example"},
		},
		Grants: []Grant{
			{Name: "grants[0]", Channel: "C1", Commands: []string{"delta", "status", "history"}, Servers: []string{"aadc01"}},
			{Name: "grants[1]", Channel: "C2", Commands: []string{"*"}, Servers: []string{"aadc01", "aadc02", "lab"}},
			{Name: "grants[2]", Channel: "C4", Commands: []string{"*", "stop"}, Servers: []string{"aadc01", "aadc02"}},
		},
		Contact: "the identity team",
	}
}

func member(channel string) Caller {
	return Caller{
		Team: "T1", User: "U1ANN", Channel: channel,
		Person: Person{Known: true, Team: "T1", GroupsKnown: true},
		Room:   Room{Known: true},
	}
}

func see(channel string) sight {
	return sight{snapshot: testSnapshot(), caller: member(channel), slash: "/adsync"}
}

func TestParseUnderstands(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       asked
	}{
		{"nothing is help", "", asked{command: Help}},
		{"a question mark is help", " ? ", asked{command: Help}},
		{"a plain delta", "delta aadc01", asked{command: Delta, server: "aadc01"}},
		{"initial is full", "initial lab", asked{command: Full, server: "lab"}},
		{"case does not matter", "DELTA AADC01", asked{command: Delta, server: "aadc01"}},
		{"doubled and no-break spaces", "  delta\u00a0 \u202faadc01\u3000", asked{command: Delta, server: "aadc01"}},
		{"zero-width characters vanish", "del\u200bta aadc\u200d01\ufeff", asked{command: Delta, server: "aadc01"}},
		{"smart quotes around the server", "delta “aadc01”", asked{command: Delta, server: "aadc01"}},
		{"a full stop at the end", "delta aadc01.", asked{command: Delta, server: "aadc01"}},
		{"a question asked as one", "status aadc01?", asked{command: Status, server: "aadc01"}},
		{"a link made of the name", "delta <http://aadc01|aadc01>", asked{command: Delta, server: "aadc01"}},
		{"a link made of the DNS name", "delta <http://aadc01.corp.example|aadc01.corp.example>", asked{command: Delta, server: "aadc01"}},
		{"a link without a label", "delta <https://aadc01.corp.example:5986/wsman>", asked{command: Delta, server: "aadc01"}},
		{"the DNS name in capitals with its root dot", "delta Sync-B.CORP.example.", asked{command: Delta, server: "aadc02"}},
		{"a long dash for a hyphen", "delta sync–b.corp.example", asked{command: Delta, server: "aadc02"}},
		{"pasted with the slash command", "/adsync delta aadc01", asked{command: Delta, server: "aadc01"}},
		{"reads without a server mean all", "status", asked{command: Status}},
		{"a number of cycles", "history aadc01 25", asked{command: History, server: "aadc01", number: 25}},
		{"a number before the server", "history 1 aadc01.", asked{command: History, server: "aadc01", number: 1}},
		{"a number and a server that is not visible", "history secret 3", asked{command: History, typed: "secret", number: 3}},
		{"errors without a server mean all", "errors", asked{command: Errors}},
		{"only the new ones", "errors aadc01 NEW", asked{command: Errors, server: "aadc01", fresh: true}},
		{"new before the server", "errors new aadc01", asked{command: Errors, server: "aadc01", fresh: true}},
		{"what waits", "pending aadc02", asked{command: Pending, server: "aadc02"}},
		{"servers stands alone", "servers", asked{command: Servers}},
		{"a reason", "delta aadc01 because new starter", asked{command: Delta, server: "aadc01", reason: "new starter"}},
		{
			"a reason is kept as it was typed", "delta aadc01  BECAUSE   R&amp;D's  “Ann”, for all; delta aadc02 ",
			asked{command: Delta, server: "aadc01", reason: "R&D's  “Ann”, for all; delta aadc02"},
		},
		{
			"links and mentions in a reason become words", "delta aadc01 because <https://jira/X-1|X-1> <@U9|bob> <!channel>",
			asked{command: Delta, server: "aadc01", reason: "X-1 @bob @channel"},
		},
		{"control characters leave the reason", "delta aadc01 because a\x1b[2J\nb", asked{command: Delta, server: "aadc01", reason: "a[2J b"}},
		{"a server that is not visible stays a word", "delta secret", asked{command: Delta, typed: "secret"}},
		{"so does the DNS name of one", "delta vault.corp.example", asked{command: Delta, typed: "vault.corp.example"}},
		{"so does one that does not exist", "delta zzz", asked{command: Delta, typed: "zzz"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, m := parse(tt.text, see("C2"))
			if m != nil {
				t.Fatalf("refused by %s: %s", m.rule, Plain{}.Answer(m.answer))
			}
			if got != tt.want {
				t.Errorf("parse(%q) = %+v, want %+v", tt.text, got, tt.want)
			}
		})
	}
	t.Run("without a server it is the only one this channel may reach", func(t *testing.T) {
		got, m := parse("delta because x", see("C1"))
		if want := (asked{command: Delta, server: "aadc01", reason: "x"}); m != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, m, want)
		}
	})
	t.Run("a number alone is for the only one this channel may reach", func(t *testing.T) {
		got, m := parse("history 7", see("C1"))
		if want := (asked{command: History, server: "aadc01", number: 7}); m != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, m, want)
		}
	})
	t.Run("without any server the permission says why", func(t *testing.T) {
		got, m := parse("full", see("C1"))
		if want := (asked{command: Full}); m != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, m, want)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, channel, text, rule, says string }{
		{"a word too many", "C2", "delta aadc01 now", "word-too-many", "/adsync delta aadc01 because …"},
		{"a word too many after a read", "C2", "status aadc01 now", "word-too-many", "/adsync status aadc01"},
		{"a mention", "C2", "delta aadc01 <@U9|bob>", "word-too-many", "@bob"},
		{"a slip in because", "C2", "delta aadc01 becaus ann", "word-too-many", "Did you mean because?"},
		{"two servers", "C2", "delta aadc01 aadc02", "two-servers", "/adsync delta aadc02"},
		{"for", "C2", "delta aadc01 for ann", "reserved-word", "because"},
		{"for in the server's place", "C2", "delta for ann", "reserved-word", "/adsync delta because …"},
		{"force without a reason", "C2", "delta aadc01 force", "reason-missing", "/adsync delta aadc01 force because …"},
		{"force of something else", "C2", "full aadc01 force because x", "reserved-word", "overrides the cool-down of a delta"},
		{"force before the server", "C2", "delta force aadc01 because x", "reserved-word", "Try:"},
		{"all servers at once", "C2", "delta all", "all-servers", "/adsync delta lab"},
		{"all for a read", "C2", "status all", "all-servers", "/adsync status"},
		{"no server where there are several", "C2", "full because rules", "no-server", "/adsync full aadc02 because rules"},
		{"because without a reason", "C2", "delta aadc01 because  ", "reason-missing", "/adsync delta aadc01"},
		{"a reason for a read", "C2", "status aadc01 because x", "reason-without-change", "/adsync status aadc01"},
		{"a reason that is too long", "C2", "delta aadc01 because " + strings.Repeat("ä", 501), "reason-too-long", "501"},
		{"a number without a server where there are several", "C2", "history 7", "no-server", "/adsync history lab 7"},
		{"a number too small", "C2", "history aadc01 0", "number-out-of-range", "1 to 25"},
		{"a number too big", "C2", "history aadc01 26", "number-out-of-range", "/adsync history <server> 10"},
		{"a number beyond all numbers", "C2", "history 99999999999999999999", "number-out-of-range", "1 to 25"},
		{"two numbers", "C2", "history 5 aadc01 6", "word-too-many", "One number is enough"},
		{"a word too many beside a number", "C2", "history aadc01 6 now", "word-too-many", "/adsync history aadc01"},
		{"a planned command", "C2", "report aadc01", "planned-command", "not in this version"},
		{"a slip in the command keeps the rest", "C2", "detla aadc01 because x", "unknown-command", "/adsync delta aadc01 because x"},
		{"the beginning of a command", "C2", "hist", "unknown-command", "/adsync history"},
		{"a slip towards a command that is not allowed", "C1", "fulll aadc01", "unknown-command", "/adsync help"},
		{"the server first", "C1", "aadc01 delta", "command-missing", "/adsync delta aadc01"},
		{"an invisible server first", "C1", "secret delta", "unknown-command", "There is no secret"},
		{"help with something", "C1", "help delta", "word-too-many", "/adsync help"},
		{"servers with something", "C1", "servers aadc01", "word-too-many", "/adsync servers"},
		{"far too much", "C1", strings.Repeat("delta ", 1000), "too-long", "Shorten"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, m := parse(tt.text, see(tt.channel))
			if m == nil {
				t.Fatalf("understood as %+v", got)
			}
			said := Plain{}.Answer(m.answer)
			if m.rule != tt.rule || !strings.Contains(said, tt.says) {
				t.Errorf("rule %s, said\n%s\nwant rule %s and %q", m.rule, said, tt.rule, tt.says)
			}
		})
	}
}

func TestNearestSuggestsOnlyWhatIsVisible(t *testing.T) {
	for _, tt := range []struct{ channel, typed, want string }{
		{"C2", "aacd02", "aadc02"},
		{"C2", "aadc02.other.example", "aadc02"},
		{"C2", "sync-b", "aadc02"},
		{"C2", "secert", ""},
		{"C1", "aadc03", "aadc01"},
		{"C1", "sync-b", ""},
		{"C2", "la", "lab"},
		{"C2", "10.0.0.6", "lab"},
		{"C2", "nothing-alike", ""},
	} {
		if got := see(tt.channel).near(Delta, tt.typed); got != tt.want {
			t.Errorf("in %s near %q is %q, want %q", tt.channel, tt.typed, got, tt.want)
		}
	}
}

func TestReservedName(t *testing.T) {
	for _, name := range []string{
		"help", "Delta", "full", "initial", "status", "history", "servers", "errors", "pending", "stop", "pause", "resume", "user",
		"all", "new", "for", "force", "YES", "because", "5", "10.5", "30m", "1h30m", "2d", "1w", "?", "", "“”", "*",
	} {
		if why, reserved := ReservedName(name); !reserved || why == "" {
			t.Errorf("%q: reserved %v, because %q", name, reserved, why)
		}
	}
	for _, name := range []string{"aadc01", "sync-b", "d2", "w", "m", "deltaforce", "10a", "users-sync"} {
		if why, reserved := ReservedName(name); reserved {
			t.Errorf("%q is reserved: %s", name, why)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "delta aadc01 because x", "full <http://lab|lab>", "status “aadc02”.", "delta\u00a0secret", "<@U1> delta", "detla", "history aadc01 zz",
		"delta <http://|> because <", "/adsync /adsync", "history aadc01 5", "history 26 05 lab", "history 5 because", "delta aadc01 because \xff\u202e", "? because", "delta <<http://a|b>|c>",
	} {
		f.Add(s)
	}
	s := see("C2")
	f.Fuzz(func(t *testing.T, text string) {
		a, m := parse(text, s)
		if m != nil {
			if m.rule == "" || len(m.answer.Headline) == 0 || a != (asked{}) {
				t.Fatalf("refused without words, or only half: %+v %+v", m, a)
			}
			if shown := (Plain{}).Answer(m.answer); strings.Contains(shown, "secret") && !strings.Contains(strings.ToLower(readable(text)), "secret") {
				t.Fatalf("an invisible server is shown: %s", shown)
			}
			return
		}
		if !a.command.Exists() {
			t.Fatalf("unknown command %q", a.command)
		}
		if a.server != "" && !s.may(a.command, a.server) {
			t.Fatalf("server %q is not visible", a.server)
		}
		if a.server != "" && a.typed != "" {
			t.Fatalf("two servers: %+v", a)
		}
		if utf8.RuneCountInString(a.reason) > maxReason || strings.TrimSpace(a.reason) != a.reason || strings.IndexFunc(a.reason, unicode.IsControl) >= 0 {
			t.Fatalf("reason %q", a.reason)
		}
		if a.server == "" || a.reason != "" {
			return
		}
		again, m := parse(a.again(a.server, s), s)
		if m != nil || again != a {
			t.Fatalf("%+v typed as it is shown gives %+v, %v", a, again, m)
		}
	})
}
