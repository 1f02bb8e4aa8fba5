package insight_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func (s *shop) subscription(c core.CustomerID, name string, daysAgo float64, props obj) core.Event {
	return s.event(c, core.KindTrack, "Subscription "+name, daysAgo, props)
}

// TestMRRVector: opening 10,000, new 1,500, expansion 800, contraction 300, churn
// 700, reactivation 200.
func TestMRRVector(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/kpi_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		MRR struct {
			Opening, New, Expansion, Contraction, Churn, Reactivation, Closing int
			NRR, GRR                                                           float64
			Quick                                                              float64 `json:"quick_ratio"`
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, dbtest.SQLite(t))
	m := v.MRR
	pay := func(n int) obj { return obj{"subscription_id": "a", "amount": n} }
	s.append(
		s.subscription(1, "Started", 60, pay(m.Churn)), s.subscription(1, "Cancelled", 10, obj{"subscription_id": "a"}),
		s.subscription(2, "Started", 60, pay(m.Contraction+1000)), s.subscription(2, "Updated", 10, pay(1000)),
		s.subscription(3, "Started", 60, pay(m.Opening-m.Churn-m.Contraction-1000)), s.subscription(3, "Updated", 10, pay(m.Opening-m.Churn-m.Contraction-1000+m.Expansion)),
		s.subscription(4, "Started", 90, pay(m.Reactivation)), s.subscription(4, "Cancelled", 60, obj{"subscription_id": "a"}), s.subscription(4, "Started", 10, pay(m.Reactivation)),
		s.subscription(5, "Started", 10, pay(m.New)))
	k := s.kpis(s.spec(30))
	for key, want := range map[string]int{"mrr": m.Closing, "mrr_new": m.New, "mrr_expansion": m.Expansion, "mrr_contraction": m.Contraction, "mrr_churned": m.Churn, "mrr_reactivation": m.Reactivation} {
		s.want(k, key, float64(want*100))
	}
	s.want(k, "nrr", m.NRR)
	s.want(k, "grr", m.GRR)
	s.want(k, "quick_ratio", m.Quick)
	s.want(k, "logo_churn", 1/3.0)
	if p := k["mrr"].Previous; p == nil || *p != float64(m.Opening*100) {
		t.Errorf("opening %s", show(p))
	}
}

// TestMovements are those of ChartMogul: a yearly invoice of 2,000 is 166.67 new;
// a second subscription expands, cancelling one of two contracts, the last
// churns, a return reactivates. Changes within an hour are one; trials, other
// currencies and what cannot be read are none.
func TestMovements(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	yearly, second := obj{"subscription_id": "y", "amount": 2000, "interval": "year"}, obj{"subscription_id": "m", "amount": "60.00", "interval": "monthly"}
	s.append(s.subscription(1, "Started", 95, yearly), s.subscription(1, "Started", 75, second), s.subscription(1, "Cancelled", 55, second),
		s.subscription(1, "Ended", 35, yearly), s.subscription(1, "Started", 15, second))
	for i, want := range []map[string]float64{
		{"mrr_new": 16_667, "mrr": 16_667}, {"mrr_expansion": 6000, "mrr": 22_667}, {"mrr_contraction": 6000, "mrr": 16_667}, {"mrr_churned": 16_667, "mrr": 0}, {"mrr_reactivation": 6000, "mrr": 6000},
	} {
		spec := s.spec(float64(100 - 20*i))
		spec.To = spec.From + 20*core.Day
		k := s.kpis(spec)
		for _, key := range []string{"mrr", "mrr_new", "mrr_expansion", "mrr_contraction", "mrr_churned", "mrr_reactivation"} {
			if got := k[key].Value; got == nil || *got != want[key] {
				t.Errorf("step %d: %s is %s, want %v", i, key, show(got), want[key])
			}
		}
	}
	s = newShop(t, dbtest.SQLite(t))
	pay := func(n int) obj { return obj{"amount": n} }
	s.append(
		s.subscription(1, "Started", 20, obj{"amount": 100, "trial": true}), s.subscription(1, "Updated", 10, pay(100)), // a trial, then new
		s.subscription(2, "Started", 50, pay(40)), s.subscription(2, "Cancelled", 10, nil), s.subscription(2, "Started", 10-0.5/24, pay(70)), // a change of plan
		s.subscription(3, "Started", 10, obj{"amount": 100, "currency": "USD"}), s.subscription(4, "Started", 10, obj{"amount": 100, "interval": "era"}),
		s.subscription(5, "Started", 10, obj{"amount": 10, "quantity": 3, "interval": "quarter", "interval_count": 2})) // 5 a month
	k := s.kpis(s.spec(30))
	s.want(k, "mrr", 17_500)
	s.want(k, "mrr_new", 10_500)
	s.want(k, "mrr_expansion", 3000)
	s.want(k, "mrr_churned", 0)
	s.want(k, "nrr", 70/40.0)
	s.want(k, "grr", 1)
	if n := k["mrr"].Note; !strings.Contains(n, "left out: 2") {
		t.Errorf("note %q", n)
	}
	s = newShop(t, dbtest.SQLite(t))
	s.none(s.kpis(s.spec(30)), "mrr", "no subscription events")
}

// TestKFactorVector: 3 invitations a customer, 0.15 of them taken: K is 0.45, and
// 1,000 become 1,743.625 after 3 cycles and 1,818.18 in the end.
func TestKFactorVector(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	var list []core.Event
	for c := range core.CustomerID(20) {
		list = append(list, s.order(c+1, 5, obj{"order_id": "x", "revenue": 1}))
		for i := range 3 {
			list = append(list, s.event(c+1, core.KindTrack, "Invite Sent", 4-float64(i)/10, nil))
		}
		if c < 9 {
			list = append(list, s.event(c+1, core.KindTrack, "Referral Completed", 3, nil))
		}
	}
	s.append(list...)
	k := s.kpis(s.spec(30))
	s.want(k, "k_factor", 0.45)
	s.want(k, "referral_rate", 0.45)
	if n := k["k_factor"].Note; !strings.Contains(n, "become 1818") || !strings.Contains(n, "Cycle: 30 days") {
		t.Errorf("note %q", n)
	}
	if got := insight.ViralTotal(1000, 0.45, 3); math.Abs(got-1743.625) > 1e-9 {
		t.Errorf("after 3 cycles %v", got)
	}
	if got, ok := insight.ViralEnd(1000, 0.45); !ok || math.Abs(got-1818.181818181818) > 1e-9 {
		t.Errorf("in the end %v %v", got, ok)
	}
	if _, ok := insight.ViralEnd(1000, 1); ok || insight.ViralTotal(10, 1, 2) != 30 {
		t.Error("with K of 1 there is no end, and 10 become 30 after 2 cycles")
	}
}

// TestSellingMore: categories, offers and referrals of buyers.
func TestSellingMore(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t))
	lines := func(categories ...string) []obj {
		var out []obj
		for _, c := range categories {
			out = append(out, obj{"category": c, "price": 1})
		}
		return out
	}
	s.append(s.order(1, 9, obj{"order_id": "a", "products": lines("Tea", "Tea")}), s.order(2, 9, obj{"order_id": "b", "products": lines("Tea")}),
		s.order(2, 3, obj{"order_id": "c", "products": lines("Cups"), "referred_by": "1"}), s.order(3, 9, obj{"order_id": "d", "revenue": 5, "referral_code": "X"}),
		s.order(4, 9, obj{"order_id": "e", "revenue": 100, "cost": 60, "shipping": 10, "shipping_cost": 15}),
		s.event(1, core.KindTrack, "Upsell Accepted", 8, nil), s.event(1, core.KindTrack, "Upsell Offered", 7, nil), // accepted before it was offered
		s.event(2, core.KindTrack, "Upsell Offered", 7, nil), s.event(2, core.KindTrack, "Upsell Accepted", 6, nil), s.event(2, core.KindTrack, "Upsell Accepted", 5, nil))
	k := s.kpis(s.spec(10))
	s.want(k, "cross_sell_rate", 0.5)
	s.want(k, "upsell_rate", 0.5)
	s.want(k, "referred_share", 0.25)
	s.want(k, "contribution_margin", 0.35)
	if n := k["cross_sell_rate"].Note; !strings.Contains(n, "50 % of the buyers") {
		t.Errorf("note %q", n)
	}
}
