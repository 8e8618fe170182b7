package adsync

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxScript is the longest standard input that is read.
const maxScript = 1 << 20

// Answers returns a program that answers our scripts without PowerShell: it reads which script it was sent and with
// which parameters, and prints what the script would print on the model's server. Its loops wait on the model's clock.
// Anything else on standard input is refused with exit code 1.
func Answers(m *Model) func(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int {
	return func(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int {
		m.process()
		if err := answer(ctx, m, stdin, stdout); err != nil {
			_, _ = fmt.Fprintf(stderr, "adsync: %v\r\n", err) // nobody is left to be told
			return 1
		}
		return 0
	}
}

func answer(ctx context.Context, m *Model, stdin io.Reader, stdout io.Writer) error {
	text, err := io.ReadAll(io.LimitReader(stdin, maxScript))
	if err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	name, parameters, err := parseScript(text)
	if err != nil {
		return err
	}
	s := &session{m: m, out: stdout}
	switch name {
	case "start":
		err = withParameters(parameters, func(p startParameters) { s.start(ctx, p) })
	case "follow":
		err = withParameters(parameters, func(p followParameters) { s.follow(ctx, p) })
	case "status":
		err = withParameters(parameters, func(p statusParameters) { s.status(ctx, p) })
	case "errors":
		err = withParameters(parameters, func(p errorsParameters) { s.errors(ctx, p) })
	case "pending":
		err = withParameters(parameters, func(pendingParameters) { s.pending(ctx) })
	case "stop":
		err = withParameters(parameters, func(p stopParameters) { s.stop(ctx, p) })
	case "switch":
		err = withParameters(parameters, func(p switchParameters) { s.switchTo(ctx, p) })
	case "check":
		err = withParameters(parameters, func(checkParameters) { s.check(ctx) })
	default:
		err = fmt.Errorf("there is no script %q", name)
	}
	if err != nil {
		return err
	}
	s.emit("end", "lines", s.lines)
	if err := errors.Join(s.err, context.Cause(ctx)); err != nil {
		return fmt.Errorf("answer %s: %w", name, err)
	}
	return nil
}

// parseScript takes the script's name from its first line and its parameters from its last statement line.
func parseScript(text []byte) (name string, parameters []byte, err error) {
	for _, b := range text {
		if b > 126 || b < 32 && b != '\n' && b != '\r' && b != '\t' {
			return "", nil, errors.New("the script is not ASCII text")
		}
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	lines = lines[:len(lines)-1] // what comes after the last line end is no line
	if len(lines) == 0 {
		lines = []string{""}
	}
	name, ok := strings.CutPrefix(lines[0], "& { # adsyncbot ")
	if !ok {
		return "", nil, errors.New("not one of the scripts: its first line does not say so")
	}
	// A blank line ends a statement that spans lines: PowerShell runs what it has got by then, and nothing without one.
	end := slices.Index(lines, "")
	if end < 0 {
		return "", nil, errors.New("the script does not end in a blank line, so PowerShell would not run it")
	}
	statement := lines[:end]
	last, ok := strings.CutPrefix(statement[len(statement)-1], "} '")
	if ok {
		last, ok = strings.CutSuffix(last, "'")
	}
	if !ok || strings.ContainsAny(last, "'`$") {
		return "", nil, errors.New("the script does not end in its quoted parameters")
	}
	return name, []byte(last), nil
}

// withParameters calls run with parameters as P, all of whose keys must be there, and no other.
func withParameters[P any](parameters []byte, run func(P)) error {
	var p P
	decoder := json.NewDecoder(bytes.NewReader(parameters))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return fmt.Errorf("read the parameters: %w", err)
	}
	var given, known map[string]any
	if err := json.Unmarshal(parameters, &given); err != nil {
		return fmt.Errorf("read the parameters: %w", err)
	}
	all, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("list the parameters: %w", err)
	}
	if err := json.Unmarshal(all, &known); err != nil {
		return fmt.Errorf("list the parameters: %w", err)
	}
	for key := range known {
		if _, ok := given[key]; !ok {
			return fmt.Errorf("the parameter %q is missing", key)
		}
	}
	run(p)
	return nil
}
