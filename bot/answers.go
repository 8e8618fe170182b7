package bot

import "github.com/adsyncbot/adsyncbot/commands"

// Answers that nobody but the Slack edge can give: the command never reached a Handler. Each says that nothing was
// started, which is what the asker needs to know.

// notStored goes into the acknowledgement itself.
func notStored() commands.Answer {
	return refusing("I could not write your command down, so nothing was started.", "Try again in a minute; if it stays so, tell whoever runs me.")
}

func notRead() commands.Answer {
	return refusing("I could not read what Slack sent me, so nothing was started.", "Tell whoever runs me: a newer version may be needed.")
}

func notHome() commands.Answer {
	return refusing("This app works for another workspace. Nothing was started.", "")
}

// ackLate is for an acknowledgement that did not get through: Slack has shown an error already.
func ackLate(r received) commands.Answer {
	if r.kind() == kindPress {
		return refusing("Slack and I were out of touch when you pressed, so nothing was done.", "Press again.")
	}
	return refusing("Slack and I were out of touch when you asked, so nothing was started.", "Ask again.")
}

func wasDown(r received) commands.Answer {
	if r.kind() == kindPress {
		return refusing("I was down when you pressed, so nothing was done.", "Press again.")
	}
	return refusing("I was down when you asked, so nothing was started.", "Ask again.")
}

func tooBusy(r received) commands.Answer {
	if r.kind() == kindPress {
		return refusing("Too much at once: nothing was done for your press.", "Press again in a minute.")
	}
	return refusing("Too many commands at once: nothing was started for this one.", "Ask again in a minute.")
}

func refusing(what, next string) commands.Answer {
	a := commands.Answer{Mark: commands.MarkRefused, Headline: commands.Text{commands.Words(what)}}
	if next != "" {
		a.Lines = []commands.Text{{commands.Words(next)}}
	}
	return a
}

// explained is the answer to a command whose Handler returned an error.
func explained(e commands.Explanation) commands.Answer {
	a := commands.Answer{Mark: commands.MarkBad, Headline: e.Cause, Detail: e.Detail}
	if len(e.Next) > 0 {
		a.Lines = []commands.Text{e.Next}
	}
	return a
}

// inviteMe tells an asker that the cycle's message cannot be posted, and whether anything starts nevertheless. A private
// channel that the bot was not invited to looks to it as if it did not exist.
func inviteMe(channel, code string, started bool) commands.Answer {
	a := commands.Answer{Mark: commands.MarkRefused, Headline: commands.Text{
		commands.Words("Nothing was started: I cannot post in "), commands.Channel(channel), commands.Words("."),
	}}
	if started {
		a.Mark = commands.MarkWarning
		a.Headline = commands.Text{
			commands.Words("I cannot post in "), commands.Channel(channel), commands.Words(", so how it ends will not be shown there."),
		}
	}
	switch code {
	case "not_in_channel", "channel_not_found":
		a.Lines = []commands.Text{{commands.Words("Type "), commands.Code("/invite @adsync"), commands.Words(" there, then ask again.")}}
	case "is_archived":
		a.Lines = []commands.Text{{commands.Words("The channel is archived.")}}
	default:
		a.Lines = []commands.Text{{commands.Words("Slack says "), commands.Code(code), commands.Words(". Ask whoever looks after the channel to let me post there.")}}
	}
	return a
}
