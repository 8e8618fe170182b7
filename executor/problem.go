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

// importing is what scripts say they are doing when they load the module.
const importing = "Import-Module ADSync"
