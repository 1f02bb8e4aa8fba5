package insight_test

import (
	"context"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

// TestDeletedIsPurged: for 30 days it can be restored, then nothing of it is
// left, and what was restored or deleted later stays.
func TestDeletedIsPurged(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPress(t, d)
		ctx := context.Background()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		rows := func(table string) (n int64) {
			t.Helper()
			must(d.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(ctx, "SELECT COUNT(*) FROM "+table+" WHERE workspace_id = $1", []any{ws}, &n)
			}))
			return n
		}
		shown := p.board.Tiles[0].Insight
		must(p.DeleteDashboard(ctx, ws, p.board.ID, owner()))
		must(p.DeleteInsight(ctx, ws, shown))
		p.clock.Advance(29 * 24 * time.Hour)
		if p.round() != 0 || rows("insights") != 2 || rows("insight_versions") != 2 || rows("dashboards") != 1 {
			t.Errorf("removed before its time: %d insights, %d dashboards", rows("insights"), rows("dashboards"))
		}
		if _, err := p.RestoreInsight(ctx, ws, shown); err != nil {
			t.Error(err)
		}
		must(p.DeleteInsight(ctx, ws, p.board.Tiles[1].Insight)) // a month later than the dashboard
		p.clock.Advance(25 * time.Hour)
		if n := p.round(); n != 2 || rows("dashboards") != 0 || rows("dashboard_insights") != 0 || rows("insights") != 2 {
			t.Errorf("%d jobs leave %d dashboards that show %d, and %d insights", n, rows("dashboards"), rows("dashboard_insights"), rows("insights"))
		}
		if _, err := p.RestoreDashboard(ctx, ws, p.board.ID, owner()); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a dashboard that is gone is restored: %v", err)
		}
		p.clock.Advance(30 * 24 * time.Hour)
		if n := p.round(); n != 1 || rows("insights") != 1 || rows("insight_versions") != 1 {
			t.Errorf("%d jobs leave %d insights", n, rows("insights"))
		}
		if _, err := p.Insight(ctx, ws, shown); err != nil {
			t.Errorf("what was restored is gone: %v", err)
		}
	})
}

// TestReadyDashboardIsOne: a deleted one does not come back beside another that
// was made since.
func TestReadyDashboardIsOne(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	ctx := context.Background()
	first, err := s.MakeReady(ctx, ws, "revenue", "en", owner())
	if err == nil {
		err = s.DeleteDashboard(ctx, ws, first.ID, owner())
	}
	var second insight.Dashboard
	if err == nil {
		second, err = s.MakeReady(ctx, ws, "revenue", "en", owner())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RestoreDashboard(ctx, ws, first.ID, owner()); errs.CodeOf(err) != "already_there" {
		t.Errorf("restored beside another: %v", err)
	}
	if err := s.DeleteDashboard(ctx, ws, second.ID, owner()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.RestoreDashboard(ctx, ws, first.ID, owner()); err != nil || text(got) != text(first) {
		t.Errorf("restored %s %v", text(got), err)
	}
}
