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

// parts gives numerator and denominator of a KPI in a window.
func (r *reference) parts(key string, from, to core.Micros) (num, den float64, ok bool) {
	const first, last = math.MinInt64, math.MaxInt64
	bought := func(c core.CustomerID, guests bool, a, b core.Micros) int { return len(r.times(c, guests, a, b)) }
	sessions := func(f func(s refSession) bool) float64 {
		return r.sum(func(c core.CustomerID) (n float64) {
			for _, s := range r.sessions(c) {
				if s.from >= from && s.from < to && f(s) {
					n++
				}
			}
			return n
		})
	}
	all := func(refSession) bool { return true }
	mails := func(f func(m refMail) bool) float64 {
		return r.sum(func(c core.CustomerID) (n float64) {
			for _, m := range r.mails(c) {
				if m.at >= from && m.at < to && f(m) {
					n++
				}
			}
			return n
		})
	}
	named := func(name string) float64 {
		return r.sum(func(c core.CustomerID) (n float64) {
			for _, e := range r.by[c] {
				if e.Kind == core.KindTrack && e.Name == name && !r.skipped(&e) && e.Time >= from && e.Time < to {
					n++
				}
			}
			return n
		})
	}
	lapse := core.Micros(r.spec.Settings.LapseDays) * core.Day
	active := func(c core.CustomerID, at core.Micros) bool { return bought(c, false, at-lapse+1, at) > 0 }
	customer := func(c core.CustomerID, at core.Micros) bool { return bought(c, false, first, at) > 0 }
	lost := func(c core.CustomerID) bool {
		for _, t := range r.times(c, false, first, to) {
			if p := t + lapse; p > from && p <= to && bought(c, false, t+1, p) == 0 && len(r.times(c, false, t, t+1)) > 0 {
				return true
			}
		}
		return false
	}
	days := func(c core.CustomerID) int {
		seen := map[string]bool{}
		for _, t := range r.times(c, false, first, to) {
			seen[core.ToTime(t).In(r.spec.Settings.Zone).Format("2006-01-02")] = true
		}
		return len(seen)
	}
	clv := func(cost bool) (num, den float64) {
		num = r.sum(func(c core.CustomerID) float64 {
			net, margin, _ := r.worth(c, to)
			if cost {
				return float64(margin)
			}
			return float64(net)
		})
		return num, r.count(func(c core.CustomerID) bool {
			_, _, covered := r.worth(c, to)
			return customer(c, to) && (covered || !cost)
		})
	}
	netOf := func(o *refOrder) int64 { return o.net - o.returned(last) }
	costed := func(f func(o *refOrder) int64) float64 {
		return r.money(from, to, func(o *refOrder) int64 {
			if o.hasCost && netOf(o) > 0 {
				return f(o)
			}
			return 0
		})
	}
	fees := func(f func(o *refOrder) int64) float64 {
		return r.money(from, to, func(o *refOrder) int64 {
			if o.hasFee {
				return f(o)
			}
			return 0
		})
	}
	switch key {
	case "visitors":
		return r.count(func(c core.CustomerID) bool { return r.visits(c, from, to) }), 0, true
	case "sessions":
		return sessions(all), 0, true
	case "pages_per_session":
		return r.sum(func(c core.CustomerID) (n float64) {
			for _, s := range r.sessions(c) {
				if s.from >= from && s.from < to {
					n += float64(s.views)
				}
			}
			return n
		}), sessions(all), true
	case "engagement_rate":
		return sessions(func(s refSession) bool { return s.views > 1 || s.key }), sessions(all), true
	case "bounce_rate":
		return sessions(func(s refSession) bool { return s.views < 2 && !s.key }), sessions(all), true
	case "single_page_rate":
		return sessions(func(s refSession) bool { return s.views == 1 }), sessions(all), true
	case "ctr":
		return named("Promotion Clicked"), named("Promotion Viewed"), true
	case "email_delivery_rate":
		return mails(func(m refMail) bool { return m.sent && !m.bounced }), mails(func(m refMail) bool { return m.sent }), true
	case "email_open_rate":
		return mails(func(m refMail) bool { return m.opened && !m.bounced }), mails(func(m refMail) bool { return !m.bounced }), true
	case "email_human_open_rate":
		return mails(func(m refMail) bool { return m.human && !m.bounced }), mails(func(m refMail) bool { return !m.bounced && (m.human || !m.opened) }), true
	case "email_click_rate":
		return mails(func(m refMail) bool { return m.click && !m.bounced }), mails(func(m refMail) bool { return !m.bounced }), true
	case "email_ctor":
		return mails(func(m refMail) bool { return m.click && !m.bounced }), mails(func(m refMail) bool { return m.opened && !m.bounced }), true
	case "email_unsubscribe_rate":
		return mails(func(m refMail) bool { return m.un && !m.bounced }), mails(func(m refMail) bool { return !m.bounced }), true
	case "email_complaint_rate":
		return mails(func(m refMail) bool { return m.spam && !m.bounced }), mails(func(m refMail) bool { return !m.bounced }), true
	case "conversion_rate":
		return sessions(func(s refSession) bool { return s.bought }), sessions(all), true
	case "customer_conversion_rate":
		return r.count(func(c core.CustomerID) bool { return r.visits(c, from, to) && bought(c, true, from, to) > 0 }), r.count(func(c core.CustomerID) bool { return r.visits(c, from, to) }), true
	case "orders":
		return r.sum(func(c core.CustomerID) float64 { return float64(bought(c, true, from, to)) }), 0, true
	case "aov":
		return r.money(from, to, netOf), r.money(from, to, func(*refOrder) int64 { return 1 }), true
	case "revenue_gross":
		return r.money(from, to, func(o *refOrder) int64 { return o.net }), 0, true
	case "refunds":
		return r.refunds(from, to, true), 0, true
	case "revenue":
		if r.spec.Settings.ByOrderDate {
			return r.money(from, to, netOf) - r.refunds(from, to, false), 0, true
		}
		return r.money(from, to, func(o *refOrder) int64 { return o.net }) - r.refunds(from, to, true), 0, true
	case "gross_margin":
		return costed(func(o *refOrder) int64 { return netOf(o) - o.cost }), costed(netOf), true
	case "delivery_margin":
		return fees(func(o *refOrder) int64 { return o.fee - o.feeOut }), fees(func(o *refOrder) int64 { return o.fee }), true
	case "new_customers":
		return r.count(func(c core.CustomerID) bool { return customer(c, to) && !customer(c, from) }), 0, true
	case "crr":
		return r.count(func(c core.CustomerID) bool { return active(c, from) && active(c, to) }), r.count(func(c core.CustomerID) bool { return active(c, from) }), true
	case "churn_rate":
		return r.count(func(c core.CustomerID) bool { return active(c, from) && lost(c) }), r.count(func(c core.CustomerID) bool { return active(c, from) }), true
	case "active_customers":
		return r.count(func(c core.CustomerID) bool { return active(c, to) }), 0, true
	case "repeat_rate":
		return r.count(func(c core.CustomerID) bool { return days(c) > 1 }), r.count(func(c core.CustomerID) bool { return days(c) > 0 }), true
	case "purchase_frequency":
		return r.sum(func(c core.CustomerID) float64 { return float64(bought(c, false, from, to)) }), r.count(func(c core.CustomerID) bool { return bought(c, false, from, to) > 0 }), true
	case "dormant_rate":
		return r.count(func(c core.CustomerID) bool { return customer(c, to) && !active(c, to) }), r.count(func(c core.CustomerID) bool { return customer(c, to) }), true
	case "at_risk_rate":
		return r.count(func(c core.CustomerID) bool { return active(c, to) && bought(c, false, to-lapse*4/5+1, to) == 0 }), r.count(func(c core.CustomerID) bool { return customer(c, to) }), true
	case "reactivation_rate":
		asleep := func(c core.CustomerID) bool { return customer(c, from) && !active(c, from) }
		return r.count(func(c core.CustomerID) bool { return asleep(c) && bought(c, false, from, to) > 0 }), r.count(asleep), true
	case "clv_historic":
		num, den = clv(true)
		return num, den, true
	case "clv_revenue":
		num, den = clv(false)
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

// value computes any KPI in a window; nil is no value.
func (r *reference) value(k *insight.KPI, from, to core.Micros) *float64 {
	some := func(v float64) *float64 { return &v }
	switch k.Key {
	case "cac", "roas":
		return nil
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
			s.append(s.random(rnd, 60+rnd.IntN(300))...)
			if round%2 == 1 {
				if _, err := s.store.Seal(context.Background(), ws); err != nil {
					t.Fatal(err)
				}
			}
			spec := s.spec([]float64{1, 7.5, 30, 100, 400}[rnd.IntN(5)])
			spec.To -= []core.Micros{0, 0, 40 * core.Day, -core.Day}[rnd.IntN(4)]
			spec.From = min(spec.From, spec.To-core.Hour)
			spec.Window, spec.IncludeBots, spec.Settings.ByOrderDate = 20*core.Day, round%3 == 1, round%2 == 0
			spec.Settings.LapseDays = []int{10, 45, 90}[rnd.IntN(3)]
			spec.Settings.Zone, _ = time.LoadLocation([]string{"UTC", "Europe/Rome", "America/Lima"}[rnd.IntN(3)])
			s.agree(spec, seen)
		}
		for _, key := range []string{"aov", "crr", "churn_rate", "lead_conversion", "time_between_purchases_km", "email_ctor", "gross_margin", "delivery_margin", "reactivation_rate", "clv_historic"} {
			if seen[key] == 0 {
				t.Errorf("%s never had a value other than 0", key)
			}
		}
	})
}

func (s *shop) agree(spec insight.Spec, seen map[string]int) {
	s.t.Helper()
	end := min(spec.To, s.now+1)
	r := newReference(s.all, spec, end)
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

// random makes n events of some thirty customers over 200 days.
func (s *shop) random(rnd *rand.Rand, n int) []core.Event {
	var out []core.Event
	names := []string{"Product Viewed", "Signed Up", "Trial Started", "Promotion Viewed", "Promotion Clicked", "Email Sent", "Email Delivered", "Email Bounced",
		"Email Opened", "Email Link Clicked", "Unsubscribed", "Email Marked as Spam", "Order Shipped"}
	for range n {
		c := core.CustomerID(1 + rnd.IntN(30))
		day := float64(rnd.IntN(200)) + float64(rnd.IntN(96))/96
		var e core.Event
		switch rnd.IntN(12) {
		case 0, 1:
			e = s.event(c, core.KindPage, "Home", day, nil)
		case 2:
			e = s.event(c, core.KindIdentify, "", day, obj{"email": "a@b.c"})
		case 3, 4, 5:
			e = s.order(c, day, s.randomOrder(rnd))
		case 6:
			p := obj{"order_id": fmt.Sprint("o", rnd.IntN(60))}
			if rnd.IntN(2) == 0 {
				p["revenue"] = rnd.IntN(3000)
			}
			if rnd.IntN(6) == 0 {
				delete(p, "order_id")
			}
			e = s.event(c, core.KindTrack, []string{core.EventOrderRefunded, core.EventOrderRefunded, core.EventOrderCancelled}[rnd.IntN(3)], day, p)
		default:
			e = s.event(c, core.KindTrack, names[rnd.IntN(len(names))], day, nil)
		}
		if rnd.IntN(12) == 0 {
			e.Flags = []core.Flags{core.FlagBot, core.FlagTest, core.FlagImported}[rnd.IntN(3)]
		}
		out = append(out, e)
		if e.Kind == core.KindPage && rnd.IntN(3) > 0 { // go on with the visit
			for range rnd.IntN(4) {
				e.Time += core.Micros(rnd.IntN(40)) * core.Minute
				e.ID = fmt.Sprint("v", len(s.all), "-", len(out))
				e.Kind, e.Name, e.Props = core.KindPage, "", nil
				if rnd.IntN(4) == 0 {
					o := s.order(c, 0, s.randomOrder(rnd))
					e.Kind, e.Name, e.Props = o.Kind, o.Name, o.Props
				}
				out = append(out, e)
			}
		}
	}
	return out
}

func (s *shop) randomOrder(rnd *rand.Rand) obj {
	p := obj{"order_id": fmt.Sprint("o", rnd.IntN(60)), "revenue": []any{0, rnd.IntN(90) + 1, "12.50", float64(rnd.IntN(9000)+1) / 100}[rnd.IntN(4)]}
	if rnd.IntN(3) > 0 {
		p["cost"] = rnd.IntN(20)
	}
	if rnd.IntN(3) == 0 {
		p["shipping"], p["shipping_cost"] = rnd.IntN(8), rnd.IntN(6)
	}
	for key, v := range map[string]any{"currency": "USD", "guest": true, "test": true} {
		if rnd.IntN(9) == 0 {
			p[key] = v
		}
	}
	for _, key := range []string{"order_id", "revenue"} {
		if rnd.IntN(12) == 0 {
			delete(p, key)
		}
	}
	return p
}
