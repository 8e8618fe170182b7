package winsim

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT20S": 20 * time.Second, "PT0.500S": 500 * time.Millisecond, "PT60.000S": time.Minute, "PT1H2M3S": time.Hour + 2*time.Minute + 3*time.Second,
		"P1DT1S": 24*time.Hour + time.Second, "P0DT0H0M1S": time.Second, "P2D": 48 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "20", "T20S", "PT20", "PT-1S", "PTS", "P1Y", "PT1S1M", "PTNaNS", "PT1e300S", "P400D", "P1DT"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><env:Header>` +
		`<a:To>http://127.0.0.1/wsman</a:To><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize><a:MessageID>uuid:1</a:MessageID><w:OperationTimeout>PT20S</w:OperationTimeout>` +
		`<a:Action>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive</a:Action><w:SelectorSet><w:Selector Name="ShellId">A</w:Selector></w:SelectorSet>` +
		`<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd</w:ResourceURI></env:Header><env:Body><rsp:Receive>` +
		`<rsp:DesiredStream CommandId="C">stdout stderr</rsp:DesiredStream></rsp:Receive></env:Body></env:Envelope>`))
	f.Add([]byte("<a/>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		request, fault := parseRequest(b)
		switch {
		case request == nil && fault == nil:
			t.Error("neither a request nor a fault")
		case fault == nil && (request.op == OpAny || request.timeout < minTimeout || request.maxEnvelope < minMaxEnvelope):
			t.Errorf("let through: %+v", request)
		}
	})
}
