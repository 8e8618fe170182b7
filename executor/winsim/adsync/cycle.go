package adsync

import (
	"fmt"
	"time"
)

// cycle is one running sync cycle.
type cycle struct {
	policy Policy
	plan   Plan
	steps  []step // what is still to run
}

// step is one run profile on one connector.
type step struct{ connector, profile string }

// running is a run in progress, of the cycle or of somebody else.
type running struct {
	run     Run
	index   int    // in the history
	release func() // ends it, when it takes UntilReleased
}

// gap is the time between two runs, while no connector is busy.
const gap = 500 * time.Millisecond

// begin starts a cycle: from here on SyncCycleInProgress is True.
func (m *Model) begin(policy Policy) {
	c := &cycle{policy: policy, steps: m.steps(policy)}
	if len(m.plans) > 0 {
		c.plan, m.plans = m.plans[0], m.plans[1:]
	}
	m.cycle = c
	m.next.start = m.now
	m.tell("Scheduler::SchedulerThreadMain : Started a new sync cycle run.")
	m.tell(fmt.Sprintf("Import/Sync/Export cycle started (%s).", policy))
	if m.busy != nil { // work that began after the start was accepted
		m.write(SourceDirectory, 905, LevelWarning,
			fmt.Sprintf("Could not execute run profile cycle because connector: %s is busy.", m.busy.run.Connector))
		m.finish()
		return
	}
	m.after(gap, func() { m.step(c) })
}

// steps is the order of a cycle's runs. A staging server exports nothing.
func (m *Model) steps(policy Policy) []step {
	imports, syncs := "Delta Import", "Delta Synchronization"
	if policy == Initial {
		imports, syncs = "Full Import", "Full Synchronization"
	}
	var all []step
	for _, profile := range []string{imports, syncs} {
		for _, domain := range m.settings.Domains {
			all = append(all, step{domain, profile})
		}
		all = append(all, step{EntraConnector, profile})
	}
	if m.settings.Staging {
		return all
	}
	all = append(all, step{EntraConnector, "Export"})
	for _, domain := range m.settings.Domains {
		all = append(all, step{domain, "Export"})
	}
	return all
}

// step begins the next run of c, or ends c. The result of a run never keeps the next one from running.
func (m *Model) step(c *cycle) {
	if m.cycle != c { // it was aborted meanwhile
		return
	}
	if len(c.steps) == 0 {
		m.finish()
		return
	}
	s := c.steps[0]
	c.steps = c.steps[1:]
	m.tell(fmt.Sprintf("Before Execute RunProfile:%s on Connector:%s.", s.profile, s.connector))
	outcome := c.plan.outcome(s, c.policy)
	m.run(s, outcome, func() {
		m.tell(fmt.Sprintf("After Execute RunProfile:%s on Connector:%s.", s.profile, s.connector))
		m.after(gap, func() { m.step(c) })
	})
}

// run makes a connector busy for as long as outcome says, then records the run and goes on with then.
func (m *Model) run(s step, outcome Outcome, then func()) {
	m.numbers[s.connector]++
	r := &running{index: len(m.history), run: Run{
		ID:          fmt.Sprintf("5fdc0b17-8196-484a-90f4-%012x", len(m.history)+1),
		ConnectorID: m.connectorID(s.connector),
		Connector:   s.connector,
		Profile:     s.profile,
		Number:      m.numbers[s.connector],
		Result:      "in-progress",
		Start:       m.now,
	}}
	m.busy = r
	m.history = append(m.history, r.run)
	end := func() {
		switch {
		case m.busy != r: // it was aborted meanwhile
		case outcome.Stop:
			m.stop()
		default:
			m.end(r, outcome)
			then()
		}
	}
	if outcome.Takes == UntilReleased {
		r.release = end
		return
	}
	m.after(outcome.Takes, end)
}

// end records how the busy run ended and what it leaves behind.
func (m *Model) end(r *running, o Outcome) {
	m.busy = nil
	r.run.Result, r.run.Changes, r.run.End = o.Result, o.Changes, m.now
	r.run.Objects = m.fail(r.run, o.Objects)
	m.history[r.index] = r.run
	m.count(r.run)
	m.report(r.run, o)
}

// finish is what the scheduler does after a cycle: only here the next start moves on.
func (m *Model) finish() {
	m.tell(fmt.Sprintf("Import/Sync/Export cycle completed (%s).", m.cycle.policy))
	m.next.start = m.next.start.Add(m.settings.Interval)
	m.next.policy = Delta
	m.cycle = nil
	m.cycles++
}

// abort ends the running cycle and the busy run as they are, without what the scheduler does after a cycle.
func (m *Model) abort(result string, id int, level Level, words string) {
	if r := m.busy; r != nil {
		m.busy = nil
		r.run.Result, r.run.End = result, m.now
		m.history[r.index] = r.run
		m.write(SourceADSync, id, level, fmt.Sprintf(
			"The management agent \"%s\" step execution on run profile \"%s\" %s.", r.run.Connector, r.run.Profile, words))
	}
	if m.cycle != nil {
		m.cycle = nil
		m.cycles++
	}
	m.requested = false
	m.notify()
}

// stop is what Stop-ADSyncSyncCycle asks the service to do.
func (m *Model) stop() {
	m.abort("stopped-user-termination-from-wmi-or-ui", 6051, LevelInformation, "was terminated by the user")
}

// Begin lets the scheduler begin a cycle by itself, at once.
func (m *Model) Begin(policy Policy) {
	m.lock()
	defer m.unlock()
	if m.cycle != nil {
		panic("adsync: a cycle is running")
	}
	m.begin(policy)
	m.notify()
}

// RunForeign lets somebody else run a profile on a connector, as the Synchronization Service Manager does. It is
// no cycle: the scheduler says nothing of it, and refuses a start meanwhile.
func (m *Model) RunForeign(connector, profile string, takes time.Duration) {
	m.lock()
	defer m.unlock()
	if m.busy != nil {
		panic("adsync: the engine runs one profile at a time")
	}
	m.run(step{connector, profile}, Outcome{Result: "success", Takes: takes}, func() {})
	m.notify()
}

// Release ends the run that was planned to take UntilReleased; without one it does nothing.
func (m *Model) Release() {
	m.lock()
	defer m.unlock()
	if m.busy != nil && m.busy.release != nil {
		m.busy.release()
	}
	m.notify()
}
