package winrm

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// The replies below have the shapes of Windows servers: MS-WSMV 4.1, and what recordings of Windows Server 2012 R2 and
// 2016 show.

const (
	testShell   = "11111111-2222-3333-4444-555555555555"
	testCommand = "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"

	typeDone    = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"
	typeRunning = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Running"
)

func envelope(action, body string) string {
	return `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"` +
		` xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"` +
		` xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"` +
		` xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"` +
		` xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"` +
		` xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header><a:Action>` + action + `</a:Action>` +
		`<a:MessageID>uuid:0</a:MessageID></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

func createReply(id string) string {
	return envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse",
		`<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet><w:Selector Name="ShellId">`+id+
			`</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>`)
}

func commandReply(id string) string {
	return envelope("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandResponse",
		`<rsp:CommandResponse><rsp:CommandId>`+id+`</rsp:CommandId></rsp:CommandResponse>`)
}

func emptyReply() string {
	return envelope("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/SendResponse", `<rsp:SendResponse/>`)
}

// receiveReply holds streams ("stdout:text"), a state, and what stands in the state.
func receiveReply(state, inside string, streams ...string) string {
	var body strings.Builder
	for _, stream := range streams {
		name, text, _ := strings.Cut(stream, ":")
		fmt.Fprintf(&body, `<rsp:Stream Name="%s" CommandId="%s">%s</rsp:Stream>`, name, testCommand,
			base64.StdEncoding.EncodeToString([]byte(text)))
	}
	if state != "" {
		fmt.Fprintf(&body, `<rsp:CommandState CommandId="%s" State="%s">%s</rsp:CommandState>`, testCommand, state, inside)
	}
	return receiveBody(body.String())
}

func receiveBody(body string) string {
	return envelope("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/ReceiveResponse",
		`<rsp:ReceiveResponse>`+body+`</rsp:ReceiveResponse>`)
}

func exitCode(code string) string { return `<rsp:ExitCode>` + code + `</rsp:ExitCode>` }

// faultReply is a fault with that detail; the reason is in a language of the server's choice.
func faultReply(detail string) string {
	return envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
		`<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>`+
			`<s:Reason><s:Text xml:lang="de-DE">Der Vorgang ist
			fehlgeschlagen. </s:Text></s:Reason><s:Detail>`+detail+`</s:Detail></s:Fault>`)
}

// wsmanFault is the usual detail; nested is what stands in its message.
func wsmanFault(code, nested string) string {
	return `<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="` + code +
		`" Machine="aadc01"><f:Message>` + nested + `</f:Message></f:WSManFault>`
}

func providerFault(inner string) string {
	return `<f:ProviderFault provider="Shell cmd plugin" path="%systemroot%\system32\winrscmd.dll">` + inner + `</f:ProviderFault>`
}

// wmiError is the detail of faults that have no WSManFault.
func wmiError(code string) string {
	return `<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"` +
		` xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/microsoft/windows/management/MSFT_WmiError">` +
		`<p:CIMStatusCode>27</p:CIMStatusCode><p:error_Category>30</p:error_Category><p:error_Code>` + code +
		`</p:error_Code><p:error_Type>HRESULT</p:error_Type></p:MSFT_WmiError>`
}
