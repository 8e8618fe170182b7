package scripts

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// alphabet is what may stand between the single quotes: the closed alphabet and JSON's \uXXXX.
var alphabet = regexp.MustCompile(`^(?:[A-Za-z0-9 {}\[\]":,._+-]|\\u[0-9a-f]{4})*$`)

// last returns the parameters of a composed script as they stand between the quotes.
func last(t testing.TB, script []byte) string {
	t.Helper()
	body, ok := strings.CutSuffix(string(script), "'\n\n")
	if !ok {
		t.Fatalf("the script does not end with a closing quote and a blank line: %q", script[max(0, len(script)-40):])
	}
	i := strings.LastIndex(body, "\n} '")
	if i < 0 {
		t.Fatal("the script has no closing statement line")
	}
	return body[i+len("\n} '"):]
}

// Whoever adds a script adds its name, so that every test over all scripts has it.
func TestNamesAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "scripts.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var constants []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for _, v := range spec.Values {
				if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					constants = append(constants, strings.Trim(literal.Value, `"`))
				}
			}
		}
		return true
	})
	if got := Names(); !slices.Equal(got, constants) {
		t.Errorf("names %q, the constants are %q", got, constants)
	}
	for _, name := range Names() {
		if len(parts(name)) == 0 {
			t.Errorf("%s has no parts", name)
		}
	}
}

func TestEveryScriptIsOneStatement(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			script, err := Compose(name, map[string]any{"policy": "Delta"})
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(script), "\n\n"), "\n")
			if want := "& { # adsyncbot " + name; lines[0] != want {
				t.Errorf("first line is %q, want %q", lines[0], want)
			}
			if lines[1] != "param($json)" {
				t.Errorf("second line is %q", lines[1])
			}
			if want := `} '{"policy":"Delta"}'`; lines[len(lines)-1] != want {
				t.Errorf("last line is %q, want %q", lines[len(lines)-1], want)
			}
			for i, line := range lines[1:] {
				if bare := strings.TrimSpace(line); bare == "" || strings.HasPrefix(bare, "#") {
					t.Errorf("line %d is blank or a comment: %q", i+2, line)
				}
				for _, c := range []byte(line) {
					if c < 0x20 || c > 0x7e {
						t.Errorf("line %d holds the byte %#x: %q", i+2, c, line)
					}
				}
			}
		})
	}
}

// The composer drops lines that open with #. That is right only as long as no fragment has a here-string or a block
// comment, in which such a line would be text.
func TestFragmentsHaveNothingThatSpansLinesAsText(t *testing.T) {
	files, err := fragments.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 11 {
		t.Errorf("%d fragments: some are missing", len(files))
	}
	for _, file := range files {
		text, err := fragments.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{`@'`, `@"`, "<#", "#>", "`\n"} {
			if strings.Contains(string(text), no) {
				t.Errorf("%s contains %q", file.Name(), no)
			}
		}
	}
}

func TestAScriptThatDoesNotExistIsAnError(t *testing.T) {
	if _, err := Compose("reboot", nil); err == nil {
		t.Error("no error")
	}
	if _, err := Compose(Start, func() {}); err == nil {
		t.Error("no error for parameters that are not JSON")
	}
}

func FuzzParametersStayInTheClosedAlphabet(f *testing.F) {
	for _, s := range []string{"", "Delta", `'; Remove-Item C:\ #`, "\"\\\n\t\b\f\r\x00", "$(x)`a`", "Jürgen’s 🎉", "\u2028<&>", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		script, err := Compose(Status, map[string]any{"k": s, "n": -1.5e300, s: []any{true, nil}})
		if err != nil {
			t.Fatal(err)
		}
		text := last(t, script)
		if !alphabet.MatchString(text) {
			t.Fatalf("outside of the alphabet: %q", text)
		}
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var want string
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("not JSON: %v: %q", err, text)
		}
		if s != "k" && got["k"] != want {
			t.Fatalf("%q came back as %q", want, got["k"])
		}
	})
}
