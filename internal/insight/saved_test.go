package insight_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func text(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func ptr[T any](v T) *T { return &v }

// refused wants an error of a code about a field.
func refused(t *testing.T, what string, err error, code, field string) {
	t.Helper()
	if errs.CodeOf(err) != code || query.FieldOf(err) != field {
		t.Errorf("%s: %v (%s about %q), want %s about %q", what, err, errs.CodeOf(err), query.FieldOf(err), code, field)
	}
}

// TestInsightsAreSaved: what was saved is read, a change of the question makes a
// version, a change of the name does not, and numbers are never used again.
func TestInsightsAreSaved(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		spec := ask(ws, "A", last("30d")).Spec
		names := []string{"'; DROP TABLE insights; --", "<script>x</script>", "é 💥 \u202e", `" OR 1=1`, strings.Repeat("é", 200)}
		for i, name := range names {
			in, err := s.Save(ctx, ws, insight.Insight{Name: name, Description: name, Spec: spec, BuiltIn: ""}, "ann")
			if err != nil || in.ID != int64(i+1) || in.Version != 1 || in.By != "ann" || in.Created != s.now {
				t.Fatalf("save %q: %+v %v", name, in, err)
			}
			if got, err := s.Insight(ctx, ws, in.ID); err != nil || text(got) != text(in) {
				t.Errorf("read %+v %v, saved %+v", got, err, in)
			}
		}
		other := ask(ws, "B", last("7d")).Spec
		out, err := s.ChangeInsight(ctx, ws, 2, insight.InsightChange{Spec: &other}, "bob")
		if err != nil || out.Version != 2 || out.By != "ann" || text(out.Spec) != text(other) || out.Name != names[1] {
			t.Errorf("changed: %+v %v", out, err)
		}
		for _, c := range []insight.InsightChange{{Spec: &other}, {Name: ptr("New")}, {Description: ptr("")}, {}} {
			if out, err = s.ChangeInsight(ctx, ws, 2, c, "bob"); err != nil || out.Version != 2 {
				t.Errorf("%s makes version %d %v", text(c), out.Version, err)
			}
		}
		versions, err := s.InsightVersions(ctx, ws, 2)
		if err != nil || len(versions) != 2 || text(versions[0].Spec) != text(other) || text(versions[1].Spec) != text(spec) || versions[0].By != "bob" || versions[1].Version != 1 {
			t.Errorf("versions %+v %v", versions, err)
		}
		list, err := s.Insights(ctx, ws)
		if err != nil || len(list) != len(names) || list[1].Name != "New" || list[1].Description != "" || list[1].Version != 2 {
			t.Errorf("list %s %v", text(list), err)
		}
		if err := s.DeleteInsight(ctx, ws, 5); err != nil {
			t.Error(err)
		}
		if in, err := s.Save(ctx, ws, insight.Insight{Name: "x", Spec: spec}, "ann"); err != nil || in.ID != 6 {
			t.Errorf("number %d after one was deleted: %v", in.ID, err)
		}
		if _, err := s.InsightVersions(ctx, ws, 5); errs.KindOf(err) != errs.NotFound {
			t.Errorf("versions of a deleted insight: %v", err)
		}
	})
}

// TestVersionsOfManyAtOnce: two who change one question make two versions.
func TestVersionsOfManyAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		if _, err := s.Save(ctx, ws, insight.Insight{Name: "x", Spec: ask(ws, "A", last("1d")).Spec}, ""); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				spec := ask(ws, fmt.Sprint("Event ", i), last("1d")).Spec
				if _, err := s.ChangeInsight(ctx, ws, 1, insight.InsightChange{Spec: &spec}, ""); err != nil {
					t.Error(err)
				}
				if _, err := s.Save(ctx, ws, insight.Insight{Name: "y", Spec: spec}, ""); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if v, err := s.InsightVersions(ctx, ws, 1); err != nil || len(v) != 9 || v[0].Version != 9 {
			t.Errorf("%d versions %v", len(v), err)
		}
		if list, err := s.Insights(ctx, ws); err != nil || len(list) != 9 || list[8].ID != 9 {
			t.Errorf("%d insights %v", len(list), err)
		}
	})
}

// TestInsightsRefuse what is wrong, naming the field, and what is another
// workspace's.
func TestInsightsRefuse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		ctx := context.Background()
		good := insight.Insight{Name: "x", Spec: ask(ws, "A", last("30d")).Spec}
		try := func(what, code, field string, change func(in *insight.Insight)) {
			t.Helper()
			in := good
			trend := *good.Spec.Trend
			in.Spec.Trend = &trend
			change(&in)
			_, err := s.Save(ctx, ws, in, "")
			refused(t, what, err, code, field)
		}
		try("no name", "missing_name", "name", func(in *insight.Insight) { in.Name = " \t" })
		try("long name", "too_long", "name", func(in *insight.Insight) { in.Name = strings.Repeat("x", 201) })
		try("NUL", "bad_text", "name", func(in *insight.Insight) { in.Name = "a\x00" })
		try("no UTF-8", "bad_text", "description", func(in *insight.Insight) { in.Description = "\xff" })
		try("no interval", "invalid_query", "spec.trend.interval", func(in *insight.Insight) { in.Spec.Trend.Interval = "era" })
		try("another kind", "invalid_query", "spec.kind", func(in *insight.Insight) { in.Spec.Kind = "pie" })
		if _, err := s.Save(ctx, ws, good, ""); err != nil {
			t.Fatal(err)
		}
		bad := good.Spec
		bad.Range.Last = "soon"
		_, err := s.ChangeInsight(ctx, ws, 1, insight.InsightChange{Spec: &bad}, "")
		refused(t, "change of the range", err, "invalid_query", "spec.range.last")
		_, err = s.ChangeInsight(ctx, ws, 1, insight.InsightChange{Name: ptr("")}, "")
		refused(t, "change of the name", err, "missing_name", "name")
		for what, fn := range map[string]func() error{
			"read": func() error { _, err := s.Insight(ctx, ws+1, 1); return err },
			"change": func() error {
				_, err := s.ChangeInsight(ctx, ws+1, 1, insight.InsightChange{Name: ptr("n")}, "")
				return err
			},
			"versions": func() error { _, err := s.InsightVersions(ctx, ws+1, 1); return err },
			"delete":   func() error { return s.DeleteInsight(ctx, ws+1, 1) },
		} {
			if err := fn(); errs.KindOf(err) != errs.NotFound {
				t.Errorf("%s in another workspace: %v", what, err)
			}
		}
		if list, err := s.Insights(ctx, ws+1); err != nil || len(list) != 0 {
			t.Errorf("another workspace lists %v %v", list, err)
		}
	})
}
