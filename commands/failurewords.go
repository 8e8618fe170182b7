package commands

import "github.com/adsyncbot/adsyncbot/executor"

// failureWords says what went wrong between us and a server, and what to do.
func failureWords(f executor.Failure, server string) (cause, next Text, ok bool) {
	s, at := the(server), on(server)
	switch f {
	case executor.FailureUnreachable:
		return line(s, " does not answer."), line("Check that it is up, that its name resolves, and that its WinRM port is open to the bot."), true
	case executor.FailureTLS:
		return line("The TLS certificate of ", at, " is not trusted, or is for another name."),
			line("Check ", Code("ca_file"), " and the certificate: ", check(server), " tells more."), true
	case executor.FailureCredentials:
		return line(s, " refused the bot's user name or password."),
			line("Correct the secret. Until it changes it is not tried again, so that the account is not locked."), true
	case executor.FailureSecret:
		return line("I did not log on to ", at, ": its password could not be read from where it is kept."),
			line("Check ", Code("password"), " in the configuration and what it points to: ", check(server), " tells more."), true
	case executor.FailureUntried:
		return line("I did not log on to ", at, ": a first logon with the same password is still unanswered, or what became of it could not be read."),
			line("Ask again in a minute. If it stays, the log says more."), true
	case executor.FailureHeld:
		return line("I did not log on to ", at, ": this password was refused before and has not changed since."),
			line("Correct the secret, or have it tried once by ", check(server), "."), true
	case executor.FailureAccess:
		return line(s, " knows the bot's account but does not let it run anything."),
			line("Give it Read and Execute there with ", Code("winrm configSDDL default"), ": membership of Remote Management Users is not enough."), true
	case executor.FailureQuota:
		return line(s, " has reached its own limit of remote shells or operations."), line("That mostly passes within minutes; ask again then."), true
	case executor.FailureLost:
		return line("The connection to ", at, " broke off."), statusTells(server), true
	case executor.FailureGone:
		return line(s, " forgot the remote shell: it, or its WinRM service, was restarted."), statusTells(server), true
	case executor.FailureProtocol:
		return line("What answers for ", at, " does not speak as expected."), line("Check the address and any proxy in between: ", check(server), " tells more."), true
	case executor.FailureExit:
		return line("PowerShell on ", at, " ended before it was done."), line("Look for what stops it there: ", check(server), " tells more."), true
	case executor.FailureFault:
		return line(s, " reported a fault of its remote service."), line("The log says more; ", check(server), " too."), true
	}
	return nil, nil, false
}
