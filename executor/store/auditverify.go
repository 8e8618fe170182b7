package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Break is a way in which the audit's chain can be broken.
type Break string

// The breaks.
const (
	Removed   Break = "removed"   // an entry is missing before this one
	Altered   Break = "altered"   // an entry does not match its hash
	Cut       Break = "cut"       // the chain ends before an entry that is known to have been there
	Rewritten Break = "rewritten" // the chain fits together, but it is not the one whose head was kept
)

// ChainError says where the audit's chain is broken: at the first entry that is not what was recorded.
type ChainError struct {
	Seq   int64
	Break Break
	Kept  Head // the head that shows it, for Cut and Rewritten
}

// Error implements error.
func (e *ChainError) Error() string {
	switch e.Break {
	case Removed:
		return fmt.Sprintf("entry %d is missing", e.Seq)
	case Altered:
		return fmt.Sprintf("entry %d does not match its hash: it was changed or moved, or what stands before it was", e.Seq)
	case Cut:
		return fmt.Sprintf("entry %d is missing: the chain ends before it, and it went to %s once", e.Seq, e.Kept)
	case Rewritten:
		return fmt.Sprintf("entry %d is not the one whose hash was kept (%s): the chain was rewritten there or before", e.Seq, e.Kept)
	}
	return fmt.Sprintf("entry %d: %s", e.Seq, e.Break)
}

// Verified is what VerifyAudit found intact.
type Verified struct {
	Head      Head // where the chain ends
	Entries   int64
	Pruned    Head // the last entry that was removed because its time was over; zero when none was
	Unchecked int  // kept heads that are older than Pruned, so that nothing can be said about them any more
}

// VerifyAudit walks the audit's chain from its first entry to its last, and holds it against heads that were kept outside
// the database. The first thing that is wrong comes back as a ChainError. Entries may be recorded meanwhile.
func (s *Store) VerifyAudit(ctx context.Context, kept []Head) (Verified, error) {
	w := walk{kept: slices.Clone(kept)}
	err := each(ctx, s, scanWalked, w.step, `
		SELECT `+recordedColumns+`,
			COALESCE((SELECT seq FROM audit_head), 0), COALESCE((SELECT hash FROM audit_head), ''),
			COALESCE((SELECT result FROM audit WHERE decision = $1 ORDER BY seq DESC LIMIT 1), '')
		FROM audit ORDER BY seq`, decisionPruned)
	if err == nil && w.entries == 0 {
		err = w.begin(ctx, s)
	}
	if err == nil {
		err = w.end()
	}
	if _, broken := errors.AsType[*ChainError](err); broken {
		return Verified{}, err
	}
	if err != nil {
		return Verified{}, fmt.Errorf("verify audit: %w", err)
	}
	return Verified{Head: w.last, Entries: w.entries, Pruned: w.pruned, Unchecked: w.unchecked}, nil
}

// walked is an entry together with what the database held at the same moment: one statement sees one state.
type walked struct {
	Recorded

	head   Head
	pruned string // the result of the newest pruning
}

func scanWalked(r row) (e walked, err error) {
	err = r.Scan(append(e.dest(), &e.head.Seq, &e.head.Hash, &e.pruned)...)
	return e, err
}

// walk follows the chain.
type walk struct {
	kept      []Head // those still to come, in order
	pruned    Head
	last      Head // the entry walked last; what was pruned before the first one
	entries   int64
	unchecked int
}

// begin prepares the walk of an audit without entries.
func (w *walk) begin(ctx context.Context, s *Store) error {
	head, err := s.AuditHead(ctx)
	if err != nil {
		return err
	}
	return w.start(head, "")
}

// start takes the database's own head as one more to hold the chain against, and what was pruned as its beginning.
func (w *walk) start(head Head, pruned string) error {
	if h, err := ParseHead(pruned); err == nil { // else nothing was pruned, or the missing entries show that it was changed
		w.pruned = h
	}
	w.last = w.pruned
	if head.Seq > 0 {
		w.kept = append(w.kept, head)
	}
	slices.SortFunc(w.kept, func(a, b Head) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Hash, b.Hash)) })
	w.kept = slices.Compact(w.kept)
	for len(w.kept) > 0 && w.kept[0].Seq < w.last.Seq {
		w.kept, w.unchecked = w.kept[1:], w.unchecked+1
	}
	return w.compare()
}

func (w *walk) step(e walked) error {
	if w.entries == 0 {
		if err := w.start(e.head, e.pruned); err != nil {
			return err
		}
	}
	switch want := w.last.Seq + 1; {
	case e.Seq > want:
		return &ChainError{Seq: want, Break: Removed}
	case e.Seq < want: // below what a pruning says it has removed
		return &ChainError{Seq: e.Seq, Break: Altered}
	case e.hash(w.last.Hash, e.Seq) != e.Hash:
		return &ChainError{Seq: e.Seq, Break: Altered}
	}
	w.last = Head{e.Seq, e.Hash}
	w.entries++
	return w.compare()
}

// compare holds the entry walked last against the heads that were kept of it.
func (w *walk) compare() error {
	for len(w.kept) > 0 && w.kept[0].Seq == w.last.Seq {
		if w.kept[0].Hash != w.last.Hash {
			return &ChainError{Seq: w.last.Seq, Break: Rewritten, Kept: w.kept[0]}
		}
		w.kept = w.kept[1:]
	}
	return nil
}

// end is called behind the last entry: no head may be left.
func (w *walk) end() error {
	if len(w.kept) > 0 {
		return &ChainError{Seq: w.last.Seq + 1, Break: Cut, Kept: w.kept[0]}
	}
	return nil
}
