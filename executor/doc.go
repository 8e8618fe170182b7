// Package executor holds the words of the domain (policy, request, cycle, run, verdict) and the Executor, which starts
// a sync cycle on a server, follows it in slices and says what it came to.
//
// It knows no Slack and no database. How a script reaches a server is a Runner's business.
package executor
