package adsync

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// instantly leaves out what makes a server slow but is not looked at.
func instantly(s *Settings) { s.CloudLatency = 0 }

func told(m *Model, since time.Time) []string {
	events, _ := m.Events(context.Background(), EventFilter{IDs: []int{904, 905}, Since: since, Oldest: true})
	var messages []string
	for _, e := range events {
		messages = append(messages, e.Message)
	}
	return messages
}

func TestAnAcceptedStartIsNotYetInProgress(t *testing.T) {
	m, clock := in(t, "ok", instantly)
	before := m.State().NextStart
	if err := m.Start(t.Context(), Delta); err != nil {
		t.Fatal(err)
	}
	clock.Advance(3 * time.Second)
	if s := m.State(); !s.Requested || s.InProgress || !s.NextStart.Equal(before) {
		t.Fatalf("before the thread wakes up: %+v", s)
	}
	clock.Advance(time.Second)
	began := epoch.Add(4 * time.Second)
	if s := m.State(); s.Requested || !s.InProgress || !s.NextStart.Equal(began) {
		t.Fatalf("once it runs, the next start is its own: %+v", s)
	}
	clock.Advance(2 * time.Minute)
	if s := m.State(); s.InProgress || !s.NextStart.Equal(began.Add(30*time.Minute)) || s.Starts != 1 || s.Cycles != 2 {
		t.Fatalf("after it: %+v", s)
	}
}

func TestACycleRunsItsProfilesInOrder(t *testing.T) {
	for _, test := range []struct {
		situation string
		policy    Policy
		want      string
	}{
		{"ok", Delta, "Delta Import contoso.com, Delta Import AAD, Delta Synchronization contoso.com, Delta Synchronization AAD, Export AAD, Export contoso.com"},
		{"ok", Initial, "Full Import contoso.com, Full Import AAD, Full Synchronization contoso.com, Full Synchronization AAD, Export AAD, Export contoso.com"},
		{"staging", Delta, "Delta Import contoso.com, Delta Import AAD, Delta Synchronization contoso.com, Delta Synchronization AAD"},
		{"two forests", Delta, "Delta Import contoso.com, Delta Import fabrikam.com, Delta Import AAD, Delta Synchronization contoso.com, " +
			"Delta Synchronization fabrikam.com, Delta Synchronization AAD, Export AAD, Export contoso.com, Export fabrikam.com"},
	} {
		t.Run(test.situation+" "+string(test.policy), func(t *testing.T) {
			m, clock := in(t, test.situation, instantly)
			if err := m.Start(t.Context(), test.policy); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
			var order, log []string
			log = append(log, "Scheduler::SchedulerThreadMain : Started a new sync cycle run.", "Import/Sync/Export cycle started ("+string(test.policy)+").")
			for _, r := range m.State().Runs {
				if r.Start.Before(epoch) {
					continue
				}
				if r.Result != "success" || !r.End.After(r.Start) {
					t.Errorf("run %+v", r)
				}
				order = append(order, r.Profile+" "+strings.Replace(r.Connector, EntraConnector, "AAD", 1))
				log = append(log, "Before Execute RunProfile:"+r.Profile+" on Connector:"+r.Connector+".", "After Execute RunProfile:"+r.Profile+" on Connector:"+r.Connector+".")
			}
			log = append(log, "Import/Sync/Export cycle completed ("+string(test.policy)+").")
			if got := strings.Join(order, ", "); got != test.want {
				t.Errorf("runs:\n%s\nwant:\n%s", got, test.want)
			}
			if got, want := strings.Join(told(m, epoch), "\n"), strings.Join(log, "\n"); got != want {
				t.Errorf("event log:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestAStartIsRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*Model, *SimulatedClock)
		want    string
	}{
		{"while suspended", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.Suspended = true }) }, refuseSuspended},
		{"while another run is busy", func(m *Model, _ *SimulatedClock) { m.RunForeign("contoso.com", "Full Import", time.Hour) }, "Connector: contoso.com is busy."},
		{"while another start waits", func(m *Model, _ *SimulatedClock) { _ = m.Start(context.Background(), Delta) }, refuseRequested},
		{"between two runs of a cycle", func(m *Model, c *SimulatedClock) { m.Begin(Delta) }, refuseRunning},
		{"in a run of a cycle: by the busy connector", func(m *Model, c *SimulatedClock) { m.Begin(Delta); c.Advance(time.Second) }, "Connector: contoso.com is busy."},
		{"while the service shuts down", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.ShuttingDown = true }) }, refuseShutdown},
		{"while the wizard is open", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.WizardOpen = true }) }, refuseWizard},
		{"without the cloud's settings", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.CloudUnreadable = true }) }, refuseCloud},
		{"without the service", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.Service = ServiceStopped }) }, refuseService},
		{"to nobody's account", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.Rights = NoRights }) }, refuseRole},
		{"to a reader", func(m *Model, _ *SimulatedClock) { m.Set(func(s *Settings) { s.Rights = Browse }) }, refuseRights},
		{"first for being suspended, then for the rest", func(m *Model, _ *SimulatedClock) {
			m.Begin(Delta)
			m.Set(func(s *Settings) { s.Suspended, s.WizardOpen, s.ShuttingDown = true, true, true })
		}, refuseSuspended},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, clock := in(t, "ok", instantly)
			test.prepare(m, clock)
			starts := m.Starts()
			err := m.Start(t.Context(), Delta)
			var f *CmdletError
			if !errors.As(err, &f) || f.firstLine() != test.want {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			if m.Starts() != starts {
				t.Error("a refused start was counted")
			}
		})
	}
}

func TestAStopLeavesTheNextStartInThePastSoTheSchedulerStartsAnew(t *testing.T) {
	m, clock := in(t, "running delta", instantly, func(s *Settings) { s.Automatic = true })
	clock.Advance(10 * time.Second)
	if err := m.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := m.State()
	if s.InProgress || s.Connector != "" || s.NextStart.After(s.Now) {
		t.Fatalf("after the stop: %+v", s)
	}
	if last := s.Runs[len(s.Runs)-1]; last.Result != "stopped-user-termination-from-wmi-or-ui" || last.End.IsZero() {
		t.Errorf("the stopped run: %+v", last)
	}
	events, err := m.Events(t.Context(), EventFilter{IDs: []int{6051}})
	if err != nil || len(events) != 1 || events[0].Level != LevelInformation {
		t.Errorf("6051: %v, %v", events, err)
	}
	if log := told(m, epoch); strings.Contains(log[len(log)-1], "completed") {
		t.Errorf("a stopped cycle is not completed: %s", log[len(log)-1])
	}
	clock.Advance(time.Minute)
	if s := m.State(); !s.InProgress || s.Starts != 0 {
		t.Errorf("a minute later: %+v", s)
	}
}

func TestAFailedRunKeepsNothingFromRunning(t *testing.T) {
	m, clock := in(t, "import failure", instantly)
	m.Begin(Delta)
	clock.Advance(time.Hour)
	s := m.State()
	if n := len(s.Runs); n != 12 || s.Runs[7].Result != "stopped-server-down" || s.Runs[11].Result != "success" {
		t.Errorf("runs: %+v", s.Runs)
	}
	if log := told(m, epoch); log[len(log)-1] != "Import/Sync/Export cycle completed (Delta)." {
		t.Errorf("last: %s", log[len(log)-1])
	}
}

func TestErrorsStandInEvent6100(t *testing.T) {
	m, clock := in(t, "export errors", instantly)
	m.Begin(Delta)
	clock.Advance(time.Hour)
	events, err := m.Events(t.Context(), EventFilter{Sources: []string{SourceADSync}, IDs: []int{6100}})
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	for _, want := range []string{EntraConnector, `run profile "Export" with errors`, `Export Errors          : "2"`, `Discovery Errors       : "0"`} {
		if !strings.Contains(events[0].Message, want) {
			t.Errorf("%q is not in %q", want, events[0].Message)
		}
	}
}

func TestStoppingTheServiceEndsTheCycle(t *testing.T) {
	m, clock := in(t, "running delta", instantly)
	clock.Advance(10 * time.Second)
	m.Set(func(s *Settings) { s.Service = ServiceStopped })
	clock.Advance(time.Hour)
	if s := m.State(); s.InProgress || s.Runs[len(s.Runs)-1].Result != "stopped-service-shutdown" || len(s.Runs) != 8 {
		t.Errorf("%+v", s)
	}
	var f *CmdletError
	if _, err := m.Running(t.Context()); !errors.As(err, &f) || f.Message != refuseService {
		t.Errorf("the cmdlet: %v", err)
	}
}

func TestTheRunHistoryIsNotReadableOverTheNetwork(t *testing.T) {
	m, _ := in(t, "ok", instantly)
	if _, err := m.History(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "net.pipe://localhost/ADSyncManagement") {
		t.Errorf("got %v", err)
	}
	m, _ = in(t, "history readable", instantly)
	rows, err := m.History(t.Context(), 2)
	if err != nil || len(rows) != 2 || !rows[0].Start.After(rows[1].Start) || rows[0].Number != 3 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestStatisticsShowWhatWaits(t *testing.T) {
	m, clock := in(t, "deletion threshold", instantly)
	m.Begin(Delta)
	clock.Advance(time.Hour)
	s, err := m.Statistics(t.Context(), strings.ToUpper(EntraConnector))
	if err != nil || s.ExportDeletes != 800 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAHeldRunEndsWhenReleased(t *testing.T) {
	m, clock := in(t, "ok", instantly)
	m.Plan(Outcome{Profile: "Export", Connector: EntraConnector, Takes: UntilReleased})
	m.Begin(Delta)
	clock.Advance(24 * time.Hour)
	if s := m.State(); s.Connector != EntraConnector || s.Profile != "Export" {
		t.Fatalf("%+v", s)
	}
	m.Release()
	clock.Advance(time.Minute)
	if m.State().InProgress {
		t.Error("it did not end")
	}
}

func TestWaitIsToldWhatHappensInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := Find("ok")
		m := s.New(WallClock{}, func(s *Settings) { s.Speed = 10 })
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() {
				if err := m.Wait(t.Context(), func(s State) bool { return s.Cycles == 2 }); err != nil {
					t.Error(err)
				}
			})
		}
		if err := m.Start(t.Context(), Delta); err != nil {
			t.Fatal(err)
		}
		waiting.Wait()
		if m.Starts() != 1 {
			t.Errorf("%d starts", m.Starts())
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("enough"))
		defer cancel()
		if err := m.Wait(ctx, func(State) bool { return false }); err == nil || err.Error() != "enough" {
			t.Errorf("the cause of ctx: %v", err)
		}
	})
}
