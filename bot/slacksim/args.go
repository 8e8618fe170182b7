package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// maxRequest bounds what one Web API request may carry.
const maxRequest = 4 << 20

// arguments are a call's arguments by name. Slack takes them as a query, a form or a JSON object; whatever is not a
// string in JSON is kept as its JSON text, which is how a form carries it.
type arguments map[string]string

// readArguments reads the arguments of a call and takes the token out of them, wherever it stands. A token in the body
// is told apart because some methods want it in the header.
func readArguments(w http.ResponseWriter, r *http.Request) (args arguments, token string, inBody bool, err error) {
	args = arguments{}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		err = args.readJSON(r.Body)
	} else {
		err = args.readForm(r, kind)
	}
	if err != nil {
		return nil, "", false, err
	}
	token, inBody = args["token"]
	delete(args, "token")
	if header, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return args, strings.TrimSpace(header), false, nil
	}
	return args, token, inBody, nil
}

// readJSON adds the fields of a JSON object. No body at all is an object without fields: so clients call methods which
// need no argument.
func (a arguments) readJSON(r io.Reader) error {
	var body map[string]json.RawMessage
	if err := json.NewDecoder(r).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		return failure{code: "invalid_json"}
	}
	for name, raw := range body {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			s = string(raw)
		}
		a[name] = s
	}
	return nil
}

func (a arguments) readForm(r *http.Request, kind string) error {
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(maxRequest)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return failure{code: "invalid_form_data"}
	}
	for name, values := range r.Form {
		a[name] = values[0]
	}
	return nil
}

// has says whether an argument was given at all; null in JSON counts as not given.
func (a arguments) has(name string) bool {
	v, ok := a[name]
	return ok && v != "null"
}

// text is a string argument, empty when it was not given.
func (a arguments) text(name string) string {
	if !a.has(name) {
		return ""
	}
	return a[name]
}

// flag is a boolean argument; Slack takes true and 1.
func (a arguments) flag(name string) bool {
	v, err := strconv.ParseBool(a.text(name))
	return err == nil && v
}

// flagOrUnset tells a flag which was not given from a false one.
func (a arguments) flagOrUnset(name string) *bool {
	if !a.has(name) {
		return nil
	}
	v := a.flag(name)
	return &v
}

func (a arguments) number(name string, otherwise int) int {
	n, err := strconv.Atoi(a.text(name))
	if err != nil {
		return otherwise
	}
	return n
}

// failure is an answer with ok:false.
type failure struct {
	code   string
	detail reply // further fields of the answer
}

func (f failure) Error() string { return f.code }

// invalidArguments is Slack's answer to an argument which cannot be understood.
func invalidArguments(format string, a ...any) failure {
	return failure{code: "invalid_arguments", detail: reply{
		"response_metadata": reply{"messages": []string{"[ERROR] " + fmt.Sprintf(format, a...)}},
	}}
}
