package insight_test

import (
	"math"
	"math/big"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/tidwall/gjson"
)

func over(num, den float64) *float64 {
	if den == 0 {
		return nil
	}
	q := num / den
	return &q
}

// has says whether a customer tracked an event in [from, to).
func (r *reference) has(c core.CustomerID, name string, from, to core.Micros) bool {
	for _, e := range r.by[c] {
		if e.Kind == core.KindTrack && e.Name == name && !r.skipped(&e) && e.Time >= from && e.Time < to {
			return true
		}
	}
	return false
}

// lastTelling gives the properties of the last telling of an order.
func (r *reference) lastTelling(c core.CustomerID, o *refOrder) gjson.Result {
	var out, first gjson.Result
	for _, e := range r.by[c] {
		if e.Kind != core.KindTrack || e.Name != core.EventOrderCompleted || r.skipped(&e) || !r.spec.IncludeBots && gjson.GetBytes(e.Props, "test").Bool() {
			continue
		}
		p := gjson.ParseBytes(e.Props)
		if e.Time == o.at && !first.Exists() && (o.id == "" || p.Get("order_id").String() == o.id) {
			first = p
			out = p
		}
		if o.id != "" && p.Get("order_id").String() == o.id {
			out = p
		}
	}
	return out
}

// social gives the KPIs of categories, offers and referrals.
func (r *reference) social(key string, from, to core.Micros) (v *float64, ok bool) {
	w := refWindow{r, from, to}
	active := r.count(func(c core.CustomerID) bool { return w.active(c, to) })
	kinds := func(c core.CustomerID) int {
		seen := map[string]bool{}
		list, _ := r.orders(c)
		for _, o := range list {
			if o.paid() && !o.guest && o.at >= from && o.at < to {
				r.lastTelling(c, o).Get("products").ForEach(func(_, line gjson.Result) bool {
					if n := line.Get("category").Str; n != "" {
						seen[n] = true
					}
					return true
				})
			}
		}
		return len(seen)
	}
	switch key {
	case "contribution_margin":
		both := func(o *refOrder) bool { return o.hasCost && netOf(o) > 0 && o.hasFee }
		return over(w.moneyIf(both, func(o *refOrder) int64 { return netOf(o) - o.cost + o.fee - o.feeOut }), w.moneyIf(both, netOf)), true
	case "cross_sell_rate":
		return over(r.count(func(c core.CustomerID) bool { return kinds(c) > 1 }), r.count(func(c core.CustomerID) bool { return kinds(c) > 0 })), true
	case "upsell_rate":
		taken := func(c core.CustomerID) bool {
			for _, e := range r.by[c] {
				if e.Kind == core.KindTrack && e.Name == "Upsell Offered" && !r.skipped(&e) && e.Time >= from && e.Time < to && r.after(c, &e, "Upsell Accepted", to) {
					return true
				}
			}
			return false
		}
		return over(r.count(taken), r.count(func(c core.CustomerID) bool { return r.has(c, "Upsell Offered", from, to) })), true
	case "referral_rate":
		return over(r.count(func(c core.CustomerID) bool { return w.active(c, to) && r.has(c, "Referral Completed", from, to) }), active), true
	case "referred_share":
		fresh := func(c core.CustomerID) bool { return w.customer(c, to) && !w.customer(c, from) }
		return over(r.count(func(c core.CustomerID) bool {
			if !fresh(c) {
				return false
			}
			list, _ := r.orders(c)
			for _, o := range list {
				if o.paid() && !o.guest {
					p := r.lastTelling(c, o)
					return p.Get("referral_code").String() != "" || p.Get("referred_by").String() != ""
				}
			}
			return false
		}), r.count(fresh)), true
	case "k_factor":
		if w.named("Invite Sent") == 0 {
			return nil, true
		}
		return over(w.named("Referral Completed"), active), true
	}
	return nil, false
}

// after says whether another event follows e before an instant.
func (r *reference) after(c core.CustomerID, e *core.Event, name string, to core.Micros) bool {
	for _, o := range r.by[c] {
		if o.Kind == core.KindTrack && o.Name == name && !r.skipped(&o) && o.Time < to && e.Before(&o) {
			return true
		}
	}
	return false
}

// charge is what a customer pays a month, by subscription, after an event.
type charge struct {
	at  core.Micros
	sum int64
}

// charges are those of one customer.
type charges struct {
	list []charge
	any  bool
}

// charges gives the monthly charge after each group of changes.
func (r *reference) charges(c core.CustomerID) ([]charge, bool) {
	x := once(r.charged, c, func(c core.CustomerID) charges {
		list, any := r.readCharges(c)
		return charges{list, any}
	})
	return x.list, x.any
}

func (r *reference) readCharges(c core.CustomerID) (out []charge, any bool) {
	terms := r.terms(c)
	for i := range r.by[c] {
		e := &r.by[c][i]
		if !r.isSubscription(e) {
			continue
		}
		any = true
		if _, ok := terms[i]; !ok && !strings.HasPrefix(e.Name, "Subscription C") && !strings.HasPrefix(e.Name, "Subscription E") {
			continue
		}
		now := map[string]int64{}
		for j := 0; j <= i; j++ {
			o := &r.by[c][j]
			id := gjson.GetBytes(o.Props, "subscription_id").String()
			if !r.isSubscription(o) {
				continue
			}
			if strings.HasPrefix(o.Name, "Subscription C") || strings.HasPrefix(o.Name, "Subscription E") {
				delete(now, id)
			} else if v, ok := terms[j]; ok {
				now[id] = v
			}
		}
		var sum int64
		for _, v := range now {
			sum += v
		}
		if n := len(out); n > 0 && e.Time < out[n-1].at+core.Hour {
			out[n-1].sum = sum
		} else {
			out = append(out, charge{e.Time, sum})
		}
	}
	return out, any
}

func (r *reference) isSubscription(e *core.Event) bool {
	return e.Kind == core.KindTrack && !r.skipped(e) && (strings.HasPrefix(e.Name, "Subscription ") || e.Name == "Trial Converted")
}

// month is the charge of a month that an event tells, in its currency.
func (r *reference) month(e *core.Event) (charge int64, currency string, ok bool) {
	p := gjson.ParseBytes(e.Props)
	if currency = p.Get("currency").String(); currency == "" || p.Get("trial").Bool() {
		currency = r.spec.Settings.Currency
	}
	if p.Get("trial").Bool() {
		return 0, currency, true
	}
	days := map[string]*big.Rat{"": big.NewRat(304_375, 10_000), "month": big.NewRat(304_375, 10_000), "year": big.NewRat(36_525, 100), "yearly": big.NewRat(36_525, 100),
		"quarter": big.NewRat(913_125, 10_000), "week": big.NewRat(7, 1), "day": big.NewRat(1, 1)}[p.Get("interval").String()]
	if days == nil {
		return 0, currency, false
	}
	x := big.NewRat(p.Get("amount").Int()*int64(math.Pow10(core.Exponent(currency)))*p.Get("quantity").Int(), 1)
	if n := p.Get("interval_count").Int(); n > 0 {
		x.Quo(x, big.NewRat(n, 1))
	}
	x.Mul(x, big.NewRat(304_375, 10_000)).Quo(x, days)
	f, _ := x.Float64()
	return int64(math.Floor(f + 0.5)), currency, true
}

// terms gives the charge that each event of a customer tells, in the workspace's
// currency, at the rate of the day since which the subscription is paid for in its
// own.
func (r *reference) terms(c core.CustomerID) map[int]int64 {
	type term struct {
		charge   int64
		currency string
		since    core.Micros
	}
	out, now := map[int]int64{}, map[string]term{}
	for i := range r.by[c] {
		e := &r.by[c][i]
		if !r.isSubscription(e) {
			continue
		}
		id := gjson.GetBytes(e.Props, "subscription_id").String()
		if strings.HasPrefix(e.Name, "Subscription C") || strings.HasPrefix(e.Name, "Subscription E") {
			delete(now, id)
			continue
		}
		own, currency, ok := r.month(e)
		if !ok {
			continue
		}
		since := e.Time
		if was, there := now[id]; there && was.charge > 0 && was.currency == currency {
			since = was.since
		}
		if v, rated := r.fx(own, currency, since); rated {
			out[i], now[id] = v, term{v, currency, since}
		}
	}
	return out
}

// recurring gives the KPIs of subscriptions.
func (r *reference) recurring(key string, from, to core.Micros) (v *float64, ok bool) {
	if !strings.HasPrefix(key, "mrr") && key != "nrr" && key != "grr" && key != "quick_ratio" && key != "logo_churn" {
		return nil, false
	}
	sum, old := map[string]float64{}, map[string]float64{}
	subs := false
	for _, c := range r.customers() {
		list, any := r.charges(c)
		subs = subs || any
		paid := func(t core.Micros) (n int64) { // before an instant
			for _, x := range list {
				if x.at < t {
					n = x.sum
				}
			}
			return n
		}
		opening := paid(from)
		sum["opening"] += float64(opening)
		sum["closing"] += float64(paid(to))
		lost, once := false, false
		for _, x := range list {
			before := paid(x.at)
			if x.at >= from && x.at < to {
				kind := "expansion"
				switch {
				case x.sum == before:
					kind = ""
				case before == 0 && once:
					kind = "reactivation"
				case before == 0:
					kind = "new"
				case x.sum == 0:
					kind, lost = "churn", true
				case x.sum < before:
					kind = "contraction"
				}
				d := math.Abs(float64(x.sum - before))
				sum[kind] += d
				if opening > 0 {
					old[kind] += d
				}
			}
			once = once || x.sum > 0
		}
		if opening > 0 {
			sum["start"]++
			if lost {
				sum["lost"]++
			}
		}
	}
	some := func(name string) *float64 {
		if !subs {
			return nil
		}
		n := sum[name]
		return &n
	}
	switch key {
	case "mrr":
		return some("closing"), true
	case "mrr_churned":
		return some("churn"), true
	case "nrr":
		return over(sum["opening"]+old["expansion"]-old["contraction"]-old["churn"], sum["opening"]), true
	case "grr":
		return over(sum["opening"]-old["contraction"]-old["churn"], sum["opening"]), true
	case "quick_ratio":
		return over(sum["new"]+sum["expansion"]+sum["reactivation"], sum["contraction"]+sum["churn"]), true
	case "logo_churn":
		return over(sum["lost"], sum["start"]), true
	}
	return some(strings.TrimPrefix(key, "mrr_")), true
}
