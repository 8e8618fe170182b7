package executor

import "testing"

func TestResultStrings(t *testing.T) {
	for result, want := range map[string]Verdict{
		"success": Succeeded, "in-progress": "",
		"completed-export-errors": Errors, "completed-sync-errors": Errors, "completed-discovery-errors": Errors,
		"completed-warnings": Warnings, "completed-no-objects": Warnings, "completed-transient-objects": Warnings,
		"no-start-connection": Failed, "no-start-credentials": Failed, "no-start-file-open": Failed,
		"stopped-deletion-threshold-exceeded": Failed, "stopped-server-down": Failed, "stopped-extension-dll-exception": Failed,
		"stopped-password-extension-timeout":      Failed,
		"stopped-user-termination-from-wmi-or-ui": Cancelled,
		"stopped-user-termination-from-extension": Failed,
		"":                       Unknown,
		"Success":                Unknown,
		"success-in-a-new-way":   Unknown,
		"completed-in-a-new-way": Unknown,
		"completed-new-errors":   Unknown,
		"stopped-in-a-new-way":   Unknown,
		"no-start-in-a-new-way":  Unknown,
	} {
		if got := resultVerdict(result); got != want {
			t.Errorf("%q is %q, want %q", result, got, want)
		}
	}
}

func TestTheWorseVerdictCounts(t *testing.T) {
	order := []Verdict{"", Succeeded, Warnings, Unknown, Errors, Failed, Cancelled, NotStarted}
	for i, a := range order {
		for k, b := range order {
			if want := order[max(i, k)]; worse(a, b) != want {
				t.Errorf("the worse of %q and %q is %q, want %q", a, b, worse(a, b), want)
			}
		}
	}
}
