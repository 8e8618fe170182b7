// Package winsim is a fake Windows server on the real wire: WS-Management and WinRS over HTTP and HTTPS, with Basic and
// NTLM logons, NTLM message encryption, remote shells, and programs that are Go functions or real processes.
//
// It holds what a client can see of such a server, good and bad: it enforces headers, quotas and idle times, counts
// logons and shells, and misbehaves on demand (Rule). It knows nothing of the program under test and shares no code with
// any client library. It keeps nothing: a Server lives on 127.0.0.1 until Close.
//
// The shapes of its messages follow MS-WSMV, MS-NLMP and recorded exchanges with Windows Server 2008 R2 to 2016. What
// was never seen in a recording is marked "guess" where it is made.
package winsim
