package commands

import (
	"regexp"
	"strings"
	"unicode"
)

// What Slack makes of a link, a mention or a channel while somebody types: <http://srv|srv>, <@U1|ann>, <#C1|general>,
// <!here>.
var bracketed = regexp.MustCompile(`<([@#!]?)([^<>|]*)(?:\|([^<>|]*))?>`)

// readable returns what the person saw while typing: Slack's links and mentions as their words, its escapes undone,
// every kind of space as a space, and nothing invisible.
func readable(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = bracketed.ReplaceAllStringFunc(text, func(s string) string {
		m := bracketed.FindStringSubmatch(s)
		sign, target, label := m[1], m[2], m[3]
		if sign == "!" {
			sign = "@"
		}
		if label == "" {
			label = target
		}
		return sign + strings.TrimPrefix(label, sign)
	})
	escapes := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), deceptive(r):
			return -1
		}
		return r
	}, escapes.Replace(text))
}

// word is one word of a command.
type word struct {
	typed  string // as it is shown again
	folded string // as it is compared
	end    int    // where it ends in the readable text
}

// split splits readable text into words. A word that is nothing but quotes and full stops is none.
func split(text string) []word {
	var words []word
	for at := 0; at < len(text); {
		if text[at] == ' ' {
			at++
			continue
		}
		end := strings.IndexByte(text[at:], ' ')
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		w := word{typed: clip(text[at:end], 60), folded: fold(text[at:end]), end: end}
		if w.folded != "" {
			words = append(words, w)
		}
		at = end
	}
	return words
}

// edges are the characters that people and phones put around a word.
const edges = "\"'`´“”„‟‘’‚‛«»‹›"

// fold returns a word in the form in which words are compared: lower case, plain hyphens, without quotes around it,
// zero-width joiners in it, or a full stop or comma after it.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '‐', '‑', '‒', '–', '—', '−':
			return '-'
		case '\u200C', '\u200D':
			return -1
		}
		return unicode.ToLower(r)
	}, readable(s))
	for {
		t := strings.TrimRight(strings.Trim(s, edges), ".,;:!")
		if len(t) > 1 {
			t = strings.TrimRight(t, "?")
		}
		if t == s {
			return strings.TrimSpace(t)
		}
		s = t
	}
}

// host returns the folded name of a machine without what a browser would put around it.
func host(s string) string {
	s = fold(s)
	for _, scheme := range []string{"https://", "http://"} {
		s = strings.TrimPrefix(s, scheme)
	}
	s, _, _ = strings.Cut(s, "/")
	if name, port, ok := strings.Cut(s, ":"); ok && strings.Trim(port, "0123456789") == "" {
		s = name
	}
	return fold(s)
}
