package winsim_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor/winsim"
)

const shellNS = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"

// client speaks to a server by hand: every envelope is written out, every answer is looked at as it came.
type client struct {
	t              *testing.T
	http           *http.Client
	url            string
	user, password string
	timeout        string
	envelope       int
	resource       string
	to             string
	options        string
	messages       int
}

func newClient(t *testing.T, server *winsim.Server) *client {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	if pem := server.CAPEM(); pem != nil {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			t.Fatal("CAPEM is no certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{
		t: t, http: &http.Client{Transport: transport}, url: server.URL(), user: user, password: password,
		timeout: "PT20S", envelope: 153600, resource: shellNS + "/cmd", to: server.URL(),
	}
}

// answer is what came back, the SOAP in it taken apart.
type answer struct {
	status int
	header http.Header
	raw    string
	soap   struct {
		Action    string `xml:"Header>Action"`
		RelatesTo string `xml:"Header>RelatesTo"`
		Selector  string `xml:"Body>ResourceCreated>ReferenceParameters>SelectorSet>Selector"`
		CommandID string `xml:"Body>CommandResponse>CommandId"`
		Streams   []struct {
			Name string `xml:"Name,attr"`
			End  string `xml:"End,attr"`
			Data string `xml:",chardata"`
		} `xml:"Body>ReceiveResponse>Stream"`
		State struct {
			State    string `xml:"State,attr"`
			ExitCode *int   `xml:"ExitCode"`
		} `xml:"Body>ReceiveResponse>CommandState"`
		Fault struct {
			Subcode string `xml:"Code>Subcode>Value"`
			WSMan   struct {
				Code uint32 `xml:"Code,attr"`
			} `xml:"Detail>WSManFault"`
			WMI uint32 `xml:"Detail>MSFT_WmiError>error_Code"`
		} `xml:"Body>Fault"`
	}
}

// fault returns the fault's code, whichever shape it came in.
func (a *answer) fault() uint32 { return max(a.soap.Fault.WSMan.Code, a.soap.Fault.WMI) }

func (a *answer) done() bool { return strings.HasSuffix(a.soap.State.State, "/CommandState/Done") }

func (a *answer) stream(t *testing.T, name string) string {
	t.Helper()
	var text strings.Builder
	for _, s := range a.soap.Streams {
		if s.Name != name {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(s.Data)
		if err != nil {
			t.Errorf("stream %s: %v", name, err)
		}
		text.Write(b)
	}
	return text.String()
}

func (c *client) message(action, shell, body string) (envelope, id string) {
	c.messages++
	id = fmt.Sprintf("uuid:00000000-0000-4000-8000-%012d", c.messages)
	selector := ""
	if shell != "" {
		selector = `<w:SelectorSet><w:Selector Name="ShellId">` + shell + `</w:Selector></w:SelectorSet>`
	}
	return `<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="` + shellNS + `"><env:Header><a:To>` + c.to + `</a:To>` +
		fmt.Sprintf(`<w:MaxEnvelopeSize env:mustUnderstand="true">%d</w:MaxEnvelopeSize>`, c.envelope) +
		`<a:MessageID>` + id + `</a:MessageID><w:OperationTimeout>` + c.timeout + `</w:OperationTimeout><a:Action>` + action + `</a:Action>` +
		selector + `<w:ResourceURI>` + c.resource + `</w:ResourceURI>` + c.options + `</env:Header><env:Body>` + body + `</env:Body></env:Envelope>`, id
}

// try sends one message; the error is the connection's.
func (c *client) try(action, shell, body string) (*answer, error) {
	c.t.Helper()
	envelope, id := c.message(action, shell, body)
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url, strings.NewReader(envelope))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	request.SetBasicAuth(c.user, c.password)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	a := &answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	if err != nil {
		return a, err
	}
	if xml.Unmarshal(raw, &a.soap) == nil && a.soap.RelatesTo != "" && a.soap.RelatesTo != id {
		c.t.Errorf("answer relates to %s, want %s", a.soap.RelatesTo, id)
	}
	return a, nil
}

func (c *client) must(action, shell, body string) *answer {
	c.t.Helper()
	a, err := c.try(action, shell, body)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

const createBody = `<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>`

func (c *client) createWith(body string) *answer {
	c.t.Helper()
	return c.must("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", "", body)
}

func (c *client) create() string {
	c.t.Helper()
	a := c.createWith(createBody)
	if a.status != http.StatusOK || a.soap.Selector == "" {
		c.t.Fatalf("create: %d %s", a.status, a.raw)
	}
	return a.soap.Selector
}

func (c *client) commandAnswer(shell, line string) *answer {
	c.t.Helper()
	return c.must(shellNS+"/Command", shell, `<rsp:CommandLine><rsp:Command>`+line+`</rsp:Command></rsp:CommandLine>`)
}

func (c *client) command(shell, line string) string {
	c.t.Helper()
	a := c.commandAnswer(shell, line)
	if a.status != http.StatusOK || a.soap.CommandID == "" {
		c.t.Fatalf("command: %d %s", a.status, a.raw)
	}
	return a.soap.CommandID
}

func (c *client) send(shell, command, text string, end bool) {
	c.t.Helper()
	a := c.must(shellNS+"/Send", shell, fmt.Sprintf(`<rsp:Send><rsp:Stream Name="stdin" CommandId="%s" End="%t">%s</rsp:Stream></rsp:Send>`,
		command, end, base64.StdEncoding.EncodeToString([]byte(text))))
	if a.status != http.StatusOK || a.soap.Action != shellNS+"/SendResponse" {
		c.t.Fatalf("send: %d %s", a.status, a.raw)
	}
}

func receiveBody(command string) string {
	return `<rsp:Receive><rsp:DesiredStream CommandId="` + command + `">stdout stderr</rsp:DesiredStream></rsp:Receive>`
}

func (c *client) receive(shell, command string) *answer {
	c.t.Helper()
	return c.must(shellNS+"/Receive", shell, receiveBody(command))
}

func (c *client) signal(shell, command, code string) *answer {
	c.t.Helper()
	return c.must(shellNS+"/Signal", shell, `<rsp:Signal CommandId="`+command+`"><rsp:Code>`+shellNS+`/signal/`+code+`</rsp:Code></rsp:Signal>`)
}

func (c *client) delete(shell string) *answer {
	c.t.Helper()
	return c.must("http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete", shell, "")
}

// output receives until the program is done.
func (c *client) output(shell, command string) (stdout, stderr string, exit int) {
	c.t.Helper()
	for {
		a := c.receive(shell, command)
		if a.status != http.StatusOK {
			c.t.Fatalf("receive: %d %s", a.status, a.raw)
		}
		stdout += a.stream(c.t, "stdout")
		stderr += a.stream(c.t, "stderr")
		if a.done() {
			return stdout, stderr, *a.soap.State.ExitCode
		}
	}
}
