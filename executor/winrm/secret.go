package winrm

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what every way of printing a Secret shows.
const hidden = "[hidden]"

// A Secret reads a password from where it is kept, at the moment it is needed, so that a changed one is noticed. It is
// a function, so not even reflection finds the password in it, and it hides itself from every way of printing.
type Secret func() (string, error)

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler, and with it JSON, YAML and flags.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// known returns a Secret that has been read.
func known(password string) Secret { return func() (string, error) { return password, nil } }
