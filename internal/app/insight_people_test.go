package app_test

import (
	"context"
	"slices"
	"testing"

	"github.com/ciclo/ciclo/internal/access"
	"github.com/ciclo/ciclo/internal/demo"
	"github.com/ciclo/ciclo/internal/lifecycle"
)

// TestPeopleOfDemoShop asks the API for charts of a demo shop, by stage, trait
// and condition, and for the customers behind their numbers, page by page.
func TestPeopleOfDemoShop(t *testing.T) {
	t.Parallel()
	b := open(t, "")
	end := b.clock.Now()
	def, err := lifecycle.FromTemplate("sterne_cutler")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Lifecycle.Create(context.Background(), 1, def, "sterne_cutler", "test"); err != nil {
		t.Fatal(err)
	}
	b.play(demo.New(demo.Config{Seed: 7, People: 400, Months: 6, End: end}))
	c := b.caller(t, b.handler(), 1, access.Analyst)
	spec := obj{"kind": "funnel", "range": obj{"from": end.AddDate(0, -6, 0).Format("2006-01-02"), "to": end.AddDate(0, 0, 1).Format("2006-01-02")},
		"funnel": obj{"window": "30d", "steps": []any{obj{"kind": "page"}, obj{"event": "Order Completed"}}}}
	type step struct{ Reached, Dropped, Pending int64 }
	type group struct {
		Value struct {
			Text  string `json:"text"`
			None  bool   `json:"none"`
			Other bool   `json:"other"`
		} `json:"value"`
		Steps []step `json:"steps"`
	}
	var run struct {
		Funnel struct {
			Total  group   `json:"total"`
			Groups []group `json:"groups"`
		} `json:"funnel"`
	}
	c.do("POST", "/insights/run", spec, 200, &run)
	all := slices.Clone(run.Funnel.Total.Steps)
	if all[1].Reached == 0 || all[1].Dropped == 0 {
		t.Fatalf("nothing to look at: %+v", all)
	}
	listed := int64(0)
	for after := int64(0); ; {
		var page struct {
			Total, Distinct, Next int64
			Customers             []struct {
				ID    int64  `json:"id"`
				Email string `json:"email"`
			}
		}
		c.do("POST", "/insights/people", obj{"spec": spec, "cell": obj{"step": 2}, "after": after, "limit": 17}, 200, &page)
		if page.Total != all[1].Reached || page.Distinct != page.Total {
			t.Fatalf("%d customers of %d, the chart says %d", page.Distinct, page.Total, all[1].Reached)
		}
		for _, x := range page.Customers {
			if listed++; x.ID <= after {
				t.Fatalf("customer %d again", x.ID)
			}
		}
		if page.Next == 0 {
			var why struct {
				In     bool
				Reason *struct{ Code string }
			}
			c.do("POST", "/insights/explain", obj{"spec": spec, "cell": obj{"step": 2}, "customer": page.Customers[0].ID}, 200, &why)
			if !why.In || why.Reason != nil {
				t.Errorf("explained as %+v", why)
			}
			break
		}
		after = page.Next
	}
	if listed != all[1].Reached {
		t.Errorf("%d customers on all pages, the chart says %d", listed, all[1].Reached)
	}
	// Groups by stage add up to everybody, and each agrees with its list.
	spec["funnel"].(obj)["breakdown"] = obj{"by": "stage", "property": "sterne_cutler"}
	c.do("POST", "/insights/run", spec, 200, &run)
	var sum int64
	for _, g := range run.Funnel.Groups {
		sum += g.Steps[0].Reached
		var page struct{ Total int64 }
		c.do("POST", "/insights/people", obj{"spec": spec, "cell": obj{"step": 1, "value": g.Value}, "limit": 1}, 200, &page)
		if page.Total != g.Steps[0].Reached {
			t.Errorf("stage %s: %d customers, the chart says %d", g.Value.Text, page.Total, g.Steps[0].Reached)
		}
	}
	if sum != all[0].Reached || len(run.Funnel.Groups) < 2 {
		t.Errorf("%d stages with %d customers, of %d", len(run.Funnel.Groups), sum, all[0].Reached)
	}
	delete(spec["funnel"].(obj), "breakdown")
	var parts [2]int64
	for i, op := range []string{"set", "not_set"} {
		spec["who"] = obj{"trait": obj{"name": "email", "op": op}}
		c.do("POST", "/insights/run", spec, 200, &run)
		parts[i] = run.Funnel.Total.Steps[0].Reached
	}
	if parts[0]+parts[1] != all[0].Reached || parts[0] == 0 || parts[1] == 0 {
		t.Errorf("with an e-mail address %d, without %d, of %d", parts[0], parts[1], all[0].Reached)
	}
	for field, part := range map[string]obj{
		"cell.step":  {"cell": obj{"step": 9}},
		"cell.steps": {"cell": obj{"steps": 9}},
	} {
		var p struct{ Errors []struct{ Location string } }
		part["spec"] = spec
		c.do("POST", "/insights/people", part, 400, &p)
		if len(p.Errors) == 0 || p.Errors[0].Location != field {
			t.Errorf("%s: got %+v", field, p)
		}
	}
}
