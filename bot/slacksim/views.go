package slacksim

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"time"
)

// Slack's bounds on modals.
const (
	maxView     = 250_000 // bytes
	triggerLife = 3 * time.Second
)

// View is a modal or a home tab as one person has it open.
type View struct {
	ID, UserID string
	Type       string // modal or home
	Hash       string // changes with every update
	JSON       json.RawMessage
	Errors     map[string]string // by block id, after a refused submission
}

func (v View) blocks() json.RawMessage {
	var parts struct {
		Blocks json.RawMessage `json:"blocks"`
	}
	_ = json.Unmarshal(v.JSON, &parts) // checked when it was taken in
	return parts.Blocks
}

func (ws *Workspace) viewsOpen(args arguments) (reply, error) {
	id := args.text("trigger_id")
	t, ok := ws.triggers[id]
	switch {
	case !ok:
		return nil, failure{code: "invalid_trigger_id"}
	case t.used:
		return nil, failure{code: "exchanged_trigger_id"}
	case ws.now().Sub(t.at) >= triggerLife:
		return nil, failure{code: "expired_trigger_id"}
	}
	v := View{ID: "V" + rand.Text(), UserID: t.user, Type: "modal"}
	if err := ws.take(&v, json.RawMessage(args.text("view"))); err != nil {
		return nil, err
	}
	t.used = true
	ws.triggers[id] = t
	ws.views[v.ID] = v
	return reply{"view": ws.viewFields(v)}, nil
}

func (ws *Workspace) viewsUpdate(args arguments) (reply, error) {
	v, ok := ws.views[args.text("view_id")]
	if !ok || v.Type != "modal" {
		return nil, failure{code: "not_found"}
	}
	return ws.replaceView(v, v.ID, args)
}

func (ws *Workspace) viewsPublish(args arguments) (reply, error) {
	user := args.text("user_id")
	if _, ok := ws.users[user]; !ok {
		return nil, invalidArguments("user_id")
	}
	v, ok := ws.views[user]
	if !ok {
		v = View{ID: "VH" + user, UserID: user, Type: "home"}
	}
	return ws.replaceView(v, user, args)
}

// replaceView takes in a view's new form, unless the client has seen an older one than there is.
func (ws *Workspace) replaceView(v View, key string, args arguments) (reply, error) {
	if h := args.text("hash"); h != "" && h != v.Hash {
		return nil, failure{code: "hash_conflict"}
	}
	if err := ws.take(&v, json.RawMessage(args.text("view"))); err != nil {
		return nil, err
	}
	ws.views[key] = v
	return reply{"view": ws.viewFields(v)}, nil
}

// take checks a view a client sent and gives it a new hash.
func (ws *Workspace) take(v *View, raw json.RawMessage) error {
	if len(raw) > maxView {
		return failure{code: "view_too_large"}
	}
	var parts struct {
		Type   string          `json:"type"`
		Title  any             `json:"title"`
		Blocks json.RawMessage `json:"blocks"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil || parts.Blocks == nil {
		return invalidArguments("failed to match all allowed schemas [json-pointer:/view]")
	}
	if parts.Type != v.Type {
		return invalidArguments("must be %s [json-pointer:/view/type]", v.Type)
	}
	on := onHome
	if v.Type == "modal" {
		on = onModal
		c := checker{}
		if c.text(parts.Title, "plain_text", 24, "/title"); c.err != nil {
			return invalidArguments("missing or too long [json-pointer:/view/title]")
		}
	}
	if f, bad := errors.AsType[failure](checkBlocks(parts.Blocks, on)); bad { // views have one error for all of this
		return failure{code: "invalid_arguments", detail: reply{"response_metadata": f.detail["response_metadata"]}}
	}
	v.JSON, v.Hash, v.Errors = raw, ws.stamp(), nil
	return nil
}

func (ws *Workspace) viewFields(v View) reply {
	f := reply{}
	_ = json.Unmarshal(v.JSON, &f) // checked when it was taken in
	maps.Copy(f, reply{
		"id": v.ID, "team_id": ws.team.ID, "hash": v.Hash, "root_view_id": v.ID, "previous_view_id": nil,
		"app_id": ws.app.ID, "bot_id": ws.app.BotID,
	})
	if f["state"] == nil {
		f["state"] = reply{"values": reply{}}
	}
	return f
}

// respondToView carries out the response action of an acknowledged submission.
func (ws *Workspace) respondToView(v View, raw json.RawMessage) (string, bool) {
	var r struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if json.Unmarshal(raw, &r) != nil {
		return "", false
	}
	switch r.Action {
	case "clear":
		delete(ws.views, v.ID)
	case "errors":
		v.Errors = r.Errors
		ws.views[v.ID] = v
		return joinErrors(r.Errors), len(r.Errors) > 0
	case "update", "push": // a stack of modals is not simulated: the top one is what the person sees
		if ws.take(&v, r.View) != nil {
			return "", false
		}
		ws.views[v.ID] = v
	default:
		return "", false
	}
	return "", true
}
