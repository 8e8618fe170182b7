package winsim

import (
	"fmt"
	"net/http"
)

// Fault codes a Server sends by itself (wsmerror.h). A Rule may send any other.
const (
	codeAction             = 2150858753 // ERROR_WSMAN_INVALID_ACTIONURI
	codeTimeoutUnsupported = 2150858764 // ERROR_WSMAN_UNSUPPORTED_TIMEOUT
	codeHeader             = 2150858767 // ERROR_WSMAN_INVALID_MESSAGE_INFORMATION_HEADER
	codeTooLarge           = 2150858790 // ERROR_WSMAN_ENVELOPE_TOO_LARGE
	codeTimedOut           = 2150858793 // ERROR_WSMAN_OPERATION_TIMEDOUT
	codeResourceURI        = 2150858811 // ERROR_WSMAN_INVALID_RESOURCE_URI
	codeSchema             = 2150858817 // ERROR_WSMAN_SCHEMA_VALIDATION_ERROR
	codeMaxEnvelope        = 2150858823 // ERROR_WSMAN_MAX_ENVELOPE_SIZE
	codeGone               = 2150858843 // ERROR_WSMAN_UNEXPECTED_SELECTORS
	codeMaxShells          = 2150859173 // ERROR_WSMAN_QUOTA_MAX_SHELLS
	codeMaxOperations      = 2150859174 // ERROR_WSMAN_QUOTA_MAX_OPERATIONS
	codeInvalidParameter   = 87         // ERROR_INVALID_PARAMETER
	codeAborted            = 995        // ERROR_OPERATION_ABORTED
	codeNameTooLong        = 2147942606 // HRESULT of ERROR_FILENAME_EXCED_RANGE
)

// facilityWinRM is the upper half of all codes of WS-Management itself.
const facilityWinRM = 0x8033

// fault is an answer that says no.
type fault struct {
	code uint32
	text string
	wmi  bool // in the shape of MSFT_WmiError, without a WSManFault element: so Windows reports quotas
}

func newFault(code uint32, text string) *fault { return &fault{code: code, text: text} }

func newWMIFault(code uint32, text string) *fault { return &fault{code: code, text: text, wmi: true} }

func goneFault() *fault {
	return newFault(codeGone, "The request for the Windows Remote Shell with ShellId failed because the shell was not found on the server.")
}

// reply renders the fault as Windows does: HTTP status 500, and the detail a client should read instead of the text,
// which is in the server's language.
func (f *fault) reply(s *Server, relatesTo string) *reply {
	role, subcode := "s:Sender", "w:InternalError"
	switch f.code {
	case codeTimedOut:
		role, subcode = "s:Receiver", "w:TimedOut"
	case codeGone:
		subcode = "w:InvalidSelectors"
	case codeSchema:
		subcode = "w:SchemaValidationError"
	case codeAction:
		subcode = "a:ActionNotSupported"
	case codeHeader:
		subcode = "a:InvalidMessageInformationHeader"
	case codeTimeoutUnsupported, codeMaxEnvelope:
		subcode = "w:UnsupportedFeature"
	case codeResourceURI:
		subcode = "a:DestinationUnreachable"
	case codeTooLarge:
		subcode = "w:EncodingLimit"
	case codeMaxShells, codeMaxOperations:
		role, subcode = "s:Receiver", "w:QuotaLimit"
	case codeAborted, codeNameTooLong:
		role = "s:Receiver"
	}
	text := escape(f.text)
	message := text
	if f.code>>16 != facilityWinRM { // not the service but the program behind it has said no
		message = `<f:ProviderFault provider="Shell cmd plugin" path="%systemroot%\system32\winrscmd.dll">` + text + `</f:ProviderFault>`
	}
	detail := fmt.Sprintf(`<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%d" Machine="%s"><f:Message>%s</f:Message></f:WSManFault>`,
		f.code, escape(s.host), message)
	if f.wmi {
		detail = fmt.Sprintf(`<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/MSFT_WmiError" `+
			`xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"><p:CIMStatusCode xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">27</p:CIMStatusCode>`+
			`<p:error_Category>27</p:error_Category><p:error_Code>%d</p:error_Code><p:error_Type>WinRM</p:error_Type><p:Message>%s</p:Message></p:MSFT_WmiError>`,
			f.code, text)
	}
	body := fmt.Sprintf(`<s:Fault><s:Code><s:Value>%s</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code>`+
		`<s:Reason><s:Text xml:lang="en-US">%s</s:Text></s:Reason><s:Detail>%s</s:Detail></s:Fault>`, role, subcode, text, detail)
	r := soapReply(faultAction, relatesTo, body)
	r.status = http.StatusInternalServerError
	r.fault = f.code
	return r
}
