// Package storetest gives tests a Postgres schema of their own.
package storetest

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Variable names the environment variable that holds the address of a Postgres for tests.
const Variable = "ADSYNCBOT_POSTGRES"

// Postgres creates a schema for one test and returns the address of a store in it; the schema is dropped when the test
// ends. Without a Postgres the test is skipped.
func Postgres(t testing.TB) string {
	t.Helper()
	base := os.Getenv(Variable)
	if base == "" {
		t.Skip(Variable + " is not set, for example to postgres://user@host/db")
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(Variable + " is not a url")
	}
	schema := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	run := func(sql string) {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, base)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(ctx, sql)
		if closed := conn.Close(ctx); err == nil {
			err = closed
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE SCHEMA " + schema)
	t.Cleanup(func() { run("DROP SCHEMA " + schema + " CASCADE") })
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}
