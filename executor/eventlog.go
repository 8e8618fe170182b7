package executor

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The scheduler's tracer writes whatever it has to say as these; the text tells what it is. The texts are literals of
// the program, in English on every server.
const tracedFirst, tracedLast = 904, 906

var (
	cyclePattern    = regexp.MustCompile(`(?i)Import/Sync/Export cycle (started|completed) \((\w+)\)`)
	begunPattern    = regexp.MustCompile(`(?i)Started a new sync cycle run`)
	stepPattern     = regexp.MustCompile(`(?i)(Before|After) Execute RunProfile:\s*(.+?) on Connector:\s*([^\r\n]+)`)
	overridePattern = regexp.MustCompile(`(?i)overridden to do a Full`)
	skippedPattern  = regexp.MustCompile(`(?i)Could not execute run profile|Run profile '.*' not found`)
	agentPattern    = regexp.MustCompile(`(?i)(?:management agent|connector) "([^"\r\n]+)"`)
	bracketPattern  = regexp.MustCompile(`Connector\(([^)\r\n]+)\)`)
	profilePattern  = regexp.MustCompile(`(?i)run profile "([^"\r\n]+)"`)
	errorsPattern   = regexp.MustCompile(`(?i)(?:Discovery|Synchronization|Metaverse Retry|Export) Errors\s*:\s*"?(\d{1,9})\b`)
	warningsPattern = regexp.MustCompile(`(?i)\bWarnings\s*:\s*"?(\d{1,9})\b`)
	deletesPattern  = regexp.MustCompile(`(?i)(\d{1,9})\s+(?:\w+\s+)?delet|delet\w*[^\d\r\n]{0,40}?(\d{1,9})`)
)

// marker is what an event says about the whole cycle.
type marker struct {
	begin  bool   // a cycle began; else it is over
	policy Policy // empty when the event does not tell
}

// mark reads an event as a marker. The scheduler writes two when a cycle begins, the first without its policy.
func mark(e eventLine) (marker, bool) {
	if !traced(e) {
		return marker{}, false
	}
	if begunPattern.MatchString(e.Message) {
		return marker{begin: true}, true
	}
	found := cyclePattern.FindStringSubmatch(e.Message)
	if found == nil {
		return marker{}, false
	}
	m := marker{begin: strings.EqualFold(found[1], "started")}
	if policy, ok := ParsePolicy(found[2]); ok {
		m.policy = policy
	}
	return m, true
}

func traced(e eventLine) bool {
	return e.Source == sourceDirectory && e.ID >= tracedFirst && e.ID <= tracedLast
}

// journal is what the events of one cycle say.
type journal struct {
	policy   Policy
	began    time.Time
	ended    time.Time
	runs     []Run
	findings []Finding
}

// readEvents adds events, in the order of their records, to what is known of a cycle's runs. Events that were read
// before change nothing, so that a look may be repeated. It stops where the next cycle begins.
func readEvents(runs []Run, events []eventLine) journal {
	j := journal{runs: cloneRuns(runs)}
	for _, e := range events {
		if m, ok := mark(e); ok {
			if m.begin && j.over(e.At.Time) {
				return j
			}
			j.mark(m, e.At.Time)
			continue
		}
		if traced(e) {
			j.step(e)
			continue
		}
		j.event(e)
	}
	return j
}

// over reports whether a cycle that begins at that time is the next one.
func (j *journal) over(at time.Time) bool {
	return !j.ended.IsZero() || slices.ContainsFunc(j.runs, func(r Run) bool { return !r.Start.IsZero() && r.Start.Before(at) })
}

// mark takes a marker. An end before anything else is that of the cycle before.
func (j *journal) mark(m marker, at time.Time) {
	switch {
	case m.begin && j.began.IsZero():
		j.began = at
	case !m.begin && j.began.IsZero() && len(j.runs) == 0:
		return
	case !m.begin:
		j.ended = at
	}
	if m.policy != "" {
		j.policy = m.policy
	}
}

// step reads what the scheduler says about one run.
func (j *journal) step(e eventLine) {
	found := stepPattern.FindStringSubmatch(e.Message)
	switch {
	case found != nil && strings.EqualFold(found[1], "Before"):
		j.open(strings.TrimSpace(found[2]), connectorName(found[3]), e.At.Time)
	case found != nil:
		j.closeRun(strings.TrimSpace(found[2]), connectorName(found[3]), e.At.Time)
	case skippedPattern.MatchString(e.Message):
		j.find(e, meaning{verdict: Failed, what: "a step was left out"}, 1)
	case overridePattern.MatchString(e.Message):
		j.find(e, meaning{what: "a full step instead of a delta step was ordered for this connector"}, 1)
	}
}

// connectorName is the rest of the message without the full stop that ends it; a name has its own.
func connectorName(rest string) string {
	return strings.TrimSuffix(strings.TrimSpace(rest), ".")
}

func (j *journal) open(profile, connector string, at time.Time) {
	for _, r := range j.runs {
		if r.Profile == profile && r.Connector == connector && r.Start.Equal(at) {
			return
		}
	}
	j.runs = append(j.runs, Run{Connector: connector, Profile: profile, Start: at})
}

// closeRun ends the newest open run of that name. Is there none, its beginning was written before we looked.
func (j *journal) closeRun(profile, connector string, at time.Time) {
	for i := len(j.runs) - 1; i >= 0; i-- {
		r := &j.runs[i]
		if r.Profile != profile || r.Connector != connector {
			continue
		}
		if r.End.Equal(at) {
			return
		}
		if r.End.IsZero() {
			r.End = at
			r.Verdict = worse(r.Verdict, Succeeded)
			return
		}
	}
	j.runs = append(j.runs, Run{Connector: connector, Profile: profile, End: at, Verdict: Succeeded})
}

// event reads an event that the table may know.
func (j *journal) event(e eventLine) {
	m, ok := mean(e)
	if !ok {
		return
	}
	count := 1
	switch {
	case e.Source == sourceEngine && e.ID == 6100:
		errs, warnings, read := stepErrors(e.Message)
		if read && errs == 0 && warnings > 0 {
			m.verdict, m.what = Warnings, "a step completed with warnings"
		}
		count = max(errs, warnings, 1)
		if errs > 0 {
			count = errs
		}
		if r := j.run(e); r != nil && read {
			r.Counters = &Counters{Adds: -1, Updates: -1, Deletes: -1, Errors: errs}
		}
	case e.Source == sourceDirectory && e.ID == 116:
		count = max(deletions(e.Message), 1)
	}
	j.find(e, m, count)
}

// find adds a finding; the same one of the same connector is counted, not repeated.
func (j *journal) find(e eventLine, m meaning, count int) {
	connector := namedConnector(e.Message)
	if r := j.run(e); r != nil && m.verdict != "" {
		r.Verdict = worse(r.Verdict, m.verdict)
		if connector == "" {
			connector = r.Connector
		}
	}
	for i := range j.findings {
		f := &j.findings[i]
		if f.EventID == e.ID && f.Connector == connector && f.What == m.what && f.Verdict == m.verdict {
			f.Count += count
			return
		}
	}
	j.findings = append(j.findings, Finding{Verdict: m.verdict, What: m.what, Connector: connector, EventID: e.ID, Count: count})
}

// run is the run that an event is about: the newest of the connector it names, else the one that was under way.
func (j *journal) run(e eventLine) *Run {
	connector, profile := namedConnector(e.Message), ""
	if found := profilePattern.FindStringSubmatch(e.Message); found != nil {
		profile = found[1]
	}
	for i := len(j.runs) - 1; i >= 0; i-- {
		r := &j.runs[i]
		if r.Start.After(e.At.Time) {
			continue // a run of a repeated look that began later
		}
		if connector != "" && strings.EqualFold(r.Connector, connector) && (profile == "" || strings.EqualFold(r.Profile, profile)) {
			return r
		}
		if connector == "" && (r.End.IsZero() || !r.End.Before(e.At.Time)) {
			return r
		}
	}
	return nil
}

func namedConnector(message string) string {
	for _, pattern := range []*regexp.Regexp{agentPattern, bracketPattern} {
		if found := pattern.FindStringSubmatch(message); found != nil {
			return found[1]
		}
	}
	return ""
}

// stepErrors reads the counters in the body of event 6100; read is false when there are none.
func stepErrors(message string) (errs, warnings int, read bool) {
	for _, found := range errorsPattern.FindAllStringSubmatch(message, 8) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			continue
		}
		errs, read = errs+n, true
	}
	if found := warningsPattern.FindStringSubmatch(message); found != nil {
		if n, err := strconv.Atoi(found[1]); err == nil {
			warnings, read = n, true
		}
	}
	return errs, warnings, read
}

// deletions reads how many deletions event 116 is about; 0 when it does not say.
func deletions(message string) int {
	found := deletesPattern.FindStringSubmatch(message)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1] + found[2])
	if err != nil {
		return 0
	}
	return n
}

func cloneRuns(runs []Run) []Run {
	runs = slices.Clone(runs)
	for i := range runs {
		if c := runs[i].Counters; c != nil {
			counters := *c
			runs[i].Counters = &counters
		}
	}
	return runs
}
