package insight

import (
	"context"
	"fmt"
	"math/bits"
	"sort"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/ciclo/ciclo/internal/kit/db"
)

// lookBack is how long before an order a touch may lie to which it is credited.
const lookBack = 30 * core.Day

// spending is what a workspace spent, by calendar day of its zone. The cost of a
// day is spread evenly over it, so that windows which cut a day add up.
type spending struct {
	days  []costDay // by start
	rows  int
	other map[string]int64 // in currencies without a rate, in the current window
	wages bool             // salaries are in the current window
}

// costDay is one day with its sums, and those of all days before it.
type costDay struct {
	start, end           core.Micros
	all, ads             int64
	allBefore, adsBefore int64
}

// until gives what was spent before an instant: on all, and on advertising.
func (s *spending) until(t core.Micros) (all, ads int64) {
	i := sort.Search(len(s.days), func(i int) bool { return s.days[i].start >= t }) - 1
	if i < 0 {
		return 0, 0
	}
	d := &s.days[i]
	return d.allBefore + share(d.all, t-d.start, d.end-d.start), d.adsBefore + share(d.ads, t-d.start, d.end-d.start)
}

// share is n * part / whole, rounded down, and n when the part is more.
func share(n int64, part, whole core.Micros) int64 {
	if part >= whole {
		return n
	}
	hi, lo := bits.Mul64(uint64(n), uint64(part))
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(q)
}

// known gives how many of the days that a window touches have costs.
func (s *spending) known(from, to core.Micros) (n int64) {
	for i := range s.days {
		if s.days[i].start < to && s.days[i].end > from {
			n++
		}
	}
	return n
}

// spend reads the costs that the windows of a report touch, and counts them.
func (s *Service) spend(ctx context.Context, r *Report) error {
	if s.DB == nil {
		return nil
	}
	zone, lag := r.spec.Settings.Zone, r.spec.CostLag
	var rows []Cost
	begin, _ := r.w.span(previous)
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		f := CostFilter{From: dayOf(begin-lag, zone), To: dayOf(r.w.end, zone) + 1}
		return eachCost(ctx, tx, r.spec.Workspace, f, func(c Cost) { rows = append(rows, c) })
	})
	if err != nil {
		return fmt.Errorf("read costs: %w", err)
	}
	p := &r.spending
	p.fill(rows, r)
	for i := range windowCount {
		from, to := r.w.span(i)
		t := &r.tally.sums[i]
		allA, adsA := p.until(from)
		allB, adsB := p.until(to)
		t[cSpend], t[cAds] = allB-allA, adsB-adsA
		allA, adsA = p.until(from - lag)
		allB, adsB = p.until(to - lag)
		t[cLaggedSpend], t[cLaggedAds] = allB-allA, adsB-adsA
		t[cCostDays], t[cLaggedCostDays] = p.known(from, to), p.known(from-lag, to-lag)
	}
	return nil
}

// fill sums rows by day, each at the rate of its day. They come by day.
func (s *spending) fill(rows []Cost, r *Report) {
	s.rows, s.other = len(rows), map[string]int64{}
	from, to := r.w.span(current)
	for _, c := range rows {
		start, end := dayStart(c.Day, r.spec.Settings.Zone), dayStart(c.Day+1, r.spec.Settings.Zone)
		now := start < to-r.spec.CostLag && end > from-r.spec.CostLag
		amount, ok := r.spec.Settings.rates.Convert(c.Amount, c.Currency, r.spec.Settings.Currency, start)
		if !ok || amount > maxCostAmount {
			if now {
				s.other[c.Currency] += c.Amount
			}
			continue
		}
		if n := len(s.days); n == 0 || s.days[n-1].start != start {
			d := costDay{start: start, end: end}
			if n > 0 {
				d.allBefore, d.adsBefore = s.days[n-1].allBefore+s.days[n-1].all, s.days[n-1].adsBefore+s.days[n-1].ads
			}
			s.days = append(s.days, d)
		}
		d := &s.days[len(s.days)-1]
		d.all += amount
		if c.Kind == CostAds {
			d.ads += amount
		}
		s.wages = s.wages || now && c.Kind == CostSalaries && c.Amount > 0
	}
}

// touch says where a visit came from.
type touch uint8

const (
	touchNone touch = iota // direct: nothing is known
	touchFree              // search, links, mail …
	touchPaid
)

// clickIDs are what advertising networks add to the address of a page that they
// were paid to show.
func clickIDs() []string {
	return []string{"gclid=", "gbraid=", "wbraid=", "dclid=", "msclkid=", "ttclid=", "twclid=", "li_fat_id="}
}

// touchOf reads the campaign, the address and the referrer of an event. Paid are
// the media that GA4's channel groups call paid or display, and affiliates.
func touchOf(c *core.Context) touch {
	if _, query, ok := strings.Cut(c.PageURL, "?"); ok {
		for _, id := range clickIDs() {
			if i := strings.Index(query, id); i == 0 || i > 0 && query[i-1] == '&' {
				return touchPaid
			}
		}
	}
	switch m := strings.ToLower(c.UTMMedium); {
	case strings.HasPrefix(m, "cp"), strings.HasPrefix(m, "paid"), strings.HasPrefix(m, "affiliate"),
		m == "ppc", m == "retargeting", m == "display", m == "banner", m == "interstitial", m == "expandable":
		return touchPaid
	case m != "", c.UTMSource != "", c.UTMCampaign != "":
		return touchFree
	}
	if from := host(c.Referrer); from != "" && from != host(c.PageURL) {
		return touchFree
	}
	return touchNone
}

// host gives the host of an address without www.
func host(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimPrefix(strings.ToLower(rest), "www.")
}

// credit is the third pass, made only when something was spent: orders whose
// customer came by paid advertising, that is, whose last touch which was not
// direct, at most lookBack before, was paid.
func (s *Service) credit(ctx context.Context, r *Report, skip core.Flags, only []core.CustomerID, orders map[core.CustomerID]*history) error {
	if r.spending.rows == 0 {
		return nil
	}
	n := workers()
	tallies := make([]tally, n)
	begin, _ := r.w.span(previous)
	req := timeline.Request{Workspace: r.spec.Workspace, From: begin - lookBack, To: r.w.end, Columns: []string{timeline.ColFlags, timeline.ColContext}, Customers: only, Workers: n,
		Match: []timeline.EventKey{{Kind: core.KindTrack}, {Kind: core.KindPage}, {Kind: core.KindScreen}}}
	err := s.Timeline.Scan(ctx, req, func(worker int, c core.CustomerID, rows *timeline.Rows) error {
		if h := orders[c]; h != nil {
			creditOrders(&tallies[worker], &r.w, h, rows, skip)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read touches: %w", err)
	}
	for i := range tallies {
		r.tally.merge(&tallies[i])
	}
	return nil
}

// creditOrders walks over a customer's touches and orders side by side.
func creditOrders(t *tally, w *windows, h *history, r *timeline.Rows, skip core.Flags) {
	own := h.own()
	at, kind, i := core.Micros(0), touchNone, 0
	for k := range h.orders {
		o := &h.orders[k]
		for ; i < r.Len() && r.Time[i] <= o.at; i++ {
			if core.Flags(r.Flags[i])&skip != 0 || classOf(core.Kind(r.Kind[i]), r.NameOf(r.Name[i])) >= classSent {
				continue
			}
			if k := touchOf(&r.Context[i]); k != touchNone {
				at, kind = r.Time[i], k
			}
		}
		if kind != touchPaid || o.at-at > lookBack || !o.paid() {
			continue
		}
		a, b := w.place(o.at)
		if len(own) > 0 && own[0] == o {
			t.add(a, b, cPaidNew, 1)
		}
		if !o.valued() {
			continue
		}
		t.add(a, b, cPaidNet, o.net-o.back)
		if left := o.net - o.back; o.hasCost && left > 0 {
			t.add(a, b, cPaidCostRevenue, left)
			t.add(a, b, cPaidMargin, left-o.cost)
		}
	}
}

// scaled gives the margin of all revenue from that of the part whose cost is
// known.
func scaled(revenue, margin, covered int64) (float64, bool) {
	if covered <= 0 {
		return 0, false
	}
	return float64(revenue) * float64(margin) / float64(covered), true
}

// costed computes the KPIs that need costs. Without any there is no value.
func (v *value) costed(d *Definition, s *sums, length core.Micros) {
	days := s[cCostDays]
	if d.num == cLaggedSpend || d.num == cLaggedAds || d.Key == "cac_payback" {
		days = s[cLaggedCostDays]
	}
	if days == 0 {
		*v = value{}
		return
	}
	switch d.Compute {
	case "cost":
		v.divide()
	case "roi":
		gain, ok := scaled(s[cPaidNet], s[cPaidMargin], s[cPaidCostRevenue])
		if s[cPaidNet] == 0 {
			gain, ok = 0, true
		}
		v.num, v.hasNum = gain-float64(s[cAds]), ok
		if v.den = float64(s[cAds]); ok {
			v.divide()
		}
	case "net_margin":
		margin, ok := scaled(s[cOrderNet], s[cMargin], s[cCostRevenue])
		v.num, v.hasNum = margin-float64(s[cSpend]), ok
		if v.den > 0 && ok {
			v.divide()
		}
	case "payback":
		v.payback(s, length)
	}
}

// payback is CAC / monthly margin per active customer, in months.
func (v *value) payback(s *sums, length core.Micros) {
	v.hasNum, v.hasDen = false, false
	margin, ok := scaled(s[cOrderNet], s[cMargin], s[cCostRevenue])
	if !ok || s[cActive] == 0 || length <= 0 {
		return
	}
	months := float64(length) / (float64(year) / 12)
	v.den, v.hasDen = margin/float64(s[cActive])/months, true
	if s[cNewCustomers] == 0 {
		return
	}
	v.num, v.hasNum = float64(s[cLaggedSpend])/float64(s[cNewCustomers]), true
	if v.den > 0 {
		v.divide()
	}
}

// costNotes says what is inside of a KPI of costs.
func (n *noting) costNotes(r *Report, d *Definition, v *value) {
	sum := &r.tally.sums[current]
	days, lagged := sum[cCostDays], d.num == cLaggedSpend || d.num == cLaggedAds || d.Compute == "payback"
	if lagged {
		days = sum[cLaggedCostDays]
	}
	switch {
	case days == 0:
		n.add("needs_cost")
	case (d.Compute == "payback" || d.Compute == "roi" || d.Compute == "net_margin") && sum[cCostRevenue] == 0:
		n.add("needs_goods")
	case d.Compute == "payback" && v.hasDen && v.den <= 0:
		n.add("no_margin")
	case !v.ok:
		n.add("no_value")
	}
	if days > 0 {
		from, to := r.w.span(current)
		zone := r.spec.Settings.Zone
		if all := dayOf(to-1, zone) - dayOf(from, zone) + 1; days < all {
			n.add("cost_days", "{n}", fmt.Sprint(days), "{m}", fmt.Sprint(all))
		}
		if d.Key == "cac" || d.Compute == "payback" || d.Compute == "net_margin" {
			n.add(map[bool]string{true: "wages_in", false: "wages_out"}[r.spending.wages])
		}
	}
	if lagged && r.spec.CostLag > 0 {
		n.days("lag", r.spec.CostLag)
	}
	for _, cur := range sortedKeys(r.spending.other) {
		n.unrated(cur)
		n.add("cost_foreign", "{m}", core.FormatMinor(r.spending.other[cur], core.Exponent(cur))+" "+cur)
	}
	switch d.Compute {
	case "roi":
		n.share("covered", sum[cPaidCostRevenue], sum[cPaidNet])
	case "payback", "net_margin":
		n.share("covered", sum[cCostRevenue], sum[cOrderNet])
	}
}
