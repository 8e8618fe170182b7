package slacksim

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// reply is the JSON object a method answers with, without its ok.
type reply map[string]any

// tokenKind says which token a method takes.
type tokenKind int

const (
	botToken tokenKind = iota
	appToken
	anyToken
)

// method is one Web API method. call runs with the workspace locked and so is one atomic step.
type method struct {
	token tokenKind
	scope string // of the bot token; empty when the method needs none
	call  func(*Workspace, arguments) (reply, error)
}

func methods() map[string]method {
	return map[string]method{
		"apps.connections.open":        {token: appToken, call: (*Workspace).connectionsOpen},
		"auth.test":                    {token: anyToken, call: (*Workspace).authTest},
		"bots.info":                    {scope: "users:read", call: (*Workspace).botsInfo},
		"users.info":                   {scope: "users:read", call: (*Workspace).usersInfo},
		"conversations.info":           {call: (*Workspace).conversationsInfo},
		"conversations.members":        {call: (*Workspace).conversationsMembers},
		"conversations.open":           {scope: "im:write", call: (*Workspace).conversationsOpen},
		"usergroups.list":              {scope: "usergroups:read", call: (*Workspace).usergroupsList},
		"usergroups.users.list":        {scope: "usergroups:read", call: (*Workspace).usergroupsUsersList},
		"chat.postMessage":             {scope: "chat:write", call: (*Workspace).postMessage},
		"chat.postEphemeral":           {scope: "chat:write", call: (*Workspace).postEphemeral},
		"chat.update":                  {scope: "chat:write", call: (*Workspace).updateMessage},
		"chat.delete":                  {scope: "chat:write", call: (*Workspace).deleteMessage},
		"chat.getPermalink":            {call: (*Workspace).getPermalink},
		"views.open":                   {call: (*Workspace).viewsOpen},
		"views.update":                 {call: (*Workspace).viewsUpdate},
		"views.publish":                {call: (*Workspace).viewsPublish},
		"files.getUploadURLExternal":   {scope: "files:write", call: (*Workspace).getUploadURL},
		"files.completeUploadExternal": {scope: "files:write", call: (*Workspace).completeUpload},
	}
}

func (ws *Workspace) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	args, token, inBody, err := readArguments(w, r)
	ws.exchange(w, r, Call{Method: name, Args: args}, func() answer {
		if err != nil {
			return answerError(err)
		}
		return ws.invoke(name, args, token, inBody)
	})
}

func (ws *Workspace) invoke(name string, args arguments, token string, inBody bool) answer {
	m, ok := ws.methods[name]
	if !ok {
		return answerError(failure{code: "unknown_method"})
	}
	if err := ws.admit(m, token, inBody); err != nil {
		return answerError(err)
	}
	if wait := ws.overLimit(name, args); wait > 0 {
		return answerRateLimited(wait)
	}
	fields, err := m.call(ws, args)
	if err != nil {
		return answerError(err)
	}
	a := answerJSON(http.StatusOK, reply{"ok": true}, fields)
	if token == ws.app.BotToken {
		a.header.Set("X-Oauth-Scopes", strings.Join(ws.app.Scopes, ","))
	}
	return a
}

// admit checks the token: its validity, its kind, its scope.
func (ws *Workspace) admit(m method, token string, inBody bool) error {
	switch {
	case token == "", m.token == appToken && inBody:
		return failure{code: "not_authed"}
	case token != ws.app.BotToken && token != ws.app.AppToken:
		return failure{code: "invalid_auth"}
	case m.token == appToken && token != ws.app.AppToken,
		m.token == botToken && token != ws.app.BotToken:
		return failure{code: "not_allowed_token_type"}
	case m.scope != "":
		return ws.needScope(m.scope)
	}
	return nil
}

func (ws *Workspace) needScope(scope string) error {
	if slices.Contains(ws.app.Scopes, scope) {
		return nil
	}
	return failure{code: "missing_scope", detail: reply{"needed": scope, "provided": strings.Join(ws.app.Scopes, ",")}}
}

func (ws *Workspace) connectionsOpen(arguments) (reply, error) {
	ticket := rand.Text()
	ws.tickets[ticket] = true
	address := "ws" + strings.TrimPrefix(ws.base, "http") + "/link/?ticket=" + ticket + "&app_id=" + ws.app.ID
	return reply{"url": address}, nil
}

func (ws *Workspace) authTest(arguments) (reply, error) {
	r := reply{
		"url":                   ws.address4people(),
		"team":                  ws.team.Name,
		"team_id":               ws.team.ID,
		"user":                  ws.users[ws.app.BotUserID].Name,
		"user_id":               ws.app.BotUserID,
		"bot_id":                ws.app.BotID,
		"is_enterprise_install": false,
	}
	if ws.team.EnterpriseID != "" {
		r["enterprise_id"] = ws.team.EnterpriseID
	}
	return r, nil
}

func (ws *Workspace) botsInfo(args arguments) (reply, error) {
	if id := args.text("bot"); id != "" && id != ws.app.BotID {
		return nil, failure{code: "bot_not_found"}
	}
	return reply{"bot": reply{
		"id": ws.app.BotID, "deleted": false, "name": ws.app.Name, "app_id": ws.app.ID, "user_id": ws.app.BotUserID,
		"updated": 1_700_000_000, "icons": reply{},
	}}, nil
}

// address4people is where people would open the workspace in a browser.
func (ws *Workspace) address4people() string { return "https://" + ws.team.Domain + ".slack.com/" }

// answer is one HTTP response, and what stands of it in the log.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	problem string // Slack's error string, or the HTTP status when there is none
	reset   bool   // no response at all: the connection is torn down
}

func (a answer) write(w http.ResponseWriter) {
	if a.reset {
		resetConnection(w)
		return
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func answerJSON(status int, objects ...reply) answer {
	whole := reply{}
	for _, o := range objects {
		maps.Copy(whole, o)
	}
	body, err := json.Marshal(whole)
	if err != nil {
		return answerText(http.StatusInternalServerError, err.Error())
	}
	a := answer{status: status, header: http.Header{}, body: body}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	return a
}

func answerError(err error) answer {
	f, ok := errors.AsType[failure](err)
	if !ok {
		f = failure{code: "internal_error"}
	}
	a := answerJSON(http.StatusOK, reply{"ok": false, "error": f.code}, f.detail)
	a.problem = f.code
	return a
}

func answerRateLimited(seconds int) answer {
	a := answerJSON(http.StatusTooManyRequests, reply{"ok": false, "error": "ratelimited"})
	a.problem = "ratelimited"
	if seconds > 0 {
		a.header.Set("Retry-After", strconv.Itoa(seconds))
	}
	return a
}

// answerText is what Slack's endpoints outside the Web API say; response urls do answer ok as text/html.
func answerText(status int, body string) answer {
	a := answer{status: status, header: http.Header{}, body: []byte(body)}
	a.header.Set("Content-Type", "text/html; charset=utf-8")
	if status >= http.StatusBadRequest {
		a.problem = body
	}
	return a
}
