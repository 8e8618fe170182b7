package winrm

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", executor.MaxLine)
	for name, test := range map[string]struct {
		chunks []string
		lines  []string
		err    error
	}{
		"one line":                                {[]string{"one\n"}, []string{"one"}, nil},
		"a line in three chunks":                  {[]string{"o", "n", "e\n"}, []string{"one"}, nil},
		"two lines and a half":                    {[]string{"one\ntwo\nth"}, []string{"one", "two", "th"}, nil},
		"a rune cut in two":                       {[]string{"\xc3", "\xbc\n"}, []string{"ü"}, nil},
		"an emoji cut in four":                    {[]string{"\xf0", "\x9f", "\x9a", "\x80\n"}, []string{"🚀"}, nil},
		"a line end cut in two":                   {[]string{"one\r", "\ntwo"}, []string{"one", "two"}, nil},
		"carriage returns inside a line stay":     {[]string{"o\rne\n"}, []string{"o\rne"}, nil},
		"empty lines":                             {[]string{"\n\r\n"}, []string{"", ""}, nil},
		"nothing":                                 {[]string{"", ""}, nil, nil},
		"the longest line":                        {[]string{long + "\r\n"}, []string{long}, nil},
		"the longest line in chunks":              {[]string{long[1:], "x", "\r", "\n"}, []string{long}, nil},
		"a line one byte too long":                {[]string{"a\n" + long + "y\nb\n"}, []string{"a"}, errLineTooLong},
		"a line that does not end":                {[]string{long, long, "\nb\n"}, nil, errLineTooLong},
		"a last line too long without a line end": {[]string{long + "y"}, nil, errLineTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := split(test.chunks)
			if !slices.Equal(got, test.lines) || !errors.Is(err, test.err) {
				t.Errorf("got %d lines %.80q and error %v", len(got), got, err)
			}
		})
	}
}

func split(chunks []string) ([]string, error) {
	var got []string
	l := lines{emit: func(line []byte) error {
		got = append(got, string(line))
		return nil
	}}
	for _, chunk := range chunks {
		_, _ = l.Write([]byte(chunk))
	}
	l.end()
	return got, l.err
}

func TestLinesStopAtTheFirstError(t *testing.T) {
	full := errors.New("full")
	calls := 0
	l := lines{emit: func([]byte) error { calls++; return full }}
	_, _ = l.Write([]byte("one\ntwo\nthree"))
	_, _ = l.Write([]byte("\nfour\n"))
	l.end()
	if calls != 1 || !errors.Is(l.err, full) {
		t.Errorf("%d calls and error %v", calls, l.err)
	}
}

// FuzzLines compares any cutting into chunks with the whole.
func FuzzLines(f *testing.F) {
	f.Add([]byte("one\r\ntwo\n\nthree"), uint8(3))
	f.Add([]byte("Grüße\n同期\r"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		whole, wholeErr := split([]string{string(text)})
		var chunks []string
		for chunk := range slices.Chunk(text, max(1, int(size))) {
			chunks = append(chunks, string(chunk))
		}
		cut, cutErr := split(chunks)
		if !slices.Equal(whole, cut) || !errors.Is(cutErr, wholeErr) {
			t.Errorf("whole %q, cut %q", whole, cut)
		}
		for _, line := range whole {
			if strings.Contains(line, "\n") || len(line) > executor.MaxLine {
				t.Errorf("line %.80q", line)
			}
		}
	})
}

func TestExcerpt(t *testing.T) {
	var e excerpt
	for range 3 {
		if n, err := e.Write(bytes.Repeat([]byte("x"), stderrLimit/2)); n != stderrLimit/2 || err != nil {
			t.Errorf("wrote %d and error %v", n, err)
		}
	}
	if got := len(e.text()); got != stderrLimit {
		t.Errorf("kept %d bytes, want %d", got, stderrLimit)
	}
	e = excerpt{}
	_, _ = e.Write([]byte("  kaputt \xff\r\n"))
	if e.text() != "kaputt \uFFFD" {
		t.Errorf("got %q", e.text())
	}
}
