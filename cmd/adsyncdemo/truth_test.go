package main

import "testing"

func TestWhatIsToldMustBeWhatHappened(t *testing.T) {
	succeeded, errors, refused := told{"succeeded", exitGood}, told{"ended with errors", exitBad}, told{"was not started", exitRefused}
	late := told{"could not be started in time", exitUnknown}
	well, badly := truth{1, []string{"success", "success"}}, truth{1, []string{"completed-export-errors", "success"}}
	cases := []struct {
		says  string
		told  told
		truth truth
		fits  bool
	}{
		{"success after runs that all succeeded", succeeded, well, true},
		{"success although one run had errors", succeeded, badly, false},
		{"success although a run was stopped", succeeded, truth{1, []string{"stopped-server-down"}}, false},
		{"success with warnings", succeeded, truth{1, []string{"completed-no-objects"}}, true},
		{"success while a run goes on", succeeded, truth{1, []string{"success", "in-progress"}}, false},
		{"success after two starts", succeeded, truth{2, []string{"success"}}, false},
		{"success without a start", succeeded, truth{}, false},
		{"success of a start that has run nothing", succeeded, truth{1, nil}, false},
		{"errors after errors", errors, badly, true},
		{"errors although all went well", errors, well, false},
		{"refused without a start", refused, truth{}, true},
		{"refused although it was started", refused, well, false},
		{"too late without a start", late, truth{}, true},
		{"too late although it was started", late, badly, false},
	}
	for _, c := range cases {
		t.Run(c.says, func(t *testing.T) {
			if got := c.told.fits(c.truth); got != c.fits {
				t.Errorf("fits %v, want %v", got, c.fits)
			}
		})
	}
}
