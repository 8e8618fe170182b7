// Package adsync simulates Entra Connect Sync (ADSync) on one Windows server: its connectors, scheduler, cycles, run
// history and event log. It answers our scripts in two ways: Answers reads which script it was sent and answers in the
// scripts' own output format, PowerShell runs the script in a real PowerShell whose ADSync module asks the same Model.
//
// It knows no wire and nothing of the program under test: the contract is what the scripts are sent and print.
package adsync
