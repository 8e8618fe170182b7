package winsim

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Program is what a command line does. It returns the exit code, soon after ctx has ended; context.Cause then tells why
// (ErrInterrupted, ErrTerminated, ErrShellDeleted, ErrShellIdle).
type Program func(ctx context.Context, p Process) int

// Process is what a Program gets from the shell that starts it.
type Process struct {
	CommandLine string
	Stdin       io.ReadCloser // Close ends a Read that waits
	Stdout      io.Writer     // waits while the client is 1 MiB behind; fails when the command is gone
	Stderr      io.Writer
	Environment []string // NAME=value, of the shell
	CodePage    int      // WINRS_CODEPAGE; 437 unless the client asked for another
	User        string   // the account the shell belongs to
}

// cmdLimit is the longest command line cmd.exe takes.
const cmdLimit = 8191

// program chooses what a command line does: PowerShell, or cmd.exe as far as witnesses need it.
func (s *Server) program(line string) Program {
	if len(line) > cmdLimit {
		return says(1, "", "The command line is too long.\r\n")
	}
	name, rest, _ := strings.Cut(line, " ")
	switch strings.TrimSuffix(strings.ToLower(name), ".exe") {
	case "powershell":
		if s.config.PowerShell != nil {
			return s.config.PowerShell
		}
	case "cmd":
		if inner := regexp.MustCompile(`(?i)^\s*(?:/d\s+|/q\s+)*/c\s+"?(.*?)"?$`).FindStringSubmatch(rest); inner != nil {
			return s.program(inner[1])
		}
	case "echo":
		return says(0, rest+"\r\n", "")
	case "exit":
		code, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), "/b"))) // exit without a number is 0
		return says(code, "", "")
	case "whoami":
		return func(_ context.Context, p Process) int {
			user := p.User
			if !strings.Contains(user, `\`) {
				user = s.host + `\` + user
			}
			return write(p.Stdout, strings.ToLower(user)+"\r\n", 0)
		}
	case "hostname":
		return says(0, s.host+"\r\n", "")
	case "ver":
		return says(0, "\r\nMicrosoft Windows [Version 10.0.14393]\r\n", "")
	}
	return says(1, "", fmt.Sprintf("'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", name))
}

// says is a program that writes fixed words and ends.
func says(code int, stdout, stderr string) Program {
	return func(_ context.Context, p Process) int {
		return write(p.Stderr, stderr, write(p.Stdout, stdout, code))
	}
}

// write writes text and returns code, or 1 if nobody reads any more.
func write(w io.Writer, text string, code int) int {
	if _, err := io.WriteString(w, text); err != nil {
		return 1
	}
	return code
}
