package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output is what a program has printed so far; each write is told to watchers.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	on   map[string]func() // called once when the words have appeared
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	for words, do := range o.on {
		if strings.Contains(o.text.String(), words) {
			delete(o.on, words)
			do()
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wants fails the test unless the lines appear in text in this order.
func wants(t *testing.T, text string, lines ...string) {
	t.Helper()
	rest := text
	for _, line := range lines {
		_, after, found := strings.Cut(rest, line)
		if !found {
			t.Fatalf("%q is missing, or not in its place, in:\n%s", line, text)
		}
		rest = after
	}
}

func TestEveryScenePlaysToItsDocumentedEnd(t *testing.T) {
	shows := map[string][]string{
		"ok":      {"@ann types", "adsync writes", "changes that message to", "✅ Delta on `aadc01` succeeded", "That is true", "1 start and 6 runs (6 × success)"},
		"busy":    {"has been busy since", "✅ Delta on `aadc01` succeeded", "That is true", "1 start"},
		"denied":  {"only visible to @ann", "⛔", "That is true", "no start and no run"},
		"errors":  {"❌ Delta on `aadc01` ended with errors", "That is true", "1 × completed-export-errors, 5 × success"},
		"staging": {"✅ Delta on `aadc01` succeeded", "nothing is exported", "That is true", "4 runs (4 × success)"},
		"down":    {"does not answer", "put forward by two minutes", "was not started", "could not be started in time", "That is true", "no start and no run"},
	}
	t.Parallel()
	type played struct {
		code        int
		out, errOut output
	}
	results := map[string]*played{}
	var playing sync.WaitGroup // all at once: they mostly wait
	for _, sc := range scenes() {
		p := &played{}
		results[sc.name] = p
		playing.Go(func() {
			p.code = run(t.Context(), []string{"-once", "-scene", sc.name}, strings.NewReader(""), &p.out, &p.errOut)
		})
	}
	playing.Wait()
	for _, sc := range scenes() {
		t.Run(sc.name, func(t *testing.T) {
			p := results[sc.name]
			if p.code != sc.exit {
				t.Errorf("exit code %d, want %d", p.code, sc.exit)
			}
			if p.errOut.String() != "" {
				t.Errorf("on standard error: %s", p.errOut.String())
			}
			lines, ok := shows[sc.name]
			if !ok {
				t.Fatal("nobody has said what this scene must show")
			}
			wants(t, p.out.String(), lines...)
		})
	}
}

func TestTypedCommandsComeFromWhoAndWhereOneIs(t *testing.T) {
	t.Parallel()
	in := strings.NewReader(strings.Join([]string{
		"what now",
		"/adsync",
		"  ",
		"@nobody /adsync status",
		"@ben #identity",
		"/adsync servers",
		"@ann   /adsync delta aadc02",
		"@ben /adsync delta aadc02 because I can",
	}, "\n"))
	var out, errOut output
	code := run(t.Context(), []string{"-scene", "denied"}, in, &out, &errOut)
	if code != exitGood || errOut.String() != "" {
		t.Errorf("exit code %d, want %d; on standard error: %q", code, exitGood, errOut.String())
	}
	// The input ends with a cycle under way, whose end is waited for.
	wants(t, out.String(), "Now you:", hint, "#helpdesk  @ann types", "/adsync delta", hint, "You are @ben in #identity.",
		"#identity  @ben types", "only visible to @ben", "`aadc02`: delta", "#identity  @ann types", "⛔",
		"#identity  @ben types", "Delta on `aadc02`, asked by @ben", "succeeded")
	if n := strings.Count(out.String(), hint); n != 2 {
		t.Errorf("%d hints, want 2", n)
	}
}

func TestAButtonIsPressed(t *testing.T) {
	t.Parallel()
	in := strings.NewReader(strings.Join([]string{
		"@ben #identity", "/adsync full aadc02", "[Start the rocket]", "@ann [Leave it]", "@ben [Leave it]", "[Leave it]",
	}, "\n"))
	var out, errOut output
	code := run(t.Context(), []string{"-scene", "denied"}, in, &out, &errOut)
	if code != exitGood || errOut.String() != "" {
		t.Errorf("exit code %d, want %d; on standard error: %q", code, exitGood, errOut.String())
	}
	wants(t, out.String(), "Full on `aadc02`: start it?", "[Start the full] [Leave it]", "@ben sees no button [Start the rocket] in #identity",
		"@ann sees no button [Leave it]", "#identity  @ben presses", "puts in its place, only visible to @ben", "nothing was done",
		"@ben sees no button [Leave it]")
}

func TestQuitEndsAtOnce(t *testing.T) {
	t.Parallel()
	var out, errOut output
	code := run(t.Context(), []string{"-scene", "denied"}, strings.NewReader("/adsync delta aadc01\nquit\n/adsync status\n"), &out, &errOut)
	if code != exitGood {
		t.Errorf("exit code %d, want %d", code, exitGood)
	}
	if strings.Contains(out.String(), "status\n") {
		t.Errorf("a line after quit was taken:\n%s", out.String())
	}
}

func TestCtrlC(t *testing.T) {
	cases := []struct {
		when, sees string
		scene      string
		code       int
	}{
		{when: "during the scene", sees: "adsync writes", scene: "ok", code: exitInterrupted},
		{when: "during the conversation", sees: "Now you:", scene: "denied", code: exitGood},
	}
	for _, c := range cases {
		t.Run(c.when, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in, typist := io.Pipe()
			defer func() { _ = typist.Close() }()
			out, errOut := &output{on: map[string]func(){c.sees: cancel}}, &output{}
			if code := run(ctx, []string{"-scene", c.scene}, in, out, errOut); code != c.code {
				t.Errorf("exit code %d, want %d; on standard error: %s", code, c.code, errOut.String())
			}
			left, err := filepath.Glob(filepath.Join(tmp, "*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A message that is not true, or never comes, leaves the bot's log for whoever looks into it.
func TestAStoryThatIsNotTrueFailsAndKeepsTheLog(t *testing.T) {
	t.Parallel()
	sc := scene{name: "untrue", about: "somebody starts a cycle besides the bot's", exit: exitUntrue, text: "delta aadc01"}
	sc.meanwhile = func(ctx context.Context, st *stage, _ *screen) error {
		// The second server's cycle is nothing the channel tells of.
		return st.world.Servers["aadc02"].Model().Start(ctx, "Delta")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	st, err := raise(ctx, sc)
	if err != nil {
		t.Fatal(err)
	}
	var out output
	code, err := perform(ctx, st, options{scene: sc, once: true}, nil, &out)
	logged := st.strike(code == exitUntrue)
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(logged)) })
	if code != exitUntrue || err != nil {
		t.Errorf("exit code %d, %v, want %d:\n%s", code, err, exitUntrue, out.String())
	}
	if log, err := os.ReadFile(logged); err != nil || !strings.Contains(string(log), "cycle ended") {
		t.Errorf("log %q does not tell the story: %v", logged, err)
	}
}

func TestCommandLine(t *testing.T) {
	cases := []struct {
		does  string
		args  []string
		code  int
		shows string
	}{
		{"-help lists the scenes with their exit codes", []string{"-help"}, exitGood, "down     4  "},
		{"a scene that is not there is a mistake", []string{"-scene", "opera"}, exitUsage, "ok, busy, down, denied, errors, staging"},
		{"a word that is no option is a mistake", []string{"denied"}, exitUsage, `unexpected "denied"`},
		{"an unknown option is a mistake", []string{"-twice"}, exitUsage, "-twice"},
	}
	for _, c := range cases {
		t.Run(c.does, func(t *testing.T) {
			var out, errOut output
			if code := run(t.Context(), c.args, nil, &out, &errOut); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			wants(t, errOut.String(), c.shows)
		})
	}
}
