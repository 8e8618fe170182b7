// Package bot is the Slack edge: it takes envelopes off a Socket Mode connection, stores and acknowledges them, hands
// them to a Handler, lays its answers out as blocks and sends what stands in the outbox.
//
// It knows Slack's wire and the rows it reads and writes. It does not know what a command means or who may give it (that
// is package commands), how a cycle is queued or followed, nor that there is such a thing as WinRM.
package bot
