package insight_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/insight"
)

// random makes n events of some customers over 200 days.
func (s *shop) random(rnd *rand.Rand, n int) []core.Event {
	var out []core.Event
	names := []string{"Product Viewed", "Signed Up", "Trial Started", "Promotion Viewed", "Promotion Clicked", "Email Sent", "Email Delivered", "Email Bounced",
		"Email Opened", "Email Link Clicked", "Unsubscribed", "Email Marked as Spam", "Order Shipped", "Invite Sent",
		"Invite Sent", "Referral Completed", "Upsell Offered", "Upsell Accepted"}
	for range n {
		c := core.CustomerID(1 + rnd.IntN(s.people))
		day := float64(rnd.IntN(200)) + float64(rnd.IntN(96))/96
		var e core.Event
		switch rnd.IntN(14) {
		case 0, 1:
			e = s.event(c, core.KindPage, "Home", day, nil)
		case 2:
			e = s.event(c, core.KindIdentify, "", day, obj{"email": "a@b.c"})
		case 3, 4, 5:
			e = s.order(c, day, s.randomOrder(rnd))
		case 12, 13:
			e = s.randomSubscription(rnd, c, day)
		case 6:
			p := obj{"order_id": fmt.Sprint("o", rnd.IntN(s.ids))}
			if rnd.IntN(2) == 0 {
				p["revenue"] = rnd.IntN(3000)
			}
			if rnd.IntN(3) == 0 {
				p["currency"] = s.currency(rnd)
			}
			if rnd.IntN(6) == 0 {
				delete(p, "order_id")
			}
			e = s.event(c, core.KindTrack, []string{core.EventOrderRefunded, core.EventOrderRefunded, core.EventOrderCancelled}[rnd.IntN(3)], day, p)
		default:
			e = s.event(c, core.KindTrack, names[rnd.IntN(len(names))], day, nil)
		}
		e.Context = touches()[rnd.IntN(8)%7]
		if rnd.IntN(12) == 0 {
			e.Flags = []core.Flags{core.FlagBot, core.FlagTest, core.FlagImported}[rnd.IntN(3)]
		}
		out = append(out, e)
		next := map[string]string{"Upsell Offered": "Upsell Accepted", "Email Delivered": "Email Opened", "Email Opened": "Email Link Clicked"}
		for f := e; next[f.Name] != "" && rnd.IntN(4) > 0; {
			f.Name, f.Time, f.ID = next[f.Name], f.Time+core.Micros(rnd.IntN(3000))*core.Minute, fmt.Sprint("n", len(s.all), "-", len(out))
			out = append(out, f)
		}
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
	p := obj{"order_id": fmt.Sprint("o", rnd.IntN(s.ids)), "revenue": []any{0, rnd.IntN(90) + 1, "12.50", float64(rnd.IntN(9000)+1) / 100}[rnd.IntN(4)]}
	if rnd.IntN(3) > 0 {
		p["cost"] = rnd.IntN(20)
	}
	if rnd.IntN(3) == 0 {
		p["shipping"], p["shipping_cost"] = rnd.IntN(8), rnd.IntN(6)
	}
	if rnd.IntN(2) == 0 {
		p["products"] = []obj{{"category": []string{"a", "b", "", "c"}[rnd.IntN(4)]}, {"category": []string{"a", "b"}[rnd.IntN(2)]}}
	}
	if rnd.IntN(4) == 0 {
		p[[]string{"referral_code", "referred_by"}[rnd.IntN(2)]] = []any{"X1", "", 7, nil}[rnd.IntN(4)]
	}
	for i, key := range []string{"currency", "guest", "test"} {
		if rnd.IntN(9) == 0 {
			p[key] = []any{s.currency(rnd), true, true}[i]
		}
	}
	for _, key := range []string{"order_id", "revenue"} {
		if rnd.IntN(12) == 0 {
			delete(p, key)
		}
	}
	return p
}

// currency is another one than that of the shop, most often.
func (s *shop) currency(rnd *rand.Rand) string {
	return []string{"USD", "RON", "JPY", "KWD", "EUR"}[rnd.IntN(5)]
}

// randomRates enters rates of the last 250 days, some of them again: the first of
// a currency may lie late, and dollars have none.
func (s *shop) randomRates(rnd *rand.Rand, n int) {
	s.t.Helper()
	by := map[string]insight.Rate{}
	today := s.now / core.Day
	for range n {
		r := insight.Rate{Currency: []string{"RON", "JPY", "KWD"}[rnd.IntN(3)], Day: today - rnd.Int64N(250)}
		r.Rate = map[string]int64{"RON": 200_000_000, "JPY": 6_100_000, "KWD": 3_000_000_000}[r.Currency] * (900 + rnd.Int64N(200)) / 1000
		by[fmt.Sprint(r.Currency, r.Day)] = r
	}
	rows := slices.Collect(maps.Values(by))
	if _, err := s.SetRates(context.Background(), ws, "EUR", rows); err != nil {
		s.t.Fatal(err)
	}
	s.given = append(s.given, rows...)
}

// touches are ways to come; utm_term tells the reference what each is.
func touches() []core.Context {
	const page = "https://shop.test/p"
	return []core.Context{
		{PageURL: page}, {PageURL: page, Referrer: "https://www.shop.test/"}, {PageURL: page, Referrer: "https://search.test/?q=x", UTMTerm: "free"},
		{UTMMedium: "CPC", UTMSource: "google", UTMTerm: "paid"}, {UTMMedium: "email", UTMTerm: "free"}, {PageURL: page + "?a=1&gclid=Cj0", UTMTerm: "paid"},
		{UTMMedium: "paid_social", UTMCampaign: "x", UTMTerm: "paid"},
	}
}

// randomCosts enters n rows of costs over the last 250 days.
func (s *shop) randomCosts(rnd *rand.Rand, n int) {
	s.t.Helper()
	var rows []insight.Cost
	today := s.now / core.Day
	for range n {
		c := insight.Cost{Day: today - rnd.Int64N(250), Channel: "c", Campaign: fmt.Sprint(len(s.costs) + len(rows)), Kind: []string{insight.CostAds, insight.CostAds, insight.CostSalaries, insight.CostOther}[rnd.IntN(4)],
			Amount: rnd.Int64N(100_000), Currency: []string{"EUR", "EUR", s.currency(rnd)}[rnd.IntN(3)]}
		rows = append(rows, c)
	}
	if _, err := s.SetCosts(context.Background(), ws, rows); err != nil {
		s.t.Fatal(err)
	}
	s.costs = append(s.costs, rows...)
}

// randomSubscription begins, changes or ends one of two subscriptions.
func (s *shop) randomSubscription(rnd *rand.Rand, c core.CustomerID, day float64) core.Event {
	p := obj{"subscription_id": fmt.Sprint("s", rnd.IntN(2)), "amount": rnd.IntN(50) * 3, "interval": []string{"month", "year", "week", "quarter", "day", "", "yearly"}[rnd.IntN(7)], "quantity": 1 + rnd.IntN(2)}
	for i, key := range []string{"trial", "currency", "interval_count", "interval"} {
		if rnd.IntN(12) == 0 {
			p[key] = []any{true, s.currency(rnd), 2, "era"}[i]
		}
	}
	names := []string{"Subscription Started", "Subscription Started", "Subscription Updated", "Trial Converted", "Subscription Cancelled", "Subscription Canceled", "Subscription Ended", "Subscription Expired"}
	return s.event(c, core.KindTrack, names[rnd.IntN(len(names))], day, p)
}
