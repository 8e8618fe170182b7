package executor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheOrderOfACycle(t *testing.T) {
	const cloud = "contoso.onmicrosoft.com - AAD"
	for _, test := range []struct {
		name       string
		policy     Policy
		connectors []string
		staging    bool
		want       string
	}{
		{"a delta", Delta, []string{"a", cloud}, false, "Delta Import a, Delta Import " + cloud + ", Delta Synchronization a, Delta Synchronization " + cloud + ", Export " + cloud + ", Export a"},
		{"a full", Initial, []string{"a", "c"}, false, "Full Import a, Full Import c, Full Synchronization a, Full Synchronization c, Export c, Export a"},
		{"two forests", Delta, []string{"a", "b", "c"}, false, "Delta Import a, Delta Import b, Delta Import c, Delta Synchronization a, Delta Synchronization b, Delta Synchronization c, Export c, Export a, Export b"},
		{"staging", Delta, []string{"a", "c"}, true, "Delta Import a, Delta Import c, Delta Synchronization a, Delta Synchronization c"},
		{"connectors that are not known", Delta, nil, false, ""},
	} {
		var got []string
		for _, s := range Steps(test.policy, test.connectors, test.staging) {
			got = append(got, s.Profile+" "+s.Connector)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: %s\nwant %s", test.name, strings.Join(got, ", "), test.want)
		}
	}
}

func TestTheConnectorsOfACycle(t *testing.T) {
	cloud := Connector{Name: "AAD", ID: strings.ToUpper(cloudConnector), Type: "Extensible2"}
	for _, test := range []struct {
		name string
		list []Connector
		want []string
	}{
		{"Entra ID comes last, wherever it stands", []Connector{cloud, {Name: "b", Type: "AD"}, {Name: "a", Type: "AD"}}, []string{"b", "a", "AAD"}},
		{"what no cycle runs is left out", []Connector{{Name: "a", Type: "AD"}, {Name: "files", Type: "FIM"}, cloud}, []string{"a", "AAD"}},
		{"without the one to Entra ID nothing is foretold", []Connector{{Name: "a", Type: "AD"}}, nil},
		{"none", nil, nil},
	} {
		if got := route(test.list); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestProgress(t *testing.T) {
	over := func(profile, connector string, start, end int) Run {
		return Run{Connector: connector, Profile: profile, Start: at(start), End: at(end), Verdict: Succeeded}
	}
	under := func(profile, connector string, start int) Run {
		return Run{Connector: connector, Profile: profile, Start: at(start)}
	}
	known := FollowState{Connectors: []string{"a", "c"}, At: at(30)}
	on := func(f FollowState, busy string) FollowState {
		f.Connector = busy
		return f
	}
	for _, test := range []struct {
		name   string
		follow FollowState
		runs   []Run
		want   string // state profile connector seconds
	}{
		{"nothing is known", FollowState{}, nil, ""},
		{"nothing has begun", known, nil, "next Delta Import a 0, next Delta Import c 0, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0"},
		{
			"one is under way", on(known, "c"),
			[]Run{over("Delta Import", "a", 2, 10), under("Delta Import", "c", 11)},
			"done Delta Import a 8, now Delta Import c 19, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"between two", known,
			[]Run{over("Delta Import", "a", 2, 10)},
			"done Delta Import a 8, next Delta Import c 0, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"the connector is ahead of the log: the next step", on(known, "c"),
			[]Run{over("Delta Import", "a", 2, 10)},
			"done Delta Import a 8, now Delta Import c 0, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"the connector is ahead of a run whose end the log has not told", on(known, "c"),
			[]Run{under("Delta Import", "a", 2)},
			"done Delta Import a 0, now Delta Import c 0, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"the connector is so far ahead that nobody knows", on(known, "a"),
			[]Run{over("Delta Import", "a", 2, 10)},
			"done Delta Import a 8, now  a 0, next Delta Import c 0, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"a full step in a delta", on(known, "a"),
			[]Run{under("Full Import", "a", 2)},
			"now Full Import a 28, next Delta Import c 0, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"a step was left out", on(known, "a"),
			[]Run{over("Delta Import", "a", 2, 10), under("Delta Synchronization", "a", 12)},
			"done Delta Import a 8, now Delta Synchronization a 18, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"a run without an end, and another after it", on(known, "c"),
			[]Run{under("Delta Import", "a", 2), under("Delta Import", "c", 11)},
			"done Delta Import a 0, now Delta Import c 19, next Delta Synchronization a 0, next Delta Synchronization c 0, next Export c 0, next Export a 0",
		},
		{
			"the last one", on(known, "a"),
			[]Run{over("Export", "c", 2, 10), under("Export", "a", 11)},
			"done Export c 8, now Export a 19",
		},
		{"the connectors are not known", FollowState{Connector: "a", At: at(30)}, []Run{over("Delta Import", "a", 2, 10)}, "done Delta Import a 8, now  a 0"},
		{"a clock that was set back", FollowState{Connector: "a", At: at(1)}, []Run{under("Delta Import", "a", 2)}, "now Delta Import a 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Cycle{Policy: Delta, Phase: PhaseFollowing, Follow: test.follow, Runs: test.runs}
			var got []string
			for _, s := range c.Progress() {
				got = append(got, fmt.Sprint(s.State, " ", s.Profile, " ", s.Connector, " ", int(s.Took/time.Second)))
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), test.want)
			}
		})
	}
}

// Between two readings of the log nobody knows how a run has gone on: it is not said to have lasted longer.
func TestARunLastsAsLongAsTheLogWasRead(t *testing.T) {
	p := &player{lines: script(
		running(), `{"t":"events","count":0,"truncated":false,"at":"`+o(20)+`"}`,
	)}
	order := FollowOrder{
		Policy: Delta, Baseline: Baseline{ServerTime: at(-30)}, Follow: FollowState{Seen: true, At: at(-10), Connector: "a"},
		Runs: []Run{{Connector: "a", Profile: "Delta Import", Start: at(-12)}},
	}
	var told []time.Time
	look, err := executorOver(p).Follow(t.Context(), "aadc01", order, func(l Look) { told = append(told, l.Follow.At) })
	if err != nil {
		t.Fatal(err)
	}
	if len(told) == 0 || !told[0].Equal(at(-10)) {
		t.Errorf("before the log was read, people were told of %s, want %s", told, at(-10))
	}
	if !look.Follow.At.Equal(at(20)) {
		t.Errorf("afterwards they are told of %s, want %s", look.Follow.At, at(20))
	}

	// When it cannot be read any more, the time of the cycle goes on all the same.
	p.lines = script(`{"t":"problem","doing":"Get-WinEvent","code":"access_denied","message":"denied"}`)
	look, err = executorOver(p).Follow(t.Context(), "aadc01", order, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !look.Follow.At.Equal(at(0)) {
		t.Errorf("without a log they are told of %s, want %s", look.Follow.At, at(0))
	}
}
