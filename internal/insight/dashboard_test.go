package insight_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func owner() insight.Viewer { return insight.Viewer{Role: "owner", Label: "ann@x.test"} }

func tile(kind string, x, y, w, h int) insight.Tile {
	t := insight.Tile{Kind: kind, X: x, Y: y, W: w, H: h}
	switch kind {
	case insight.TileInsight:
		t.Insight = 1
	case insight.TileKPI:
		t.KPI = "orders"
	case insight.TileText:
		t.Text = "Look"
	}
	return t
}

// TestDashboards are kept as they are, changed in parts, and hold on to their
// insights.
func TestDashboards(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		if _, err := s.Save(ctx, ws, insight.Insight{Name: "x", Spec: ask(ws, "A", last("30d")).Spec}, ""); err != nil {
			t.Fatal(err)
		}
		stage := insight.Tile{ID: "t1", Kind: insight.TileKPI, KPI: "stage_count", Stage: "loyal", X: 9, W: 3, H: 2}
		in := insight.Dashboard{Name: "Board", Description: "d", SharedWith: []string{"analyst"}, Range: &query.Range{Last: "30d"},
			Tiles: []insight.Tile{tile(insight.TileInsight, 0, 0, 6, 4), tile(insight.TileText, 6, 0, 3, 2), stage, tile(insight.TileInsight, 0, 4, 12, 1)}}
		made, err := s.AddDashboard(ctx, ws, in, owner())
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Dashboard(ctx, ws, made.ID, owner())
		if err != nil || text(got) != text(made) || len(got.Tiles) != 4 || got.Tiles[0].ID != "t2" || got.Tiles[2].ID != "t1" || got.By != "ann@x.test" {
			t.Errorf("read %s %v, made %s", text(got), err, text(made))
		}
		if err := s.DeleteInsight(ctx, ws, 1); errs.CodeOf(err) != "in_use" || !strings.Contains(err.Error(), "Board") {
			t.Errorf("an insight that is shown is deleted: %v", err)
		}
		s.clock.Advance(time.Hour)
		got, err = s.ChangeDashboard(ctx, ws, made.ID, insight.DashboardChange{Name: ptr("New"), Range: &query.Range{}}, owner())
		if err != nil || got.Name != "New" || got.Range != nil || len(got.Tiles) != 4 || got.Updated != made.Updated+core.Hour || got.Created != made.Created {
			t.Errorf("changed %s %v", text(got), err)
		}
		if got, err = s.ChangeDashboard(ctx, ws, made.ID, insight.DashboardChange{Tiles: &[]insight.Tile{}, SharedWith: &[]string{}}, owner()); err != nil || len(got.Tiles) != 0 {
			t.Errorf("emptied %s %v", text(got), err)
		}
		if err := s.DeleteInsight(ctx, ws, 1); err != nil {
			t.Errorf("an insight that is shown nowhere: %v", err)
		}
		if err := s.DeleteDashboard(ctx, ws, made.ID, owner()); err != nil {
			t.Error(err)
		}
		if _, err := s.Dashboard(ctx, ws, made.ID, owner()); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a deleted dashboard: %v", err)
		}
	})
}

// TestDashboardsAreShared: who may not see one cannot read, list, change or
// delete it, and does not learn that it exists.
func TestDashboardsAreShared(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		marketer := insight.Viewer{Role: "marketer", Label: "mia@x.test"}
		made, err := s.AddDashboard(ctx, ws, insight.Dashboard{Name: "x", SharedWith: []string{"analyst", "support"}}, marketer)
		if err != nil {
			t.Fatal(err)
		}
		for v, sees := range map[insight.Viewer]bool{
			owner(): true, {Role: "admin", Label: "bob"}: true, marketer: true, {Role: "analyst"}: true, {Role: "support", Label: "x"}: true,
			{Role: "marketer", Label: "other@x.test"}: false, {Role: "developer", Label: "dev"}: false, {}: false, {Role: "root"}: false,
		} {
			list, err := s.Dashboards(ctx, ws, v)
			_, one := s.Dashboard(ctx, ws, made.ID, v)
			_, change := s.ChangeDashboard(ctx, ws, made.ID, insight.DashboardChange{Description: ptr("d")}, v)
			if err != nil || (len(list) == 1) != sees || (one == nil) != sees || (change == nil) != sees || !sees && errs.KindOf(one) != errs.NotFound {
				t.Errorf("%+v: lists %d, reads %v, changes %v; want sees %v", v, len(list), one, change, sees)
			}
			if other, err := s.Dashboards(ctx, ws+1, v); err != nil || len(other) != 0 {
				t.Errorf("%+v in another workspace: %v %v", v, other, err)
			}
		}
		for _, v := range []insight.Viewer{{Role: "marketer", Label: "other"}, {Role: "developer"}} {
			if err := s.DeleteDashboard(ctx, ws, made.ID, v); errs.KindOf(err) != errs.NotFound {
				t.Errorf("%+v deletes: %v", v, err)
			}
		}
		if err := s.DeleteDashboard(ctx, ws+1, made.ID, owner()); errs.KindOf(err) != errs.NotFound {
			t.Errorf("another workspace deletes: %v", err)
		}
		// One without roles is private to who made it, owners and admins.
		private, err := s.AddDashboard(ctx, ws, insight.Dashboard{Name: "y"}, marketer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Dashboard(ctx, ws, private.ID, insight.Viewer{Role: "analyst", Label: "z"}); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a private dashboard is read: %v", err)
		}
	})
}

// TestDashboardsRefuse what lies wrong or shows nothing.
func TestDashboardsRefuse(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	ctx := context.Background()
	one := func(change func(t *insight.Tile)) []insight.Tile {
		x := tile(insight.TileKPI, 0, 0, 3, 2)
		change(&x)
		return []insight.Tile{x}
	}
	kpi := func(x, y, w, h int) insight.Tile { return tile(insight.TileKPI, x, y, w, h) }
	for what, c := range map[string]struct {
		tiles       []insight.Tile
		code, field string
	}{
		"too wide":         {[]insight.Tile{kpi(0, 0, 13, 1)}, "bad_size", "tiles[0].w"},
		"form of a KPI":    {[]insight.Tile{formed(kpi(0, 0, 1, 1), "bars")}, "not_shown", "tiles[0].form"},
		"unknown form":     {[]insight.Tile{formed(insight.Tile{Kind: insight.TileInsight, Insight: 1, W: 1, H: 1}, "pie")}, "bad_form", "tiles[0].form"},
		"no width":         {[]insight.Tile{kpi(0, 0, 0, 1)}, "bad_size", "tiles[0].w"},
		"no height":        {[]insight.Tile{kpi(0, 0, 1, 0)}, "bad_size", "tiles[0].h"},
		"out to the right": {[]insight.Tile{kpi(10, 0, 3, 1)}, "outside", "tiles[0].x"},
		"out to the left":  {[]insight.Tile{kpi(-1, 0, 3, 1)}, "outside", "tiles[0].x"},
		"above":            {[]insight.Tile{kpi(0, -1, 3, 1)}, "outside", "tiles[0].y"},
		"far below":        {[]insight.Tile{kpi(0, 2000, 3, 1)}, "outside", "tiles[0].y"},
		"huge numbers":     {[]insight.Tile{kpi(1<<62, 1<<62, 12, 2000)}, "outside", "tiles[0].x"},
		"upon another":     {[]insight.Tile{kpi(0, 0, 3, 2), kpi(2, 1, 3, 2)}, "overlap", "tiles[1]"},
		"inside another":   {[]insight.Tile{kpi(0, 0, 12, 9), kpi(4, 4, 1, 1)}, "overlap", "tiles[1]"},
		"same id":          {append(one(func(t *insight.Tile) { t.ID = "a" }), insight.Tile{ID: "a", Kind: "text", Text: "x", X: 5, W: 1, H: 1}), "duplicate_id", "tiles[1].id"},
		"unknown kind":     {one(func(t *insight.Tile) { t.Kind = "pie" }), "bad_kind", "tiles[0].kind"},
		"unknown KPI":      {one(func(t *insight.Tile) { t.KPI = "luck" }), "unknown_kpi", "tiles[0].kpi"},
		"KPI of one":       {one(func(t *insight.Tile) { t.KPI = "recency" }), "unknown_kpi", "tiles[0].kpi"},
		"no stage":         {one(func(t *insight.Tile) { t.KPI = "dwell" }), "missing_stage", "tiles[0].stage"},
		"stage of none":    {one(func(t *insight.Tile) { t.Stage = "x" }), "not_shown", "tiles[0].stage"},
		"KPI with text":    {one(func(t *insight.Tile) { t.Text = "x" }), "not_shown", "tiles[0].text"},
		"text without":     {[]insight.Tile{{Kind: "text", W: 1, H: 1}}, "missing_text", "tiles[0].text"},
		"insight missing":  {[]insight.Tile{{Kind: "insight", W: 1, H: 1}}, "missing_insight", "tiles[0].insight"},
		"insight unknown":  {[]insight.Tile{{Kind: "insight", Insight: 99, W: 1, H: 1}}, "unknown_insight", "tiles[0].insight"},
		"long title":       {one(func(t *insight.Tile) { t.Title = strings.Repeat("x", 201) }), "too_long", "tiles[0].title"},
	} {
		_, err := s.AddDashboard(ctx, ws, insight.Dashboard{Name: "x", Tiles: c.tiles}, owner())
		refused(t, what, err, c.code, c.field)
	}
	side := []insight.Tile{kpi(0, 0, 3, 2), kpi(3, 0, 9, 2), kpi(0, 2, 12, 1), kpi(11, 1999, 1, 1)}
	if _, err := s.AddDashboard(ctx, ws, insight.Dashboard{Name: "x", Tiles: side}, owner()); err != nil {
		t.Errorf("tiles side by side: %v", err)
	}
	_, err := s.AddDashboard(ctx, ws, insight.Dashboard{Name: "x", SharedWith: []string{"analyst", "analyst"}}, owner())
	refused(t, "a role twice", err, "bad_role", "shared_with[1]")
	_, err = s.AddDashboard(ctx, ws, insight.Dashboard{Name: "x", Range: &query.Range{Last: "x"}}, owner())
	refused(t, "range", err, "invalid_query", "range.last")
	_, err = s.AddDashboard(ctx, ws, insight.Dashboard{Name: ""}, owner())
	refused(t, "name", err, "missing_name", "name")
}

// TestReadyDashboards: each is made in each language, its questions give
// numbers, and made anew it takes up its old insights.
func TestReadyDashboards(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		if n := len(s.ReadyDashboards()); n != 3 {
			t.Fatalf("%d ready dashboards", n)
		}
		for w, lang := range []string{"en", "it", "ro"} {
			w := core.WorkspaceID(w + 1)
			for _, r := range s.ReadyDashboards() {
				made, err := s.MakeReady(ctx, w, r.Key, lang, owner())
				if err != nil {
					t.Fatalf("%s: %v", r.Key, err)
				}
				if made.Name != r.Name.In(lang) || made.Name == "" || made.BuiltIn != r.Key || lang != "en" && made.Name == r.Name.EN || len(made.SharedWith) != 6 {
					t.Errorf("%s in %s: %s", r.Key, lang, text(made))
				}
				if len(made.Tiles) < 10 {
					t.Errorf("%s has %d tiles", r.Key, len(made.Tiles))
				}
				if _, err := s.MakeReady(ctx, w, r.Key, lang, owner()); errs.KindOf(err) != errs.Conflict {
					t.Errorf("%s made twice: %v", r.Key, err)
				}
				if err := s.DeleteDashboard(ctx, w, made.ID, owner()); err != nil {
					t.Error(err)
				}
				again, err := s.MakeReady(ctx, w, r.Key, lang, owner())
				if err != nil || text(again.Tiles) != text(made.Tiles) {
					t.Errorf("%s made anew: %v", r.Key, err)
				}
			}
			list, err := s.Insights(ctx, w)
			if err != nil || len(list) != 12 {
				t.Errorf("%d insights of ready dashboards %v", len(list), err)
			}
			for _, in := range list {
				if _, err := s.Run(ctx, insight.Ask{Workspace: w, Spec: in.Spec, Settings: insight.Settings{Currency: "EUR"}}); err != nil {
					t.Errorf("%s: %v", in.BuiltIn, err)
				}
			}
		}
		_, err := s.MakeReady(ctx, ws, "luck", "en", owner())
		refused(t, "unknown", err, "unknown_dashboard", "key")
	})
}

// TestReadyTexts are there in every language.
func TestReadyTexts(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	for _, r := range s.ReadyDashboards() {
		all := []insight.Text{r.Name, r.Description}
		for _, in := range r.Insights {
			all = append(all, in.Name, in.Description)
		}
		for _, x := range all {
			if x.EN == "" || x.IT == "" || x.RO == "" || x.IT == x.EN || x.RO == x.EN {
				t.Errorf("%s: %+v", r.Key, x)
			}
		}
	}
}

// TestAnnotations are found by the span that they touch.
func TestAnnotations(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		add := func(at, until core.Micros, words string) insight.Annotation {
			t.Helper()
			a, err := s.Annotate(ctx, ws, insight.Annotation{At: at, Until: until, Text: words}, "ann")
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		add(100, 0, "moment")
		add(50, 120, "span")
		third := add(300, 0, "'; DROP TABLE annotations; --")
		find := func(from, to core.Micros, want ...string) {
			t.Helper()
			list, err := s.Annotations(ctx, ws, from, to)
			var got []string
			for _, a := range list {
				got = append(got, a.Text)
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("[%d, %d): %q %v, want %q", from, to, got, err, want)
			}
		}
		find(0, 0, "span", "moment", third.Text)
		find(100, 101, "span", "moment")
		find(101, 120, "span")
		find(120, 300)
		find(119, 120, "span")
		find(1, 50)
		got, err := s.ChangeAnnotation(ctx, ws, third.ID, insight.AnnotationChange{Until: ptr(core.Micros(400)), Text: ptr("x")})
		if err != nil || got.At != 300 || got.Until != 400 || got.Text != "x" || got.By != "ann" {
			t.Errorf("changed %+v %v", got, err)
		}
		find(350, 351, "x")
		_, err = s.ChangeAnnotation(ctx, ws, third.ID, insight.AnnotationChange{At: ptr(core.Micros(400))})
		refused(t, "until before at", err, "bad_until", "until")
		_, err = s.Annotate(ctx, ws, insight.Annotation{At: 1 << 62, Text: "x"}, "")
		refused(t, "far away", err, "bad_instant", "at")
		_, err = s.Annotate(ctx, ws, insight.Annotation{At: 1, Text: " "}, "")
		refused(t, "no text", err, "missing_text", "text")
		if _, err := s.ChangeAnnotation(ctx, ws+1, third.ID, insight.AnnotationChange{}); errs.KindOf(err) != errs.NotFound {
			t.Errorf("another workspace changes: %v", err)
		}
		if err := s.DeleteAnnotation(ctx, ws+1, third.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("another workspace deletes: %v", err)
		}
		if err := s.DeleteAnnotation(ctx, ws, third.ID); err != nil {
			t.Error(err)
		}
		find(350, 351)
	})
}

func formed(t insight.Tile, form string) insight.Tile {
	t.Form = form
	return t
}
