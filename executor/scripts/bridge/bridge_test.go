package bridge

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestTheScriptIsOneFileThatHoldsTheWorkerWordForWord(t *testing.T) {
	text, err := Script(`CORP\svc-adsync`, `CORP\gmsa-adsync$`)
	if err != nil {
		t.Fatal(err)
	}
	script := strings.ReplaceAll(string(text), "\r\n", "\n")
	if strings.Contains(script, "\r") || strings.Contains(script, place) {
		t.Error("its line ends are not Windows', or the worker's place is still there")
	}
	if !strings.Contains(script, "\n$worker = @'\n"+worker+"'@\n") {
		t.Error("the worker is not between the marks of the here-string")
	}
	for line := range strings.Lines(worker) {
		if strings.HasPrefix(line, "'@") {
			t.Errorf("this line would end the here-string: %q", line)
		}
	}
	for i, c := range []byte(script) {
		if c > 0x7e || c < 0x20 && c != '\n' {
			t.Fatalf("byte %#x at %d: 5.1 reads a file without a mark in the server's own code page", c, i)
		}
	}
	for _, want := range []string{`[string]$Account = 'CORP\svc-adsync'`, `[string]$RunAs = 'CORP\gmsa-adsync$'`} {
		if strings.Count(script, want) != 1 {
			t.Errorf("%s is not in it once", want)
		}
	}
}

func TestWithoutNamesTheScriptAsksForThem(t *testing.T) {
	text, err := Script("", "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "[string]$Account = ''") || !strings.Contains(string(text), "[string]$RunAs = ''") {
		t.Error("its parameters have defaults")
	}
}

func TestANameThatCouldBeMoreThanANameIsRefused(t *testing.T) {
	for _, name := range []string{
		"svc-adsync", `CORP\`, `\svc`, `CORP\a'b`, "CORP\\a\u2019b", `CORP\a"b`, `CORP\$(a)`, "CORP\\a`b", "CORP\\a\nb", `CORP\svc;x`, `CORP\jürgen`, `C\D\e`, `CORP\a$b`,
	} {
		for _, both := range [][2]string{{name, ""}, {"", name}} {
			if _, err := Script(both[0], both[1]); !errors.Is(err, ErrAccount) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	for _, name := range []string{`CORP\svc-adsync`, `corp.example\svc_1`, `.\adsync bot`, `CORP\gmsa$`} {
		if _, err := Script(name, name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The bits of the bot's account, as winnt.h has them: nothing with which it could list, change or remove what is not its
// own, make a folder, or change a right.
func TestTheBotsRightsAreNoMoreThanItNeeds(t *testing.T) {
	const (
		list, create, folders, attributes, removeChild = 0x1, 0x2, 0x4, 0x100, 0x40
		remove, changeRights, takeOwnership            = 0x10000, 0x40000, 0x80000
		never                                          = folders | attributes | removeChild | changeRights | takeOwnership
	)
	want := []struct {
		what string
		none int64
	}{
		{"the folder of the worker", never | list | create | remove},
		{"the folder of requests", never | list | remove},
		{"the folder of answers", never | list | create | remove},
		{"an answer", never | create | remove},
		{"the task", 0}, // read and start, below
	}
	found := regexp.MustCompile(`\(A;[A-Z]*;(0x[0-9a-f]+);;;\$bot\)`).FindAllStringSubmatch(install, -1)
	if len(found) != len(want) {
		t.Fatalf("the bot has %d rights, want %d: %v", len(found), len(want), found)
	}
	for i, right := range found {
		bits, err := strconv.ParseInt(right[1], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		if bits&want[i].none != 0 {
			t.Errorf("%s: %#x are too many", want[i].what, bits&want[i].none)
		}
		if want[i].what == "the task" && bits != 0x1200a9 { // FILE_GENERIC_READ and FILE_GENERIC_EXECUTE
			t.Errorf("the task: %#x", bits)
		}
	}
	if n := strings.Count(install, ";$bot)"); n != len(want) {
		t.Errorf("$bot stands in %d rights, want %d", n, len(want))
	}
	// Who owns a request may remove it, not change its permissions.
	if !strings.Contains(install, "(A;OIIO;0x110080;;;OW)") {
		t.Error("the owner of a request has other rights")
	}
}
