package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Entry is one line of the audit: who asked for what, what was decided by which rule, and what came of it.
type Entry struct {
	ID       uuid.UUID
	At       time.Time
	Team     string
	Who      string
	What     string
	Where    string
	Server   string
	Decision string
	Rule     string
	Result   string
	Ref      string
}

// Decisions: of a request that needed none, of the entries that a cycle leaves behind, and of Prune's. Nothing that a
// person types stands in that column.
const (
	DecisionAllowed = "allowed"
	DecisionStarted = "started"
	DecisionAdopted = "adopted"
	DecisionEnded   = "ended"
	DecisionTold    = "told" // the server took what it was told: a stop, a pause, a resume
	decisionPruned  = "pruned"
)

// Recorded is an entry in its place in the chain.
type Recorded struct {
	Entry

	Seq  int64  // from 1, without gaps
	Hash string // over the entry, Seq and the hash before; 64 hexadecimal digits
}

// Record adds an entry to the end of the audit's chain. A known ID changes nothing: nothing in the audit ever changes.
// The end of the chain is locked until the transaction ends, so Record belongs behind everything else in it.
func (t *Tx) Record(ctx context.Context, e Entry) error {
	if err := t.record(ctx, e); err != nil {
		return fmt.Errorf("record audit entry %s: %w", e.ID, err)
	}
	return nil
}

// Record is Tx.Record in a transaction of its own.
func (s *Store) Record(ctx context.Context, e Entry) error {
	return s.Tx(ctx, func(ctx context.Context, tx *Tx) error { return tx.Record(ctx, e) })
}

func (t *Tx) record(ctx context.Context, e Entry) error {
	head, err := t.lockHead(ctx)
	if err != nil {
		return err
	}
	known, err := one(ctx, t, scanOne[int], `SELECT COUNT(*) FROM audit WHERE id = $1`, key(e.ID))
	if err != nil || known > 0 {
		return err
	}
	return t.link(ctx, head, e)
}

// lockHead returns the end of the chain, and keeps every other writer of it waiting until the transaction ends: an update
// that changes nothing is the row lock that both databases have.
func (t *Tx) lockHead(ctx context.Context) (Head, error) {
	return one(ctx, t, scanHead, `UPDATE audit_head SET seq = seq RETURNING seq, hash`)
}

// link adds an entry behind the locked end of the chain.
func (t *Tx) link(ctx context.Context, head Head, e Entry) error {
	e = e.stored()
	next := Head{Seq: head.Seq + 1, Hash: e.hash(head.Hash, head.Seq+1)}
	_, err := t.exec(ctx, `
		INSERT INTO audit (seq, id, at, team, who, what, place, server, decision, rule, result, ref, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		next.Seq, key(e.ID), millis(e.At), e.Team, e.Who, e.What, e.Where, e.Server, e.Decision, e.Rule, e.Result, e.Ref, next.Hash)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE audit_head SET seq = $1, hash = $2`, next.Seq, next.Hash)
	return err
}

// stored returns an entry as it comes back from the database: what is hashed is what is read again.
func (e Entry) stored() Entry {
	e.At = e.At.UTC().Truncate(time.Millisecond)
	for _, s := range []*string{&e.Team, &e.Who, &e.What, &e.Where, &e.Server, &e.Decision, &e.Rule, &e.Result, &e.Ref} {
		*s = text(*s)
	}
	return e
}

// hash returns the hash of an entry at its place: SHA-256 over the hash before it, its number and its fields, each as
// its length in bytes, a colon, and its bytes. No two entries have the same such form. docs/audit.md describes it for
// those who verify an export without this program; it never changes.
func (e Entry) hash(before string, seq int64) string {
	h := sha256.New()
	for _, field := range []string{
		before, strconv.FormatInt(seq, 10), e.ID.String(), strconv.FormatInt(e.At.UnixMilli(), 10),
		e.Team, e.Who, e.What, e.Where, e.Server, e.Decision, e.Rule, e.Result, e.Ref,
	} {
		_, _ = io.WriteString(h, strconv.Itoa(len(field))+":"+field) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

const recordedColumns = `seq, id, at, team, who, what, place, server, decision, rule, result, ref, hash`

// Audit hands the entries of a span of time to do, in the order of the chain. since is included, until is not; a zero
// time is no limit. On SQLite do must not use the Store.
func (s *Store) Audit(ctx context.Context, since, until time.Time, do func(Recorded) error) error {
	from, to := int64(0), int64(1)<<62
	if !since.IsZero() {
		from = since.UnixMilli()
	}
	if !until.IsZero() {
		to = until.UnixMilli()
	}
	err := each(ctx, s, scanRecorded, do, `SELECT `+recordedColumns+` FROM audit WHERE at >= $1 AND at < $2 ORDER BY seq`, from, to)
	if err != nil {
		return fmt.Errorf("read audit: %w", err)
	}
	return nil
}

func scanRecorded(r row) (e Recorded, err error) {
	err = r.Scan(e.dest()...)
	return e, err
}

// dest is where the recordedColumns of an entry are scanned to.
func (e *Recorded) dest() []any {
	return []any{
		&e.Seq, &e.ID, (*moment)(&e.At), &e.Team, &e.Who, &e.What, &e.Where, &e.Server, &e.Decision, &e.Rule, &e.Result, &e.Ref, &e.Hash,
	}
}
