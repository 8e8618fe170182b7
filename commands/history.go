package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/adsyncbot/adsyncbot/executor"
)

// How many cycles history shows of one server, unless the caller says so, and at most; of several it shows the last one
// each.
const (
	lastCycles = 5
	mostCycles = 25
)

// howMany takes the number of cycles to show out of the words behind history; 0 when there is none.
func howMany(words []word, s sight) (n int, left []word, m *mistake) {
	isNumber := func(w word) bool { return strings.Trim(w.folded, "0123456789") == "" }
	i := slices.IndexFunc(words, isNumber)
	if i < 0 {
		return 0, words, nil
	}
	left = slices.Delete(slices.Clone(words), i, i+1)
	example := ready(s.typed(History, "<server>") + " 10")
	if slices.ContainsFunc(left, isNumber) {
		return 0, nil, hint("word-too-many", line("One number is enough: how many cycles to show. Try:"), example...)
	}
	n, err := strconv.Atoi(words[i].folded)
	if err != nil || n < 1 || n > mostCycles {
		return 0, nil, hint("number-out-of-range", line(Wordsf("I show 1 to %d cycles. Try:", mostCycles)), example...)
	}
	return n, left, nil
}

func (j *job) history(ctx context.Context, a asked) Answer {
	names := j.named(a)
	one := len(names) == 1
	n := 1
	if one {
		n = cmp.Or(a.number, lastCycles)
	}
	answer := Answer{Mark: MarkInfo, Headline: line("The last cycle I saw on each server:")}
	if one {
		answer.Headline = line("The last cycles I saw on ", Code(names[0]), ":")
	}
	shown := 0
	for _, name := range names {
		cycles, err := j.records.History(ctx, name, n)
		if err != nil {
			e := j.failed(ctx, "history", name, err)
			answer.Mark = MarkBad
			answer.Lines = append(answer.Lines, e.about(name))
			continue
		}
		for _, c := range cycles {
			t := j.past(ctx, c)
			if !one {
				t = line(Code(name), ": ", t)
			}
			answer.Lines = append(answer.Lines, t)
		}
		shown += len(cycles)
		if len(cycles) == 0 && !one {
			answer.Lines = append(answer.Lines, line(Code(name), ": none yet."))
		}
	}
	j.entry.Result = fmt.Sprintf("%d cycles shown", shown)
	switch {
	case len(answer.Lines) == 0:
		answer.Headline = line("I have not seen a cycle on ", Code(names[0]), " yet.")
	case !one:
		answer.Footer = line("More of one: ", Code(j.sight.typed(History, "<server>")))
	case shown == n && n < mostCycles:
		answer.Footer = line("More: ", Code(fmt.Sprintf("%s %d", j.sight.typed(History, names[0]), mostCycles)))
	}
	return answer
}

// past is "24 Nov, 09:41: delta succeeded in 1 min 40 s, asked by @ann", or "24 Nov, 09:11: delta by the server itself ran
// 2 min: seen, not judged".
func (j *job) past(ctx context.Context, c executor.Cycle) Text {
	v := CycleView{Cycle: c, Channel: j.in.Caller.Channel}
	words, _, _ := verdictWords(c.Result.Verdict)
	when := v.began()
	if when.IsZero() {
		when = c.AskedAt
	}
	if when.IsZero() {
		when = c.EndedAt
	}
	t := line(At(when, RelativeDay), ": ", Bold(c.Policy.Word()), " ")
	if c.Origin == executor.Observed {
		t = line(t, "by the server itself ")
	}
	d, timed := v.took()
	switch {
	case c.Origin == executor.Observed && c.Result.Source == executor.FromNothing:
		t = line(t, "ran ", lasted(d), ": seen, not judged")
	case timed && c.Result.Verdict != executor.NotStarted:
		t = line(t, words, after(c.Result.Verdict), lasted(d))
	default:
		t = line(t, words)
	}
	requests, err := j.records.Requests(ctx, c.ID)
	if err != nil {
		j.failed(ctx, "read who asked", c.Server, err)
	}
	v.Requests = requests
	for _, r := range v.requests() {
		if v.here(r) {
			t = line(t, ", asked by ", v.asker(r))
			break
		}
	}
	return line(t, " (", Code(c.Ref()), ").")
}
