package executor

import "strings"

// resultVerdict says what a run's result string means. The strings are those of the engine; one that is not known is
// Unknown, never a success. A run that is still in progress has no verdict.
func resultVerdict(result string) Verdict {
	switch result {
	case "in-progress":
		return ""
	case "success":
		return Succeeded
	case "completed-warnings", "completed-no-objects", "completed-transient-objects", "completed-skipped-already-completed":
		return Warnings
	case "completed-export-errors", "completed-sync-errors", "completed-discovery-errors":
		return Errors
	case "stopped-user-termination-from-wmi-or-ui":
		return Cancelled
	case
		"no-start-connection", "no-start-credentials", "no-start-no-domain-controller", "no-start-server",
		"no-start-ma", "no-start-ma-already-running", "no-start-ma-concurrent-operation-disallowed",
		"no-start-ma-update-in-progress", "no-start-ma-working-directory", "no-start-bad-ma-configuration",
		"no-start-full-import-required", "no-start-delta-step-type-not-configured",
		"no-start-partition-not-configured", "no-start-partition-rename", "no-start-partition-delete",
		"no-start-unknown-profile-name", "no-start-no-steps-in-profile", "no-start-all-runsteps-skipped",
		"no-start-resume-no-history", "no-start-resume-already-completed", "no-start-resume-profile-modified",
		"no-start-change-log-not-enabled", "no-start-database-permission", "no-start-database-schema-mismatch",
		"no-start-database-table", "no-start-header-row-mismatch", "no-start-file-access-denied",
		"no-start-file-code-page", "no-start-file-contains-incorrect-step-type", "no-start-file-not-found",
		"no-start-file-open", "no-start-file-sharing-violation":
		return Failed
	case
		"stopped-deletion-threshold-exceeded", "stopped-deletion-limit", "stopped-object-limit",
		"stopped-error-limit", "stopped-connectivity", "stopped-server-down", "stopped-server",
		"stopped-service-shutdown", "stopped-user-termination-from-extension", "stopped-bad-server-credentials",
		"stopped-bad-ma-configuration", "stopped-database-connection-lost", "stopped-database-disk-full",
		"stopped-deadlocked", "stopped-disk-full", "stopped-out-of-memory", "stopped-import-read",
		"stopped-export-write", "stopped-export-disabled", "stopped-entry-export-error",
		"stopped-error-in-end-connection", "stopped-extensible-extension-error", "stopped-ma",
		"stopped-ma-extension-timeout", "stopped-ma-extension-error-in-end-connection",
		"stopped-parsing-errors", "stopped-unexpected-data", "stopped-change-log-out-of-order",
		"stopped-code-page-conversion", "stopped-file-error", "stopped-file-embedded-nulls",
		"stopped-failed-to-delete-file", "stopped-entry-point-not-implemented":
		return Failed
	}
	// Two families are known by their beginning only.
	if strings.HasPrefix(result, "stopped-extension-dll-") || strings.HasPrefix(result, "stopped-password-extension-") {
		return Failed
	}
	return Unknown
}

// worse returns the verdict that counts of two. What is known to be bad is said even when something else is not known;
// what is not known outranks everything good. The empty verdict, not decided, counts least.
func worse(a, b Verdict) Verdict {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(v Verdict) int {
	switch v {
	case Succeeded:
		return 1
	case Warnings:
		return 2
	case Unknown:
		return 3
	case Errors:
		return 4
	case Failed:
		return 5
	case Cancelled:
		return 6
	case NotStarted:
		return 7
	}
	return 0
}
