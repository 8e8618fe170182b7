package winrm_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// The answers in this file have the shapes of recorded exchanges with Windows Server 2008 R2 to 2016 (the test suites of
// pypsrp, pywinrm, WinRb/WinRM and winrm4j have them), told again in our own words. No simulator stands between.

const (
	recordedShell   = "849551A1-CEC2-4ABD-8B62-652AD1053E9B"
	recordedCommand = "D644AE56-61E5-4C1A-A135-E599B76B3035"
	transferNS      = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	shellNS         = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"

	codeNoOutput = 2150858793 // in the time a Receive waits
)

// spoken is what the recorded server says to one request.
type spoken struct {
	status int
	body   string
}

// recorded is a server that gives its answers in order, whatever it is asked; it notes what that was.
type recorded struct {
	mu      sync.Mutex
	answers []spoken
	asked   []string
}

func (r *recorded) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, requestName(string(body)))
	next := spoken{http.StatusOK, envelopeOf(transferNS+"/DeleteResponse", "")} // to the cleaning up, which nobody recorded
	if len(r.answers) > 0 {
		next, r.answers = r.answers[0], r.answers[1:]
	}
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	w.Header().Set("Content-Type", "application/soap+xml;charset=UTF-8")
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

// requestName names a request: the end of its action, or of the signal it sends.
func requestName(envelope string) string {
	for _, end := range []string{"</rsp:Code>", "</a:Action>"} {
		if before, _, found := strings.Cut(envelope, end); found {
			return before[strings.LastIndex(before, "/")+1:]
		}
	}
	return envelope
}

// replay runs a script against a server with these answers. It returns the lines, what was asked for, and Run's error.
func replay(t *testing.T, gate winrm.Gate, answers ...spoken) (lines, asked []string, err error) {
	t.Helper()
	windows := &recorded{answers: answers}
	server := httptest.NewTLSServer(windows)
	defer server.Close()
	config := winrm.Config{
		Server: "aadc01", URL: server.URL + "/wsman", Auth: winrm.AuthBasic, Username: account,
		Password: secret(password), CAs: x509.NewCertPool(),
	}
	config.CAs.AddCert(server.Certificate())
	runner, err := winrm.New(config, gate, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer runner.Close()
	err = runner.Run(t.Context(), []byte("Get-Date\n"), func(line []byte) error {
		lines = append(lines, string(line))
		return nil
	})
	windows.mu.Lock()
	defer windows.mu.Unlock()
	return lines, windows.asked, err
}

// envelopeOf is an envelope as Windows writes it: declarations at the top, used or not, no line ends.
func envelopeOf(action, body string) string {
	return `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"` +
		` xmlns:x="` + transferNS + `" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"` +
		` xmlns:rsp="` + shellNS + `" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:Action>` + action +
		`</a:Action><a:MessageID>uuid:74D94A77-187D-422E-8311-E9A98D1D04B0</a:MessageID><a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>` +
		`<a:RelatesTo>uuid:CC7A3077-2D6E-45A9-8117-A3ECA1BEAD7C</a:RelatesTo></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

func shellOpened() spoken {
	return spoken{http.StatusOK, envelopeOf(transferNS+"/CreateResponse", `<x:ResourceCreated><a:Address>https://aadc01:5986/wsman</a:Address><a:ReferenceParameters>`+
		`<w:ResourceURI>`+shellNS+`/cmd</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">`+recordedShell+`</w:Selector></w:SelectorSet>`+
		`</a:ReferenceParameters></x:ResourceCreated><rsp:Shell xmlns:rsp="`+shellNS+`"><rsp:ShellId>`+recordedShell+`</rsp:ShellId>`+
		`<rsp:ResourceUri>`+shellNS+`/cmd</rsp:ResourceUri><rsp:Owner>CORP\svc-adsync</rsp:Owner><rsp:ClientIP>192.0.2.7</rsp:ClientIP>`+
		`<rsp:IdleTimeOut>PT60.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>`+
		`<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>`)}
}

func commandStarted() spoken {
	return spoken{http.StatusOK, envelopeOf(shellNS+"/CommandResponse", `<rsp:CommandResponse><rsp:CommandId>`+recordedCommand+`</rsp:CommandId></rsp:CommandResponse>`)}
}

func inputTaken() spoken {
	return spoken{http.StatusOK, envelopeOf(shellNS+"/SendResponse", `<rsp:SendResponse></rsp:SendResponse>`)}
}

// outputRead holds streams, each as written by streamOf, and a state.
func outputRead(state, inside string, streams ...string) spoken {
	return spoken{http.StatusOK, envelopeOf(shellNS+"/ReceiveResponse", `<rsp:ReceiveResponse>`+strings.Join(streams, "")+
		`<rsp:CommandState CommandId="`+recordedCommand+`" State="`+shellNS+`/CommandState/`+state+`">`+inside+`</rsp:CommandState></rsp:ReceiveResponse>`)}
}

func streamOf(name, text string) string {
	return `<rsp:Stream Name="` + name + `" CommandId="` + recordedCommand + `">` + base64.StdEncoding.EncodeToString([]byte(text)) + `</rsp:Stream>`
}

// streamEnd stands in the last answer, once for each stream.
func streamEnd(name string) string {
	return `<rsp:Stream Name="` + name + `" CommandId="` + recordedCommand + `" End="true"></rsp:Stream>`
}

// faultOf is a fault; most come with HTTP status 500.
func faultOf(detail string) spoken {
	return spoken{http.StatusInternalServerError, envelopeOf("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode>`+
		`<s:Value>w:InternalError</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">Nothing but the code counts.  </s:Text></s:Reason>`+
		detail+`</s:Fault>`)}
}

func withCode(code uint32) string {
	return fmt.Sprintf(`<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%d" Machine="aadc01">`+
		`<f:Message>Nothing but the code counts.  </f:Message></f:WSManFault></s:Detail>`, code)
}

// withPlugin is how a process that cannot be started is told of.
func withPlugin(code uint32) string {
	return fmt.Sprintf(`<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%[1]d" Machine="aadc01"><f:Message>`+
		`<f:ProviderFault provider="Shell cmd plugin" path="%%systemroot%%\system32\winrscmd.dll">The system cannot find the file specified.  </f:ProviderFault>`+
		`</f:Message></f:WSManFault></s:Detail>`, code)
}

// asWMI is how quotas are told of by some versions: there is no WSManFault at all.
func asWMI(code uint32) string {
	return fmt.Sprintf(`<s:Detail><p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"`+
		` xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/microsoft/windows/management/MSFT_WmiError"`+
		` xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="p:MSFT_WmiError_Type">`+
		`<p:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</p:CIMStatusCode><p:CIMStatusCodeDescription xsi:type="cim:cimString" xsi:nil="true" />`+
		`<p:ErrorSource xsi:type="cim:cimString" xsi:nil="true" /><p:error_Category xsi:type="cim:cimUnsignedInt">30</p:error_Category>`+
		`<p:error_Code xsi:type="cim:cimUnsignedInt">%d</p:error_Code><p:error_Type xsi:type="cim:cimString">HRESULT</p:error_Type>`+
		`</p:MSFT_WmiError></s:Detail>`, code)
}

// TestRecordedRuns reads whole runs: several streams in one answer, answers without any, the end that is told once more for
// each stream, exit codes.
func TestRecordedRuns(t *testing.T) {
	t.Parallel()
	gate := winrm.NewLockout(newLedger()) // one for all: to hash a password is slow
	run := []string{"Create", "Command", "Send", "Receive", "terminate", "Delete"}
	longer := []string{"Create", "Command", "Send", "Receive", "Receive", "Receive", "Receive", "terminate", "Delete"}
	for name, test := range map[string]struct {
		received []spoken
		lines    []string
		asked    []string
		exit     int
	}{
		"all in one answer": {
			[]spoken{outputRead("Done", "<rsp:ExitCode>0</rsp:ExitCode>", streamOf("stdout", "hi\r\n"), streamEnd("stdout"), streamEnd("stderr"))},
			[]string{"hi"},
			run, 0,
		},
		"a line in two streams of one answer, as PowerShell writes it": {
			[]spoken{
				outputRead("Running", "", streamOf("stdout", "hi"), streamOf("stdout", "\n")),
				faultOf(withCode(codeNoOutput)),
				faultOf(withCode(codeNoOutput)),
				outputRead("Done", "<rsp:ExitCode>0</rsp:ExitCode>", streamOf("stdout", "hi again"), streamOf("stdout", "\n"), streamEnd("stdout"), streamEnd("stderr")),
			},
			[]string{"hi", "hi again"},
			longer, 0,
		},
		"both streams in turn": {
			[]spoken{
				outputRead("Running", "", streamOf("stderr", "care"), streamOf("stdout", "o"), streamOf("stderr", "ful"), streamOf("stdout", "ne\n")),
				outputRead("Running", "", streamOf("stdout", "")),
				outputRead("Running", ""),
				outputRead("Done", "<rsp:ExitCode>7</rsp:ExitCode>", streamEnd("stdout"), streamEnd("stderr")),
			},
			[]string{"one"},
			longer, 7,
		},
		"the code of a process that ctrl_c ended": {
			[]spoken{outputRead("Done", "<rsp:ExitCode>-1073741510</rsp:ExitCode>", streamEnd("stdout"), streamEnd("stderr"))},
			nil, run, -1073741510,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := slices.Concat([]spoken{shellOpened(), commandStarted(), inputTaken()}, test.received, []spoken{
				{http.StatusOK, envelopeOf(shellNS+"/SignalResponse", `<rsp:SignalResponse></rsp:SignalResponse>`)},
				{http.StatusOK, envelopeOf(transferNS+"/DeleteResponse", "")},
			})
			lines, asked, err := replay(t, gate, answers...)
			if test.exit == 0 && err != nil {
				t.Errorf("got error %v", err)
			}
			if test.exit != 0 {
				if got := failed(t, err); got.Kind != executor.FailureExit || got.ExitCode != test.exit {
					t.Errorf("got %+v, want exit code %d", got, test.exit)
				}
			}
			if !slices.Equal(lines, test.lines) || !slices.Equal(asked, test.asked) {
				t.Errorf("got %q by %q, want %q by %q", lines, asked, test.lines, test.asked)
			}
		})
	}
}
