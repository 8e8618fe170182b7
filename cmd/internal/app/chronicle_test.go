package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTheAuditsHeadIsLoggedWhenItHasMovedAndItsOldEntriesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bot.db"), store.Options{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = st.Close() }()
		record := func() {
			t.Helper()
			if err := st.Record(t.Context(), store.Entry{ID: uuid.Must(uuid.NewV7()), At: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		heads := func() (seqs []int64) {
			t.Helper()
			found, err := store.ReadHeads(strings.NewReader(log.text()))
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range found {
				seqs = append(seqs, h.Seq)
			}
			return seqs
		}
		want := func(when string, seqs ...int64) {
			t.Helper()
			synctest.Wait()
			if got := heads(); len(got) != len(seqs) || len(got) > 0 && got[len(got)-1] != seqs[len(seqs)-1] {
				t.Fatalf("%s: heads %v, want %v", when, got, seqs)
			}
		}
		c, err := (&Config{Audit: AuditConfig{Keep: "30d"}}).chronicle(st, time.Now, logger)
		if err != nil {
			t.Fatal(err)
		}
		record()
		ctx, stop := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() { done <- c.run(ctx) }()
		want("at the start", 1)
		<-time.After(10 * headEvery)
		want("while nothing happens", 1)
		record()
		record()
		want("before the next look", 1)
		<-time.After(headEvery)
		want("after it", 1, 3)
		<-time.After(31 * day)
		want("when everything is too old, the pruning", 1, 3, 4)
		record()
		stop(errors.New("stop"))
		if err := <-done; err != nil {
			t.Error(err)
		}
		want("at the end", 1, 3, 4, 5)
		if v, err := st.VerifyAudit(t.Context(), nil); err != nil || v.Pruned.Seq != 3 || v.Entries != 2 {
			t.Errorf("verified %+v, %v", v, err)
		}
	})
}
