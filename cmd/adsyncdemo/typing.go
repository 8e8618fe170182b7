package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// typing is where lines come from.
type typing struct {
	next    func(prompt string) (string, error) // io.EOF after the last one
	restore func()
	byHand  bool // at a terminal, with a prompt
}

// newTyping reads lines as they come, or with editing where somebody sits at a terminal.
func newTyping(in io.Reader, out io.Writer, s *screen) (typing, error) {
	i, ok := in.(*os.File)
	o, okay := out.(*os.File)
	if ok && okay && term.IsTerminal(int(i.Fd())) && term.IsTerminal(int(o.Fd())) {
		return edited(i, o, s)
	}
	lines := bufio.NewScanner(in)
	return typing{restore: func() {}, next: func(string) (string, error) {
		if !lines.Scan() {
			return "", io.EOF
		}
		return lines.Text(), nil
	}}, nil
}

// edited puts the terminal into raw mode, where what the screen shows does not tear up the line that is being typed, and
// where Ctrl-C is the end of input.
func edited(in, out *os.File, s *screen) (typing, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return typing{}, fmt.Errorf("prepare the terminal: %w", err)
	}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "")
	if width, height, err := term.GetSize(int(out.Fd())); err == nil && width > 0 {
		_ = t.SetSize(width, height)
	}
	s.draw(t, true)
	return typing{
		byHand: true,
		next: func(prompt string) (string, error) {
			t.SetPrompt(prompt)
			return t.ReadLine()
		},
		restore: func() {
			s.draw(out, false)
			_ = term.Restore(int(in.Fd()), before)
			_, _ = fmt.Fprintln(out)
		},
	}, nil
}
