package executor

import (
	"regexp"
	"strings"
)

// Refuse classifies the text with which a server's cmdlet refused. The texts stand in ADSync's own code, in English on
// every server; a part of each is compared, because versions differ in the product's name.
func Refuse(message string) Code {
	message = strings.ToLower(firstLine(message))
	for _, known := range []struct {
		part string
		code Code
	}{
		{"scheduler is already suspended", CodeSuspended},
		{"already being requested", CodeRequested},
		{"already been requested", CodeRequested},
		{"sync is already running", CodeRunning},
		{"scheduler is shutting down", CodeShuttingDown},
		{"wizard is open", CodeWizardOpen},
		{"invalid synchronization policy", CodeInvalidPolicy},
		{"synchronization service is not running", CodeServiceStopped},
		{"issue obtaining cloud sync intervals", CodeCloudSettings},
		{"net.pipe:", CodePipe},
		{"access denied", CodeNoRights},
		{"access is denied", CodeNoRights},
		{"not a member of a required sync role", CodeNoRights},
		{"insufficient privileges", CodeNoRights},
	} {
		if strings.Contains(message, known.part) {
			return known.code
		}
	}
	if busyConnector(message) != "" {
		return CodeConnectorBusy
	}
	return CodeOther
}

var busyPattern = regexp.MustCompile(`(?i)connector: (.+) is busy`)

// busyConnector takes the name out of "Connector: {name} is busy."; empty for any other text.
func busyConnector(message string) string {
	if found := busyPattern.FindStringSubmatch(firstLine(message)); found != nil {
		return found[1]
	}
	return ""
}

// firstLine is the first line that says something, without the exception's type, which ADSync puts before its texts; a
// stack trace follows them.
func firstLine(message string) string {
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		for {
			kind, rest, ok := strings.Cut(line, ":")
			if !ok || !strings.HasSuffix(kind, "Exception") || strings.ContainsAny(kind, " \t") {
				break
			}
			line = strings.TrimSpace(rest)
		}
		if line != "" {
			return line
		}
	}
	return ""
}
