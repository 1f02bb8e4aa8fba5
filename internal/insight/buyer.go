package insight

import (
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// buyers folds orders into tallies.
type buyers struct {
	w     *windows
	lapse core.Micros
	zone  *time.Location
}

// add counts the orders of one customer.
func (f *buyers) add(t *tally, c core.CustomerID, h *history) {
	f.money(t, c, h)
	own := h.own()
	if len(own) == 0 {
		return
	}
	for _, o := range own {
		o.day = dayOf(o.at, f.zone)
	}
	for i := range windowCount {
		f.state(t, c, own, i)
	}
	f.gaps(t, own)
}

// money counts orders and revenue, guests included.
func (f *buyers) money(t *tally, c core.CustomerID, h *history) {
	var now sums // of the current window, for the intervals
	for i := range h.orders {
		o := &h.orders[i]
		if o.void {
			continue
		}
		a, b := f.w.place(o.at)
		if !o.paid() {
			t.add(a, b, cZero, 1)
			continue
		}
		if o.valued() {
			for _, r := range o.refunds {
				ra, rb := f.w.place(r.at)
				t.add(ra, rb, cRefunds, r.paid)
			}
		}
		if a < 0 {
			continue
		}
		var s sums
		o.count(&s)
		for k, n := range s {
			if n != 0 {
				t.add(a, b, counter(k), n)
				if a == current {
					now[k] += n
				}
			}
		}
	}
	for _, r := range h.loose {
		a, b := f.w.place(r.at)
		t.add(a, b, cRefunds, r.amount)
		t.add(a, b, cLooseRefunds, r.amount)
	}
	for _, u := range h.unrated {
		if a, _ := f.w.place(u.at); a == current {
			t.left.add(u.currency)
		}
	}
	t.pair(pairAOV, c, now[cOrderNet], now[cValued])
	t.pair(pairMargin, c, now[cCostRevenue]-now[cCost], now[cCostRevenue])
	t.pair(pairContribution, c, now[cContribution], now[cContributionRevenue])
	t.pair(pairFee, c, now[cFee]-now[cFeeCost], now[cFee])
}

// count notes a paid order.
func (o *order) count(s *sums) {
	s[cOrders] = 1
	if o.guest {
		s[cGuestOrders] = 1
	}
	switch {
	case o.foreign:
		s[cForeign] = 1
		return
	case !o.hasValue:
		s[cUnvalued] = 1
		return
	}
	s[cValued], s[cGross], s[cOrderNet] = 1, o.net, o.net-o.back
	// Goods that came back in full cost nothing: they are on the shelf again.
	if left := o.net - o.back; o.hasCost && left > 0 {
		s[cCostRevenue], s[cCost] = left, o.cost
	}
	if o.hasFee {
		s[cDelivered], s[cFee], s[cFeeCost] = 1, o.fee, o.feeCost
		if s[cCostRevenue] > 0 {
			s[cContributionRevenue], s[cContribution] = s[cCostRevenue], s[cCostRevenue]-o.cost+o.fee-o.feeCost
		}
	}
}

// before counts the orders before an instant.
func before(own []*order, t core.Micros) int {
	n := len(own)
	for n > 0 && own[n-1].at >= t {
		n--
	}
	return n
}

// state counts what a customer is at the start and the end of window i.
func (f *buyers) state(t *tally, c core.CustomerID, own []*order, i int) {
	from, to := f.w.span(i)
	s := &t.sums[i]
	n, was := before(own, to), before(own, from)
	if n == 0 {
		return
	}
	s[cCustomers]++
	switch silent := to - own[n-1].at; {
	case silent >= f.lapse:
		s[cDormant]++
	case silent >= f.lapse/5*4:
		s[cAtRisk]++
		fallthrough
	default:
		s[cActive]++
	}
	if own[0].day != own[n-1].day {
		s[cRepeaters]++
	}
	f.value(t, c, own[:n], i, to)
	if n > was {
		s[cBuyers]++
		s[cBuyerOrders] += int64(n - was)
		if was == 0 {
			s[cNewCustomers]++
			if own[0].referred {
				s[cReferredNew]++
			}
		}
		f.categories(s, own[was:n])
		if i == current {
			t.pair(pairFrequency, c, int64(n-was), 1)
		}
	}
	switch {
	case was == 0:
	case from-own[was-1].at >= f.lapse:
		s[cDormantAtStart]++
		if n > was {
			s[cReactivated]++
		}
	default:
		s[cAtStart]++
		if to-own[n-1].at < f.lapse {
			s[cKept]++
		}
		if f.lapsed(own[:n], was, to) {
			s[cLost]++
		}
	}
}

// categories counts a buyer whose orders name categories, and one of several.
func (f *buyers) categories(s *sums, bought []*order) {
	first, any := uint64(0), false
	for _, o := range bought {
		for _, c := range o.categories {
			switch {
			case !any:
				s[cCategoryBuyers]++
				first, any = c, true
			case c != first:
				s[cCrossBuyers]++
				return
			}
		}
	}
}

// lapsed says whether the customer fell silent for the lapse between the order
// before own[was] and instant to, whether or not an order followed.
func (f *buyers) lapsed(own []*order, was int, to core.Micros) bool {
	for k := was - 1; k < len(own); k++ {
		point := own[k].at + f.lapse
		if point <= to && (k+1 == len(own) || own[k+1].at >= point) {
			return true
		}
	}
	return false
}

// value adds up what a customer brought before an instant. The margin counts
// for customers whose every order tells its cost.
func (f *buyers) value(t *tally, c core.CustomerID, own []*order, i int, to core.Micros) {
	var net, cost int64
	covered, any := true, false
	for _, o := range own {
		if !o.valued() {
			continue
		}
		any = true
		left := o.net - o.backBefore(to)
		net += left
		if !o.hasCost {
			covered = false
		} else if left > 0 {
			cost += o.cost
		}
	}
	s := &t.sums[i]
	s[cClvRevenue] += net
	if i == current {
		t.pairs[pairClvRevenue] = append(t.pairs[pairClvRevenue], pair{c, net, 1})
	}
	if !covered || !any {
		return
	}
	s[cClvCustomers]++
	s[cClvMargin] += net - cost
	if i == current {
		t.pairs[pairClv] = append(t.pairs[pairClv], pair{c, net - cost, 1})
	}
}

// gaps notes the days between purchase days, as of the end of each window: those
// that ended by then, and the one that still ran. Purchases of one day are one.
func (f *buyers) gaps(t *tally, own []*order) {
	for i := range windowCount {
		_, to := f.w.span(i)
		last, any := int64(0), false
		for _, o := range own {
			if o.at >= to {
				break
			}
			if any && o.day > last {
				t.gaps[i] = bump(t.gaps[i], o.day-last)
			}
			last, any = o.day, true
		}
		if any {
			t.open[i] = bump(t.open[i], max(0, dayOf(to, f.zone)-last))
		}
	}
}
