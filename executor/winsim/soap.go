package winsim

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Op is an operation of the wire that a Rule can match and Stats count.
type Op string

// The operations.
const (
	OpAny     Op = ""        // in a Rule: any SOAP request
	OpConnect Op = "Connect" // a TCP connection, before TLS
	OpCreate  Op = "Create"
	OpCommand Op = "Command"
	OpSend    Op = "Send"
	OpReceive Op = "Receive"
	OpSignal  Op = "Signal"
	OpDelete  Op = "Delete"
)

// Namespaces and URIs of WS-Management as Windows uses them.
const (
	path        = "/wsman"
	nsTransfer  = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	nsShell     = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	shellURI    = nsShell + "/cmd"
	anonymous   = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
	faultAction = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
)

// request is the part of an envelope that a server reads. The namespaces stand in the tags because Go's tags cannot
// name constants.
type request struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		To          string  `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing To"`
		Action      string  `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing Action"`
		MessageID   string  `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing MessageID"`
		ResourceURI string  `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd ResourceURI"`
		MaxEnvelope string  `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd MaxEnvelopeSize"`
		Timeout     string  `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OperationTimeout"`
		Selectors   []named `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd SelectorSet>Selector"`
		Options     []named `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OptionSet>Option"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body struct {
		Shell   *shellBody   `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Shell"`
		Command *commandBody `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell CommandLine"`
		Receive *receiveBody `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Receive"`
		Send    *sendBody    `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Send"`
		Signal  *signalBody  `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Signal"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`

	op          Op
	timeout     time.Duration
	maxEnvelope int // of the reply, in bytes
}

type named struct {
	Name  string `xml:"Name,attr"`
	Value string `xml:",chardata"`
}

type shellBody struct {
	WorkingDirectory string  `xml:"WorkingDirectory"`
	IdleTimeOut      string  `xml:"IdleTimeOut"`
	Environment      []named `xml:"Environment>Variable"`
	InputStreams     string  `xml:"InputStreams"`
	OutputStreams    string  `xml:"OutputStreams"`
}

type commandBody struct {
	Command   string   `xml:"Command"`
	Arguments []string `xml:"Arguments"`
}

type receiveBody struct {
	Desired struct {
		CommandID string `xml:"CommandId,attr"`
		Streams   string `xml:",chardata"`
	} `xml:"DesiredStream"`
}

type sendBody struct {
	Streams []struct {
		Name      string `xml:"Name,attr"`
		CommandID string `xml:"CommandId,attr"`
		End       string `xml:"End,attr"`
		Data      string `xml:",chardata"`
	} `xml:"Stream"`
}

type signalBody struct {
	CommandID string `xml:"CommandId,attr"`
	Code      string `xml:"Code"`
}

const (
	defaultTimeout     = time.Minute
	minTimeout         = 500 * time.Millisecond
	defaultMaxEnvelope = 150 << 10
	minMaxEnvelope     = 8192
)

// parseRequest reads an envelope and checks what every operation has in common. The request is not nil unless the
// bytes are no envelope at all, so that a fault can relate to it.
func parseRequest(b []byte) (*request, *fault) {
	r := &request{}
	if err := xml.Unmarshal(b, r); err != nil {
		return nil, newFault(codeSchema, "the XML is invalid: "+err.Error())
	}
	h := &r.Header
	for _, s := range []*string{&h.To, &h.Action, &h.MessageID, &h.ResourceURI, &h.MaxEnvelope, &h.Timeout} {
		*s = strings.TrimSpace(*s)
	}
	switch h.Action {
	case nsTransfer + "/Create", nsTransfer + "/Delete":
		r.op = Op(strings.TrimPrefix(h.Action, nsTransfer+"/"))
	case nsShell + "/Command", nsShell + "/Send", nsShell + "/Receive", nsShell + "/Signal":
		r.op = Op(strings.TrimPrefix(h.Action, nsShell+"/"))
	default:
		return r, newFault(codeAction, "the action URI is invalid")
	}
	if !strings.HasSuffix(h.To, path) || h.MessageID == "" {
		return r, newFault(codeHeader, "a header is missing or invalid: To or MessageID")
	}
	if h.ResourceURI != shellURI {
		return r, newFault(codeResourceURI, "the resource URI is missing or has an incorrect format")
	}
	return r, r.limits()
}

// limits reads the two headers with numbers in them.
func (r *request) limits() *fault {
	r.timeout, r.maxEnvelope = defaultTimeout, defaultMaxEnvelope
	if s := r.Header.Timeout; s != "" {
		d, err := parseDuration(s)
		if err != nil {
			return newFault(codeHeader, "OperationTimeout is invalid")
		}
		if d < minTimeout {
			return newFault(codeTimeoutUnsupported, "OperationTimeout is less than 500 milliseconds")
		}
		r.timeout = d
	}
	if s := r.Header.MaxEnvelope; s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return newFault(codeHeader, "MaxEnvelopeSize is invalid")
		}
		if n < minMaxEnvelope {
			return newFault(codeMaxEnvelope, "MaxEnvelopeSize is less than 8192")
		}
		r.maxEnvelope = n
	}
	return nil
}

// shellID returns the ShellId selector, or nothing.
func (r *request) shellID() string {
	for _, s := range r.Header.Selectors {
		if s.Name == "ShellId" {
			return strings.TrimSpace(s.Value)
		}
	}
	return ""
}

func (r *request) option(name string) (string, bool) {
	for _, o := range r.Header.Options {
		if o.Name == name {
			return strings.TrimSpace(o.Value), true
		}
	}
	return "", false
}

var errDuration = errors.New("not an xs:duration of days, hours, minutes and seconds")

// longestDuration keeps sums far from overflow; no time-out of WinRM is longer.
const longestDuration = 365 * 24 * time.Hour

// parseDuration reads an xs:duration without years and months, such as PT20S or P0DT1H2M3.500S.
func parseDuration(s string) (time.Duration, error) {
	rest, found := strings.CutPrefix(s, "P")
	if !found || rest == "" {
		return 0, fmt.Errorf("%q: %w", s, errDuration)
	}
	days, clock, inTime := strings.Cut(rest, "T")
	var total time.Duration
	for _, part := range []struct{ text, units string }{{days, "D"}, {clock, "HMS"}} {
		text := part.text
		for _, unit := range part.units {
			number, after, found := strings.Cut(text, string(unit))
			if !found {
				continue
			}
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || !(n >= 0 && n <= longestDuration.Seconds()) {
				return 0, fmt.Errorf("%q: %w", s, errDuration)
			}
			total += time.Duration(n * float64(durationUnit(unit)))
			text = after
		}
		if text != "" {
			return 0, fmt.Errorf("%q: %w", s, errDuration)
		}
	}
	if inTime && clock == "" || total > longestDuration {
		return 0, fmt.Errorf("%q: %w", s, errDuration)
	}
	return total, nil
}

func durationUnit(letter rune) time.Duration {
	switch letter {
	case 'D':
		return 24 * time.Hour
	case 'H':
		return time.Hour
	case 'M':
		return time.Minute
	default:
		return time.Second
	}
}
