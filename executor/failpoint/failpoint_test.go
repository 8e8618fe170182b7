package failpoint_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor/failpoint"
)

func TestTheProgramHoldsNoPointUnlessItIsBuiltForIt(t *testing.T) {
	names := []string{failpoint.Variable}
	for _, p := range slices.Concat(failpoint.Command(), failpoint.Act(), failpoint.Schedule()) {
		names = append(names, string(p))
	}
	for _, tt := range []struct {
		name  string
		flags []string
		want  bool
	}{
		{"as everybody builds it", nil, false},
		{"with the tag", []string{"-tags", "failpoint"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "adsyncbot")
			args := append([]string{"build", "-o", program}, tt.flags...)
			cmd := exec.CommandContext(t.Context(), "go", append(args, "github.com/adsyncbot/adsyncbot/cmd/adsyncbot")...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			holds, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if got := bytes.Contains(holds, []byte(name)); got != tt.want {
					t.Errorf("the program holds %q: %t, want %t", name, got, tt.want)
				}
			}
		})
	}
}
