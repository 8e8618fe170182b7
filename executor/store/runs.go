package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/adsyncbot/adsyncbot/executor"
)

// replaceRuns stores the runs of a cycle in the place of those it had.
func (t *Tx) replaceRuns(ctx context.Context, cycle uuid.UUID, runs []executor.Run) error {
	if _, err := t.exec(ctx, `DELETE FROM runs WHERE cycle_id = $1`, key(cycle)); err != nil {
		return err
	}
	for i, r := range runs {
		var adds, updates, deletes, errs any
		if r.Counters != nil {
			adds, updates, deletes, errs = r.Counters.Adds, r.Counters.Updates, r.Counters.Deletes, r.Counters.Errors
		}
		_, err := t.exec(ctx, `
			INSERT INTO runs (cycle_id, position, connector, profile, result, verdict, start_ns, end_ns, adds, updates, deletes, errors)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			key(cycle), i, text(r.Connector), text(r.Profile), text(r.Result), string(r.Verdict), nanos(r.Start), nanos(r.End),
			adds, updates, deletes, errs)
		if err != nil {
			return err
		}
	}
	return nil
}

// fillRuns reads the runs of cycles into them.
func (q *queries) fillRuns(ctx context.Context, cycles []executor.Cycle) error {
	if len(cycles) == 0 {
		return nil
	}
	marks := make([]string, len(cycles))
	ids := make([]any, len(cycles))
	at := make(map[uuid.UUID]*executor.Cycle, len(cycles))
	for i := range cycles {
		marks[i] = fmt.Sprintf("$%d", i+1)
		ids[i] = key(cycles[i].ID)
		at[cycles[i].ID] = &cycles[i]
	}
	found, err := all(ctx, q, scanRun, `
		SELECT cycle_id, connector, profile, result, verdict, start_ns, end_ns, adds, updates, deletes, errors
		FROM runs WHERE cycle_id IN (`+strings.Join(marks, ", ")+`) ORDER BY cycle_id, position`, ids...)
	if err != nil {
		return fmt.Errorf("read runs: %w", err)
	}
	for _, r := range found {
		c := at[r.cycle]
		c.Runs = append(c.Runs, r.Run)
	}
	return nil
}

type cycleRun struct {
	executor.Run

	cycle uuid.UUID
}

func scanRun(r row) (run cycleRun, err error) {
	var adds, updates, deletes, errs *int
	err = r.Scan(&run.cycle, &run.Connector, &run.Profile, &run.Result, &run.Verdict, (*instant)(&run.Start), (*instant)(&run.End),
		&adds, &updates, &deletes, &errs)
	if err == nil && adds != nil && updates != nil && deletes != nil && errs != nil {
		run.Counters = &executor.Counters{Adds: *adds, Updates: *updates, Deletes: *deletes, Errors: *errs}
	}
	return run, err
}
