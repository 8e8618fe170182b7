package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestScriptsPostgres runs what depends on the store again on Postgres, each script in a schema of its own.
func TestScriptsPostgres(t *testing.T) {
	base := os.Getenv("ADSYNCBOT_POSTGRES")
	if base == "" {
		t.Skip("ADSYNCBOT_POSTGRES is not set, for example to postgres://user@host/db")
	}
	var files []string
	for _, name := range []string{"delta", "join", "duplicate", "term", "kill", "schedule", "password"} {
		files = append(files, filepath.Join("testdata", "script", name+".txtar"))
	}
	runScripts(t, testscript.Params{Files: files, Condition: func(name string) (bool, error) { return name == "postgres", nil }},
		func() (string, error) { return schema(t, base) })
}

// schema creates an empty schema, which goes when the test ends, and returns the store's address.
func schema(t *testing.T, base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	name := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := statement(base, "CREATE SCHEMA "+name); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := statement(base, "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Error(err)
		}
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func statement(base, sql string) error {
	ctx, cancel := limit()
	defer cancel()
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}
