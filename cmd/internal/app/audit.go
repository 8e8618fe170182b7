package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

const day = 24 * time.Hour

// leastKept is the shortest time an audit is kept: what nobody has looked into yet must not be gone, and whatever is
// still to be recorded once must be found if it is recorded already.
const leastKept = 30

// keep returns how long the audit is kept; 0 for ever.
func (a AuditConfig) keep() (time.Duration, error) {
	if a.Keep == "" {
		return 0, nil
	}
	digits, ok := strings.CutSuffix(a.Keep, "d")
	n, err := strconv.ParseUint(digits, 10, 16)
	if !ok || err != nil {
		return 0, errors.New("must be a number of days such as 400d")
	}
	if n < leastKept {
		return 0, fmt.Errorf("must be %dd at least", leastKept)
	}
	return time.Duration(n) * day, nil
}

func (a AuditConfig) says() string {
	if a.Keep == "" {
		return "everything is kept"
	}
	return "entries are kept for " + strings.TrimSuffix(a.Keep, "d") + " days"
}

// chronicle returns what looks after the audit while the bot runs.
func (c *Config) chronicle(st *store.Store, now func() time.Time, log *slog.Logger) (*chronicle, error) {
	keep, err := c.Audit.keep()
	return &chronicle{store: st, keep: keep, rule: "audit.keep: " + c.Audit.Keep, now: now, log: log}, err
}

// OpenAudit opens the store to read its audit. A store that is not there is an error, not an empty audit.
func (c *Config) OpenAudit(ctx context.Context, log *slog.Logger) (*store.Store, error) {
	url, err := c.StoreURL()
	if err != nil {
		return nil, err
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open audit: there is no store at %s", path)
		}
	}
	return c.OpenStore(ctx, store.Beside, "audit", time.Now, log)
}
