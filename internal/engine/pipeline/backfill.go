package pipeline

import (
	"context"
	"fmt"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// backfillChunk is how many customers one transaction of a backfill folds; the
// live pipeline gets its turn in between.
const backfillChunk = 400

// StartBackfill makes a machine wait for its backfill, inside the transaction
// that makes the machine known. last is the highest customer number there is.
func (p *Pipeline) StartBackfill(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, machine int64, last core.CustomerID) error {
	_, err := tx.Exec(ctx, `INSERT INTO fold_backfills (workspace_id, machine, upto, last) VALUES ($1, $2, 0, $3)`, ws, machine, last)
	if err != nil {
		return fmt.Errorf("start backfill: %w", err)
	}
	return nil
}

// Backfill folds every customer's history for a machine that StartBackfill
// announced, continuing where an earlier run stopped. progress is told customer
// numbers done and in all. Once it returns nil the machine is live.
func (p *Pipeline) Backfill(ctx context.Context, ws core.WorkspaceID, machine int64, progress func(done, total int64)) error {
	for {
		done := false
		err := func() error {
			defer p.lock(ws)()
			return p.transact(ctx, ws, func(r *run) error {
				bounds, err := p.bounds(ctx, r.tx, ws)
				if err != nil {
					return err
				}
				b, waiting := bounds[machine]
				if !waiting {
					done = true
					return nil
				}
				upto := min(b.upto+backfillChunk, b.last)
				if err := r.customersBetween(ctx, b.upto, upto); err != nil {
					return err
				}
				if progress != nil {
					r.tx.AfterCommit(func() { progress(int64(upto), int64(b.last)) })
				}
				if done = upto >= b.last; done {
					_, err = r.tx.Exec(ctx, `DELETE FROM fold_backfills WHERE workspace_id = $1 AND machine = $2`, ws, machine)
				} else {
					_, err = r.tx.Exec(ctx, `UPDATE fold_backfills SET upto = $1 WHERE workspace_id = $2 AND machine = $3`, upto, ws, machine)
				}
				return err
			})
		}()
		if err != nil {
			return fmt.Errorf("backfill machine %d: %w", machine, err)
		}
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// customersBetween marks customers (from, to] that have a state to be folded
// anew.
func (r *run) customersBetween(ctx context.Context, from, to core.CustomerID) error {
	err := r.tx.Query(ctx, `SELECT customer FROM fold_states WHERE workspace_id = $1 AND customer > $2 AND customer <= $3`, func(row db.Row) error {
		var c core.CustomerID
		if err := row.Scan(&c); err != nil {
			return err
		}
		r.refold[c] = true
		return nil
	}, r.ws, from, to)
	if err != nil {
		return fmt.Errorf("list customers: %w", err)
	}
	return nil
}
