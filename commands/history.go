package commands

import (
	"context"
	"fmt"

	"github.com/adsyncbot/adsyncbot/executor"
)

// lastCycles is how many cycles history shows of one server; of several it shows the last one each.
const lastCycles = 5

func (j *job) history(ctx context.Context, a asked) Answer {
	names := j.named(a)
	one := len(names) == 1
	n := lastCycles
	if !one {
		n = 1
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
	}
	return answer
}

// past is "24 Nov, 09:41: delta succeeded in 1 min 40 s, asked by @ann".
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
	t := line(At(when, RelativeDay), ": ", Bold(c.Policy.Word()), " ", words)
	if d, ok := v.took(); ok && c.Result.Verdict != executor.NotStarted {
		t = line(t, after(c.Result.Verdict), lasted(d))
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
