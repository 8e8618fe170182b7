package winrm

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

const (
	statePrefix = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/"
	// maxDepth is how deep elements may be nested in a reply; real ones go to about 12.
	maxDepth = 64
	// maxReason is how much of a fault's text is kept, in bytes.
	maxReason = 500
)

// output is what one Receive brought besides the streams.
type output struct {
	done     bool
	exitCode int
}

// parseShell returns the id of the shell a Create has opened.
func parseShell(body []byte) (string, error) {
	if _, err := inspect(body); err != nil {
		return "", err
	}
	id, err := winrm.ParseOpenShellResponse(string(body))
	if err != nil {
		return "", fmt.Errorf("read shell id: %w", err)
	}
	return checkID(id)
}

// parseCommand returns the id of the command a Command has started.
func parseCommand(body []byte) (string, error) {
	if _, err := inspect(body); err != nil {
		return "", err
	}
	id, err := winrm.ParseExecuteCommandResponse(string(body))
	if err != nil {
		return "", fmt.Errorf("read command id: %w", err)
	}
	return checkID(id)
}

// parseOutput writes the streams of a Receive to stdout and stderr.
func parseOutput(body []byte, stdout, stderr io.Writer) (output, error) {
	seen, err := inspect(body)
	if err != nil {
		return output{}, err
	}
	out := output{done: seen.state == "Done"}
	switch {
	case !out.done && seen.state != "Running" && seen.state != "Pending":
		return output{}, fmt.Errorf("the reply names no known state of the command: %q", seen.state)
	case out.done:
		code, err := strconv.ParseInt(seen.exitCode, 10, 64)
		if err != nil {
			return output{}, fmt.Errorf("the command is done without an exit code: %q", seen.exitCode)
		}
		out.exitCode = int(code)
	}
	if _, _, err := winrm.ParseSlurpOutputErrResponse(string(body), stdout, stderr); err != nil {
		return output{}, fmt.Errorf("read output: %w", err)
	}
	return out, nil
}

// parseEmpty looks at a reply that carries nothing but the absence of a fault.
func parseEmpty(body []byte) error {
	_, err := inspect(body)
	return err
}

// checkID lets only ids through that may stand in a message without escaping.
func checkID(id string) (string, error) {
	if id == "" || len(id) > 64 || strings.Trim(id, "0123456789abcdefABCDEF-") != "" {
		return "", fmt.Errorf("the reply carries no usable id: %.80q", id)
	}
	return id, nil
}

// inspection is what inspect has seen in a reply.
type inspection struct {
	state    string // of the command, without statePrefix
	exitCode string
}

// inspect reads a whole reply before the library's parser, which takes anything: it is well-formed SOAP, it is not a
// fault (else the error is a *fault), and its streams are base64. XPath's freedom to look anywhere stays harmless then.
func inspect(body []byte) (inspection, error) {
	var (
		seen      inspection
		path      []xml.Name
		text      bytes.Buffer
		isFault   bool
		flt       fault
		decoder   = xml.NewDecoder(bytes.NewReader(body))
		envelopes int
	)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return seen, fmt.Errorf("the reply is not XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(path) == 0 {
				if t.Name != (xml.Name{Space: soap.NS_SOAP_ENV, Local: "Envelope"}) {
					return seen, fmt.Errorf("the reply is not SOAP but <%.80s>", t.Name.Local)
				}
				envelopes++
			}
			if len(path) > 0 && path[len(path)-1] == (xml.Name{Space: soap.NS_WIN_SHELL, Local: "Stream"}) {
				return seen, errors.New("a stream of the reply is not text")
			}
			path = append(path, t.Name)
			if len(path) > maxDepth {
				return seen, errors.New("the reply is nested too deep")
			}
			text.Reset()
			switch t.Name {
			case xml.Name{Space: soap.NS_SOAP_ENV, Local: "Fault"}:
				isFault = true
			case xml.Name{Space: soap.NS_WSMAN_FAULT, Local: "WSManFault"}:
				flt.add(attribute(t, "Code"))
			case xml.Name{Space: soap.NS_WIN_SHELL, Local: "CommandState"}:
				seen.state = strings.TrimPrefix(attribute(t, "State"), statePrefix)
			}
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			name := path[len(path)-1]
			path = path[:len(path)-1]
			switch {
			case name == xml.Name{Space: soap.NS_WIN_SHELL, Local: "ExitCode"}:
				seen.exitCode = strings.TrimSpace(text.String())
			case name == xml.Name{Space: soap.NS_WIN_SHELL, Local: "Stream"}:
				decoded := base64.NewDecoder(base64.StdEncoding, &text)
				if _, err := io.Copy(io.Discard, decoded); err != nil {
					return seen, fmt.Errorf("a stream of the reply is not base64: %w", err)
				}
			case name.Local == "error_Code": // of an MSFT_WmiError, the only place of a code in some faults
				flt.add(strings.TrimSpace(text.String()))
			case name == xml.Name{Space: soap.NS_SOAP_ENV, Local: "Text"} && flt.reason == "":
				flt.reason = clip(strings.Join(strings.Fields(text.String()), " "))
			}
			text.Reset()
		}
	}
	switch {
	case envelopes == 0:
		return seen, errors.New("the reply is empty")
	case isFault:
		return seen, &flt
	}
	return seen, nil
}

// add takes a code found in the fault. They come from the outside in; the first one that says something stays.
func (f *fault) add(text string) {
	code, err := strconv.ParseInt(text, 10, 64)
	if err != nil || code == 0 {
		return
	}
	next := fault{code: uint32(code)} //nolint:gosec // an HRESULT written as a negative number wraps as it should
	if f.code == 0 || !f.known() && next.known() {
		f.code = next.code
	}
}

// known tells whether we know what the code means.
func (f *fault) known() bool {
	return f.code == codeTimedOut || f.code == codeBusy || f.kind() != "fault"
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func clip(s string) string {
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + " …"
	}
	return s
}
