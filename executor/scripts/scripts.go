// Package scripts holds the PowerShell that runs on a server, as fragments, and composes them to scripts that travel on
// standard input. One script is one process and one statement.
//
// The scripts are for Windows PowerShell 5.1, in Constrained Language too: no method of a type outside the core ones. It
// does not know how a script reaches a server nor what the lines mean that come back.
package scripts

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The scripts.
const (
	Start  = "start"
	Follow = "follow"
	Status = "status"
	Check  = "check"
	// Errors tells which objects could not be synchronised, Pending what waits to be.
	Errors  = "errors"
	Pending = "pending"
	// Stop stops the running cycle, Switch switches the scheduler's own cycles on or off.
	Stop   = "stop"
	Switch = "switch"
)

// Names are the names of all scripts.
func Names() []string { return []string{Start, Follow, Status, Check, Errors, Pending, Stop, Switch} }

//go:embed *.ps1
var fragments embed.FS

// parts names the fragments of a script, in order; nil for a script that does not exist.
func parts(name string) []string {
	switch name {
	case Start:
		return []string{"base", "server", "events", "result", "objects", "bridge", "history", "deletes", "watch", "start", "end"}
	case Follow:
		return []string{"base", "server", "events", "result", "objects", "bridge", "history", "watch", "follow", "end"}
	case Status:
		return []string{"base", "server", "events", "status", "end"}
	case Check:
		return []string{"base", "server", "events", "result", "objects", "bridge", "history", "check", "end"}
	case Errors:
		return []string{"base", "server", "events", "result", "objects", "bridge", "history", "csexport", "errors", "end"}
	case Pending:
		return []string{"base", "server", "result", "pending", "end"}
	case Stop:
		return []string{"base", "server", "engine", "stop", "end"}
	case Switch:
		return []string{"base", "server", "engine", "switch", "end"}
	}
	return nil
}

// Compose returns the script of that name with its parameters, ready for the standard input of
// "powershell.exe -Command -". That program executes statement by statement and ends a statement that spans lines at
// the first blank one; therefore the script is a single statement without blank lines and a blank line follows it.
//
// The parameters are JSON inside single quotes. Every character that means something there is escaped, so that no
// value can leave the quotes; values are of our own closed types all the same, never what a person typed.
func Compose(name string, params any) ([]byte, error) {
	names := parts(name)
	if names == nil {
		return nil, fmt.Errorf("compose script %q: no such script", name)
	}
	text, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("compose script %s: parameters: %w", name, err)
	}
	var b bytes.Buffer
	b.WriteString("& { # adsyncbot " + name + "\nparam($json)\n")
	for _, part := range names {
		source, err := fragments.ReadFile(part + ".ps1")
		if err != nil {
			return nil, fmt.Errorf("compose script %s: %w", name, err)
		}
		for line := range strings.Lines(string(source)) {
			line = strings.TrimRight(line, " \t\r\n")
			if bare := strings.TrimLeft(line, " \t"); bare == "" || strings.HasPrefix(bare, "#") {
				continue
			}
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("} '")
	quote(&b, text)
	b.WriteString("'\n\n")
	return b.Bytes(), nil
}

// quote writes JSON in the closed alphabet: every other character of a string is written as \uXXXX, those that
// json.Marshal has escaped its own way included. Outside of strings JSON has no character beyond the alphabet.
func quote(b *bytes.Buffer, text []byte) {
	for i := 0; i < len(text); {
		if text[i] == '\\' && text[i+1] == 'u' {
			b.Write(text[i : i+6])
			i += 6
			continue
		}
		if text[i] == '\\' {
			escape(b, unescaped(text[i+1]))
			i += 2
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if safe(r) {
			b.WriteRune(r)
		} else {
			escape(b, r)
		}
		i += size
	}
}

// unescaped returns the character that a backslash and c stand for in JSON.
func unescaped(c byte) rune {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return rune(c)
}

// escape writes a character as JSON's escape, one beyond the first 65536 as two.
func escape(b *bytes.Buffer, r rune) {
	if first, second := utf16.EncodeRune(r); first != utf8.RuneError {
		fmt.Fprintf(b, `\u%04x\u%04x`, first, second)
		return
	}
	fmt.Fprintf(b, `\u%04x`, r)
}

// safe reports whether a character means nothing between PowerShell's single quotes, nor to anything on the way there.
func safe(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' ||
		r < utf8.RuneSelf && strings.ContainsRune(` {}[]":,._+-`, r)
}
