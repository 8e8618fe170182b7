package executor

// Problem is a cmdlet that failed where the script could go on.
type Problem struct {
	Doing   string // "Get-WinEvent", "Import-Module ADSync", …
	Code    Code
	Message string // the server's own first line, untrusted
}

// problem reads a problem line.
func (l problemLine) problem() Problem {
	p := Problem{Doing: l.Doing, Code: CodeOther, Message: l.Message}
	switch {
	case l.Doing == bridging:
		p.Code = bridgeCode(l.Code)
	case l.Code == "access_denied":
		p.Code = CodeNoRights
	case l.Code == "pipe":
		p.Code = CodePipe
	case l.Doing == importing:
		p.Code = CodeModuleMissing
	default:
		p.Code = Refuse(l.Message)
	}
	return p
}

// importing is what scripts say they are doing when they load the module, bridging when they ask the bridge, and
// bridgeStart the beat with which that begins.
const (
	importing   = "Import-Module ADSync"
	bridging    = "bridge"
	bridgeStart = "Start-ScheduledTask"
)

// bridgeCode reads a script's word; one of a newer script is some failure.
func bridgeCode(word string) Code {
	switch c := Code(word); c {
	case CodeBridgeMissing, CodeBridgeDenied, CodeBridgeDisabled, CodeBridgeSilent, CodeBridgeStale, CodeBridgeForeign,
		CodeBridgeGarbled, CodeBridgeRights, CodeBridgeFailed, CodeBridgeCut:
		return c
	default:
		return CodeBridgeFailed
	}
}

// bridgeTrouble is why the bridge did not answer; empty when it did, was not asked, or is not there and was not to be.
func bridgeTrouble(problems []Problem) Code {
	for _, p := range problems {
		if p.Doing == bridging && p.Code != CodeBridgeCut {
			return p.Code
		}
	}
	return ""
}
