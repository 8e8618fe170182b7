// Package failpoint names the moments at which a crash would hurt most, and ends or freezes the process at one of them, so
// that a test can show that nothing is lost and nothing happens twice. It knows the names and nothing of what happens there.
//
// The program has it only when it is built with the tag failpoint. Every other build has a function without a body here,
// which the compiler leaves out together with the names.
package failpoint

// Variables of the environment that a build with the tag failpoint reads.
const (
	// Variable says where to die: a point's name, a colon, and at which of its hits in one process, counted from 1. With
	// ":freeze" behind it the process stops there as by SIGSTOP, until SIGCONT.
	Variable = "ADSYNCBOT_FAILPOINT"
	// FileVariable is the path of a file that is created just before, with the number of the process in it. Where it exists
	// already nobody is struck, so that of several processes with the same environment one is, once.
	FileVariable = "ADSYNCBOT_FAILPOINT_FILE"
)

// Point is a moment in the life of a command, a cycle, a message or a schedule.
type Point string

// The points, in the order in which a command that is served passes them.
const (
	InboxBefore  Point = "inbox-before"  // a command was read and is not stored
	AckBefore    Point = "ack-before"    // it is stored and not acknowledged
	AckAfter     Point = "ack-after"     // it is acknowledged, and that is not stored
	AckStored    Point = "ack-stored"    // it is, and nobody serves it yet
	RequestAfter Point = "request-after" // its request and job are stored, and the asker does not know
	AnswerBefore Point = "answer-before" // it is served, and the answer is not stored
	AnswerAfter  Point = "answer-after"  // it is stored and not sent

	SendBefore Point = "send-before" // any message is about to go out
	SendAfter  Point = "send-after"  // Slack has it, and that is not stored
	PostBefore Point = "post-before" // the same two for the first message of a cycle
	PostAfter  Point = "post-after"

	StartBefore   Point = "start-before"   // the intent to start is stored, the server was not told
	StartAccepted Point = "start-accepted" // the server was told, and that is not stored
	StartNoted    Point = "start-noted"    // it is, in the middle of the first slice
	StartAfter    Point = "start-after"    // the first slice is over, what it brought is not stored
	LookBefore    Point = "look-before"    // a further slice begins
	LookNoted     Point = "look-noted"     // it has stored progress
	LookAfter     Point = "look-after"     // it is over, what it brought is not stored

	EndBefore   Point = "end-before"   // the result is known and not stored
	EndAfter    Point = "end-after"    // it is stored, and nobody was told
	FinalBefore Point = "final-before" // the message is about to get its final form
	FinalAfter  Point = "final-after"  // it has it, and that is not stored

	ActBefore Point = "act-before" // a server is about to be told to stop, pause or resume; the intent is stored
	ActAfter  Point = "act-after"  // it was told, and that is not stored
	ActEnded  Point = "act-ended"  // what came of it is stored, and nobody was told

	FireBefore Point = "fire-before" // a schedule is due
	FireWithin Point = "fire-within" // its next fire is planned, the transaction is open
	FireAfter  Point = "fire-after"  // its job is stored

	AnnounceBefore Point = "announce-before" // the job runs, and has not asked or announced anything
	AnnounceAfter  Point = "announce-after"  // it has, and does not count as done
)

// Command returns the points that a command passes on its way to a cycle's final message.
func Command() []Point {
	return []Point{
		InboxBefore, AckBefore, AckAfter, AckStored, RequestAfter, AnswerBefore, AnswerAfter, SendBefore, SendAfter,
		PostBefore, PostAfter, StartBefore, StartAccepted, StartNoted, StartAfter, LookBefore, LookNoted, LookAfter,
		EndBefore, EndAfter, FinalBefore, FinalAfter,
	}
}

// Act returns the points that a stop, a pause or a resume passes.
func Act() []Point { return []Point{ActBefore, ActAfter, ActEnded} }

// Schedule returns the points that a fire of a schedule passes before there is a request or a report.
func Schedule() []Point {
	return []Point{FireBefore, FireWithin, FireAfter, AnnounceBefore, AnnounceAfter}
}

// StrikeIf is Strike where something is so.
func StrikeIf(so bool, p Point) {
	if so {
		Strike(p)
	}
}
