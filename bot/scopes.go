package bot

// Scope is one permission the Slack app asks for.
type Scope struct {
	Name string
	Why  string // what stops working without it, for the person who approves the app
	// Optional scopes may be declined when the app is installed; nothing essential needs them.
	Optional bool
}

// Scopes lists the bot token's permissions in the order of the manifest. It holds all that reading people, groups and
// channels, posting and uploading need, so that a later version asks a workspace's owners for no new approval.
//
// Left out on purpose: reading messages (*:history), direct messages (im:*, mpim:*: commands there are refused anyway),
// reactions, e-mail addresses, and everything that writes to channels, groups or people.
func Scopes() []Scope {
	return []Scope{
		{Name: "commands", Why: "receive the slash command"},
		{Name: "chat:write", Why: "post and edit the message of a cycle, answer the asker, in channels the bot was invited to"},
		{Name: "users:read", Why: "tell guests, deleted users, bots and people of other workspaces from members (they are refused), and ask which app the token belongs to"},
		{Name: "usergroups:read", Why: "see whether the asker is in a user group that a grant names"},
		{Name: "channels:read", Why: "see whether a public channel is shared with another organisation (commands there are refused)"},
		{Name: "groups:read", Why: "the same for a private channel the bot was invited to, and learn when its id changes"},
		{Name: "files:write", Why: "attach a long list of errors or a report as a file"},
		{Name: "chat:write.public", Why: "post in a public channel without an invitation; without it the bot has to be invited everywhere", Optional: true},
	}
}
