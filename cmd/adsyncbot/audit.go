package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

func auditCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Verify or export the record of who asked for what and what came of it"}
	c.AddCommand(auditVerifyCommand(p), auditExportCommand(p))
	return c
}

func auditVerifyCommand(p *program) *cobra.Command {
	var heads, logs []string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Walk the audit's chain and name the first entry that is not what was recorded",
		Long: `Walks the audit from its first entry to its last. Each entry carries a hash over itself and the hash before it, so a changed,
removed or moved entry shows. That the end was cut off, or everything written anew, shows only against a head (number and
hash of the last entry) that was kept elsewhere: serve writes it to its log at the start, at the stop and while it changes.
Exit code 0: intact, 1: broken, 2: a head or a log cannot be read, 4: the store cannot be read.`,
		Example: "  adsyncbot audit verify --log /var/log/adsyncbot.log\n  adsyncbot audit verify --head 1204:9f86d0…",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept, err := keptHeads(heads, logs)
			if err != nil {
				return exit{exitUsage, err}
			}
			return p.withAudit(cmd.Context(), func(st *store.Store) error { return p.verify(cmd.Context(), st, kept) })
		},
	}
	c.Flags().StringArrayVar(&heads, "head", nil, "a head that was kept, as number:hash; may be given several times")
	c.Flags().StringArrayVar(&logs, "log", nil, "a log of serve in JSON, to find heads in; may be given several times")
	return c
}

// keptHeads collects the heads that were kept outside the database.
func keptHeads(heads, logs []string) ([]store.Head, error) {
	var kept []store.Head
	for _, s := range heads {
		h, err := store.ParseHead(s)
		if err != nil {
			return nil, fmt.Errorf("--head: %w", err)
		}
		kept = append(kept, h)
	}
	for _, path := range logs {
		found, err := headsIn(path)
		if err != nil {
			return nil, fmt.Errorf("--log: %w", err)
		}
		kept = append(kept, found...)
	}
	slices.SortFunc(kept, func(a, b store.Head) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(kept), nil
}

// headsIn reads the heads in a log. A log without any is refused: verifying against nothing would look like a success.
func headsIn(path string) ([]store.Head, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	found, err := store.ReadHeads(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no head of an audit; is it a log of serve, with --log-format json and --log-level info?", path)
	}
	return found, nil
}

func (p *program) verify(ctx context.Context, st *store.Store, kept []store.Head) error {
	v, err := st.VerifyAudit(ctx, kept)
	if broken, ok := errors.AsType[*store.ChainError](err); ok {
		return exit{exitBad, fmt.Errorf("the audit is broken: %w", broken)}
	}
	if err != nil {
		return exit{exitUnknown, err}
	}
	if v.Entries == 0 {
		_, err := fmt.Fprintln(p.out, "The audit is intact: it has no entries yet.")
		return err
	}
	_, _ = fmt.Fprintf(p.out, "The audit is intact: entries %d to %d.\nHead: %s\n", v.Head.Seq-v.Entries+1, v.Head.Seq, v.Head)
	if v.Pruned.Seq > 0 {
		_, _ = fmt.Fprintf(p.out, "Entries up to %d were removed because their time was over; the last pruning is recorded.\n", v.Pruned.Seq)
	}
	switch checked := len(kept) - v.Unchecked; {
	case len(kept) == 0:
		_, err = fmt.Fprintln(p.out, "It was held against no head: give --log or --head to see whether its end was cut off or it was written anew.")
	case v.Unchecked > 0:
		_, err = fmt.Fprintf(p.out, "Heads it was held against: %d; too old to say anything about: %d.\n", checked, v.Unchecked)
	default:
		_, err = fmt.Fprintf(p.out, "Heads it was held against: %d.\n", checked)
	}
	return err
}

func auditExportCommand(p *program) *cobra.Command {
	var format, since, until string
	c := &cobra.Command{
		Use:     "export",
		Short:   "Write the audit as JSON lines or CSV",
		Long:    "Writes the entries in the order of the chain. Times are UTC; --since is included, --until is not.",
		Example: "  adsyncbot audit export --format csv --since 2026-03-01 --until 2026-04-01 > march.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := moment("since", since)
			if err != nil {
				return err
			}
			to, err := moment("until", until)
			if err != nil {
				return err
			}
			w, err := newEntryWriter(format, p.out)
			if err != nil {
				return exit{exitUsage, err}
			}
			return p.withAudit(cmd.Context(), func(st *store.Store) error {
				err := st.Audit(cmd.Context(), from, to, w.write)
				if err = errors.Join(err, w.flush()); err != nil {
					return exit{exitUnknown, err}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	c.Flags().StringVar(&since, "since", "", "the first day or moment, such as 2026-03-01 or 2026-03-01T09:00:00Z")
	c.Flags().StringVar(&until, "until", "", "the first day or moment that is left out")
	return c
}

// moment reads a flag that is a day in UTC, or a moment with its zone; the zero time when it is not given.
func moment(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, exit{exitUsage, fmt.Errorf("--%s %s: must look like 2026-03-01 or 2026-03-01T09:00:00Z", flag, s)}
}

// withAudit opens the store for one command.
func (p *program) withAudit(ctx context.Context, do func(*store.Store) error) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	l := logging{level: "error", format: "text"}
	log, err := l.logger(p.errOut)
	if err != nil {
		return err
	}
	st, err := cfg.OpenAudit(ctx, log)
	if err != nil {
		return exit{exitUnknown, err}
	}
	defer func() { _ = st.Close() }()
	return do(st)
}
