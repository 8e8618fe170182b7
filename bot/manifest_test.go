package bot

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the golden files")

func TestManifestIsTheGoldenCopyAtTheRoot(t *testing.T) {
	got, err := Manifest(DefaultCommand)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("..", "manifest.yml"), got)
}

func TestManifestIsValidAgainstBothOfSlacksSchemas(t *testing.T) {
	for _, version := range []string{"1.0.0", "2.0.0"} {
		t.Run(version, func(t *testing.T) {
			compiler := jsonschema.NewCompiler()
			compiler.UseRegexpEngine(withoutLookahead)
			schema, err := compiler.Compile(filepath.Join("testdata", "slack-manifest.schema."+version+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(manifestJSON(t, "/adsync-test")); err != nil {
				t.Error(err)
			}
			broken := manifestJSON(t, "/adsync-test")
			broken.(map[string]any)["display_information"].(map[string]any)["name"] = strings.Repeat("x", 36)
			if schema.Validate(broken) == nil {
				t.Error("a name of 36 characters passed: the schema checks nothing")
			}
		})
	}
}

func TestManifestCarriesTheCommandAndEveryScope(t *testing.T) {
	got, err := Manifest("/adsync-test")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got, []byte("command: /adsync-test\n")) {
		t.Error("the command is missing")
	}
	for _, s := range Scopes() {
		if s.Why == "" {
			t.Errorf("scope %s does not say why it is there", s.Name)
		}
		if !bytes.Contains(got, []byte("- "+s.Name+"\n")) {
			t.Errorf("scope %s is missing", s.Name)
		}
	}
}

func TestManifestRefusesWhatSlackWouldNotTake(t *testing.T) {
	for _, command := range []string{"", "/", "adsync", "/AdSync", "/ad sync", "/adsync\nx: y", "/" + strings.Repeat("a", 32)} {
		if _, err := Manifest(command); err == nil {
			t.Errorf("Manifest(%q) did not fail", command)
		}
	}
}

// withoutLookahead compiles a pattern without a leading lookahead, which Go's regexp does not know. Slack's schemas have
// one in the patterns of outgoing and unfurl domains only, which our manifest does not use.
func withoutLookahead(pattern string) (jsonschema.Regexp, error) {
	if rest, ok := strings.CutPrefix(pattern, "^(?!"); ok {
		_, rest, _ = strings.Cut(rest, ")")
		pattern = "^" + rest
	}
	return regexp.Compile(pattern)
}

// manifestJSON reads the manifest as Slack does: as the JSON form of its YAML.
func manifestJSON(t *testing.T, command string) any {
	t.Helper()
	out, err := Manifest(command)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Unmarshal(out, &tree); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// golden compares got with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update and read the difference):\n--- got\n%s\n--- want\n%s", path, got, want)
	}
}
