package winrm

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestParseFault(t *testing.T) {
	for name, test := range map[string]struct {
		detail string
		code   uint32
		kind   executor.Failure
	}{
		"no output yet":                    {wsmanFault("2150858793", "x"), 2150858793, executor.FailureFault},
		"shell gone":                       {wsmanFault("2150858843", "x"), 2150858843, executor.FailureGone},
		"shell closing":                    {wsmanFault("995", "x"), 995, executor.FailureGone},
		"profile unloaded":                 {wsmanFault("2147943418", "x"), 2147943418, executor.FailureGone},
		"access denied":                    {wsmanFault("5", "x"), 5, executor.FailureAccess},
		"access denied as a result code":   {wsmanFault("2147942405", "x"), 2147942405, executor.FailureAccess},
		"a negative result code":           {wsmanFault("-2147024891", "x"), 2147942405, executor.FailureAccess},
		"remote shells not allowed":        {wsmanFault("2150859180", "x"), 2150859180, executor.FailureAccess},
		"remote connections not allowed":   {wsmanFault("2150859235", "x"), 2150859235, executor.FailureAccess},
		"too many shells, as WMI says it":  {wmiError("2150859173"), 2150859173, executor.FailureQuota},
		"too many operations":              {wsmanFault("2150859174", "x"), 2150859174, executor.FailureQuota},
		"load of the user":                 {wsmanFault("2150859175", "x"), 2150859175, executor.FailureQuota},
		"load of the system":               {wsmanFault("2150859176", "x"), 2150859176, executor.FailureQuota},
		"too many users":                   {wsmanFault("2150859179", "x"), 2150859179, executor.FailureQuota},
		"limits of the plug-in":            {wsmanFault("2150859242", "x"), 2150859242, executor.FailureQuota},
		"service busy":                     {wsmanFault("2150858815", "x"), 2150858815, executor.FailureQuota},
		"file not found":                   {wsmanFault("2147942402", providerFault(wsmanFault("2147942402", "x"))), 2147942402, executor.FailureFault},
		"the plug-in knows it better":      {wsmanFault("2150858778", providerFault(wsmanFault("5", "x"))), 5, executor.FailureAccess},
		"the outer code says enough":       {wsmanFault("2150859173", providerFault(wsmanFault("5", "x"))), 2150859173, executor.FailureQuota},
		"the plug-in alone has a code":     {wsmanFault("0", providerFault(wmiError("2150859173"))), 2150859173, executor.FailureQuota},
		"a fault without a code":           {"", 0, executor.FailureFault},
		"a fault with a code that is none": {wsmanFault("many", "x"), 0, executor.FailureFault},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := inspect([]byte(faultReply(test.detail)))
			got, ok := errors.AsType[*fault](err)
			if !ok {
				t.Fatalf("got error %v, want a fault", err)
			}
			if got.code != test.code || got.kind() != test.kind || got.reason != "Der Vorgang ist fehlgeschlagen." {
				t.Errorf("got %+v, %s, want %d, %s", got, got.kind(), test.code, test.kind)
			}
		})
	}
}

func TestParseOutput(t *testing.T) {
	const bad = "bad"
	for name, test := range map[string]struct {
		reply          string
		out            output
		stdout, stderr string
	}{
		"nothing yet":                 {receiveReply(typeRunning, ""), output{}, "", ""},
		"streams in any mix":          {receiveReply(typeRunning, "", "stdout:a", "stderr:x", "stdout:b"), output{}, "ab", "x"},
		"the end":                     {receiveReply(typeDone, exitCode("0"), "stdout:a", "stderr:"), output{done: true}, "a", ""},
		"an exit code":                {receiveReply(typeDone, exitCode("3")), output{done: true, exitCode: 3}, "", ""},
		"an exit code of a crash":     {receiveReply(typeDone, exitCode("3221225786")), output{done: true, exitCode: 3221225786}, "", ""},
		"a negative exit code":        {receiveReply(typeDone, exitCode(" -1 ")), output{done: true, exitCode: -1}, "", ""},
		"the end without a code":      {receiveReply(typeDone, ""), output{}, bad, ""},
		"the end with a word as code": {receiveReply(typeDone, exitCode("fine")), output{}, bad, ""},
		"a code without an end":       {receiveReply(typeRunning, exitCode("0")), output{}, "", ""},
		"no state":                    {receiveReply("", "", "stdout:a"), output{}, bad, ""},
		"an unknown state":            {receiveReply("http://example.com/Done", exitCode("0")), output{}, bad, ""},
		"a stream that is not base64": {receiveBody(`<rsp:Stream Name="stdout">a*b</rsp:Stream><rsp:CommandState State="` + typeRunning + `"/>`), output{}, bad, ""},
		"an element in a stream":      {receiveBody(`<rsp:Stream Name="stdout">!!!!<a/>YWJj</rsp:Stream><rsp:CommandState State="` + typeRunning + `"/>`), output{}, bad, ""},
		"half a stream":               {receiveBody(`<rsp:Stream Name="stdout">YWJ</rsp:Stream><rsp:CommandState State="` + typeRunning + `"/>`), output{}, bad, ""},
		"an empty reply":              {"", output{}, bad, ""},
		"white space":                 {" \r\n", output{}, bad, ""},
		"half a reply":                {receiveReply(typeDone, exitCode("0"))[:700], output{}, bad, ""},
		"a page of HTML":              {"<html><body>Not found</body></html>", output{}, bad, ""},
		"other XML":                   {`<?xml version="1.0"?><catalog/>`, output{}, bad, ""},
		"an envelope of SOAP 1.1":     {`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>`, output{}, bad, ""},
		"elements without end":        {strings.Replace(receiveReply(typeDone, exitCode("0")), "<s:Body>", "<s:Body>"+strings.Repeat("<a>", 1000), 1), output{}, bad, ""},
		"an entity":                   {receiveReply(typeDone, exitCode("&boom;")), output{}, bad, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			out, err := parseOutput([]byte(test.reply), &stdout, &stderr)
			if test.stdout == bad {
				if err == nil || stdout.Len() > 0 {
					t.Errorf("got %+v and %q, want an error and nothing", out, stdout.String())
				}
				return
			}
			if err != nil || out != test.out || stdout.String() != test.stdout || stderr.String() != test.stderr {
				t.Errorf("got %+v, %q, %q and error %v", out, stdout.String(), stderr.String(), err)
			}
		})
	}
}

// TestParseIDs lets no id through that would have to be escaped in the next message.
func TestParseIDs(t *testing.T) {
	for name, test := range map[string]struct {
		id string
		ok bool
	}{
		"an id":              {testShell, true},
		"none":               {"", false},
		"markup":             {"&lt;/w:Selector&gt;", false},
		"a quotation mark":   {`1"2`, false},
		"a word":             {"shell", false},
		"something too long": {strings.Repeat("1", 65), false},
	} {
		t.Run(name, func(t *testing.T) {
			for parser, parse := range map[string]func() (string, error){
				"shell":   func() (string, error) { return parseShell([]byte(createReply(test.id))) },
				"command": func() (string, error) { return parseCommand([]byte(commandReply(test.id))) },
			} {
				if id, err := parse(); (err == nil) != test.ok || test.ok && id != test.id {
					t.Errorf("%s: got %q and error %v", parser, id, err)
				}
			}
		})
	}
	if _, err := parseCommand([]byte(createReply(testShell))); err == nil {
		t.Error("the answer to Create was taken for one to Command")
	}
}

// FuzzReply feeds every parser anything: they may refuse it, and must not panic or let an unsafe id through.
func FuzzReply(f *testing.F) {
	f.Add([]byte(createReply(testShell)))
	f.Add([]byte(commandReply(testCommand)))
	f.Add([]byte(receiveReply(typeDone, exitCode("1"), "stdout:ü", "stderr:x")))
	f.Add([]byte(faultReply(wsmanFault("5", providerFault(wmiError("2150859173"))))))
	f.Add([]byte("<"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, parse := range []func([]byte) (string, error){parseShell, parseCommand} {
			if id, err := parse(body); err == nil && strings.ContainsAny(id, `<>&"' `) {
				t.Errorf("unsafe id %q", id)
			}
		}
		if out, err := parseOutput(body, io.Discard, io.Discard); err != nil && out != (output{}) {
			t.Errorf("got %+v with error %v", out, err)
		}
		_ = parseEmpty(body)
	})
}
