package insight_test

import (
	"math"
	"math/big"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
)

// costDays gives the days of the costs in the workspace's currency that a
// filter takes, with their sums.
func (r *reference) costDays(want func(insight.Cost) bool) map[int64]int64 {
	out := map[int64]int64{}
	for _, c := range r.cost {
		if n, ok := r.fx(c.Amount, c.Currency, r.dayStart(c.Day)); ok && want(c) {
			out[c.Day] += n
		}
	}
	return out
}

func (r *reference) dayStart(day int64) core.Micros {
	y, m, d := time.Unix(day*86_400, 0).UTC().Date()
	return core.FromTime(time.Date(y, m, d, 0, 0, 0, 0, r.spec.Settings.Zone))
}

// spent gives what was spent before an instant, each day spread evenly.
func (r *reference) spent(want func(insight.Cost) bool, t core.Micros) (sum int64) {
	for day, n := range r.costDays(want) {
		start, end := r.dayStart(day), r.dayStart(day+1)
		switch {
		case t >= end:
			sum += n
		case t > start:
			x := new(big.Int).Mul(big.NewInt(n), big.NewInt(t-start))
			sum += x.Quo(x, big.NewInt(end-start)).Int64()
		}
	}
	return sum
}

func (r *reference) between(want func(insight.Cost) bool, from, to core.Micros) float64 {
	return float64(r.spent(want, to) - r.spent(want, from))
}

func anyCost(insight.Cost) bool { return true }

func adCost(c insight.Cost) bool { return c.Kind == insight.CostAds }

// entered says whether any cost was entered for a day that a window touches.
func (r *reference) entered(from, to core.Micros) bool {
	for day := range r.costDays(anyCost) {
		if r.dayStart(day) < to && r.dayStart(day+1) > from {
			return true
		}
	}
	return false
}

// paidFor says whether an order came by advertising.
func (r *reference) paidFor(c core.CustomerID, at core.Micros) bool {
	paid := false
	for _, e := range r.by[c] {
		if e.Time > at || e.Time < at-30*core.Day || r.skipped(&e) || e.Kind == core.KindIdentify || e.Name == "Email Sent" || e.Name == "Email Delivered" || e.Name == "Email Bounced" ||
			e.Name == "Email Opened" || e.Name == "Email Link Clicked" || e.Name == "Unsubscribed" || e.Name == "Email Marked as Spam" || e.Context.UTMTerm == "" {
			continue
		}
		paid = e.Context.UTMTerm == "paid"
	}
	return paid
}

// credited adds f over the orders of a window that came by advertising.
func (r *reference) credited(from, to core.Micros, f func(o *refOrder) int64) float64 {
	return r.sum(func(c core.CustomerID) float64 {
		var n int64
		list, _ := r.orders(c)
		for _, o := range list {
			if o.paid() && o.value && !o.foreign && o.at >= from && o.at < to && r.paidFor(c, o.at) {
				n += f(o)
			}
		}
		return float64(n)
	})
}

// costed gives the KPIs that stand on costs; ok is false for other ones.
func (r *reference) costed(key string, from, to core.Micros) (v *float64, ok bool) {
	lag := r.spec.CostLag
	over := func(num, den float64) *float64 {
		if den == 0 {
			return nil
		}
		q := num / den
		return &q
	}
	w := refWindow{r, from, to}
	known := func(o *refOrder) bool { return o.hasCost && netOf(o) > 0 }
	covered, margin := w.moneyIf(known, netOf), w.moneyIf(known, func(o *refOrder) int64 { return netOf(o) - o.cost })
	all := r.money(from, to, netOf) * margin / covered
	fresh, _, _ := w.base("new_customers")
	days := r.entered(from, to)
	switch key {
	case "cac", "paid_cac", "cac_payback":
		days = r.entered(from-lag, to-lag)
	case "roas_break_even":
		if margin <= 0 {
			return nil, true
		}
		return over(covered, margin), true
	case "roas", "roi", "net_margin":
	default:
		return nil, false
	}
	if !days {
		return nil, true
	}
	ads := r.between(adCost, from, to)
	switch key {
	case "cac":
		return over(r.between(anyCost, from-lag, to-lag), fresh), true
	case "paid_cac":
		return over(r.between(adCost, from-lag, to-lag), r.count(func(c core.CustomerID) bool {
			list := r.times(c, false, math.MinInt64, to)
			return len(list) > 0 && list[0] >= from && r.paidFor(c, list[0])
		})), true
	case "roas":
		return over(r.credited(from, to, netOf), ads), true
	case "roi":
		net := r.credited(from, to, netOf)
		if net == 0 {
			return over(-ads, ads), true
		}
		part := func(o *refOrder) bool { return known(o) }
		whole := r.credited(from, to, func(o *refOrder) int64 {
			if part(o) {
				return netOf(o)
			}
			return 0
		})
		earned := r.credited(from, to, func(o *refOrder) int64 {
			if part(o) {
				return netOf(o) - o.cost
			}
			return 0
		})
		if whole == 0 {
			return nil, true
		}
		return over(net*earned/whole-ads, ads), true
	case "net_margin":
		if covered == 0 || r.money(from, to, netOf) <= 0 {
			return nil, true
		}
		return over(all-r.between(anyCost, from, to), r.money(from, to, netOf)), true
	}
	active, _, _ := w.base("active_customers")
	if covered == 0 || active == 0 || all <= 0 || fresh == 0 {
		return nil, true
	}
	month := all / active / (float64(to-from) / (365.25 * float64(core.Day) / 12))
	return over(r.between(anyCost, from-lag, to-lag)/fresh, month), true
}
