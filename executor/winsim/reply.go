package winsim

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// reply is an HTTP answer that has not been sealed or sent yet.
type reply struct {
	status      int
	contentType string
	body        []byte
	fault       uint32
}

// soapReply wraps a body into an envelope that relates to the request's message.
func soapReply(action, relatesTo, body string) *reply {
	related := ""
	if relatesTo != "" {
		related = "<a:RelatesTo>" + escape(relatesTo) + "</a:RelatesTo>"
	}
	envelope := `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" ` +
		`xmlns:rsp="` + nsShell + `" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header>` +
		`<a:Action>` + action + `</a:Action><a:MessageID>uuid:` + newID() + `</a:MessageID><a:To>` + anonymous + `</a:To>` + related +
		`</s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
	return &reply{status: http.StatusOK, contentType: soapType, body: []byte(envelope)}
}

// escape makes text safe inside an element or attribute.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}

// newID returns a GUID as Windows writes them, in capitals.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
