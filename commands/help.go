package commands

// help is three lines for a helpdesk: only what this person may do in this channel, and what a cycle does not do.
func (s sight) help() Answer {
	a := Answer{Mark: MarkInfo, Headline: line("I start Entra Connect syncs and tell how they end. Here you may type:")}
	var changes, reads []Text
	for _, c := range Commands() {
		if c.grantable() && len(s.servers(c)) == 0 {
			continue
		}
		if c.changes() {
			changes = append(changes, s.example(c))
		} else if c != Help {
			reads = append(reads, line(Code(s.typed(c, ""))))
		}
	}
	if len(s.servers(Help)) == 0 {
		a.Headline = line("I start Entra Connect syncs and tell how they end, but you may use none of my servers in this channel.")
		a.Lines = append(a.Lines, line("To change that, give ", s.contact(), " this channel's id: ", Code(s.caller.Channel)))
		return a
	}
	if len(changes) > 0 {
		a.Lines = append(a.Lines, line(join(" or ", changes...), "; add ", Code("because …"), " to say why."))
	}
	switch firsts := s.confirmed(); len(firsts) {
	case 0:
	case 1:
		a.Lines = append(a.Lines, line(firsts[0], " asks first, with a button."))
	default:
		a.Lines = append(a.Lines, line(join(" and ", firsts...), " ask first, with a button."))
	}
	a.Lines = append(a.Lines, line("To look: ", join(", ", reads...), "."))
	a.Lines = append(a.Lines, line("Passwords are not part of a sync: it does not bring a new password any sooner."))
	return a
}

// confirmed lists what the caller may do here only by pressing a button.
func (s sight) confirmed() []Text {
	var all []Text
	for _, c := range Commands() {
		if _, asks := c.confirmed(); asks && len(s.servers(c)) > 0 {
			all = append(all, line(Code(string(c))))
		}
	}
	return all
}

// example is the command as it can be copied: with the server, when there is only one.
func (s sight) example(c Command) Text {
	server := "<server>"
	if servers := s.servers(c); len(servers) == 1 {
		server = servers[0].Name
	}
	switch c {
	case Full:
		return line(Code(s.typed(c, server)), " (everything: this may take hours)")
	case Pause:
		return line(Code(s.typed(c, server)+" 2h "+because+" …"), " (its scheduler)")
	case Resume:
		return line(Code(s.typed(c, server)), " (the end of a pause)")
	case Stop:
		return line(Code(s.typed(c, server)), " (the cycle that runs)")
	default:
		return line(Code(s.typed(c, server)), " (what has changed)")
	}
}

// list is what the caller may do on each server.
func (s sight) list() Answer {
	servers := s.servers(Servers)
	if len(servers) == 0 {
		return Answer{
			Mark: MarkInfo, Headline: line("You may use none of my servers in this channel."),
			Lines: []Text{line("To change that, give ", s.contact(), " this channel's id: ", Code(s.caller.Channel))},
		}
	}
	a := Answer{Mark: MarkInfo, Headline: line("In this channel you may use:")}
	for _, srv := range servers {
		var words []Text
		for _, c := range s.commands(srv.Name) {
			words = append(words, line(string(c)))
		}
		a.Lines = append(a.Lines, line(Code(srv.Name), ": ", join(", ", words...)))
	}
	return a
}
