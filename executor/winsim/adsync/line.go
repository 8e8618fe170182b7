package adsync

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// line is where one PowerShell process asks the model: JSON objects, one a line, over a loopback connection.
type line struct {
	model    *Model
	listener net.Listener
	address  string
	token    string // other processes of the machine do not know it

	stop    context.CancelFunc
	serving sync.WaitGroup
}

// question is what the shim asks.
type question struct {
	Token     string          `json:"token"`
	Call      string          `json:"call"`
	Arguments json.RawMessage `json:"arguments"`
}

// reply holds either a value or an error.
type reply struct {
	Value any          `json:"value"`
	Error *CmdletError `json:"error"`
}

// listen opens a line that is served until it is closed or ctx ends.
func listen(ctx context.Context, m *Model) (*line, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for PowerShell: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	l := &line{model: m, listener: listener, address: listener.Addr().String(), token: rand.Text(), stop: stop}
	l.serving.Go(func() {
		defer context.AfterFunc(ctx, func() { _ = listener.Close() })() // Accept knows no context
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			l.serving.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				l.serve(ctx, conn)
				if stop() {
					_ = conn.Close()
				}
			})
		}
	})
	return l, nil
}

// Close ends the line and returns when nothing of it is left.
func (l *line) Close() error {
	l.stop()
	err := l.listener.Close()
	l.serving.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serve answers questions until the process or the line is gone; then there is nobody to tell an error.
func (l *line) serve(ctx context.Context, conn net.Conn) {
	questions := bufio.NewScanner(conn)
	questions.Buffer(nil, 64<<10)
	for questions.Scan() {
		var q question
		if err := json.Unmarshal(questions.Bytes(), &q); err != nil || subtle.ConstantTimeCompare([]byte(q.Token), []byte(l.token)) == 0 {
			return
		}
		value, err := l.model.ask(ctx, q.Call, q.Arguments)
		answer := reply{Value: value}
		if err != nil && !errors.As(err, &answer.Error) {
			return
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return
		}
		if _, err := conn.Write(append(asciiJSON(text), '\n')); err != nil {
			return
		}
	}
}

// ask calls the model's cmdlet of that name.
func (m *Model) ask(ctx context.Context, call string, arguments json.RawMessage) (any, error) {
	var a struct {
		EventFilter
		Policy       Policy `json:"policy"`
		Connector    string `json:"connector"`
		Filter       string `json:"filter"`
		Enabled      bool   `json:"enabled"`
		Limit        int    `json:"limit"`
		Milliseconds int64  `json:"milliseconds"`

		Requests []BridgeFile `json:"requests"`
	}
	if err := json.Unmarshal(arguments, &a); err != nil {
		return nil, fmt.Errorf("read the arguments of %s: %w", call, err)
	}
	switch call {
	case "Settings":
		s := m.Settings()
		return map[string]string{"language": s.Language, "culture": s.Culture, "computer": s.Computer}, nil
	case "Get-Date":
		return stamp(m.Now()), nil
	case "Start-Sleep":
		return nil, m.Sleep(ctx, time.Duration(a.Milliseconds)*time.Millisecond)
	case "Import-Module":
		_, err := m.Import(ctx)
		return nil, err
	case "Get-Service":
		return m.ServiceState(ctx), nil
	case "whoami.exe":
		return m.Groups(ctx), nil
	case "Get-Process":
		return m.Processes(ctx), nil
	case "Get-ADSyncExportDeletionThreshold":
		return m.Threshold(ctx)
	case "Get-WinEvent":
		return m.Events(ctx, a.EventFilter)
	case "Get-ADSyncScheduler":
		return m.Scheduler(ctx)
	case "Start-ADSyncSyncCycle":
		return nil, m.Start(ctx, a.Policy)
	case "Stop-ADSyncSyncCycle":
		return nil, m.Stop(ctx)
	case "Set-ADSyncScheduler":
		return nil, m.Enable(ctx, a.Enabled)
	case "Get-ADSyncConnectorRunStatus":
		return m.Running(ctx)
	case "Get-ADSyncConnector":
		return m.Connectors(ctx)
	case "Get-ADSyncConnectorStatistics":
		return m.Statistics(ctx, a.Connector)
	case "Get-ADSyncRunProfileResult":
		return m.History(ctx, a.Limit)
	case "Get-ScheduledTask":
		return m.Task(ctx)
	case "Start-ScheduledTask":
		return nil, m.StartTask(ctx, a.Requests)
	case "Bridged":
		return m.Bridged(ctx), nil
	case "csexport.exe":
		return m.Export(ctx, a.Connector, a.Filter)
	}
	return nil, &CmdletError{
		Command: call, Type: "System.Management.Automation.CommandNotFoundException",
		Message: "The term '" + call + "' is not recognized as the name of a cmdlet, function, script file, or operable program.",
		ID:      "CommandNotFoundException", Category: "ObjectNotFound",
	}
}
