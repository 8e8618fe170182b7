package commands

// WasDown answers a command that was received but not served before a restart.
func WasDown() Answer {
	return Answer{
		Mark: MarkWarning, Headline: line(Bold("Nothing was done"), ": I was down when you asked."),
		Lines: []Text{line("Ask again if you still need it.")},
	}
}

// StoreFailed answers a command that could not be stored.
func StoreFailed() Answer {
	return Answer{
		Mark: MarkBad, Headline: line(Bold("Nothing was started"), ": I could not store your command."),
		Lines: []Text{line("Ask again in a minute. If it stays like this, tell whoever runs this bot.")},
	}
}

// Undeliverable tells an asker that the channel cannot be posted in, so that nothing was started. code is the word that
// the attempt came back with; bot is the bot's name in the workspace, such as adsync.
func Undeliverable(code, bot string) Answer {
	a := Answer{Mark: MarkRefused, Headline: line(Bold("Nothing was started"), ": I may not post in this channel.")}
	switch code {
	case "not_in_channel", "channel_not_found":
		a.Lines = []Text{line("Type ", Code("/invite @"+bot), " here, then ask again.")}
	case "is_archived":
		a.Lines = []Text{line("It is archived. Ask in a channel that is in use.")}
	default:
		a.Lines = []Text{line("Have the channel's posting permissions checked (", Code(code), "), then ask again.")}
	}
	return a
}
