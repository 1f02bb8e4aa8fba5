package insight_test

import (
	"math"

	"github.com/ciclo/ciclo/internal/core"
)

// refWindow is the reference in one window.
type refWindow struct {
	*reference
	from, to core.Micros
}

// parts gives numerator and denominator of a KPI in a window.
func (r *reference) parts(key string, from, to core.Micros) (num, den float64, ok bool) {
	w := refWindow{r, from, to}
	for _, f := range []func(string) (float64, float64, bool){w.traffic, w.post, w.sales, w.base} {
		if num, den, ok = f(key); ok {
			return num, den, true
		}
	}
	return 0, 0, false
}

func (r refWindow) in(t core.Micros) bool { return t >= r.from && t < r.to }

func (r refWindow) bought(c core.CustomerID, guests bool, a, b core.Micros) int {
	return len(r.times(c, guests, a, b))
}

func (r refWindow) visitsOf(f func(s refSession) bool) float64 {
	return r.sum(func(c core.CustomerID) (n float64) {
		for _, s := range r.sessions(c) {
			if r.in(s.from) && f(s) {
				n++
			}
		}
		return n
	})
}

func (r refWindow) letters(f func(m refMail) bool) float64 {
	return r.sum(func(c core.CustomerID) (n float64) {
		for _, m := range r.mails(c) {
			if r.in(m.at) && f(m) {
				n++
			}
		}
		return n
	})
}

func (r refWindow) named(name string) float64 {
	return r.sum(func(c core.CustomerID) (n float64) {
		for _, e := range r.by[c] {
			if e.Kind == core.KindTrack && e.Name == name && !r.skipped(&e) && r.in(e.Time) {
				n++
			}
		}
		return n
	})
}

func (r refWindow) lapse() core.Micros { return core.Micros(r.spec.Settings.LapseDays) * core.Day }

func (r refWindow) active(c core.CustomerID, at core.Micros) bool {
	return r.bought(c, false, at-r.lapse()+1, at) > 0
}

func (r refWindow) customer(c core.CustomerID, at core.Micros) bool {
	return r.bought(c, false, math.MinInt64, at) > 0
}

// lost says whether some order was followed by silence whose lapse passed in
// the window.
func (r refWindow) lost(c core.CustomerID) bool {
	for _, t := range r.times(c, false, math.MinInt64, r.to) {
		if p := t + r.lapse(); p > r.from && p <= r.to && r.bought(c, false, t+1, p) == 0 {
			return true
		}
	}
	return false
}

func (r refWindow) days(c core.CustomerID) int {
	seen := map[string]bool{}
	for _, t := range r.times(c, false, math.MinInt64, r.to) {
		seen[core.ToTime(t).In(r.spec.Settings.Zone).Format("2006-01-02")] = true
	}
	return len(seen)
}

func (r refWindow) clv(cost bool) (num, den float64) {
	num = r.sum(func(c core.CustomerID) float64 {
		net, margin, _ := r.worth(c, r.to)
		if cost {
			return float64(margin)
		}
		return float64(net)
	})
	return num, r.count(func(c core.CustomerID) bool {
		_, _, covered := r.worth(c, r.to)
		return r.customer(c, r.to) && (covered || !cost)
	})
}

func netOf(o *refOrder) int64 { return o.net - o.returned(math.MaxInt64) }

// moneyIf adds f over the orders of the window for which some is true.
func (r refWindow) moneyIf(some func(o *refOrder) bool, f func(o *refOrder) int64) float64 {
	return r.money(r.from, r.to, func(o *refOrder) int64 {
		if some(o) {
			return f(o)
		}
		return 0
	})
}

func (r refWindow) traffic(key string) (num, den float64, ok bool) {
	all := func(refSession) bool { return true }
	switch key {
	case "visitors":
		return r.count(func(c core.CustomerID) bool { return r.visits(c, r.from, r.to) }), 0, true
	case "sessions":
		return r.visitsOf(all), 0, true
	case "pages_per_session":
		return r.sum(func(c core.CustomerID) (n float64) {
			for _, s := range r.sessions(c) {
				if r.in(s.from) {
					n += float64(s.views)
				}
			}
			return n
		}), r.visitsOf(all), true
	case "engagement_rate":
		return r.visitsOf(func(s refSession) bool { return s.views > 1 || s.key }), r.visitsOf(all), true
	case "bounce_rate":
		return r.visitsOf(func(s refSession) bool { return s.views < 2 && !s.key }), r.visitsOf(all), true
	case "single_page_rate":
		return r.visitsOf(func(s refSession) bool { return s.views == 1 }), r.visitsOf(all), true
	case "ctr":
		return r.named("Promotion Clicked"), r.named("Promotion Viewed"), true
	case "conversion_rate":
		return r.visitsOf(func(s refSession) bool { return s.bought }), r.visitsOf(all), true
	case "customer_conversion_rate":
		return r.count(func(c core.CustomerID) bool { return r.visits(c, r.from, r.to) && r.bought(c, true, r.from, r.to) > 0 }), r.count(func(c core.CustomerID) bool { return r.visits(c, r.from, r.to) }), true
	}
	return 0, 0, false
}

func (r refWindow) post(key string) (num, den float64, ok bool) {
	switch key {
	case "email_delivery_rate":
		return r.letters(func(m refMail) bool { return m.sent && !m.bounced }), r.letters(func(m refMail) bool { return m.sent }), true
	case "email_open_rate":
		return r.letters(func(m refMail) bool { return m.opened && !m.bounced }), r.letters(func(m refMail) bool { return !m.bounced }), true
	case "email_human_open_rate":
		return r.letters(func(m refMail) bool { return m.human && !m.bounced }), r.letters(func(m refMail) bool { return !m.bounced && (m.human || !m.opened) }), true
	case "email_click_rate":
		return r.letters(func(m refMail) bool { return m.click && !m.bounced }), r.letters(func(m refMail) bool { return !m.bounced }), true
	case "email_ctor":
		return r.letters(func(m refMail) bool { return m.click && !m.bounced }), r.letters(func(m refMail) bool { return m.opened && !m.bounced }), true
	case "email_unsubscribe_rate":
		return r.letters(func(m refMail) bool { return m.un && !m.bounced }), r.letters(func(m refMail) bool { return !m.bounced }), true
	case "email_complaint_rate":
		return r.letters(func(m refMail) bool { return m.spam && !m.bounced }), r.letters(func(m refMail) bool { return !m.bounced }), true
	}
	return 0, 0, false
}

func (r refWindow) sales(key string) (num, den float64, ok bool) {
	costed := func(o *refOrder) bool { return o.hasCost && netOf(o) > 0 }
	charged := func(o *refOrder) bool { return o.hasFee }
	switch key {
	case "orders":
		return r.sum(func(c core.CustomerID) float64 { return float64(r.bought(c, true, r.from, r.to)) }), 0, true
	case "aov":
		return r.money(r.from, r.to, netOf), r.money(r.from, r.to, func(*refOrder) int64 { return 1 }), true
	case "revenue_gross":
		return r.money(r.from, r.to, func(o *refOrder) int64 { return o.net }), 0, true
	case "refunds":
		return r.refunds(r.from, r.to, true), 0, true
	case "revenue":
		if r.spec.Settings.ByOrderDate {
			return r.money(r.from, r.to, netOf) - r.refunds(r.from, r.to, false), 0, true
		}
		return r.money(r.from, r.to, func(o *refOrder) int64 { return o.net }) - r.refunds(r.from, r.to, true), 0, true
	case "gross_margin":
		return r.moneyIf(costed, func(o *refOrder) int64 { return netOf(o) - o.cost }), r.moneyIf(costed, netOf), true
	case "delivery_margin":
		return r.moneyIf(charged, func(o *refOrder) int64 { return o.fee - o.feeOut }), r.moneyIf(charged, func(o *refOrder) int64 { return o.fee }), true
	}
	return 0, 0, false
}

func (r refWindow) base(key string) (num, den float64, ok bool) {
	switch key {
	case "new_customers":
		return r.count(func(c core.CustomerID) bool { return r.customer(c, r.to) && !r.customer(c, r.from) }), 0, true
	case "crr":
		return r.count(func(c core.CustomerID) bool { return r.active(c, r.from) && r.active(c, r.to) }), r.count(func(c core.CustomerID) bool { return r.active(c, r.from) }), true
	case "churn_rate":
		return r.count(func(c core.CustomerID) bool { return r.active(c, r.from) && r.lost(c) }), r.count(func(c core.CustomerID) bool { return r.active(c, r.from) }), true
	case "active_customers":
		return r.count(func(c core.CustomerID) bool { return r.active(c, r.to) }), 0, true
	case "repeat_rate":
		return r.count(func(c core.CustomerID) bool { return r.days(c) > 1 }), r.count(func(c core.CustomerID) bool { return r.days(c) > 0 }), true
	case "purchase_frequency":
		return r.sum(func(c core.CustomerID) float64 { return float64(r.bought(c, false, r.from, r.to)) }), r.count(func(c core.CustomerID) bool { return r.bought(c, false, r.from, r.to) > 0 }), true
	case "dormant_rate":
		return r.count(func(c core.CustomerID) bool { return r.customer(c, r.to) && !r.active(c, r.to) }), r.count(func(c core.CustomerID) bool { return r.customer(c, r.to) }), true
	case "at_risk_rate":
		return r.count(func(c core.CustomerID) bool {
			return r.active(c, r.to) && r.bought(c, false, r.to-r.lapse()*4/5+1, r.to) == 0
		}), r.count(func(c core.CustomerID) bool { return r.customer(c, r.to) }), true
	case "reactivation_rate":
		asleep := func(c core.CustomerID) bool { return r.customer(c, r.from) && !r.active(c, r.from) }
		return r.count(func(c core.CustomerID) bool { return asleep(c) && r.bought(c, false, r.from, r.to) > 0 }), r.count(asleep), true
	case "clv_historic":
		num, den = r.clv(true)
		return num, den, true
	case "clv_revenue":
		num, den = r.clv(false)
		return num, den, true
	}
	return 0, 0, false
}

// worth gives what a customer brought before an instant; margin and covered
// when every valued order tells its cost.
func (r *reference) worth(c core.CustomerID, to core.Micros) (net, margin int64, covered bool) {
	list, _ := r.orders(c)
	any, all := false, true
	for _, o := range list {
		if !o.paid() || o.guest || !o.value || o.foreign || o.at >= to {
			continue
		}
		any = true
		left := o.net - o.returned(to)
		net, margin = net+left, margin+left
		if left > 0 {
			margin -= o.cost
		}
		all = all && o.hasCost
	}
	if !any || !all {
		return net, 0, false
	}
	return net, margin, true
}
