package app_test

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/lifecycle"
	"github.com/ciclo/ciclo/internal/segment"
)

// TestMovesInCharts counts moves between stages and segments as events, and
// compares with the stays in SQL.
func TestMovesInCharts(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, b *bench) {
		ctx := context.Background()
		end := b.clock.Now()
		def, err := lifecycle.FromTemplate("sterne_cutler")
		if err != nil {
			t.Fatal(err)
		}
		model, err := b.Lifecycle.Create(ctx, 1, def, "sterne_cutler", "test")
		if err != nil {
			t.Fatal(err)
		}
		var made []segment.Segment
		for key, when := range map[string]string{"buyers": `{"did":{"event":"Order Completed","window":{"last":"30d"}}}`, "lookers": `{"did":{"event":"Product Viewed","op":"gte","value":3,"window":{"last":"14d"}}}`} {
			node, err := expr.Parse([]byte(when))
			if err != nil {
				t.Fatal(err)
			}
			g, err := b.Segments.Create(ctx, 1, segment.Definition{Key: key, Name: key, Kind: segment.Dynamic, When: node}, "test")
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, g)
		}
		b.play(demo.New(demo.Config{Seed: 5, People: 150, Months: 4, End: end}))
		b.Segments.Wait()
		c := b.caller(t, b.handler(), 1, access.Analyst)
		count := func(query string, args ...any) (n float64) {
			var k int64
			if err := b.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, query, args, &k) }); err != nil {
				t.Fatal(err)
			}
			return float64(k)
		}
		from, to := end.AddDate(-1, 0, 0), end.AddDate(0, 0, 1)
		within := []any{int64(core.FromTime(from)), int64(core.FromTime(end))}
		rng := obj{"from": from.Format("2006-01-02"), "to": to.Format("2006-01-02")}
		total := func(event obj) float64 {
			var res struct {
				Trend struct {
					Lines []struct{ Total struct{ Value float64 } }
				}
			}
			event["measure"] = "count"
			c.do("POST", "/insights/run", obj{"kind": "trend", "range": rng, "trend": obj{"interval": "month", "series": []any{event}}}, 200, &res)
			return res.Trend.Lines[0].Total.Value
		}
		is := func(name, value string) []any { return []any{obj{"name": name, "op": "is", "value": value}} }
		sum := 0.0
		for _, g := range made {
			g, err := b.Segments.Get(1, g.ID)
			if err != nil {
				t.Fatal(err)
			}
			in := count("SELECT COUNT(*) FROM segment_stays WHERE workspace_id = 1 AND machine = $1 AND entered_at >= $2 AND entered_at < $3", append([]any{g.Machine}, within...)...)
			out := count("SELECT COUNT(*) FROM segment_stays WHERE workspace_id = 1 AND machine = $1 AND left_at >= $2 AND left_at < $3 AND left_at < $4", append(append([]any{g.Machine}, within...), int64(math.MaxInt64))...)
			if got := total(obj{"kind": "signal", "event": "Segment Entered", "where": is("segment", g.Key)}); got != in || in == 0 {
				t.Errorf("%s was entered %v times, the stays say %v", g.Key, got, in)
			}
			if got := total(obj{"kind": "signal", "event": "Segment Left", "where": is("segment", g.Key)}); got != out || out == 0 {
				t.Errorf("%s was left %v times, the stays say %v", g.Key, got, out)
			}
			sum += in
		}
		if got := total(obj{"kind": "signal", "event": "Segment Entered"}); got != sum {
			t.Errorf("segments were entered %v times, want %v", got, sum)
		}
		model, err = b.Lifecycle.Model(1, model.ID)
		if err != nil {
			t.Fatal(err)
		}
		all := 0.0
		for _, s := range model.Stages {
			in := count("SELECT COUNT(*) FROM stage_spells WHERE workspace_id = 1 AND machine = $1 AND stage = $2 AND entered_at >= $3 AND entered_at < $4", append([]any{model.Machine, s.Key}, within...)...)
			if got := total(obj{"kind": "signal", "event": "Stage Entered", "where": is("stage", s.Key)}); got != in {
				t.Errorf("stage %s was entered %v times, the spells say %v", s.Key, got, in)
			}
			from := count("SELECT COUNT(*) FROM stage_spells WHERE workspace_id = 1 AND machine = $1 AND came_from = $2 AND entered_at >= $3 AND entered_at < $4", append([]any{model.Machine, s.Key}, within...)...)
			if got := total(obj{"kind": "signal", "event": "Stage Entered", "where": is("from", s.Key)}); got != from {
				t.Errorf("%v came from stage %s, the spells say %v", got, s.Key, from)
			}
			all += from
		}
		if all == 0 {
			t.Error("nobody moved: the test has become blind")
		}
		// A funnel from a move to an event, and who is behind it.
		funnel := obj{"kind": "funnel", "range": rng, "funnel": obj{"window": "30d", "steps": []any{obj{"kind": "signal", "event": "Segment Entered", "where": is("segment", "lookers")}, obj{"event": "Order Completed"}}}}
		var run struct {
			Funnel struct {
				Total struct{ Steps []struct{ Reached int64 } }
			}
		}
		c.do("POST", "/insights/run", funnel, 200, &run)
		var page struct {
			Total     int64
			Customers []struct{ ID int64 }
		}
		c.do("POST", "/insights/people", obj{"spec": funnel, "cell": obj{"step": 2}, "limit": 100}, 200, &page)
		if run.Funnel.Total.Steps[1].Reached == 0 || page.Total != run.Funnel.Total.Steps[1].Reached {
			t.Errorf("%+v, but %d people", run.Funnel.Total.Steps, page.Total)
		}
		entered := map[int64]bool{}
		g, _ := b.Segments.ByKey(1, "lookers")
		spans, err := b.Segments.Spans(ctx, 1, g)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range spans {
			entered[int64(s.Customer)] = true
		}
		if slices.ContainsFunc(page.Customers, func(c struct{ ID int64 }) bool { return !entered[c.ID] }) {
			t.Error("somebody is behind step 2 who never entered")
		}
		var values struct{ Values []struct{ Value string } }
		c.do("GET", "/data/values?of=property&name=segment&event=Segment+Entered&kind=signal", nil, 200, &values)
		if len(values.Values) != 2 {
			t.Errorf("values of a move are %+v", values)
		}
		var why struct{ Funnel json.RawMessage }
		c.do("POST", "/insights/explain", obj{"spec": funnel, "cell": obj{"step": 2}, "customer": page.Customers[0].ID}, 200, &why)
		if !strings.Contains(string(why.Funnel), `"Segment Entered"`) {
			t.Errorf("the explanation does not show the move: %s", why.Funnel)
		}
	})
}
