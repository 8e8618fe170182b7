package commands

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

// constants reads the values of every string constant of a type out of the executor's source: one that is added there
// without words here fails a test, without anybody having to remember a list.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob("../executor/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
				return true
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					s, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, s)
				}
			}
			return true
		})
	}
	return values
}

func TestEveryWordOfTheExecutorHasWords(t *testing.T) {
	for _, tt := range []struct {
		typeName string
		atLeast  int
		hasWords func(value string) bool
	}{
		{"Code", 23, func(s string) bool {
			cause, next, ok := codeWords(executor.Code(s), "aadc01", "")
			return ok && len(cause) > 0 && len(next) > 0
		}},
		{"Failure", 13, func(s string) bool {
			cause, next, ok := failureWords(executor.Failure(s), "aadc01")
			return ok && len(cause) > 0 && len(next) > 0
		}},
		{"Verdict", 7, func(s string) bool {
			words, mark, ok := verdictWords(executor.Verdict(s))
			return ok && words != "" && mark != MarkNone
		}},
		{"Phase", 4, func(s string) bool {
			words, _, ok := phaseWords(executor.Phase(s))
			return ok && words != ""
		}},
		{"Source", 4, func(s string) bool {
			words, ok := sourceWords(executor.Source(s))
			return ok && words != ""
		}},
		{"Policy", 2, func(s string) bool { return policyWord(executor.Policy(s)) != "Sync" }},
	} {
		values := constants(t, tt.typeName)
		if len(values) < tt.atLeast {
			t.Errorf("%s: only %d constants found: the test no longer sees them", tt.typeName, len(values))
		}
		for _, v := range values {
			if !tt.hasWords(v) {
				t.Errorf("%s %q has no words", tt.typeName, v)
			}
		}
	}
}

func TestOnlySucceededReadsLikeSuccess(t *testing.T) {
	for _, v := range append(constants(t, "Verdict"), "", "something new") {
		words, mark, _ := verdictWords(executor.Verdict(v))
		if good := mark == MarkGood || words == "succeeded"; good != (v == string(executor.Succeeded)) {
			t.Errorf("verdict %q reads %q with mark %s", v, words, mark)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		says  string
		known bool
	}{
		{"a refusal", fmt.Errorf("start: %w", &executor.Refusal{Code: executor.CodeConnectorBusy, On: "contoso.com"}), "The connector contoso.com on the server is busy with other work.", true},
		{"a failure to reach a server", fmt.Errorf("look: %w", &executor.RunError{Kind: executor.FailureTLS, Server: "aadc01"}), "The TLS certificate of aadc01", true},
		{"no answer in time", fmt.Errorf("look: %w", context.DeadlineExceeded), "The server did not answer in time.", true},
		{"anything else", errors.New("sql: no rows at 10.0.0.1"), "Internal error.", false},
		{"a code without words", &executor.Refusal{Code: "brand_new"}, "Internal error.", false},
		{"nothing", nil, "Internal error.", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Explain(tt.err, "R-0001")
			said := Plain{}.Text(e.Cause)
			if !strings.HasPrefix(said, tt.says) || e.Known != tt.known || len(e.Next) == 0 {
				t.Errorf("said %q, known %v, next %q", said, e.Known, Plain{}.Text(e.Next))
			}
			if !tt.known && !strings.Contains(Plain{}.Text(e.Next), "R-0001") {
				t.Errorf("the reference is missing: %q", Plain{}.Text(e.Next))
			}
		})
	}
}
