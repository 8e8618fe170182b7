package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
	"golang.org/x/text/width"

	"github.com/adsyncbot/adsyncbot/commands"
)

// display shows a cycle: on a terminal its message is drawn over itself, elsewhere each new state adds the lines that it
// has and the one before had not.
type display struct {
	out     io.Writer
	columns func() int // of the terminal, which people may widen meanwhile; nil elsewhere
	last    []string
}

func newDisplay(out io.Writer) *display {
	d := &display{out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		d.columns = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0
			}
			return columns
		}
	}
	return d
}

func (d *display) show(v commands.CycleView) {
	d.draw(strings.Split(commands.Plain{}.Answer(commands.CycleMessage(v)), "\n"), v.Cycle.Live())
}

func (d *display) draw(lines []string, live bool) {
	if slices.Equal(lines, d.last) {
		return
	}
	before := d.last
	d.last = lines
	if d.columns != nil && len(before) > 0 {
		_, _ = fmt.Fprintf(d.out, "\x1b[%dA\x1b[J", rows(before, d.columns()))
	}
	for _, line := range lines {
		if d.columns != nil || !live || !slices.Contains(before, line) {
			_, _ = fmt.Fprintln(d.out, line)
		}
	}
}

// rows is how many rows lines take on a terminal, which breaks those that are too long for it. Without a known width each
// takes one.
func rows(lines []string, columns int) (n int) {
	for _, line := range lines {
		n++
		if columns > 0 {
			n += max(cells(line)-1, 0) / columns
		}
	}
	return n
}

// cells is how many cells of a terminal a line takes: two for what East Asia writes wide, and for emoji.
func cells(line string) (n int) {
	for _, r := range line {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
