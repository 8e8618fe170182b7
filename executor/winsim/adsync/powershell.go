package adsync

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed shim
var shim embed.FS

// PowerShell returns a program that runs command lines of powershell.exe in the PowerShell at the path program (one
// that behaves like Windows PowerShell 5.1 and takes the PS51_… environment variables), with a Windows and an ADSync
// module in it that ask m.
//
// A script that reads [DateTime]::UtcNow would see real time; in simulated time it is given the model's instead.
func PowerShell(m *Model, program string) func(ctx context.Context, commandLine string, stdin io.Reader, stdout, stderr io.Writer) int {
	return func(ctx context.Context, commandLine string, stdin io.Reader, stdout, stderr io.Writer) int {
		code, err := runPowerShell(ctx, m, program, commandLine, stdin, stdout, stderr)
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "adsync: %v\r\n", err) // nobody is left to be told
			return 1
		}
		return code
	}
}

// waitDelay bounds the wait for what a process has left open when it ends. Its own last words may take a while on a busy
// machine: whoever reads them is another program.
const waitDelay = 10 * time.Second

func runPowerShell(ctx context.Context, m *Model, program, commandLine string, stdin io.Reader, stdout, stderr io.Writer) (code int, err error) {
	arguments, err := powershellArguments(commandLine)
	if err != nil {
		return 0, err
	}
	m.process()
	directory, err := os.MkdirTemp("", "adsync")
	if err != nil {
		return 0, fmt.Errorf("prepare PowerShell: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	settings := m.Settings()
	if err := furnish(directory, settings); err != nil {
		return 0, fmt.Errorf("prepare PowerShell: %w", err)
	}
	line, err := listen(ctx, m)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()

	if _, real := m.clock.(WallClock); !real {
		script, err := io.ReadAll(io.LimitReader(stdin, maxScript))
		if err != nil {
			return 0, fmt.Errorf("read the script: %w", err)
		}
		stdin = bytes.NewReader(bytes.ReplaceAll(script, []byte("[DateTime]::UtcNow"), []byte("(Get-SimulatedUtcNow)")))
	}
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // the test's own PowerShell
	command.Stdin, command.Stdout, command.Stderr = stdin, stdout, stderr
	command.Env = append(os.Environ(), environment(directory, settings)...)
	command.Env = append(command.Env, "ADSYNC_MODEL="+line.address, "ADSYNC_MODEL_TOKEN="+line.token)
	command.WaitDelay = waitDelay
	killTree(command)
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("run PowerShell: %w", context.Cause(ctx))
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case err != nil:
		return 0, fmt.Errorf("run PowerShell: %w", err)
	}
	return 0, nil
}

// furnish writes the files of the simulated machine: the prelude, and Entra Connect's where its settings say.
func furnish(directory string, s Settings) error {
	bin := filepath.Join(directory, "C", "Program Files", "Microsoft Azure AD Sync", "Bin")
	files := map[string]string{
		"prelude.ps1":  filepath.Join(directory, "prelude.ps1"),
		"windows.psm1": filepath.Join(directory, "windows.psm1"),
	}
	for _, name := range []string{"ADSync.psd1", "ADSync.psm1"} {
		switch s.Module {
		case ModuleByName:
			files[name] = filepath.Join(directory, "Modules", "ADSync", name)
		case ModuleByPath:
			files[name] = filepath.Join(bin, "ADSync", name)
		case ModuleMissing:
		}
	}
	for name, path := range files {
		text, err := shim.ReadFile("shim/" + name)
		if err != nil {
			return err
		}
		if err := write(path, text); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(directory, "C", "Windows", "Temp"), 0o700); err != nil || s.Version == "" {
		return err
	}
	for _, name := range []string{"requests", "answers"} {
		if err := os.MkdirAll(filepath.Join(directory, "C", "Program Files", "adsyncbot-bridge", name), 0o700); err != nil {
			return err
		}
	}
	if !s.ExportMissing {
		if err := write(filepath.Join(bin, "csexport.exe"), nil); err != nil {
			return err
		}
	}
	return write(filepath.Join(bin, "miiserver.exe"), []byte(s.Version+"\n"))
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

func environment(directory string, s Settings) []string {
	return []string{
		"PS51_PRELUDE=" + filepath.Join(directory, "prelude.ps1"),
		"PS51_TRUSTED=" + directory,
		"PS51_DRIVE_C=" + filepath.Join(directory, "C"),
		"PS51_CULTURE=" + s.Culture,
		"PSModulePath=" + filepath.Join(directory, "Modules"),
		"TZ=" + s.TimeZone,
		"COMPUTERNAME=" + s.Computer,
		`TEMP=C:\Windows\Temp`,
		"PROCESSOR_ARCHITECTURE=AMD64",
	}
}

// powershellArguments splits a command line as Windows does and returns what follows powershell.exe.
func powershellArguments(commandLine string) ([]string, error) {
	var arguments []string
	var word strings.Builder
	quoted, begun := false, false
	for i := 0; i < len(commandLine); i++ {
		switch c := commandLine[i]; {
		case c == '\\' && i+1 < len(commandLine) && commandLine[i+1] == '"':
			i++
			word.WriteByte('"')
			begun = true
		case c == '"':
			quoted, begun = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if begun {
				arguments = append(arguments, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if begun {
		arguments = append(arguments, word.String())
	}
	if len(arguments) == 0 {
		return nil, errors.New("the command line is empty")
	}
	name := strings.ToLower(arguments[0][strings.LastIndexAny(arguments[0], `\/`)+1:])
	if name != "powershell" && name != "powershell.exe" {
		return nil, fmt.Errorf("'%s' is not recognized as an internal or external command, operable program or batch file", arguments[0])
	}
	return arguments[1:], nil
}
