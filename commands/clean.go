package commands

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text of people and servers fit to be shown on one line: no control characters (a terminal would obey
// them), no invisible ones that turn the reading direction around, no broken UTF-8.
func clean(s string) string { return strings.Map(oneLine, strings.ToValidUTF8(s, "\uFFFD")) }

// Preformatted makes text of a server fit for Answer.Detail: like clean, but it keeps its lines; names of people and
// objects are hidden, and at most 1500 characters are kept.
func Preformatted(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return oneLine(r)
	}, s)
	return clip(hideNames(strings.TrimSpace(s)), 1500)
}

func oneLine(r rune) rune {
	switch {
	case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029':
		return ' '
	case unicode.IsControl(r), deceptive(r):
		return -1
	}
	return r
}

// deceptive reports whether r is invisible or turns text around. Zero-width joiners stay: scripts and emoji need them.
func deceptive(r rune) bool {
	return r == '\u00AD' || r == '\u061C' || r == '\u200B' || r == '\u200E' || r == '\u200F' || r == '\u2060' ||
		r == '\uFEFF' || (r >= '\u202A' && r <= '\u202E') || (r >= '\u2066' && r <= '\u2069')
}

// clip cuts s to n characters and shows that it did.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// An account's address or a distinguished name in a server's message. Names of people never go into a channel.
var (
	address       = regexp.MustCompile(`[^\s@<>"'(),;]+@[^\s@<>"'(),;]+\.[^\s@<>"'(),;]+`)
	distinguished = regexp.MustCompile(`(?i)\b(CN|OU|UID|DC)=(\\.|[^\n"'])*?,\s*(CN|OU|UID|DC|O)=[^\n"',;:\s]*(,\s*(CN|OU|DC|O|C)=[^\n"',;:]*)*`)
)

func hideNames(s string) string {
	return address.ReplaceAllString(distinguished.ReplaceAllString(s, "(name hidden)"), "(name hidden)")
}
