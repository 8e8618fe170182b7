package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A PowerShell that knows what Windows PowerShell 5.1 has not got looks the fragments through.
func TestFragmentsAreForWindowsPowerShell(t *testing.T) {
	program := os.Getenv("ADSYNCBOT_POWERSHELL")
	if program == "" {
		t.Skip("ADSYNCBOT_POWERSHELL does not name a PowerShell")
	}
	files, err := filepath.Glob("*.ps1")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fragments: %v", err)
	}
	// Each by itself for the place of a finding, and each composed script for what the fragments are together.
	for _, name := range Names() {
		script, err := Compose(name, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name+".ps1")
		if err := os.WriteFile(path, script, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	out, err := exec.CommandContext(t.Context(), program, append([]string{"-Check"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	t.Logf("%d files", len(files))
}
