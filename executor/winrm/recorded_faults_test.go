package winrm_test

import (
	"slices"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
	"github.com/adsyncbot/adsyncbot/executor/winrm"
)

// TestRecordedFaults lets one request of a run fail with each code that servers are known to send there.
func TestRecordedFaults(t *testing.T) {
	t.Parallel()
	const (
		onCreate = iota
		onCommand
		onSend
		onReceive
	)
	const (
		access = executor.FailureAccess
		quota  = executor.FailureQuota
		gone   = executor.FailureGone
		other  = executor.FailureFault
	)
	before := []spoken{shellOpened(), commandStarted(), inputTaken()}
	gate := winrm.NewLockout(newLedger()) // one for all: to hash a password is slow
	run := []string{"Create", "Command", "Send", "Receive"}
	for name, test := range map[string]struct {
		on     int
		detail func(uint32) string
		code   uint32
		kind   executor.Failure
	}{
		"no right to a shell":                       {onCreate, withCode, 5, access},
		"the process may not be started":            {onCommand, withPlugin, 2147942405, access},
		"remote shells switched off by policy":      {onCreate, withCode, 2150859180, access},
		"the plug-in is not for remote use":         {onCreate, withCode, 2150859235, access},
		"too many shells":                           {onCreate, withCode, 2150859173, quota},
		"too many shells, as WMI says it":           {onCreate, asWMI, 2150859173, quota},
		"too many operations":                       {onCommand, withCode, 2150859174, quota},
		"too many operations, as WMI says it":       {onCommand, asWMI, 2150859174, quota},
		"too much load by the user":                 {onCreate, asWMI, 2150859175, quota},
		"too much load on the system":               {onCreate, asWMI, 2150859176, quota},
		"shells of too many users":                  {onCreate, asWMI, 2150859179, quota},
		"the plug-in's shells":                      {onCreate, withCode, 2150859236, quota},
		"the plug-in's users":                       {onCreate, withCode, 2150859237, quota},
		"the plug-in's operations":                  {onReceive, withCode, 2150859238, quota},
		"the plug-in's shells of a user":            {onCreate, withCode, 2150859239, quota},
		"the plug-in's operations of a user":        {onCommand, withCode, 2150859240, quota},
		"the plug-in's commands in a shell":         {onCommand, withCode, 2150859241, quota},
		"the plug-in has no resources left":         {onCommand, withCode, 2150859242, quota},
		"the service is busy":                       {onCreate, withCode, 2150858815, quota},
		"the shell is gone before the command":      {onCommand, withCode, 2150858843, gone},
		"the shell or command is gone":              {onReceive, withCode, 2150858843, gone},
		"the shell closes during Receive":           {onReceive, withCode, 995, gone},
		"the profile was unloaded":                  {onCommand, withCode, 2147943418, gone},
		"the program is not there":                  {onCommand, withPlugin, 2147942402, other},
		"the command line is too long":              {onCommand, withPlugin, 2147942606, other},
		"a message too large":                       {onSend, withCode, 2150858790, other},
		"an answer too large":                       {onReceive, withCode, 2150858824, other},
		"MaxEnvelopeSize exceeded":                  {onReceive, withCode, 2150858823, other},
		"XML that the schema does not allow":        {onCommand, withCode, 2150858817, other},
		"a header that is not valid":                {onCreate, withCode, 2150858767, other},
		"an operation timeout it does not take":     {onCreate, withCode, 2150858764, other},
		"an unknown resource":                       {onCreate, withCode, 2150858811, other},
		"the cmd plug-in is not registered":         {onCreate, withCode, 2150858752, other},
		"a parameter that is not valid":             {onReceive, withCode, 87, other},
		"another token than the shell was made for": {onCreate, withCode, 2150859177, other},
		"the shell is disconnected":                 {onReceive, withCode, 2150859204, other},
		"the shell of another session":              {onReceive, withCode, 2150859206, other},
		"the shell of another client":               {onReceive, withCode, 2150859213, other},
		"a slow server at Create":                   {onCreate, withCode, codeNoOutput, other},
		"no detail at all, as OMI says it":          {onCreate, func(uint32) string { return "" }, 0, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, asked, err := replay(t, gate, append(slices.Clone(before[:test.on]), faultOf(test.detail(test.code)))...)
			got := failed(t, err)
			if got.Kind != test.kind || got.Code != test.code || got.Started != (test.on > onCommand) {
				t.Errorf("got %+v, want %s with code %d", got, test.kind, test.code)
			}
			want := slices.Clone(run[:test.on+1])
			if test.on > onCommand && test.kind != gone {
				want = append(want, "ctrl_c", "terminate")
			}
			if test.on > onCreate {
				want = append(want, "Delete")
			}
			if !slices.Equal(asked, want) {
				t.Errorf("sent %q, want %q", asked, want)
			}
		})
	}
}
