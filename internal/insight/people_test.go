package insight_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/query"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func asked(t *testing.T, text string) insight.Asked {
	t.Helper()
	a := insight.Asked{Workspace: ws, Settings: insight.Settings{Currency: "EUR", Zone: time.UTC}, Week: time.Monday}
	if err := json.Unmarshal([]byte(text), &a.Spec); err != nil {
		t.Fatal(err)
	}
	return a
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
		stage := asked(t, `{"kind":"trend","range":{"last":"15d"},"who":{"stage":{"was":"lead"}},"trend":{"interval":"day","series":[{"kind":"page"}]}}`)
		if _, err := s.People(context.Background(), stage, query.Cell{}); query.FieldOf(err) != "who" {
			t.Errorf("a condition on a past stage: got %v", err)
		}
		stage = asked(t, `{"kind":"trend","range":{"last":"15d"},"trend":{"interval":"day","series":[{"kind":"page"}],"breakdown":{"by":"stage","property":"main"}}}`)
		if _, err := s.People(context.Background(), stage, query.Cell{Value: &query.Value{Text: "lead"}}); query.FieldOf(err) != "trend.breakdown.by" {
			t.Errorf("without stages: got %v", err)
		}
	})
}
