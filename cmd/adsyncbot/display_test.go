package main

import (
	"bytes"
	"testing"
)

func TestDisplay(t *testing.T) {
	states := [][]string{
		{"Delta on aadc01 is queued"},
		{"Delta on aadc01 is queued"},
		{"Delta on aadc01 is running", "  Now: Delta Import on 東京.example"},
		{"Delta on aadc01 succeeded"},
	}
	wide, narrow := func() int { return 80 }, func() int { return 26 }
	for _, tt := range []struct {
		name    string
		columns func() int
		want    string
	}{
		{
			"elsewhere each state adds what is new", nil,
			"Delta on aadc01 is queued\nDelta on aadc01 is running\n  Now: Delta Import on 東京.example\nDelta on aadc01 succeeded\n",
		},
		{
			"on a terminal each is drawn over the one before", wide,
			"Delta on aadc01 is queued\n" +
				"\x1b[1A\x1b[JDelta on aadc01 is running\n  Now: Delta Import on 東京.example\n" +
				"\x1b[2A\x1b[JDelta on aadc01 succeeded\n",
		},
		{
			"on a narrow one, too, where lines take several rows", narrow,
			"Delta on aadc01 is queued\n" +
				"\x1b[1A\x1b[JDelta on aadc01 is running\n  Now: Delta Import on 東京.example\n" +
				"\x1b[3A\x1b[JDelta on aadc01 succeeded\n",
		},
		{
			"a terminal that does not say how wide it is", func() int { return 0 },
			"Delta on aadc01 is queued\n" +
				"\x1b[1A\x1b[JDelta on aadc01 is running\n  Now: Delta Import on 東京.example\n" +
				"\x1b[2A\x1b[JDelta on aadc01 succeeded\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			d := &display{out: &out, columns: tt.columns}
			for i, lines := range states {
				d.draw(lines, i < len(states)-1)
			}
			if out.String() != tt.want {
				t.Errorf("got\n%q\nwant\n%q", out.String(), tt.want)
			}
		})
	}
}

func TestALineAsWideAsTheTerminalTakesOneRow(t *testing.T) {
	for line, want := range map[string]int{"": 1, "0123456789": 1, "0123456789a": 2, "東京東京東": 1, "✅ 345678901": 2} {
		if got := rows([]string{line}, 10); got != want {
			t.Errorf("%q takes %d rows, want %d", line, got, want)
		}
	}
}
