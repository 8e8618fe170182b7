package slacksim

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (ws *Workspace) usersInfo(args arguments) (reply, error) {
	u, ok := ws.users[args.text("user")]
	if !ok {
		return nil, failure{code: "user_not_found"}
	}
	zone := ws.zoneOf(u)
	label, offset := ws.now().In(zone).Zone()
	fields := reply{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": u.RealName, "deleted": u.Deleted, "is_bot": u.Bot,
		"tz": zone.String(), "tz_label": label, "tz_offset": offset,
		"is_restricted": u.Restricted || u.UltraRestricted, "is_ultra_restricted": u.UltraRestricted,
		"is_admin": false, "is_owner": false, "is_app_user": false,
		"profile": reply{"real_name": u.RealName, "display_name": u.Name, "team": u.TeamID},
	}
	if u.Stranger { // Slack leaves it out otherwise
		fields["is_stranger"] = true
	}
	return reply{"user": fields}, nil
}

// zoneOf is the time zone a person lives in; UTC when it is empty or not known to this machine. Zones are kept, because
// loading one reads a file.
func (ws *Workspace) zoneOf(u User) *time.Location {
	if zone, ok := ws.zones[u.TZ]; ok {
		return zone
	}
	zone, err := time.LoadLocation(u.TZ)
	if err != nil {
		zone = time.UTC
	}
	ws.zones[u.TZ] = zone
	return zone
}

// conversation finds a conversation the bot may read: the scope depends on its kind, and a closed one does not exist for
// those who are not in it.
func (ws *Workspace) conversation(id string) (Channel, error) {
	c, ok := ws.channels[id]
	if !ok || c.closed() && !c.has(ws.app.BotUserID) {
		return Channel{}, failure{code: "channel_not_found"}
	}
	scope := "channels:read"
	switch {
	case c.IM:
		scope = "im:read"
	case c.MPIM:
		scope = "mpim:read"
	case c.Private:
		scope = "groups:read"
	}
	return c, ws.needScope(scope)
}

func (ws *Workspace) conversationsInfo(args arguments) (reply, error) {
	c, err := ws.conversation(args.text("channel"))
	if err != nil {
		return nil, err
	}
	fields := reply{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "created": 1_700_000_000,
		"is_channel": !c.closed(), "is_group": c.Private && !c.MPIM, "is_im": c.IM, "is_mpim": c.MPIM,
		"is_private": c.closed(), "is_archived": c.Archived, "is_general": false,
		"is_shared": c.ExtShared || c.OrgShared, "is_ext_shared": c.ExtShared, "is_org_shared": c.OrgShared,
		"is_pending_ext_shared": c.PendingExtShared, "pending_shared": []string{},
		"is_member": c.has(ws.app.BotUserID), "context_team_id": ws.team.ID, "shared_team_ids": []string{ws.team.ID},
	}
	if c.IM {
		for _, m := range c.Members {
			if m != ws.app.BotUserID {
				fields["user"] = m
			}
		}
	}
	if args.flag("include_num_members") {
		fields["num_members"] = len(c.Members)
	}
	return reply{"channel": fields}, nil
}

func (ws *Workspace) conversationsMembers(args arguments) (reply, error) {
	c, err := ws.conversation(args.text("channel"))
	if err != nil {
		return nil, err
	}
	start := 0
	if cursor := args.text("cursor"); cursor != "" {
		raw, err := base64.StdEncoding.DecodeString(cursor)
		if err != nil {
			return nil, failure{code: "invalid_cursor"}
		}
		start, err = strconv.Atoi(string(raw))
		if err != nil || start < 0 || start > len(c.Members) {
			return nil, failure{code: "invalid_cursor"}
		}
	}
	limit := args.number("limit", 100)
	if limit < 1 || limit > 1000 {
		return nil, failure{code: "invalid_limit"}
	}
	end := min(start+limit, len(c.Members))
	next := ""
	if end < len(c.Members) {
		next = base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	return reply{
		"members":           append([]string{}, c.Members[start:end]...),
		"response_metadata": reply{"next_cursor": next},
	}, nil
}

// conversationsOpen opens the direct message with one person, or says which one it is.
func (ws *Workspace) conversationsOpen(args arguments) (reply, error) {
	users := args.text("users")
	if strings.Contains(users, ",") {
		return nil, invalidArguments("only direct messages with one person are simulated")
	}
	c, err := ws.openDM(users)
	if err != nil {
		return nil, err
	}
	return reply{"channel": reply{"id": c.ID}}, nil
}

func (ws *Workspace) openDM(user string) (Channel, error) {
	if _, ok := ws.users[user]; !ok {
		return Channel{}, failure{code: "user_not_found"}
	}
	for _, c := range ws.channels {
		if c.IM && c.has(user) && c.has(ws.app.BotUserID) {
			return c, nil
		}
	}
	c := Channel{ID: "D" + user, IM: true, Members: []string{user, ws.app.BotUserID}}
	ws.channels[c.ID] = c
	return c, nil
}

func (ws *Workspace) usergroupsList(args arguments) (reply, error) {
	list := []reply{}
	for _, id := range slices.Sorted(maps.Keys(ws.groups)) {
		g := ws.groups[id]
		if g.Disabled && !args.flag("include_disabled") {
			continue
		}
		fields := reply{
			"id": g.ID, "team_id": ws.team.ID, "is_usergroup": true, "name": g.Name, "handle": g.Handle,
			"description": "", "is_external": false, "date_delete": 0, "user_count": len(g.Members),
		}
		if g.Disabled {
			fields["date_delete"] = 1_700_000_000
		}
		if args.flag("include_users") {
			fields["users"] = append([]string{}, g.Members...)
		}
		list = append(list, fields)
	}
	return reply{"usergroups": list}, nil
}

func (ws *Workspace) usergroupsUsersList(args arguments) (reply, error) {
	g, ok := ws.groups[args.text("usergroup")]
	if !ok || g.Disabled && !args.flag("include_disabled") {
		return nil, failure{code: "no_such_subteam"}
	}
	return reply{"users": append([]string{}, g.Members...)}, nil
}
