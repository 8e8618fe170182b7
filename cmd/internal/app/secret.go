package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// SecretRef says where a secret is kept: env:NAME, file:/path or exec:command. It never is the secret.
type SecretRef string

const (
	secretLimit   = 64 << 10
	secretTimeout = 10 * time.Second
)

// check returns what is wrong with a reference. It never quotes one that may be a secret itself.
func (r SecretRef) check() error {
	scheme, rest, ok := strings.Cut(string(r), ":")
	if ok && strings.TrimSpace(rest) != "" {
		switch scheme {
		case "env", "file", "exec":
			return nil
		}
	}
	return errors.New("a secret must not stand in the file: write env:NAME, file:/path or exec:command, which says where it is kept (and change the secret if it was ever saved here)")
}

// SecretError says that a secret cannot be had where the configuration says it is kept.
type SecretError struct {
	Ref string // never the value
	Err error
}

// Error implements error.
func (e *SecretError) Error() string { return fmt.Sprintf("secret %s: %v", e.Ref, e.Err) }

func (e *SecretError) Unwrap() error { return e.Err }

// read fetches the secret. file resolves relative paths.
func (r SecretRef) read(ctx context.Context, file func(string) string) (string, error) {
	if err := r.check(); err != nil {
		return "", err // without the reference, which may be the secret itself
	}
	value, err := r.fetch(ctx, file)
	if err != nil {
		return "", &SecretError{Ref: r.safe(), Err: err}
	}
	return value, nil
}

// fetch is read of a reference that has passed check.
func (r SecretRef) fetch(ctx context.Context, file func(string) string) (string, error) {
	scheme, rest, _ := strings.Cut(string(r), ":")
	var value string
	switch scheme {
	case "env":
		v, ok := os.LookupEnv(rest)
		if !ok {
			return "", errors.New("the environment variable is not set")
		}
		value = v
	case "file":
		data, err := os.ReadFile(file(rest))
		if err != nil {
			return "", err
		}
		value = string(data)
	case "exec":
		out, err := run(ctx, rest)
		if err != nil {
			return "", err
		}
		value = out
	}
	value = strings.TrimRight(value, "\r\n")
	switch {
	case value == "":
		return "", errors.New("it is empty")
	case len(value) > secretLimit:
		return "", fmt.Errorf("longer than %d bytes", secretLimit)
	}
	return value, nil
}

// safe is the reference without the arguments of a command, which may be secrets in their own right.
func (r SecretRef) safe() string {
	if rest, ok := strings.CutPrefix(string(r), "exec:"); ok {
		return "exec:" + firstWord(rest)
	}
	return string(r)
}

// run runs a command without a shell and returns what it prints.
func run(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, secretTimeout, errors.New("no answer in time"))
	defer cancel()
	words := strings.Fields(line)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // the operator's own configuration names the command
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", err
	}
	return out.String(), nil
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// Secret returns a function that reads a secret of this configuration anew each time, so that a changed one is noticed.
// It works as long as ctx does.
func (c *Config) Secret(ctx context.Context, r SecretRef) func() (string, error) {
	return func() (string, error) { return r.read(ctx, c.file) }
}

// ReadSecret reads one secret of this configuration.
func (c *Config) ReadSecret(ctx context.Context, r SecretRef) (string, error) {
	return r.read(ctx, c.file)
}
