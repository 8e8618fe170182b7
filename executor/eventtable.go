package executor

// The sources of the Application log that tell of cycles.
const (
	sourceDirectory = "Directory Synchronization"
	sourceEngine    = "ADSync"
)

// meaning is one row of what events mean for the verdict.
type meaning struct {
	source   string
	from, to int   // ids
	level    level // this level or worse; information = any
	verdict  Verdict
	what     string
}

// meanings is the one table of it; the first row that fits counts. A row without verdict is other work, or a note: it
// is listed, never counted. Event 6100 has its verdict from its counters, see stepErrors.
//
// Sources: the message table of mmsevent.dll and the call sites of Directory Synchronization in Entra Connect 2.2.8.0,
// and Microsoft's troubleshooting pages.
func meanings() []meaning {
	return []meaning{
		{sourceEngine, 6000, 6000, information, Failed, "the connector's credentials are not valid"},
		{sourceEngine, 6001, 6001, information, Failed, "the connector could not connect"},
		{sourceEngine, 6002, 6005, information, Failed, "a step could not start"},
		{sourceEngine, 6006, 6006, information, Failed, "a full import is required first"},
		{sourceEngine, 6007, 6007, information, Failed, "no domain controller could be contacted"},
		{sourceEngine, 6050, 6050, information, Failed, "a step stopped: the connection broke"},
		// Only informational in the log, but it ends the cycle's work.
		{sourceEngine, 6051, 6051, information, Cancelled, "a person stopped a step"},
		{sourceEngine, 6052, 6052, information, Failed, "a step stopped: the service was shut down"},
		{sourceEngine, 6053, 6053, information, Failed, "a step stopped: the limit of objects was reached"},
		{sourceEngine, 6060, 6060, information, Errors, "a step completed with errors"},
		{sourceEngine, 6061, 6061, information, Failed, "a step stopped: more than 5000 errors"},
		{sourceEngine, 6071, 6071, information, Failed, "a step stopped: database deadlock"},
		{sourceEngine, 6073, 6073, information, Failed, "a step stopped: the database is full"},
		{sourceEngine, 6075, 6075, information, Failed, "a step stopped: the connection to the database was lost"},
		{sourceEngine, 6076, 6076, information, Failed, "a step stopped: the limit of deletions was reached"},
		{sourceEngine, 6100, 6100, information, Errors, "a step completed with errors"},
		{sourceEngine, 6105, 6105, information, Warnings, "exported changes were not confirmed by the import"},
		{sourceEngine, 6110, 6110, information, Warnings, "the mark up to which changes were read was not saved"},
		{sourceEngine, 6125, 6127, information, Warnings, "the rules have changed: a full sync is required"},
		{sourceEngine, 6201, 6231, information, "", "the service's keys or database could not be opened"},
		{sourceEngine, 6300, 6399, failure, Errors, "an unexpected error in the engine"},
		{sourceEngine, 6600, 6600, information, "", "an account was denied access for an operation"},
		{sourceEngine, 6803, 6803, information, Errors, "the engine encountered errors"},
		{sourceEngine, 6941, 6941, information, Errors, "an object could not be exported"},
		{sourceEngine, 6942, 6942, information, Errors, "an object could not be imported"},
		{sourceEngine, 6949, 6949, information, Errors, "references of an object could not be written"},
		{sourceEngine, 6950, 6950, information, Errors, "a batch could not be exported"},
		{sourceEngine, 6951, 6951, information, Warnings, "an exported change was not confirmed"},
		{sourceEngine, 6940, 6959, failure, Errors, "an error with an object"},
		{sourceEngine, 6940, 6959, warning, Warnings, "a warning about an object"},
		// What the engine calls an error and we do not know is not a success.
		{sourceEngine, 6000, 6999, failure, Unknown, "the engine logged an error that is not known here"},
		{sourceEngine, 6000, 6999, information, "", "the engine logged something that is not known here"},

		{sourceDirectory, 95, 95, warning, Failed, "Entra ID refused the export: too many deletions"},
		{sourceDirectory, 106, 106, warning, Failed, "no connection to Entra ID"},
		// Also a mere redirect notice, which is informational.
		{sourceDirectory, 107, 107, failure, Errors, "entries could not be provisioned"},
		{sourceDirectory, 108, 108, warning, Failed, "the export could not be finished"},
		{sourceDirectory, 109, 109, warning, Failed, "the import from Entra ID failed"},
		{sourceDirectory, 112, 112, warning, Failed, "the import from Entra ID lost its place"},
		{sourceDirectory, 113, 113, warning, Warnings, "the schema could not be refreshed"},
		// Also informational, about the configuration.
		{sourceDirectory, 116, 116, warning, Failed, "the export was stopped: accidental deletions are prevented"},
		{sourceDirectory, 118, 118, warning, Warnings, "a batch of the export failed and was repeated object by object"},
		{sourceDirectory, 129, 129, warning, Warnings, "everything was fetched anew from Entra ID"},
		{sourceDirectory, 611, 611, information, "", "password hash synchronization failed for a domain"},
		{sourceDirectory, 652, 655, information, "", "password hash synchronization has trouble"},
		{sourceDirectory, 1000, 1000, information, "", "the scheduler was held up by an open wizard"},
		{sourceDirectory, 1014, 1014, information, "", "the application's certificate is not in the TPM"},
	}
}

// fits reports whether a row is about an event.
func (m meaning) fits(e eventLine) bool {
	if m.source != e.Source || e.ID < m.from || e.ID > m.to {
		return false
	}
	switch m.level {
	case failure:
		return e.Level == failure
	case warning:
		return e.Level == failure || e.Level == warning
	default:
		return true
	}
}

// mean returns the row for an event.
func mean(e eventLine) (meaning, bool) {
	for _, m := range meanings() {
		if m.fits(e) {
			return m, true
		}
	}
	return meaning{}, false
}
