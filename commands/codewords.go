package commands

import "github.com/adsyncbot/adsyncbot/executor"

// codeWords says what a code means and what to do. about is the connector, or the cause that goes with the code; it is
// text of others.
func codeWords(c executor.Code, server, about string) (cause, next Text, ok bool) {
	s := on(server)
	again := "then ask again."
	switch c {
	case executor.CodeSuspended:
		return line("The scheduler on ", s, " is suspended: an upgrade or the Entra Connect wizard holds it."),
			line("Let the upgrade finish, or close the wizard, ", again), true
	case executor.CodeDisabled:
		return line("The scheduler on ", s, " is switched off. Somebody may be at work there, so nothing is started."),
			line("Ask who switched it off. Once it is on (", Code("Set-ADSyncScheduler -SyncCycleEnabled $true"), "), ask again."), true
	case executor.CodeConnectorBusy:
		return line(connector(about), " on ", s, " is busy with other work."), line("Ask again when it is done."), true
	case executor.CodeRequested:
		return line("A cycle has just been requested on ", s, " by somebody else."), line("Ask again in a minute: a delta joins it."), true
	case executor.CodeRunning:
		return line("A cycle is already running on ", s, "."), line("Ask again in a minute: a delta joins it, a full waits for its end."), true
	case executor.CodeOtherPolicy:
		return line("Another cycle is running on ", s, ", and a full cannot join it."), line("Ask for the full again when it has ended."), true
	case executor.CodeShuttingDown:
		return line("The ADSync service on ", s, " is shutting down."), line("Wait until it runs again, ", again), true
	case executor.CodeWizardOpen:
		return line("The Entra Connect wizard is open on ", s, ", and no cycle starts meanwhile."), line("Close it there, ", again), true
	case executor.CodeInvalidPolicy:
		return line(the(server), " did not accept the kind of cycle."), line("Please report this: it is a fault of this bot or an unknown version of Entra Connect."), true
	case executor.CodeServiceStopped:
		return line("The ADSync service on ", s, " is stopped."), line("Start “Microsoft Azure AD Sync” there, ", again), true
	case executor.CodeServiceMissing:
		return line("There is no ADSync service on ", s, "."), line("Check that the configuration names a server with Entra Connect Sync."), true
	case executor.CodeCloudSettings:
		return line(the(server), " could not read its settings from Entra ID."), line("Check its proxy, its TLS settings and its sign-in to Entra ID, ", again), true
	case executor.CodeNoRights:
		return line("The bot's account may not do this on ", s, "."),
			line("Add it to the local groups ", Code("ADSyncOperators"), " and ", Code("ADSyncBrowse"), "; that counts from its next logon, ", again), true
	case executor.CodeModuleMissing:
		return line("PowerShell on ", s, " cannot load the ADSync module."), line("Check that Entra Connect is installed there: ", check(server), " tells more."), true
	case executor.CodeLanguageMode:
		return line("PowerShell on ", s, " runs in a language mode that does not allow this."), line("Have a rule made for it: ", check(server), " tells more."), true
	case executor.CodePipe:
		return line("This part of ADSync on ", s, " does not answer a remote logon. The service itself is not down."),
			line("Nothing needs mending for a cycle; its result is read from the event log."), true
	case executor.CodeOther:
		return line(the(server), " refused for a reason that I do not know."), line("Its own words are below. Look at it there, ", again), true
	default:
		if cause, next, ok := BridgeWords(c, server); ok {
			return cause, next, ok
		}
		return ourCodeWords(c, server, about)
	}
}

// ourCodeWords has the words for what we ourselves decided or could not find out.
func ourCodeWords(c executor.Code, server, about string) (cause, next Text, ok bool) {
	s := on(server)
	switch c {
	case executor.CodeTooSoon:
		return line("A schedule has started a cycle on ", s, " only just before. More often than the server's shortest interval is not supported by Microsoft, so schedules keep to it."),
			line("The next cycle takes the changes along. If this happens at every fire, let the schedules for ", s, " fire less often."), true
	case executor.CodeTooLate:
		cause, next = line("It could not be started in time."), line("It will not start later. Ask again if you still need it.")
		switch why, mend, known := failureWords(executor.Failure(about), server); {
		case known:
			cause, next = line(cause, " ", why), line(mend, " ", next)
		case about != "" && about != interrupted:
			cause = line(cause, " ", connector(about), " on ", s, " stayed busy.")
		}
		return cause, next, true
	case executor.CodeCancelled:
		return line("It was stopped before it began, so nothing was started."), line("Ask again if it is needed after all."), true
	case executor.CodeUndeliverable:
		return line("I may not post in the channel, so nothing was started."), line("Type ", Code("/invite @adsync"), " there, then ask again."), true
	case executor.CodeStoppedFollow:
		return line("It took too long, and I stopped following it. It may still be running on ", s, "."), statusTells(server), true
	case executor.CodeNeverSeen:
		return line(the(server), " accepted the start, but the cycle was never seen running."), statusTells(server), true
	case executor.CodeUnreadable:
		return line("The cycle has ended, but its result could not be read on ", s, "."),
			line("Add the bot's account to ", Code("Event Log Readers"), " there: ", check(server), " tells more."), true
	case executor.CodeUnreachable:
		if cause, next, ok := failureWords(executor.Failure(about), server); ok {
			return cause, next, true
		}
		return line(the(server), " could not be looked at."), statusTells(server), true
	default:
		return nil, nil, false
	}
}

// interrupted is what stands for a look that we ourselves broke off.
const interrupted = "interrupted"

func connector(name string) Text {
	if name == "" {
		return line("A connector")
	}
	return line("The connector ", Code(name))
}

func check(server string) Span {
	if server == "" {
		return Code("adsyncbot check")
	}
	return Code("adsyncbot check " + server)
}

func statusTells(server string) Text {
	if server == "" {
		return line("Ask for its status.")
	}
	return line(Code(string(Status)+" "+server), " tells how things stand.")
}
