package executor

import (
	"strings"
	"time"
)

// Step is one run profile on one connector, as a cycle runs them.
type Step struct{ Connector, Profile string }

// StageState says where a run stands in a cycle under way.
type StageState string

// The states of a stage.
const (
	StageDone StageState = "done"
	StageNow  StageState = "now"
	StageNext StageState = "next"
)

// Stage is one run of a cycle under way: over, under way, or still to come. One to come is what the documented order of a
// cycle lets expect; what the server then does counts.
type Stage struct {
	Step // the profile is empty while only the busy connector is known

	State   StageState
	Took    time.Duration // over: how long; now: how long so far, by the server's clock; 0 when not known
	Verdict Verdict       // of one that is over, as far as its source tells
}

// route returns the connectors that a cycle runs, in the order in which it imports them: the one to Entra ID comes last.
// Without that one the list is not what it should be, and nothing is foretold.
func route(all []Connector) []string {
	var names []string
	cloud := ""
	for _, c := range all {
		switch {
		case strings.EqualFold(c.ID, cloudConnector):
			cloud = c.Name
		case c.cycles():
			names = append(names, c.Name)
		}
	}
	if cloud == "" {
		return nil
	}
	return append(names, cloud)
}

// Steps are the runs of a whole cycle over the connectors of FollowState, in order: every connector is imported, then every
// one is synchronized, then exports go to Entra ID first. A server in staging mode exports nothing.
func Steps(p Policy, connectors []string, staging bool) []Step {
	if len(connectors) == 0 {
		return nil
	}
	how := "Delta "
	if p == Initial {
		how = "Full "
	}
	var all []Step
	for _, kind := range []string{"Import", "Synchronization"} {
		for _, name := range connectors {
			all = append(all, Step{Connector: name, Profile: how + kind})
		}
	}
	if staging {
		return all
	}
	last := len(connectors) - 1
	all = append(all, Step{Connector: connectors[last], Profile: "Export"})
	for _, name := range connectors[:last] {
		all = append(all, Step{Connector: name, Profile: "Export"})
	}
	return all
}

// Kind is "Import", "Synchronization" or "Export": a connector that was ordered to do a full step runs it in a delta, too.
func (s Step) Kind() string {
	return s.Profile[strings.LastIndex(s.Profile, " ")+1:]
}

func (s Step) same(other Step) bool {
	return strings.EqualFold(s.Connector, other.Connector) && s.Kind() == other.Kind()
}

// Progress returns the runs of a cycle under way, in order. The event log tells those that are over, the log or else the
// busy connector tells the one under way, and the order of a cycle those to come, where the connectors are known.
func (c Cycle) Progress() []Stage {
	plan := Steps(c.Policy, c.Follow.Connectors, c.Baseline.Staging)
	var stages []Stage
	for i, r := range c.Runs {
		s := Stage{Step: Step{Connector: r.Connector, Profile: r.Profile}, State: StageDone, Verdict: r.Verdict}
		switch {
		case !r.End.IsZero() && !r.Start.IsZero():
			s.Took = r.End.Sub(r.Start)
		case r.End.IsZero() && i == len(c.Runs)-1:
			s.State = StageNow
			if !r.Start.IsZero() && c.Follow.At.After(r.Start) {
				s.Took = c.Follow.At.Sub(r.Start)
			}
		}
		stages = append(stages, s)
		plan = rest(plan, s.Step)
	}
	if busy := c.Follow.Connector; busy != "" {
		stages, plan = under(stages, plan, busy)
	}
	for _, s := range plan {
		stages = append(stages, Stage{Step: s, State: StageNext})
	}
	return stages
}

// rest is what comes after a step. One that is not in the plan leaves it as it is.
func rest(plan []Step, s Step) []Step {
	for i := range plan {
		if plan[i].same(s) {
			return plan[i+1:]
		}
	}
	return plan
}

// under adds the run of the busy connector, unless it is the one that the log has told last. The engine runs one profile
// at a time, so an earlier one is over; and when the connector is that of the next step, it is that step's.
func under(stages []Stage, plan []Step, busy string) ([]Stage, []Step) {
	if n := len(stages); n > 0 && stages[n-1].State == StageNow {
		if strings.EqualFold(stages[n-1].Connector, busy) {
			return stages, plan
		}
		stages[n-1].State, stages[n-1].Took = StageDone, 0
	}
	now := Stage{Step: Step{Connector: busy}, State: StageNow}
	if len(plan) > 0 && strings.EqualFold(plan[0].Connector, busy) {
		now.Step, plan = plan[0], plan[1:]
	}
	return append(stages, now), plan
}
