// Package commands holds what a person may ask for, whether this channel and this person may, and the words of every
// answer: the grammar, the permission (Allow), the Handler that serves a command, and the text model (Answer)
// in which every message is written.
//
// It knows no Slack client, no queue and no store: it declares what it reads, and whoever shows an Answer decides how
// it looks.
package commands
