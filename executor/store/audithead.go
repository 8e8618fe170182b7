package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// Head is the end of the audit's chain at some moment: the number and hash of the last entry. Who has kept one can tell
// later whether everything up to it is still what it was.
type Head struct {
	Seq  int64 // 0 while there is no entry
	Hash string
}

// AuditHead returns where the chain ends.
func (q *queries) AuditHead(ctx context.Context) (Head, error) {
	h, err := one(ctx, q, scanHead, `SELECT seq, hash FROM audit_head`)
	if err != nil {
		return Head{}, fmt.Errorf("read the audit's head: %w", err)
	}
	return h, nil
}

func scanHead(r row) (h Head, err error) {
	err = r.Scan(&h.Seq, &h.Hash)
	return h, err
}

// String returns "12:6f0c…", which ParseHead reads.
func (h Head) String() string { return strconv.FormatInt(h.Seq, 10) + ":" + h.Hash }

// ParseHead reads what String has written.
func ParseHead(s string) (Head, error) {
	number, hash, _ := strings.Cut(s, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	h := Head{seq, hash}
	if err != nil || !h.valid() {
		return Head{}, fmt.Errorf("%q is no head of an audit: it is a number, a colon and 64 hexadecimal digits", s)
	}
	return h, nil
}

func (h Head) valid() bool {
	return h.Seq > 0 && len(h.Hash) == 64 && strings.Trim(h.Hash, "0123456789abcdef") == ""
}

// headMessage is what a head's line in the log says. It is never changed: logs are kept for years.
const headMessage = "audit head"

// Log writes the head to the log, where whoever changes the database cannot change it as well. ReadHeads finds it there.
func (h Head) Log(ctx context.Context, log *slog.Logger) {
	log.InfoContext(ctx, headMessage, "audit_seq", h.Seq, "audit_hash", h.Hash)
}

// ReadHeads finds the heads in a log of JSON lines. A collector may have put something before the JSON of a line; lines
// that are no head, or are broken, are passed over.
func ReadHeads(log io.Reader) ([]Head, error) {
	var heads []Head
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadBytes('\n')
		if h, ok := headOf(line); ok {
			heads = append(heads, h)
		}
		if errors.Is(err, io.EOF) {
			return heads, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
	}
}

func headOf(line []byte) (Head, bool) {
	if !bytes.Contains(line, []byte(headMessage)) {
		return Head{}, false
	}
	var l struct {
		Message string `json:"msg"`
		Seq     int64  `json:"audit_seq"`
		Hash    string `json:"audit_hash"`
	}
	start := max(bytes.IndexByte(line, '{'), 0)
	if json.Unmarshal(line[start:], &l) != nil || l.Message != headMessage {
		return Head{}, false
	}
	h := Head{l.Seq, l.Hash}
	return h, h.valid()
}
