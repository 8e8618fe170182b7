// Package bridge holds the PowerShell that sets up the bridge on a server: a scheduled task that reads in a local logon
// what ADSync does not tell a network logon. It is one file for an administrator to read and to run once; nothing here
// is ever sent to a server. What the bot sends to ask the bridge is a fragment of package scripts.
package bridge

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

//go:embed install.ps1
var install string

//go:embed worker.ps1
var worker string

// place is where the installation holds the worker, in a string that PowerShell takes as it is.
const place = "#worker.ps1#\n"

// accountPattern is what a name may be made of that is written into the script: none of it means anything between
// single quotes, and all of it is ASCII, as the script must be.
var accountPattern = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*|\.)\\[A-Za-z0-9][A-Za-z0-9 ._-]*\$?$`)

// ErrAccount is an account's name that cannot be written into the script.
var ErrAccount = errors.New(`is not DOMAIN\name in plain letters, digits, dots, hyphens, underscores and spaces; give it to the script itself, by its parameter`)

// Script returns the file. The account of the bot and the one the task runs as become the defaults of its parameters;
// empty, they are to be given when it is run.
func Script(account, runAs string) ([]byte, error) {
	for _, name := range []string{account, runAs} {
		if name != "" && !accountPattern.MatchString(name) {
			return nil, fmt.Errorf("account %q %w", name, ErrAccount)
		}
	}
	text := strings.Replace(install, place, worker, 1)
	text = strings.Replace(text, "[string]$Account = ''", "[string]$Account = '"+account+"'", 1)
	text = strings.Replace(text, "[string]$RunAs = ''", "[string]$RunAs = '"+runAs+"'", 1)
	// An administrator's editor and Windows PowerShell expect Windows' line ends.
	return []byte(strings.ReplaceAll(text, "\n", "\r\n")), nil
}
