package commands

import (
	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// ActView is an act as one channel may see it.
type ActView struct {
	Act     executor.Act
	Channel string         // whose eyes
	Early   []executor.Act // of a pause: by which somebody asked for its end
}

// Private reports whether what came of an act concerns only who asked: nothing has changed on a server.
func (v ActView) Private() bool {
	if v.Act.Kind == executor.ResumeAct {
		return true // the pause's own message tells everybody
	}
	switch v.Act.Result {
	case executor.StopIdle, executor.StopOver, executor.StopUnstarted, executor.ActRefused, executor.ActUnreached:
		return true
	default:
		return false
	}
}

// by is "asked by @ann at 09:41"; names are told where it was asked only.
func (v ActView) by() Text {
	a := v.Act
	return line("asked by ", asker(a.Asker, a.Audience.Channel == v.Channel), " at ", At(a.AskedAt, TimeOfDay))
}

// asker names who asked, or says as little as people of another channel may know.
func asker(a executor.Asker, here bool) Text {
	switch {
	case here && a.Way == executor.FromSlack:
		return line(User(a.User))
	case here:
		return line(Code(a.User))
	case a.Way == executor.FromTerminal:
		return line("someone at a terminal")
	}
	return line("someone in another channel")
}

// ActAnswer says what came of an act that has ended.
func ActAnswer(v ActView) Answer {
	a := v.told()
	footer := line(Code(v.Act.Ref()))
	if v.Act.Reason != "" && v.Act.Audience.Channel == v.Channel {
		footer = join(" · ", footer, line(because, " “", Words(v.Act.Reason), "”"))
	}
	a.Footer = footer
	return a
}

func (v ActView) told() Answer {
	if v.Act.Kind == executor.StopAct {
		return v.stopped()
	}
	return v.pauseTold()
}

// stopped says what came of a stop.
func (v ActView) stopped() Answer {
	act, s := v.Act, v.Act.Server
	head := line(Bold("Stop"), " on ", Code(s))
	ask := statusTells(s)
	switch act.Result {
	case executor.StopDone:
		return Answer{
			Mark: MarkWarning, Headline: line(head, ", ", v.by(), ": the cycle has stopped."),
			Lines: []Text{line("What it had done by then stays done; what was left is for the next cycle."), startsAgain(s)},
		}
	case executor.StopGone:
		tells := line("Event 6051 in its event log would say that it was stopped.")
		if act.About != uuid.Nil {
			tells = line("Its message tells how it ended.")
		}
		return Answer{
			Mark: MarkWarning, Headline: line(head, ", ", v.by(), ": the cycle does not run any more."),
			Lines: []Text{line("Whether by this stop is not known: the server's answer to it did not reach me. ", tells), startsAgain(s)},
		}
	case executor.StopGoesOn:
		return Answer{
			Mark: MarkBad, Headline: line(head, ", ", v.by(), ": the server took it at ", At(act.AcceptedAt, TimeOfDay), ", but the cycle still runs."),
			Lines: []Text{line("A run that writes to a directory may finish what it has begun. ", ask)},
		}
	case executor.StopIdle:
		return Answer{Mark: MarkInfo, Headline: line(head, ": no cycle runs there, so nothing was stopped.")}
	case executor.StopUnstarted:
		return Answer{Mark: MarkGood, Headline: line(head, ": the cycle had not begun, and will not. The server was told nothing.")}
	case executor.StopOver:
		return Answer{Mark: MarkInfo, Headline: line(head, ": the cycle had ended before it could be stopped. Its message tells how.")}
	case executor.ActRefused, executor.ActUnreached:
		a := Answer{Mark: MarkBad, Headline: line(head, ": ", Bold("nothing was stopped"), ".")}
		cause, next, ok := codeWords(act.Code, s, act.Detail)
		if !ok {
			cause, next = line("Internal error."), line("The log says more under ", Code(act.Ref()), ".")
		}
		a.Lines = []Text{cause, next}
		if act.Result == executor.ActRefused {
			a.Detail = Preformatted(act.Detail)
		}
		return a
	default:
		return Answer{
			Mark: MarkUnknown, Headline: line(head, ", ", v.by(), ": whether the cycle has stopped is not known."),
			Lines: []Text{line("The server may have been told, and does not answer since. ", ask)},
		}
	}
}
