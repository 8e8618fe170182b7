package commands

import "strings"

// sight is what one caller may see: the commands and servers of the grants that count here and now.
type sight struct {
	snapshot *Snapshot
	caller   Caller
	slash    string // what people type before a command: "/adsync"
}

func (s sight) may(c Command, server string) bool {
	return Allow(s.snapshot.Grants, s.snapshot.Team, s.caller, c, server).Allowed
}

// servers returns the servers on which the caller may run c, in the configuration's order; for help and servers, those
// on which anything is allowed.
func (s sight) servers(c Command) []ServerInfo {
	var all []ServerInfo
	for _, srv := range s.snapshot.Servers {
		if c.grantable() && s.may(c, srv.Name) || !c.grantable() && len(s.commands(srv.Name)) > 0 {
			all = append(all, srv)
		}
	}
	return all
}

// commands returns what the caller may run on a server.
func (s sight) commands(server string) []Command {
	var all []Command
	for _, c := range Commands() {
		if c.grantable() && s.may(c, server) {
			all = append(all, c)
		}
	}
	return all
}

// words returns every command that makes sense for the caller to type.
func (s sight) words() []string {
	var all []string
	for _, c := range Commands() {
		if !c.grantable() || len(s.servers(c)) > 0 {
			all = append(all, string(c))
		}
	}
	return all
}

// find returns the visible server that a word means: its name, or the DNS name when only one server has it.
func (s sight) find(typed string) (string, bool) {
	return match(s.servers(Help), typed)
}

// exists returns the server that a word means, visible or not: only the audit may know.
func (s sight) exists(typed string) (string, bool) {
	return match(s.snapshot.Servers, typed)
}

func match(servers []ServerInfo, typed string) (string, bool) {
	name := host(typed)
	for _, srv := range servers {
		if fold(srv.Name) == name {
			return srv.Name, true
		}
	}
	found := ""
	for _, srv := range servers {
		if srv.Host == "" || host(srv.Host) != name {
			continue
		}
		if found != "" {
			return "", false
		}
		found = srv.Name
	}
	return found, found != ""
}

// near returns the server on which the caller may run c and whose name is nearest to the word, or "".
func (s sight) near(c Command, typed string) string {
	var names []string
	owner := map[string]string{}
	for _, srv := range s.servers(c) {
		for _, n := range []string{srv.Name, host(srv.Host)} {
			if n != "" && owner[n] == "" {
				owner[n] = srv.Name
				names = append(names, n)
			}
		}
	}
	name := host(typed)
	if n := nearest(name, names); n != "" {
		return owner[n]
	}
	if label, _, dotted := strings.Cut(name, "."); dotted && strings.Trim(label, "0123456789") != "" {
		return owner[nearest(label, names)]
	}
	return ""
}

// typed returns a command as the caller would type it.
func (s sight) typed(c Command, server string) string {
	return strings.TrimSpace(s.slash + " " + string(c) + " " + server)
}
