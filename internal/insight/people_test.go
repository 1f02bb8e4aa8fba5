package insight_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/fold"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
	"github.com/ciclo/ciclo/internal/kit/errs"
)

func asked(t *testing.T, text string) insight.Ask {
	t.Helper()
	a := insight.Ask{Workspace: ws, Settings: insight.Settings{Currency: "EUR", Zone: time.UTC}, Week: time.Monday}
	if err := json.Unmarshal([]byte(text), &a.Spec); err != nil {
		t.Fatal(err)
	}
	return a
}

// meeting folds every timeline by a condition, as the segment room does.
func meeting(s *timeline.Store, now func() core.Micros) func(context.Context, core.WorkspaceID, *expr.Node, core.Micros) ([]core.CustomerID, error) {
	return func(ctx context.Context, ws core.WorkspaceID, who *expr.Node, _ core.Micros) ([]core.CustomerID, error) {
		b := fold.NewBuilder(time.UTC)
		cond, err := b.Add(who)
		if err != nil {
			return nil, errs.Field("when", "bad_condition", "%v", err)
		}
		prog, err := b.Build()
		if err != nil {
			return nil, err
		}
		var out []core.CustomerID
		req := timeline.Request{Workspace: ws, Columns: []string{timeline.ColProps}, Workers: 1}
		err = s.Scan(ctx, req, func(_ int, c core.CustomerID, r *timeline.Rows) error {
			st := prog.New()
			st.Customer = c
			var e core.Event
			for i := range r.Time {
				r.Event(i, &e)
				in := fold.InputOf(&e)
				prog.Apply(st, &in)
			}
			if prog.Eval(st, cond, now()) {
				out = append(out, c)
			}
			return nil
		})
		slices.Sort(out)
		return out, err
	}
}

// TestPeopleWhoMeetACondition compares charts of customers who meet a condition
// with a count by hand, and the lists behind them.
func TestPeopleWhoMeetACondition(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, r := newShop(t, d), rand.New(rand.NewPCG(3, 4))
		orders, plans := map[core.CustomerID]int{}, map[core.CustomerID]string{}
		for c := core.CustomerID(1); c <= 300; c++ {
			if r.IntN(3) > 0 {
				plans[c] = fmt.Sprintf("p%d", r.IntN(2))
				s.append(s.event(c, core.KindIdentify, "", 30, obj{"plan": "old"}), s.event(c, core.KindIdentify, "", 20, obj{"plan": plans[c]}))
			}
			for range r.IntN(4) {
				orders[c]++
				s.append(s.order(c, 1+r.Float64()*10, obj{"total": 5}))
			}
			s.append(s.event(c, core.KindPage, "Home", 5, nil))
		}
		for text, meets := range map[string]func(c core.CustomerID) bool{
			`{"did":{"event":"Order Completed","op":"gte","value":2}}`:                                        func(c core.CustomerID) bool { return orders[c] >= 2 },
			`{"trait":{"name":"plan","op":"is","value":"p1"}}`:                                                func(c core.CustomerID) bool { return plans[c] == "p1" },
			`{"trait":{"name":"plan","op":"not_set"}}`:                                                        func(c core.CustomerID) bool { return plans[c] == "" },
			`{"all":[{"trait":{"name":"plan","op":"set"}},{"did":{"event":"Order Completed","op":"never"}}]}`: func(c core.CustomerID) bool { return plans[c] != "" && orders[c] == 0 },
			`{"did":{"event":"Completed Order","op":"gte","value":2}}`:                                        func(c core.CustomerID) bool { return orders[c] >= 2 },
			`{"sample":{"salt":"s","to":50}}`:                                                                 func(c core.CustomerID) bool { return expr.Bucket("s", c) < 500_000 },
			`{"all":[{"sample":{"salt":"s","to":50}},{"did":{"event":"A","op":"never"}}]}`:                    func(c core.CustomerID) bool { return expr.Bucket("s", c) < 500_000 },
			`{"did":{"kind":"any","op":"gte","value":3}}`:                                                     func(c core.CustomerID) bool { return orders[c] >= 2 || plans[c] != "" },
			`{"did":{"event":"Order Completed","where":[{"name":"total","op":"gt","value":0}],"op":"never"}}`: func(c core.CustomerID) bool { return orders[c] == 0 },
		} {
			a := asked(t, `{"kind":"trend","range":{"last":"15d"},"who":`+text+`,"trend":{"interval":"day","series":[{"kind":"page","measure":"customers"}]}}`)
			var want float64
			for c := core.CustomerID(1); c <= 300; c++ {
				if meets(c) {
					want++
				}
			}
			res, err := s.Query(context.Background(), ws, a.Spec, a.Settings, a.Week)
			if err != nil {
				t.Fatal(err)
			}
			people, err := s.People(context.Background(), a, query.Cell{})
			if err != nil {
				t.Fatal(err)
			}
			if got := *res.Trend.Lines[0].Total.Value; got != want || want == 0 || float64(people.Total) != want {
				t.Errorf("%s: %g in the chart, %d listed, want %g", text, got, people.Total, want)
			}
			for _, p := range people.People {
				if !meets(p.ID) {
					t.Errorf("%s: lists customer %d", text, p.ID)
				}
			}
		}
		stage := asked(t, `{"kind":"trend","range":{"last":"15d"},"who":{"segment":{"key":"lead"}},"trend":{"interval":"day","series":[{"kind":"page"}]}}`)
		if _, err := s.People(context.Background(), stage, query.Cell{}); query.FieldOf(err) != "who" {
			t.Errorf("a condition that cannot be answered: got %v", err)
		}
		stage = asked(t, `{"kind":"trend","range":{"last":"15d"},"trend":{"interval":"day","series":[{"kind":"page"}],"breakdown":{"by":"stage","property":"main"}}}`)
		if _, err := s.People(context.Background(), stage, query.Cell{Value: &query.Value{Text: "lead"}}); query.FieldOf(err) != "trend.breakdown.by" {
			t.Errorf("without stages: got %v", err)
		}
	})
}
