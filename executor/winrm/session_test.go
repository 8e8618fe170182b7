package winrm

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// scripted answers requests one after the other, by a list; the wire below HTTP is not there, so time can be false.
type scripted struct {
	replies []string
	waits   time.Duration // before each answer
	silent  bool          // nothing is answered once the replies are used up
	sent    []string      // the last word of each action, or of the signal
}

func (s *scripted) answer(ctx context.Context, _ *wire, envelope string) (reply, error) {
	s.sent = append(s.sent, action(envelope))
	var answered <-chan time.Time
	if len(s.replies) > 0 || !s.silent {
		answered = time.After(s.waits)
	}
	select {
	case <-answered:
	case <-ctx.Done():
		return reply{}, &transportError{context.Cause(ctx)}
	}
	if len(s.replies) == 0 {
		return reply{status: http.StatusOK, body: []byte(emptyReply())}, nil
	}
	body := s.replies[0]
	s.replies = s.replies[1:]
	return reply{status: http.StatusOK, header: http.Header{"Content-Type": {soapType}}, body: []byte(body)}, nil
}

// action returns the last part of an envelope's action, or of its signal code.
func action(envelope string) string {
	for _, end := range []string{"</rsp:Code>", "</a:Action>"} {
		if before, _, ok := strings.Cut(envelope, end); ok {
			return before[strings.LastIndex(before, "/")+1:]
		}
	}
	return "?"
}

func (s *scripted) run(ctx context.Context, t *testing.T) ([]string, error) {
	t.Helper()
	r, err := New(Config{
		Server: "aadc01", URL: "https://aadc01.corp.example:5986", Auth: AuthBasic, Username: "svc",
		Password: func() (string, error) { return "", errors.New("not asked") },
	}, NewLockout(nil), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r.scheme = s.answer
	var lines []string
	err = r.Run(ctx, []byte("x"), func(line []byte) error {
		lines = append(lines, string(line))
		return nil
	})
	return lines, err
}

func TestSession(t *testing.T) {
	var (
		created  = createReply(testShell)
		started  = commandReply(testCommand)
		ok       = emptyReply()
		timedOut = faultReply(wsmanFault("2150858793", "x"))
		busy     = faultReply(wsmanFault("170", "x"))
		gone     = faultReply(wsmanFault("2150858843", "x"))
		done     = receiveReply(typeDone, exitCode("0"), "stdout:two")
		cleanup  = []string{"ctrl_c", "terminate", "Delete"}
		end      = []string{"terminate", "Delete"}
	)
	for name, test := range map[string]struct {
		replies []string
		sent    []string
		lines   []string
		kind    executor.Failure
	}{
		"all goes well": {
			[]string{created, started, ok, receiveReply(typeRunning, "", "stdout:one\n"), done},
			slices.Concat([]string{"Create", "Command", "Send", "Receive", "Receive"}, end),
			[]string{"one", "two"},
			"",
		},
		"a rune cut between answers": {
			[]string{created, started, ok, receiveReply(typeRunning, "", "stdout:\xf0\x9f"), receiveReply(typeDone, exitCode("0"), "stdout:\x9a\x80")},
			slices.Concat([]string{"Create", "Command", "Send", "Receive", "Receive"}, end),
			[]string{"🚀"},
			"",
		},
		"silence for an hour": {
			slices.Concat([]string{created, started, ok}, slices.Repeat([]string{timedOut}, 180), []string{done}),
			slices.Concat([]string{"Create", "Command", "Send"}, slices.Repeat([]string{"Receive"}, 181), end),
			[]string{"two"},
			"",
		},
		"a slow Send has been taken": {
			[]string{created, started, timedOut, done},
			slices.Concat([]string{"Create", "Command", "Send", "Receive"}, end),
			[]string{"two"},
			"",
		},
		"a busy server is asked again": {
			[]string{created, started, busy, busy, ok, done},
			slices.Concat([]string{"Create", "Command", "Send", "Send", "Send", "Receive"}, end),
			[]string{"two"},
			"",
		},
		"a server that stays busy": {
			[]string{created, started, busy, busy, busy},
			slices.Concat([]string{"Create", "Command", "Send", "Send", "Send"}, cleanup), nil, executor.FailureFault,
		},
		"the shell vanishes": {
			[]string{created, started, ok, gone},
			[]string{"Create", "Command", "Send", "Receive", "Delete"},
			nil, executor.FailureGone,
		},
		"no state, for ever": {
			[]string{created, started, ok},
			slices.Concat([]string{"Create", "Command", "Send", "Receive"}, cleanup), nil, executor.FailureProtocol,
		},
		"markup in place of a shell id": {
			[]string{createReply("&lt;x&gt;")}, []string{"Create"}, nil, executor.FailureProtocol,
		},
		"markup in place of a command id": {
			[]string{created, commandReply("&lt;x&gt;")}, []string{"Create", "Command", "Delete"}, nil, executor.FailureProtocol,
		},
		"an end without an exit code is no success": {
			[]string{created, started, ok, receiveReply(typeDone, "", "stdout:one\n")},
			slices.Concat([]string{"Create", "Command", "Send", "Receive"}, cleanup), nil, executor.FailureProtocol,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &scripted{replies: test.replies, waits: 19 * time.Second}
				if test.kind != "" {
					server.waits = time.Millisecond // clean-up has little time
				}
				lines, err := server.run(t.Context(), t)
				var failed *executor.RunError
				if errors.As(err, &failed) != (test.kind != "") || failed != nil && failed.Kind != test.kind {
					t.Errorf("got error %v, want %q", err, test.kind)
				}
				if !slices.Equal(lines, test.lines) || !slices.Equal(server.sent, test.sent) {
					t.Errorf("got %q by %q, want %q by %q", lines, server.sent, test.lines, test.sent)
				}
			})
		})
	}
}

// TestSilentServer checks that every request has its deadline: the server swallows it from that request on.
func TestSilentServer(t *testing.T) {
	replies := []string{createReply(testShell), commandReply(testCommand), emptyReply()}
	for name, test := range map[string]struct {
		answered int
		sent     []string
		kind     executor.Failure
	}{
		"from Create on":  {0, []string{"Create"}, executor.FailureUnreachable},
		"from Command on": {1, []string{"Create", "Command", "Delete"}, executor.FailureLost},
		"from Send on":    {2, []string{"Create", "Command", "Send", "ctrl_c", "terminate", "Delete"}, executor.FailureLost},
		"from Receive on": {3, []string{"Create", "Command", "Send", "Receive", "ctrl_c", "terminate", "Delete"}, executor.FailureLost},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &scripted{replies: replies[:test.answered], silent: true}
				_, err := server.run(t.Context(), t)
				var failed *executor.RunError
				if !errors.As(err, &failed) || failed.Kind != test.kind || !errors.Is(err, errNoAnswer) {
					t.Errorf("got error %v, want %s", err, test.kind)
				}
				if !slices.Equal(server.sent, test.sent) {
					t.Errorf("sent %q, want %q", server.sent, test.sent)
				}
			})
		})
	}
}
