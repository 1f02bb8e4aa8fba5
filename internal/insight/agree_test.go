package insight_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/ciclo/ciclo/internal/kit/db"
	"github.com/ciclo/ciclo/internal/kit/db/dbtest"
)

func date(y, m, d int) int64 {
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// value computes any KPI in a window; nil is no value.
func (r *reference) value(k *insight.KPI, from, to core.Micros) *float64 {
	some := func(v float64) *float64 { return &v }
	switch k.Key {
	case "churn_annualised":
		if num, den, _ := r.parts("churn_rate", from, to); den > 0 {
			return some(1 - math.Pow(1-num/den, 365.25*float64(core.Day)/float64(to-from)))
		}
		return nil
	case "time_between_purchases":
		_, closed := r.gaps(to)
		if q, ok := stats.Quantile(closed, 0.5); ok {
			return &q
		}
		return nil
	case "time_between_purchases_km":
		spells, _ := r.gaps(to)
		if t, ok := stats.TimeTo(stats.KaplanMeier(spells), 0.5); ok {
			return some(float64(t))
		}
		return nil
	case "lead_conversion":
		return r.leads(from, to)
	}
	for _, f := range []func(string, core.Micros, core.Micros) (*float64, bool){r.costed, r.social, r.recurring} {
		if v, ok := f(k.Key, from, to); ok {
			return v
		}
	}
	num, den, ok := r.parts(k.Key, from, to)
	switch {
	case !ok:
		panic("no reference for " + k.Key)
	case k.Unit == "count" || k.Key == "revenue" || k.Key == "revenue_gross" || k.Key == "refunds":
		return &num
	case den == 0:
		return nil
	}
	return some(num / den)
}

func (r *reference) leads(from, to core.Micros) *float64 {
	var spells []stats.Duration
	won, pending := 0, false
	for _, c := range r.customers() {
		at, ok := r.lead(c)
		if !ok || at < from || at >= to {
			continue
		}
		if list := r.times(c, false, at, at+r.spec.Window); len(list) > 0 {
			won++
			spells = append(spells, stats.Duration{Length: list[0] - at, Ended: true})
			continue
		}
		pending = pending || at+r.spec.Window > r.end
		spells = append(spells, stats.Duration{Length: min(r.spec.Window, r.end-at)})
	}
	if len(spells) == 0 {
		return nil
	}
	v := float64(won) / float64(len(spells))
	if curve := stats.KaplanMeier(spells); pending {
		v = 0
		if len(curve) > 0 {
			v = 1 - curve[len(curve)-1].Share
		}
	}
	return &v
}

// TestAgreesWithReference compares every KPI of random histories, in the period,
// the one before and each slice, with the reference: exactly.
func TestAgreesWithReference(t *testing.T) {
	t.Parallel()
	rounds := uint64(6)
	if testing.Short() {
		rounds = 2
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		seen := map[string]int{}
		rnd := rand.New(rand.NewPCG(11, 4))
		for round := range rounds {
			s.append(s.random(rnd, 100+rnd.IntN(240))...)
			if round%2 == 1 {
				if _, err := s.store.Seal(context.Background(), ws); err != nil {
					t.Fatal(err)
				}
			}
			if round > 0 {
				s.randomCosts(rnd, 40)
			}
			if round > 1 {
				s.randomRates(rnd, 12)
			}
			spec := s.spec([]float64{1, 7.5, 30, 100, 400}[rnd.IntN(5)])
			spec.To -= []core.Micros{0, 0, 40 * core.Day, -core.Day}[rnd.IntN(4)]
			spec.From = min(spec.From, spec.To-core.Hour)
			spec.Window, spec.IncludeBots, spec.Settings.ByOrderDate = 20*core.Day, round%3 == 1, round%2 == 0
			spec.CostLag = []core.Micros{0, 3 * core.Day, 36 * core.Hour}[rnd.IntN(3)]
			spec.Settings.LapseDays = []int{10, 45, 90}[rnd.IntN(3)]
			spec.Settings.Zone, _ = time.LoadLocation([]string{"UTC", "Europe/Rome", "America/Lima"}[rnd.IntN(3)])
			s.agree(spec, seen)
		}
		for _, key := range []string{"aov", "crr", "churn_rate", "lead_conversion", "time_between_purchases_km", "email_ctor", "gross_margin", "delivery_margin", "reactivation_rate", "clv_historic",
			"cac", "paid_cac", "roas", "roas_break_even", "roi", "cac_payback", "net_margin",
			"contribution_margin", "cross_sell_rate", "upsell_rate", "referral_rate", "referred_share", "k_factor", "mrr", "mrr_new", "mrr_expansion", "mrr_contraction",
			"mrr_churned", "mrr_reactivation", "nrr", "grr", "quick_ratio", "logo_churn"} {
			if seen[key] == 0 && !testing.Short() { // two rounds do not make everything happen
				t.Errorf("%s never had a value other than 0", key)
			}
		}
	})
}

// TestAgreesInManyCurrencies is the same for few customers with few orders, so that
// most are told again, refunded in parts and in other currencies, and rates change
// between reports.
func TestAgreesInManyCurrencies(t *testing.T) {
	t.Parallel()
	rounds := uint64(12)
	if testing.Short() {
		rounds = 5
	}
	rnd := rand.New(rand.NewPCG(5, 19))
	for round := range rounds {
		s := newShop(t, dbtest.SQLite(t))
		s.people, s.ids = 3, 5
		spec := s.spec(200)
		spec.Window, spec.Settings.ByOrderDate = 20*core.Day, round%2 == 0
		spec.Settings.Zone, _ = time.LoadLocation([]string{"UTC", "Europe/Bucharest", "America/Lima"}[round%3])
		seen := map[string]int{}
		for range 3 {
			s.append(s.random(rnd, 60)...)
			s.randomRates(rnd, 20)
			s.randomCosts(rnd, 9)
			s.agree(spec, seen)
		}
		if seen["revenue"] == 0 || seen["refunds"] == 0 || seen["mrr"] == 0 {
			t.Errorf("round %d: nothing happened: %v", round, seen)
		}
	}
}

func (s *shop) agree(spec insight.Spec, seen map[string]int) {
	s.t.Helper()
	end := min(spec.To, s.now+1)
	r := newReference(s.all, s.costs, spec, end)
	r.rate = s.given
	length := end - spec.From
	bound := func(i int) core.Micros { return spec.From + length*core.Micros(i)/12 }
	for key, k := range s.kpis(spec) {
		check := func(what string, got *float64, from, to core.Micros) {
			want := r.value(&k, from, to)
			if want != nil && *want != 0 {
				seen[key]++
			}
			if show(got) != show(want) {
				s.t.Errorf("%s of %s is %s, reference %s", what, key, show(got), show(want))
			}
		}
		check("value", k.Value, spec.From, end)
		check("value before", k.Previous, spec.From-length, spec.From)
		for i, v := range k.Spark {
			check(fmt.Sprint("slice ", i), v, bound(i), bound(i+1))
		}
		if num, den, ok := r.parts(key, spec.From, end); ok && k.Unit == "ratio" && den > 0 && num >= 0 && num <= den && key != "gross_margin" && key != "delivery_margin" {
			if iv, _ := stats.Wilson(int64(num), int64(den)); k.Low == nil || show(k.Low) != show(&iv.Low) || show(k.High) != show(&iv.High) || *k.Numerator != num || *k.Denominator != den {
				s.t.Errorf("%s: %s of %s between %s and %s, reference %v of %v between %v and %v", key, show(k.Numerator), show(k.Denominator), show(k.Low), show(k.High), num, den, iv.Low, iv.High)
			}
		}
	}
}
