//go:build unix

package crash

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/adsyncbot/adsyncbot/cmd/internal/e2e"
)

var (
	strikes = flag.Int("strikes", 0, "how often to kill the program; a part of every kind when 0")
	rounds  = flag.Int("rounds", 2, "how often to repeat what depends on the moment")
	seed    = flag.Uint64("seed", 1, "of what is random: when a random strike falls, and how cycles end")
	side    = flag.Int("side", 30, "strikes side by side; they mostly wait")
)

// Variable names the environment variable that lets a short run strike, too.
const Variable = "ADSYNCBOT_CRASH"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(*side)); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "adsyncbot-crash-")
	if err != nil {
		panic(err)
	}
	program = sync.OnceValues(func() (string, error) { return e2e.Build(context.Background(), dir, "failpoint") })
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// program returns the path of the program, built with its fail points, once.
var program func() (string, error)

// long skips what takes a minute unless it is wanted.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() && os.Getenv(Variable) == "" {
		t.Skip("it takes a minute; " + Variable + " is not set")
	}
}
