package app

import (
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/adsyncbot/adsyncbot/commands"
)

// Problem is one thing that is wrong with a configuration file. Its message never quotes a value that may be a secret.
type Problem struct {
	Line, Column int
	Path         string // grants[0].servers[1]
	Message      string
}

// ProblemsError is everything that is wrong with one file.
type ProblemsError struct {
	File string
	List []Problem
}

// Error implements error with one line per problem.
func (p *ProblemsError) Error() string {
	lines := make([]string, len(p.List))
	for i, x := range p.List {
		lines[i] = fmt.Sprintf("%s:%d:%d: ", p.File, x.Line, x.Column)
		if x.Path != "" {
			lines[i] += x.Path + ": "
		}
		lines[i] += x.Message
	}
	return strings.Join(lines, "\n")
}

// document is a parsed file that knows where each of its values stands, and collects what is wrong with it.
type document struct {
	file     string
	at       map[string][2]int // path to line and column
	problems []Problem
}

// notYet are keys that a later version will know. A key that is not enforced is refused, not ignored: whoever wrote it
// believes that it protects something.
func notYet() map[string]string {
	return map[string]string{
		"approve": "approval by a second person is not enforced by this version, so the key is refused rather than ignored",
	}
}

// readDocument parses data and checks its keys against Config.
func readDocument(path string, data []byte) (*document, error) {
	d := &document{file: path, at: map[string][2]int{}}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, d.decodeError(err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		d.at[""] = [2]int{1, 1}
		d.addf("", "the file must hold one YAML document")
		return nil, d.err()
	}
	d.walk("", f.Docs[0].Body, reflect.TypeFor[Config]())
	return d, d.err()
}

// walk notes positions and refuses unknown keys below n, which is to become a value of type t.
func (d *document) walk(path string, n ast.Node, t reflect.Type) {
	pos := n.GetToken().Position
	if _, ok := d.at[path]; !ok {
		d.at[path] = [2]int{pos.Line, pos.Column}
	}
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		d.addf(path, "anchors and merge keys are not supported: write it out, so that a reviewer sees who may do what")
	case *ast.MappingNode:
		d.mapping(path, n.Values, t)
	case *ast.MappingValueNode:
		d.mapping(path, []*ast.MappingValueNode{n}, t)
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			d.addf(path, "must be %s, not a list", kind(t))
			return
		}
		for i, v := range n.Values {
			d.walk(path+"["+strconv.Itoa(i)+"]", v, t.Elem())
		}
	case *ast.NullNode:
	default:
		if t.Kind() != reflect.String {
			d.addf(path, "must be %s, not a single value", kind(t))
		}
	}
}

func (d *document) mapping(path string, values []*ast.MappingValueNode, t reflect.Type) {
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
		d.addf(path, "must be %s, not a set of keys", kind(t))
		return
	}
	fields := keys(t)
	for _, v := range values {
		key := v.Key.GetToken().Value
		at := key
		if path != "" {
			at = path + "." + key
		}
		pos := v.Key.GetToken().Position
		d.at[at] = [2]int{pos.Line, pos.Column}
		if _, ok := v.Key.(*ast.MergeKeyNode); ok {
			d.addf(at, "anchors and merge keys are not supported: write it out, so that a reviewer sees who may do what")
			continue
		}
		switch {
		case t.Kind() == reflect.Map:
			d.walk(at, v.Value, t.Elem())
		case fields[key] != nil:
			d.walk(at, v.Value, fields[key])
		default:
			d.unknown(at, key, fields)
		}
	}
}

func (d *document) unknown(at, key string, fields map[string]reflect.Type) {
	if why, ok := notYet()[key]; ok {
		d.addf(at, "%s", why)
		return
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	if near, ok := commands.Nearest(key, names); ok {
		d.addf(at, "unknown key; did you mean %s?", near)
		return
	}
	d.addf(at, "unknown key; known here: %s", strings.Join(names, ", "))
}

// keys returns the YAML keys of a struct and the types behind them.
func keys(t reflect.Type) map[string]reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	out := map[string]reflect.Type{}
	for field := range t.Fields() {
		if name := field.Tag.Get("yaml"); name != "" {
			out[name] = field.Type
		}
	}
	return out
}

func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a set of keys"
	default:
		return "a single value"
	}
}

// addf notes a problem at a path, or at the nearest enclosing place that is written in the file.
func (d *document) addf(path, format string, args ...any) {
	at, where := path, [2]int{1, 1}
	for {
		if p, ok := d.at[at]; ok {
			where = p
			break
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			break
		}
		at = at[:i]
	}
	d.problems = append(d.problems, Problem{Line: where[0], Column: where[1], Path: path, Message: fmt.Sprintf(format, args...)})
}

func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	sort.SliceStable(d.problems, func(i, j int) bool { return d.problems[i].Line < d.problems[j].Line })
	return &ProblemsError{File: d.file, List: d.problems}
}

// decodeError turns the parser's error into a Problem without the excerpt of the file that it would print, which could
// hold a secret somebody pasted.
func (d *document) decodeError(err error) error {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil {
		d.addf("", "not valid YAML")
		return d.err()
	}
	pos := y.GetToken().Position
	d.problems = append(d.problems, Problem{Line: pos.Line, Column: pos.Column, Message: "not valid YAML: " + y.GetMessage()})
	return d.err()
}
