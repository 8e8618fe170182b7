package executor

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	for _, test := range []struct {
		name, line string
		want       any
	}{
		{"a time of .NET", `{"t":"accepted","at":"2026-11-24T09:00:05.1234567Z"}`, acceptedLine{At: stamp{time.Date(2026, 11, 24, 9, 0, 5, 123456700, time.UTC)}}},
		{"no time", `{"t":"accepted","at":""}`, acceptedLine{}},
		{"a zone is turned into UTC", `{"t":"accepted","at":"2026-11-24T10:00:00+01:00"}`, acceptedLine{At: stamp{time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}}},
		{"characters beyond ASCII", `{"t":"beat","doing":"m\u00fcnchen \ud83c\udf89"}`, beatLine{Doing: "münchen 🎉"}},
		{"a byte order mark before the first line", "\ufeff" + `{"t":"beat","doing":"x"}`, beatLine{Doing: "x"}},
		{"a key from a newer script", `{"t":"beat","doing":"x","more":[1]}`, beatLine{Doing: "x"}},
		{"a kind from a newer script", `{"t":"weather","sun":true}`, unknownLine{kind: "weather"}},
		{"CLIXML", `#< CLIXML`, nil},
		{"an object without a kind", `{"lines":3}`, nil},
		{"a kind that is no word", `{"t":3}`, nil},
		{"half an object", `{"t":"beat","doing":`, nil},
		{"nothing", ``, nil},
	} {
		got, err := decodeLine([]byte(test.line))
		if err != nil || got != test.want {
			t.Errorf("%s: %#v, %v; want %#v", test.name, got, err, test.want)
		}
	}
	for _, wrong := range []string{`{"t":"accepted","at":"24.11.2026 09:00:05"}`, `{"t":"event","id":"904"}`, `{"t":"end","lines":"3"}`, `{"t":"scheduler","allowed_interval":"soon"}`} {
		if _, err := decodeLine([]byte(wrong)); err == nil {
			t.Errorf("no error for %s", wrong)
		}
	}
}

func TestIntervals(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "00:30:00": 30 * time.Minute, "7.00:00:00": 7 * 24 * time.Hour, "1.02:03:04.5000000": 26*time.Hour + 3*time.Minute + 4500*time.Millisecond,
	} {
		var got span
		if err := json.Unmarshal(fmt.Appendf(nil, "%q", text), &got); err != nil || time.Duration(got) != want {
			t.Errorf("%q is %v, %v; want %v", text, time.Duration(got), err, want)
		}
	}
}

func TestOutputThatIsNotWhole(t *testing.T) {
	whole := script(scheduler(false, 600), running(), accepted())
	for _, test := range []struct {
		name  string
		lines []string
		want  string // part of the error; empty = none
	}{
		{"whole", whole, ""},
		{"with noise around it", slices.Concat([]string{"WARNING: profile", ""}, whole, []string{`{"t":"beat","doing":"too late"}`, "bye"}), ""},
		{"with lines of newer scripts", script(`{"t":"weather"}`, running(), accepted()), ""},
		{"nothing", nil, "no end line"},
		{"without its end", whole[:len(whole)-1], "no end line"},
		{"with a line lost", slices.Delete(slices.Clone(whole), 2, 3), "3 of 4 lines"},
		{"without its clock", []string{running(), accepted(), `{"t":"end","lines":2}`}, "clock"},
		{"with two clocks", script(whole[0], accepted()), "clock"},
		{"with a line that is not understood", script(`{"t":"accepted","at":5}`), "not understood"},
		{"without an end in sight", slices.Concat(whole[:1], slices.Repeat([]string{beat("x")}, maxLines)), "too many lines"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := executorOver(&player{lines: test.lines}).Start(t.Context(), "aadc01", StartOrder{Policy: Delta}, nil)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var run *RunError
			if !errors.As(err, &run) || run.Kind != FailureProtocol || !run.Started || !strings.Contains(run.Detail, test.want) {
				t.Errorf("error %v, want one of protocol with %q", err, test.want)
			}
		})
	}
}

func FuzzDecodeLine(f *testing.F) {
	for _, s := range script(scheduler(true, 600), running("x"), accepted(), adopted("since", o(3), "Delta"), done(9), connectors, pipe) {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"t":"event","level":null,"at":null}`))
	f.Add([]byte(`{"t":"run","start":"0001-01-01T00:00:00Z","end":"9999-12-31T23:59:59.9999999Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		line, err := decodeLine(text)
		if err != nil && line != nil {
			t.Error("a line and an error")
		}
		out := output{take: func(any) {}}
		_ = out.line(text) // must not panic, whatever comes first
		if len(out.noise) > maxNoise {
			t.Errorf("%d lines kept", len(out.noise))
		}
	})
}
