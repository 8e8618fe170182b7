package commands

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// How long a pause may be. The longest leaves room within the seven days after which Entra Connect needs a full.
const (
	shortestPause = 5 * time.Minute
	longestPause  = 72 * time.Hour
)

// howLong takes the duration out of the words of a pause.
func howLong(words []word, s sight) (d time.Duration, left []word, m *mistake) {
	example := ready(s.typed(Pause, "<server>") + " 2h " + because + " …")
	i := slices.IndexFunc(words, func(w word) bool { return duration(w.folded) })
	if i < 0 {
		return 0, nil, hint("duration-missing", line("For how long? A pause ends by itself. Try:"), example...)
	}
	d, ok := readDuration(words[i].folded)
	if !ok || d < shortestPause || d > longestPause {
		return 0, nil, hint("duration-out-of-range", line("I pause for 5 minutes (", Code("5m"), ") to 72 hours (", Code("72h"), "). Try:"), example...)
	}
	return d, slices.Delete(slices.Clone(words), i, i+1), nil
}

// readDuration reads 90m, 1h30m, 2d or 1w.
func readDuration(word string) (time.Duration, bool) {
	if d, err := time.ParseDuration(word); err == nil {
		return d, true
	}
	unit := 24 * time.Hour
	if strings.HasSuffix(word, "w") {
		unit *= 7
	}
	n, err := strconv.Atoi(strings.TrimRight(word, "dw"))
	if err != nil || n > 1000 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// scope returns what the scheduler's settings of a server belong to, every server of ours that they reach, and whether
// there is a credential that may change them.
func (s sight) scope(server string) (scope string, reach []string, admin bool) {
	for _, srv := range s.snapshot.Servers {
		if srv.Name == server {
			scope, admin = srv.Scope, srv.Admin
		}
	}
	for _, srv := range s.snapshot.Servers {
		if srv.Scope == scope {
			reach = append(reach, srv.Name)
		}
	}
	return scope, reach, admin
}

// noAdmin refuses to change a scheduler for want of a credential, and says what to configure.
func noAdmin(server string) Answer {
	return Answer{
		Mark:     MarkRefused,
		Headline: line("I cannot switch the scheduler on ", Code(server), ": there is no ", Code("admin"), " credential for it. Nothing was done."),
		Lines: []Text{
			line("It takes an account in ", Code("ADSyncAdmins"), ", used for this alone: ", Code("servers."+server+".admin"), " with ", Code("username"), " and ", Code("password"), " in the configuration."),
			line("By hand, on the server: ", Code("Set-ADSyncScheduler -SyncCycleEnabled $false"), ". Somebody must switch it on again."),
		},
	}
}

// pauseMeans is "Pause aadc01 for 2 h?".
func (j *job) pauseMeans(a asked) Answer {
	_, reach, _ := j.sight.scope(a.server)
	answer := Answer{Mark: MarkWarning, Headline: line(Bold("Pause"), " ", Code(a.server), " for ", lasted(a.length), ": switch its scheduler off?")}
	if len(reach) > 1 {
		answer.Lines = append(answer.Lines, line("The setting is kept in the cloud, for the whole tenant. It reaches ", codes(reach), "."))
	} else {
		answer.Lines = append(answer.Lines, line("The setting is kept in the cloud, for the whole tenant: servers of it that I do not know are reached, too."))
	}
	return Answer{
		Mark: answer.Mark, Headline: answer.Headline,
		Lines: append(answer.Lines,
			line("A cycle that runs goes on; ", Code(string(Stop)), " ends it. No other begins, and the scheduler does none of its other work: certificates are not renewed."),
			line("Without a delta for seven days, a full is needed."),
			line("I switch it on again when the time is over, and for that I must be running then. Anybody may do it sooner: ", Code(j.sight.typed(Resume, a.server)), "."),
			line("Your reason: “", Words(a.reason), "”")),
	}
}

func codes(names []string) Text {
	all := make([]Text, len(names))
	for i, n := range names {
		all[i] = line(Code(n))
	}
	return join(", ", all...)
}

// refusePause says what is in the way of a pause, before anybody is asked to confirm it.
func (j *job) refusePause(ctx context.Context, a asked) (Answer, bool) {
	_, _, admin := j.sight.scope(a.server)
	if !admin {
		j.entry.Result = "refused: no admin credential"
		return noAdmin(a.server), true
	}
	if p, ok := j.paused(ctx, a.server); ok {
		j.entry.Result, j.entry.Ref = "refused: paused", p.Ref()
		return j.isPaused(p, "It is paused already, so nothing was done."), true
	}
	return Answer{}, false
}

// pause switches a scheduler off for a while.
func (j *job) pause(ctx context.Context, a asked, rule string) Answer {
	if answer, refused := j.refusePause(ctx, a); refused {
		return answer
	}
	act := j.act(executor.PauseAct, a, rule)
	act.Scope, act.Reach, _ = j.sight.scope(a.server)
	act.Until = j.in.At.Add(a.length)
	return j.switched(ctx, a, act, line("I switch the scheduler on ", Code(a.server), " off until ", At(act.Until, RelativeDay), ". I tell here when it is."))
}

// resume ends a pause before its time.
func (j *job) resume(ctx context.Context, a asked, rule string) Answer {
	p, ok := j.paused(ctx, a.server)
	if !ok {
		j.entry.Result = "refused: not paused"
		return Answer{
			Mark: MarkRefused, Headline: line(Code(a.server), " is not paused by me, so there is nothing to resume."),
			Lines: []Text{line("I switch on only what I have switched off. ", statusTells(a.server))},
		}
	}
	act := j.act(executor.ResumeAct, a, rule)
	act.Scope, act.Reach, _ = j.sight.scope(p.Server)
	return j.switched(ctx, a, act, line("I switch the scheduler on ", Code(a.server), " on again. I tell here when it is."))
}

func (j *job) switched(ctx context.Context, a asked, act executor.Act, headline Text) Answer {
	act, err := j.queue.Act(ctx, act, j.in.ReplyTo)
	if err != nil {
		return j.actNotStored(ctx, a, err)
	}
	j.entry.Ref, j.entry.Result = act.Ref(), "stored"
	if !act.Live() { // asked before a restart, and over meanwhile
		j.entry.Result = string(act.Result)
		return ActAnswer(ActView{Act: act, Channel: j.in.Caller.Channel})
	}
	return Answer{Mark: MarkRunning, Headline: headline, Footer: line(Code(act.Ref()))}
}

// paused returns our pause that reaches a server. An error is logged: the server itself tells whether it is switched off.
func (j *job) paused(ctx context.Context, server string) (executor.Act, bool) {
	acts, err := j.queue.Acts(ctx)
	if err != nil {
		j.failed(ctx, "read pauses", server, err)
	}
	for _, p := range acts {
		if p.Kind == executor.PauseAct && slices.Contains(p.Reach, server) {
			return p, true
		}
	}
	return executor.Act{}, false
}

// isPaused tells of a pause, and how it ends sooner.
func (j *job) isPaused(p executor.Act, headline string) Answer {
	lines := []Text{ActView{Act: p, Channel: j.in.Caller.Channel}.pausedLine()}
	if j.sight.may(Resume, p.Server) {
		lines = append(lines, line("To end it now: ", Code(j.sight.typed(Resume, p.Server)), "."))
	}
	return Answer{Mark: MarkRefused, Headline: line(headline), Lines: lines, Footer: line(Code(p.Ref()))}
}

// pausedLine is "Paused until 12:00 by @ann, because …".
func (v ActView) pausedLine() Text {
	p := v.Act
	here := p.Audience.Channel == v.Channel
	t := line("Paused until ", At(p.Until, RelativeDay), " by ", asker(p.Asker, here))
	if here && p.Reason != "" {
		t = line(t, ", ", because, " “", Words(p.Reason), "”")
	}
	if p.Phase == executor.ActEnding && p.Problem != "" {
		return line(t, ". Its time is over, and I cannot switch the scheduler on again.")
	}
	return line(t, ".")
}

// pauseTold says how a pause or resume stands.
func (v ActView) pauseTold() Answer {
	act, s := v.Act, v.Act.Server
	reached := line(Code(s))
	if len(act.Reach) > 1 {
		reached = codes(act.Reach)
	}
	byHand := line("On the server, as a member of ", Code("ADSyncAdmins"), ": ", Code("Set-ADSyncScheduler -SyncCycleEnabled $true"))
	switch {
	case act.Phase == executor.ActHolding:
		return Answer{
			Mark: MarkWarning, Headline: line(Bold("Paused"), ": ", reached, " until ", At(act.Until, RelativeDay), ", ", v.by(), "."),
			Lines: []Text{
				line("The scheduler is off: no cycle begins by itself, and none by me. One that runs goes on. Certificates are not renewed meanwhile."),
				line("I switch it on again then, and tell here; for that I must be running."),
			},
		}
	case act.Live():
		a := Answer{
			Mark: MarkBad, Headline: line(Bold("The pause does not end"), ": the scheduler on ", reached, " is still off, and was to be on since ", At(act.Until, RelativeDay), "."),
			Lines: []Text{byHand, line("I go on trying until it is on.")},
		}
		if cause, next, ok := codeWords(act.Code, s, act.Detail); ok {
			a.Lines = append([]Text{line(cause, " ", next)}, a.Lines...)
		}
		return a
	case act.Result == executor.PauseOver:
		a := Answer{Mark: MarkGood, Headline: line(Bold("Resumed"), ": the scheduler on ", reached, " is on again. It was paused, ", v.by(), ".")}
		for _, early := range v.Early {
			a.Lines = append(a.Lines, line("Its end was asked for by ", asker(early.Asker, early.Audience.Channel == v.Channel), " at ", At(early.AskedAt, TimeOfDay), "."))
		}
		if late := act.EndedAt.Sub(act.Until); late > 2*time.Minute {
			a.Lines = append(a.Lines, line("That was to be at ", At(act.Until, RelativeDay), ": it is ", lasted(late), " late, because I was down or could not reach the server."))
		}
		a.Lines = append(a.Lines, line("The server may begin a cycle within about a minute."))
		return a
	case act.Result == executor.PauseOverrode:
		return Answer{
			Mark: MarkInfo, Headline: line(Bold("The pause is over"), ": somebody else has switched the scheduler on ", reached, " on. It was paused, ", v.by(), "."),
			Lines: []Text{line("I leave it as it is.")},
		}
	case act.Result == executor.ResumeDone:
		return Answer{Mark: MarkGood, Headline: line(Bold("Resumed"), ": the scheduler on ", reached, " is on again, ", v.by(), ".")}
	}
	a := Answer{Mark: MarkBad, Headline: line(Bold("Pause"), " of ", Code(s), ": ", Bold("nothing was switched"), ".")}
	switch cause, next, ok := codeWords(act.Code, s, act.Detail); {
	case act.Code == executor.CodeDisabled:
		a.Lines = []Text{line("The scheduler is off already, and not by me: somebody may be at work there. I neither take that over nor end it.")}
	case act.Code == executor.CodeNoRights:
		a.Lines = []Text{line("The ", Code("admin"), " account may not do this. Add it to the local group ", Code("ADSyncAdmins"), " there; that counts from its next logon.")}
		a.Detail = Preformatted(act.Detail)
	case ok:
		a.Lines = []Text{cause, next}
	default:
		a.Lines = []Text{line("Internal error."), line("The log says more under ", Code(act.Ref()), ".")}
	}
	return a
}

// errPause has the words for a pause or resume that came too late for another.
func errPause(err error) (Text, bool) {
	var known interface{ Paused() bool }
	if errors.As(err, &known) {
		if known.Paused() {
			return line("Somebody else has just paused it."), true
		}
		return line("The pause has just ended."), true
	}
	return nil, false
}
