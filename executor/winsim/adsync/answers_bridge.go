package adsync

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// How long the scripts wait for an answer, in turns of a second, and how old one may be.
const (
	bridgePatience = 15
	bridgeOldest   = 120 * time.Second
)

// noBridge prints why there is no answer by the bridge, and returns it.
func (s *session) noBridge(code, message string) string {
	if !s.quiet && (code != "bridge_missing" || s.expected) {
		s.emit("problem", "doing", "bridge", "code", code, "message", message)
	}
	return message
}

// bridgeFailure prints that a cmdlet on the way failed.
func (s *session) bridgeFailure(err error) string {
	f := s.failure(err)
	if f == nil {
		return ""
	}
	code := "bridge_failed"
	switch f.Category {
	case "PermissionDenied":
		code = "bridge_denied"
	case "ObjectNotFound":
		code = "bridge_missing"
	}
	return s.noBridge(code, strings.Join(strings.Fields(f.firstLine()), " "))
}

// bridge reads the run history through the bridge; else it says why not.
func (s *session) bridge(ctx context.Context, since time.Time, most int, road string) (runs []Run, read bool, why string) {
	s.expected = road == "bridge"
	answer, why := s.askBridge(ctx, "history", fmt.Sprintf(`,"since":%q,"most":%d`, stamp(since), most))
	if answer == "" {
		return nil, false, why
	}
	return s.readBridge(answer, bridgeRequest)
}

// bridgeThreshold reads the deletion threshold through the bridge; without an answer it is simply not known.
func (s *session) bridgeThreshold(ctx context.Context) (t Threshold, read bool) {
	s.quiet = true
	defer func() { s.quiet = false }()
	text, _ := s.askBridge(ctx, "threshold", "")
	if text == "" {
		return t, false
	}
	a, why := s.believe(text, bridgeRequest, "threshold")
	if why != "" || a.Threshold == nil {
		return t, false
	}
	return Threshold(*a.Threshold), true
}

// bridgeRequest is the identifier of every request here: nobody prints it.
const bridgeRequest = "0f8fad5b-d9cb-469f-a165-70867728950e"

// askBridge puts a question and returns the answer's text, or why there is none.
func (s *session) askBridge(ctx context.Context, question, arguments string) (answer, why string) {
	s.beat("Get-ScheduledTask")
	switch state, err := s.m.Task(ctx); {
	case err != nil:
		return "", s.bridgeFailure(err)
	case state == "Disabled":
		return "", s.noBridge("bridge_disabled", "the task is disabled")
	}
	request := []BridgeFile{{Name: bridgeRequest + ".json", Text: fmt.Sprintf(`{"id":%q,"question":%q%s}`, bridgeRequest, question, arguments)}}
	s.beat("Start-ScheduledTask")
	if err := s.m.StartTask(ctx, request); err != nil {
		return "", s.bridgeFailure(err)
	}
	answer, ok := s.waitForBridge(ctx, request)
	switch {
	case s.err != nil:
		return "", ""
	case !ok:
		return "", s.noBridge("bridge_silent", fmt.Sprintf("no answer within %d s", bridgePatience))
	}
	return answer, ""
}

// waitForBridge looks every second, and starts the task once more when it is idle and has not answered.
func (s *session) waitForBridge(ctx context.Context, request []BridgeFile) (answer string, ok bool) {
	for turn := range bridgePatience {
		for _, file := range s.m.Bridged(ctx) {
			return file.Text, true
		}
		if turn%3 == 0 {
			s.beat("bridge")
		}
		if turn == 6 {
			if state, err := s.m.Task(ctx); err == nil && state == "Ready" {
				if err := s.m.StartTask(ctx, request); err != nil {
					s.err = err
				}
			}
		}
		if err := s.m.Sleep(ctx, time.Second); err != nil {
			s.err = err
			return "", false
		}
	}
	for _, file := range s.m.Bridged(ctx) {
		return file.Text, true
	}
	return "", false
}

// believe reads an answer, unless it is none to this request, or none of now; then it says why.
func (s *session) believe(text, id, question string) (a bridgeAnswer, why string) {
	if json.Unmarshal([]byte(text), &a) != nil || instant(a.Made).IsZero() || a.V != 1 {
		return a, s.noBridge("bridge_garbled", "the answer is not one of the bridge")
	}
	if a.ID != id || a.Question != question {
		return a, s.noBridge("bridge_foreign", "the answer belongs to another request")
	}
	if age := s.m.Now().Sub(instant(a.Made)); age > bridgeOldest || age < -bridgeOldest {
		return a, s.noBridge("bridge_stale", "the answer is not of now")
	}
	if !a.OK {
		code := "bridge_failed"
		if a.Code == "access_denied" {
			code = "bridge_rights"
		}
		return a, s.noBridge(code, cmp.Or(a.Message, "no reason was given"))
	}
	return a, ""
}

// readBridge reads the runs in an answer.
func (s *session) readBridge(text, id string) (runs []Run, read bool, why string) {
	a, why := s.believe(text, id, "history")
	if why != "" {
		return nil, false, why
	}
	for _, r := range a.Runs {
		run, err := r.run()
		if err != nil {
			return nil, false, s.noBridge("bridge_garbled", "the runs in the answer are not understood")
		}
		runs = append(runs, run)
	}
	return runs, true, ""
}
