package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/engine/pipeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// refoldJob is the kind of the jobs that fold customers anew, those numbered
// after Ref.
const refoldJob = "customer.refold"

// refoldTurn is how many customers one job folds, well within its lease.
const refoldTurn = 10 * foldAtOnce

// currencyChanged makes summaries anew: their sums are in the workspace's
// currency.
func (a *App) currencyChanged(ctx context.Context, tx *db.Tx, ws core.WorkspaceID) error {
	return a.Jobs.Enqueue(ctx, tx, ws, []jobs.Spec{{Kind: refoldJob}})
}

func (a *App) refold(ctx context.Context, j *jobs.Job) (string, error) {
	err := a.refoldAfter(ctx, j.Workspace, core.CustomerID(j.Ref))
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // the program stops
		return "", ctx.Err()
	case err != nil:
		a.Log.Error("customers cannot be folded anew, it is tried again", "workspace", j.Workspace, "error", err)
		return "", &jobs.Later{After: time.Minute, Why: err.Error()}
	}
	return "", nil
}

func (a *App) refoldAfter(ctx context.Context, ws core.WorkspaceID, after core.CustomerID) error {
	list, err := a.Customers.Everybody(ctx, ws)
	if err != nil {
		return err
	}
	i, _ := slices.BinarySearch(list, after+1)
	rest := list[i:]
	turn := rest[:min(len(rest), refoldTurn)]
	if err := a.foldParts(ctx, ws, turn, func(pipeline.Session, []core.CustomerID) error { return nil }); err != nil {
		return err
	}
	if len(turn) == len(rest) {
		return nil
	}
	return a.DB.Write(ctx, func(tx *db.Tx) error {
		return a.Jobs.Enqueue(ctx, tx, ws, []jobs.Spec{{Kind: refoldJob, Ref: int64(turn[len(turn)-1])}})
	})
}
