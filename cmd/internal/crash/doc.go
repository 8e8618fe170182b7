// Package crash kills the real program and looks at what it leaves: it runs adsyncbot as a process of its own between a
// simulated Slack workspace and a simulated server, ends it with kill -9 at the points that package failpoint names and at
// random ones, and asserts after each strike that nothing was started twice, that every result was told, that no message
// stays untrue and that nobody is left waiting.
//
// It is made of tests. `make crash` runs it at length and prints a table; `go test` runs a part. Where there is no kill -9
// it is empty.
package crash
