package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/bot/slacksim"
	"github.com/adsyncbot/adsyncbot/cmd/internal/app"
	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

// patience bounds every wait. It is long because machines are slow; nothing waits for it to pass.
const patience = 60 * time.Second

// scene is a bot in this process between a simulated workspace and simulated servers, with its log at debug level.
type scene struct {
	*e2e.World

	log  journal
	stop func() error
}

// newScene starts a bot with the configuration that change makes of the world's own, and waits until Slack reaches it.
func newScene(t *testing.T, o e2e.Options, change func(*scene, string) string) *scene {
	t.Helper()
	for k, v := range e2e.Secrets() {
		t.Setenv(k, v)
	}
	o.Dir = t.TempDir()
	w, err := e2e.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	s := &scene{World: w, log: journal{news: make(chan struct{})}}
	path, err := w.WriteConfig("sqlite:adsyncbot.db", "")
	if err == nil && change != nil {
		var text []byte
		if text, err = os.ReadFile(path); err == nil {
			err = os.WriteFile(path, []byte(change(s, string(text))), 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := app.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	log := slog.New(slog.NewJSONHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	go func() { ended <- app.Serve(ctx, cfg, app.Options{}, log) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
		if t.Failed() {
			t.Logf("the bot logged:\n%s", s.log.text())
		}
	})
	s.wait(t, func(now slacksim.Snapshot) bool { return len(now.Sockets) > 0 && now.Sockets[0].Ready })
	return s
}

// wait waits for something in the workspace.
func (s *scene) wait(t *testing.T, ready func(slacksim.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Slack.Wait(ctx, ready); err != nil {
		t.Fatal(err)
	}
}

// types types a command and returns its envelope.
func (s *scene) types(t *testing.T, user, channel, text string) slacksim.Envelope {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d, err := s.Slack.Slash(ctx, slacksim.SlashCommand{UserID: user, ChannelID: channel, Command: "/adsync", Text: text})
	if err != nil || d.Error != "" {
		t.Fatalf("%s in %s: %v %s", text, channel, err, d.Error)
	}
	return d.Envelope
}

// reads waits until a channel shows words.
func (s *scene) reads(t *testing.T, channel, words string) {
	t.Helper()
	s.wait(t, func(slacksim.Snapshot) bool { return strings.Contains(s.Slack.Transcript(channel, ""), words) })
}

// told waits until a person has so many answers for their eyes only in a channel.
func (s *scene) told(t *testing.T, channel, user string, n int) {
	t.Helper()
	s.wait(t, func(slacksim.Snapshot) bool { return len(s.Slack.Ephemerals(channel, user)) >= n })
}

// get asks the bot's own HTTP server, whose address stands in the log.
func (s *scene) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	i := slices.IndexFunc(s.log.lines(t), func(l line) bool { return l.Message == "health checks and metrics are served" })
	if i < 0 {
		t.Fatal("the log does not say where health checks are served")
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%v%s", s.log.lines(t)[i].All["address"], path), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// journal holds a log.
type journal struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	news  chan struct{} // closed and replaced at every write
}

// Write implements io.Writer.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.news)
	j.news = make(chan struct{})
	return j.bytes.Write(p)
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes.String()
}

// line is one line of a log in JSON.
type line struct {
	Message string `json:"msg"`
	Ref     string `json:"ref"`
	Cycle   string `json:"cycle"`
	Final   bool   `json:"final"`
	Kind    string `json:"kind"`
	All     map[string]any
}

func (j *journal) lines(t *testing.T) []line {
	t.Helper()
	var out []line
	for text := range strings.Lines(j.text()) {
		var l line
		if err := errors.Join(json.Unmarshal([]byte(text), &l), json.Unmarshal([]byte(text), &l.All)); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		out = append(out, l)
	}
	return out
}

// wait returns the lines once there are n that are wanted.
func (j *journal) wait(t *testing.T, n int, wanted func(line) bool) []line {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		j.mu.Lock()
		news := j.news
		j.mu.Unlock()
		lines := j.lines(t)
		count := 0
		for _, l := range lines {
			if wanted(l) {
				count++
			}
		}
		if count >= n {
			return lines
		}
		select {
		case <-news:
		case <-ctx.Done():
			t.Fatalf("%d lines of %d", count, n)
		}
	}
}
