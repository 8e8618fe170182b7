package bridge

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the path of a PowerShell like Windows', without which the tests that need one are skipped.
func program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("ADSYNCBOT_POWERSHELL")
	if path == "" {
		t.Skip("ADSYNCBOT_POWERSHELL does not name a PowerShell")
	}
	return path
}

func TestTheScriptsAreForWindowsPowerShell(t *testing.T) {
	text, err := Script(`CORP\svc-adsync`, "")
	if err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(t.TempDir(), "bridge.ps1")
	if err := os.WriteFile(whole, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program(t), "-Check", "install.ps1", "worker.ps1", whole).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// machine is a drive C: on which the bridge is installed, checked and removed, with fakes of what only Windows has.
type machine struct {
	t       *testing.T
	drive   string
	calls   string
	fakes   string
	folder  string // of the bridge
	setting string // what is the matter with the machine
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	program(t)
	dir := t.TempDir()
	fakes, err := filepath.Abs(filepath.Join("testdata", "fakes.ps1"))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, drive: filepath.Join(dir, "C"), calls: filepath.Join(dir, "calls"), fakes: fakes}
	files := filepath.Join(m.drive, "Program Files")
	m.folder = filepath.Join(files, "adsyncbot-bridge")
	if err := os.MkdirAll(files, 0o700); err != nil {
		t.Fatal(err)
	}
	return m
}

// run runs the file once for each list of arguments, in one process: the fakes remember in between. It returns what
// was printed and which of the fakes were called.
func (m *machine) run(runs ...string) (printed, calls string) {
	m.t.Helper()
	text, err := Script("", "")
	if err != nil {
		m.t.Fatal(err)
	}
	script := strings.ReplaceAll(string(text), "\r\n", "\n")
	script = strings.ReplaceAll(script, "[System.IO.File]::Delete(", "(Remove-TestFile ")
	script = strings.ReplaceAll(script, "[System.IO.Directory]::Delete(", "(Remove-TestFolder ")
	dir := m.t.TempDir()
	path := filepath.Join(dir, "bridge.ps1")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		m.t.Fatal(err)
	}
	var b strings.Builder
	for _, arguments := range runs {
		fmt.Fprintf(&b, "try { & '%s' %s } catch { \"failed: $_\" }\n", path, arguments)
	}
	main := filepath.Join(dir, "main.ps1")
	if err := os.WriteFile(main, []byte(b.String()), 0o600); err != nil {
		m.t.Fatal(err)
	}
	_ = os.Remove(m.calls) // of an earlier run, if there was one
	command := exec.CommandContext(m.t.Context(), program(m.t), "-NoProfile", "-NonInteractive", "-File", main)
	command.Env = append(os.Environ(), "PS51_PRELUDE="+m.fakes, "PS51_TRUSTED="+filepath.Dir(m.fakes), "PS51_DRIVE_C="+m.drive,
		"COMPUTERNAME=AADC01", "BRIDGE_TEST_LOG="+m.calls, "BRIDGE_TEST="+m.setting)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		m.t.Fatalf("%v: %s", err, &out)
	}
	noted, err := os.ReadFile(m.calls)
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), strings.ReplaceAll(string(noted), "\r\n", "\n")
}

func (m *machine) files() []string {
	m.t.Helper()
	var all []string
	err := filepath.Walk(m.folder, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			name, _ := filepath.Rel(m.folder, path)
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}
