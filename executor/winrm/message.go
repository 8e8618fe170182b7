package winrm

import (
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

const (
	resourceShell = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
	actionCreate  = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
	actionCommand = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command"
	actionSignal  = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal"

	signalCtrlC     = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c"
	signalTerminate = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate"

	// envelopeSize is the MaxEnvelopeSize that every server since 2008 R2 accepts, in bytes; chunkSize of raw input
	// fits into it after base64.
	envelopeSize = 153600
	chunkSize    = 96 << 10

	locale = "en-US"
	// idleTimeout is how long a server keeps a shell that nobody asks for any more.
	idleTimeout = "PT60S"
)

// messages builds the requests of one server. The builder underneath escapes nothing, so only constants, base64, a URL
// that New has checked and ids that checkID has checked go in.
type messages struct {
	url    string
	params *winrm.Parameters
}

func newMessages(url string, operationTimeout time.Duration) messages {
	seconds := strconv.FormatFloat(operationTimeout.Seconds(), 'f', -1, 64)
	return messages{url: url, params: winrm.NewParameters("PT"+seconds+"S", locale, envelopeSize)}
}

// create opens a shell. The library's own builder loads the profile and sets no idle time.
func (m messages) create() string {
	message := soap.NewMessage()
	m.header(message, actionCreate).
		AddOption(soap.NewHeaderOption("WINRS_NOPROFILE", "TRUE")).
		AddOption(soap.NewHeaderOption("WINRS_CODEPAGE", "65001")).
		Build()
	shell := message.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
	for _, element := range []struct{ name, content string }{
		{"InputStreams", "stdin"},
		{"OutputStreams", "stdout stderr"},
		{"IdleTimeOut", idleTimeout},
	} {
		message.CreateElement(shell, element.name, soap.DOM_NS_WIN_SHELL).SetContent(element.content)
	}
	return message.String()
}

// command starts line in a shell. The library's own builder asks for a console as standard input, where a script would
// be echoed and its end not seen.
func (m messages) command(shell, line string) string {
	message := soap.NewMessage()
	m.header(message, actionCommand).
		ShellId(shell).
		AddOption(soap.NewHeaderOption("WINRS_CONSOLEMODE_STDIN", "FALSE")).
		AddOption(soap.NewHeaderOption("WINRS_SKIP_CMD_SHELL", "FALSE")).
		Build()
	body := message.CreateBodyElement("CommandLine", soap.DOM_NS_WIN_SHELL)
	message.CreateElement(body, "Command", soap.DOM_NS_WIN_SHELL).SetContent(line)
	return message.String()
}

func (m messages) send(shell, command string, chunk []byte, last bool) string {
	return winrm.NewSendInputRequest(m.url, shell, command, chunk, last, m.params).String()
}

func (m messages) receive(shell, command string) string {
	return winrm.NewGetOutputRequest(m.url, shell, command, "stdout stderr", m.params).String()
}

// signal sends signalCtrlC or signalTerminate. The library knows only the latter.
func (m messages) signal(shell, command, code string) string {
	message := soap.NewMessage()
	m.header(message, actionSignal).ShellId(shell).Build()
	signal := message.CreateBodyElement("Signal", soap.DOM_NS_WIN_SHELL)
	signal.SetAttr("CommandId", command)
	message.CreateElement(signal, "Code", soap.DOM_NS_WIN_SHELL).SetContent(code)
	return message.String()
}

func (m messages) remove(shell string) string {
	return winrm.NewDeleteShellRequest(m.url, shell, m.params).String()
}

func (m messages) header(message *soap.SoapMessage, action string) *soap.SoapHeader {
	return message.Header().
		To(m.url).
		ReplyTo("http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous").
		MaxEnvelopeSize(m.params.EnvelopeSize).
		Id("uuid:" + uuid.NewString()).
		Locale(m.params.Locale).
		Timeout(m.params.Timeout).
		Action(action).
		ResourceURI(resourceShell)
}
