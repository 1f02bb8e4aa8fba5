package insight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/jobs"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// PurgeJob is the kind of the jobs that remove for good what was deleted.
const PurgeJob = "insight.purge"

// RestoreFor is how long what was deleted can be restored.
const RestoreFor = 30 * core.Day

// bury marks a thing as deleted, and has it removed once nobody may restore it.
func (s *Service) bury(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, mark string, id int64) error {
	now := s.now()
	if _, err := tx.Exec(ctx, queries.Get(mark), now, ws, id); err != nil || s.Jobs == nil {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, ws, []jobs.Spec{{Kind: PurgeJob, Ref: id, RunAt: now + RestoreFor}})
}

// purge is the handler of PurgeJob.
func (s *Service) purge(ctx context.Context, j *jobs.Job) (string, error) {
	before := s.now() - RestoreFor
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		for _, q := range []string{"purge_insight_versions", "purge_insights", "purge_shown", "purge_dashboards"} {
			if _, err := tx.Exec(ctx, queries.Get(q), j.Workspace, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", &jobs.Later{After: time.Minute, Why: err.Error()}
	}
	return "", nil
}

// RestoreInsight brings a deleted insight back with its versions.
func (s *Service) RestoreInsight(ctx context.Context, ws core.WorkspaceID, id int64) (in Insight, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if in, err = readInsight(ctx, tx, ws, id); errs.KindOf(err) != errs.NotFound {
			return err // it is there
		}
		if err := room(ctx, tx, ws, "count_insights", maxInsights, errs.Say("saved insights")); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, queries.Get("restore_insight"), ws, id); err != nil {
			return err
		}
		in, err = readInsight(ctx, tx, ws, id)
		return err
	})
	if err != nil {
		return in, fmt.Errorf("restore insight: %w", err)
	}
	return in, nil
}

// RestoreDashboard brings a deleted dashboard back that the viewer would see,
// with those of its insights that were deleted after it.
func (s *Service) RestoreDashboard(ctx context.Context, ws core.WorkspaceID, id int64, v Viewer) (d Dashboard, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if d, err = readDashboard(ctx, tx, ws, id, v); errs.KindOf(err) != errs.NotFound {
			return err
		}
		if err := room(ctx, tx, ws, "count_dashboards", maxDashboards, errs.Say("dashboards")); err != nil {
			return err
		}
		for _, q := range []string{"restore_dashboard", "restore_shown"} {
			if _, err := tx.Exec(ctx, queries.Get(q), ws, id); err != nil {
				return err
			}
		}
		if d, err = readDashboard(ctx, tx, ws, id, v); err != nil {
			return err // and nothing was restored
		}
		return only(ctx, tx, ws, d.BuiltIn, id)
	})
	if err != nil {
		return d, fmt.Errorf("restore dashboard: %w", err)
	}
	return d, nil
}

// only refuses a ready dashboard beside another one of the same key.
func only(ctx context.Context, tx *db.Tx, ws core.WorkspaceID, key string, id int64) error {
	if key == "" {
		return nil
	}
	var name string
	switch err := tx.QueryRow(ctx, queries.Get("built_in_dashboard"), []any{ws, key, id}, &name); {
	case err == nil:
		return errs.New(errs.Conflict, "already_there", "the dashboard %q is this one: change it, or delete it to make it anew", name)
	case !errors.Is(err, db.ErrNoRows):
		return err
	}
	return nil
}
