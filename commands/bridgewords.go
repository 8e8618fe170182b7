package commands

import "github.com/adsyncbot/adsyncbot/executor"

// BridgeWords says why the bridge on a server did not tell what a cycle changed, and what to do.
func BridgeWords(c executor.Code, server string) (cause, next Text, ok bool) {
	s := on(server)
	try := line("On the server, the script that set it up finds out why: ", Code(`.\bridge.ps1 -Check`), ".")
	switch c {
	case executor.CodeBridgeMissing:
		return line("There is no bridge on ", s, ", or the bot's account may not see it."),
			line(Code("adsyncbot bridge"), " prints the script that sets it up."), true
	case executor.CodeBridgeDenied:
		return line("The bot's account may not use the bridge on ", s, "."),
			line("Let an administrator run the script that ", Code("adsyncbot bridge"), " prints there once more, with the bot's account as ", Code("-Account"), "."), true
	case executor.CodeBridgeDisabled:
		return line("Somebody has disabled the bridge on ", s, "."), line("There: ", Code("Enable-ScheduledTask -TaskName adsyncbot-bridge"), "."), true
	case executor.CodeBridgeSilent:
		return line("The bridge on ", s, " did not answer in time."), try, true
	case executor.CodeBridgeStale:
		return line("The bridge on ", s, " gave an answer of another time, which I do not believe."), try, true
	case executor.CodeBridgeForeign:
		return line("The bridge on ", s, " gave an answer to another request, which I do not believe."), try, true
	case executor.CodeBridgeGarbled:
		return line("The bridge on ", s, " gave an answer that I do not understand."), try, true
	case executor.CodeBridgeRights:
		return line("The account that the bridge on ", s, " runs as may not look at ADSync."),
			line("Add it to the local groups ", Code("ADSyncOperators"), " and ", Code("ADSyncBrowse"), " there."), true
	case executor.CodeBridgeFailed:
		return line("The bridge on ", s, " failed."), try, true
	case executor.CodeBridgeCut:
		return line("The bridge on ", s, " had more runs to tell than an answer holds; the oldest are left out."), line("Nothing needs mending."), true
	default:
		return nil, nil, false
	}
}

// bridge says that the bridge, which is there, was of no use this time.
func (v CycleView) bridge() []Text {
	cause, next, ok := BridgeWords(v.Cycle.Result.Bridge, v.Cycle.Server)
	if !ok {
		return nil
	}
	source, _ := sourceWords(v.Cycle.Result.Source)
	return []Text{line(cause, " The result is from ", source, ". ", next)}
}
