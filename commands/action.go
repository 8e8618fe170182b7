package commands

import "github.com/google/uuid"

// Action is a button under an answer. What it means, for whom and until when, is stored under the answer's About: the
// button itself gives nobody any right.
type Action string

// The actions. The words are stored and stand in buttons that people still see: they are never renamed.
const (
	StartFull Action = "start_full" // the full that was asked for
	StopNow   Action = "stop_now"   // the stop that was asked for
	PauseNow  Action = "pause_now"  // the pause that was asked for
	Leave     Action = "leave"      // what was asked for is not done
	PageBack  Action = "page_back"  // of a long answer
	PageOn    Action = "page_on"
)

// Actions returns every action that exists.
func Actions() []Action { return []Action{StartFull, StopNow, PauseNow, Leave, PageBack, PageOn} }

// Label is what stands on the button, of at most 75 characters.
func (a Action) Label() string {
	switch a {
	case StartFull:
		return "Start the full"
	case StopNow:
		return "Stop it"
	case PauseNow:
		return "Pause it"
	case Leave:
		return "Leave it"
	case PageBack:
		return "Back"
	case PageOn:
		return "More"
	}
	return ""
}

// Turns reports whether the button turns a page and does nothing else.
func (a Action) Turns() bool { return a == PageBack || a == PageOn }

// Grave reports whether the button does something that is not easily taken back.
func (a Action) Grave() bool { return a == StartFull || a == StopNow || a == PauseNow }

// asking returns the same answer with buttons under it that are about what is stored under id.
func (a Answer) asking(id uuid.UUID, actions ...Action) Answer {
	a.About, a.Actions = id, actions
	return a
}
