package bridge

import (
	"errors"
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
