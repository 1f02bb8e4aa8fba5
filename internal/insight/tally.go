package insight

import (
	"cmp"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
)

// counter is one whole number that is summed per window.
type counter uint8

// Counters. Those below the mark are made of the others when a report is done.
const (
	cNone counter = iota
	cVisitors
	cVisitorsBuying
	cSessions
	cViews
	cSingle
	cEngaged
	cSessionsBuying
	cPromoViewed
	cPromoClicked
	cMailSent
	cMailArrived
	cMailDelivered
	cMailOpened
	cMailHumanOpened
	cMailHumanDelivered
	cMailClicked
	cMailUnsubscribed
	cMailComplaints
	cLeads
	cLeadsWon
	cLeadsPending
	cOrders
	cValued
	cForeign
	cZero
	cUnvalued
	cGuestOrders
	cGross
	cRefunds
	cLooseRefunds
	cOrderNet
	cCostRevenue
	cCost
	cDelivered
	cFee
	cFeeCost
	cBuyers
	cBuyerOrders
	cNewCustomers
	cAtStart
	cKept
	cLost
	cDormantAtStart
	cReactivated
	cCustomers
	cActive
	cAtRisk
	cDormant
	cRepeaters
	cClvCustomers
	cClvMargin
	cClvRevenue
	cPaidNew
	cPaidNet
	cPaidCostRevenue
	cPaidMargin
	cSpend
	cAds
	cLaggedSpend
	cLaggedAds
	cCostDays
	cLaggedCostDays
	cInvites
	cReferrals
	cReferrers
	cReferredNew
	cOffered
	cOfferTaken
	cCategoryBuyers
	cCrossBuyers
	cContribution
	cContributionRevenue
	cMrr
	cMrrOpening
	cMrrNew
	cMrrExpansion
	cMrrContraction
	cMrrChurn
	cMrrReactivation
	cOldExpansion // of those who paid at the opening
	cOldContraction
	cOldChurn
	cSubscribers
	cSubsAtStart
	cSubsLost
	cSubsForeign
	// Derived.
	cNet
	cBounced
	cMargin
	cFeeMargin
	cMrrKept
	cMrrGross
	cMrrGain
	cMrrLoss
	counterCount
)

// counterNames are the names of counters in the catalogue.
func counterNames() map[string]counter {
	return map[string]counter{
		"": cNone, "visitors": cVisitors, "visitors_buying": cVisitorsBuying, "sessions": cSessions, "views": cViews, "single_page": cSingle,
		"engaged": cEngaged, "sessions_buying": cSessionsBuying, "promotions_viewed": cPromoViewed, "promotions_clicked": cPromoClicked,
		"mail_sent": cMailSent, "mail_arrived": cMailArrived, "mail_delivered": cMailDelivered, "mail_opened": cMailOpened,
		"mail_human_opened": cMailHumanOpened, "mail_human_delivered": cMailHumanDelivered, "mail_clicked": cMailClicked,
		"mail_unsubscribed": cMailUnsubscribed, "mail_complaints": cMailComplaints, "leads": cLeads, "leads_won": cLeadsWon,
		"orders": cOrders, "valued_orders": cValued, "gross": cGross, "refunds": cRefunds, "order_net": cOrderNet, "cost_revenue": cCostRevenue,
		"fee": cFee, "buyers": cBuyers, "buyer_orders": cBuyerOrders, "new_customers": cNewCustomers, "at_start": cAtStart, "kept": cKept,
		"lost": cLost, "dormant_at_start": cDormantAtStart, "reactivated": cReactivated, "customers": cCustomers, "active": cActive,
		"at_risk": cAtRisk, "dormant": cDormant, "repeaters": cRepeaters, "clv_customers": cClvCustomers, "clv_margin": cClvMargin,
		"clv_revenue": cClvRevenue, "net": cNet, "bounced": cBounced, "margin": cMargin, "fee_margin": cFeeMargin,
		"paid_new": cPaidNew, "paid_net": cPaidNet, "spend": cSpend, "ads": cAds, "lagged_spend": cLaggedSpend, "lagged_ads": cLaggedAds,
		"referrers": cReferrers, "referred_new": cReferredNew, "referrals": cReferrals, "offered": cOffered, "offer_taken": cOfferTaken,
		"category_buyers": cCategoryBuyers, "cross_buyers": cCrossBuyers, "contribution": cContribution, "contribution_revenue": cContributionRevenue,
		"mrr": cMrr, "mrr_opening": cMrrOpening, "mrr_new": cMrrNew, "mrr_expansion": cMrrExpansion, "mrr_contraction": cMrrContraction,
		"mrr_churn": cMrrChurn, "mrr_reactivation": cMrrReactivation, "mrr_kept": cMrrKept, "mrr_gross": cMrrGross, "mrr_gain": cMrrGain,
		"mrr_loss": cMrrLoss, "subscribers": cSubscribers, "subs_at_start": cSubsAtStart, "subs_lost": cSubsLost,
	}
}

// sums are the counters of one window.
type sums [counterCount]int64

// derive fills what is made of other counters.
func (s *sums) derive(byOrderDate bool) {
	s[cNet] = s[cGross] - s[cRefunds]
	if byOrderDate {
		s[cNet] = s[cOrderNet] - s[cLooseRefunds]
	}
	s[cBounced] = s[cSessions] - s[cEngaged]
	s[cMargin] = s[cCostRevenue] - s[cCost]
	s[cFeeMargin] = s[cFee] - s[cFeeCost]
	s[cMrrGross] = s[cMrrOpening] - s[cOldContraction] - s[cOldChurn]
	s[cMrrKept] = s[cMrrGross] + s[cOldExpansion]
	s[cMrrGain] = s[cMrrNew] + s[cMrrExpansion] + s[cMrrReactivation]
	s[cMrrLoss] = s[cMrrContraction] + s[cMrrChurn]
}

// pairing names what is kept per customer for the interval of a ratio of sums.
type pairing uint8

const (
	pairNone pairing = iota
	pairAOV
	pairFrequency
	pairViews
	pairMargin
	pairFee
	pairClv
	pairClvRevenue
	pairContribution
	pairingCount
)

func pairingNames() map[string]pairing {
	return map[string]pairing{"": pairNone, "aov": pairAOV, "frequency": pairFrequency, "views": pairViews, "margin": pairMargin, "fee": pairFee,
		"clv": pairClv, "clv_revenue": pairClvRevenue, "contribution": pairContribution}
}

// pair is one customer's part of a ratio of sums, in the current window.
type pair struct {
	c    core.CustomerID
	y, x int64
}

// tally is what the folds count: one for each worker, added up at the end.
type tally struct {
	sums   [windowCount]sums
	gaps   [windowCount][]int64 // closed gaps between purchase days, by length in days
	open   [windowCount][]int64 // gaps that still run
	spells [windowCount][]stats.Duration
	subs   int64 // customers with subscription events
	pairs  [pairingCount][]pair
	// The currencies without a rate of orders and refunds that were left out of the
	// current window, and of subscriptions that were left out.
	left, leftSubs codes
}

// codes are some currencies.
type codes map[string]struct{}

// maxCodes bounds the currencies that are told of.
const maxCodes = 100

func (c *codes) add(currency string) {
	if len(*c) < maxCodes {
		if *c == nil {
			*c = codes{}
		}
		(*c)[currency] = struct{}{}
	}
}

func (c *codes) merge(o codes) {
	for currency := range o {
		c.add(currency)
	}
}

func (t *tally) add(a, b int, k counter, n int64) {
	if a >= 0 {
		t.sums[a][k] += n
	}
	if b >= 0 {
		t.sums[b][k] += n
	}
}

func (t *tally) pair(k pairing, c core.CustomerID, y, x int64) {
	if x != 0 || y != 0 {
		t.pairs[k] = append(t.pairs[k], pair{c, y, x})
	}
}

func (t *tally) merge(o *tally) {
	t.subs += o.subs
	t.left.merge(o.left)
	t.leftSubs.merge(o.leftSubs)
	for w := range t.sums {
		for k := range t.sums[w] {
			t.sums[w][k] += o.sums[w][k]
		}
		t.gaps[w] = addCounts(t.gaps[w], o.gaps[w])
		t.open[w] = addCounts(t.open[w], o.open[w])
		t.spells[w] = append(t.spells[w], o.spells[w]...)
	}
	for k := range t.pairs {
		t.pairs[k] = append(t.pairs[k], o.pairs[k]...)
	}
}

// settle puts what depends on the order of work into a fixed order, since sums
// of floats do.
func (t *tally) settle(byOrderDate bool) {
	for w := range t.sums {
		t.sums[w].derive(byOrderDate)
	}
	for k := range t.pairs {
		slices.SortFunc(t.pairs[k], func(a, b pair) int { return cmp.Compare(a.c, b.c) })
	}
}

// bump adds one to place i of a list of counts, making it longer as needed.
func bump(list []int64, i int64) []int64 {
	for int64(len(list)) <= i {
		list = append(list, 0)
	}
	list[i]++
	return list
}

func addCounts(a, b []int64) []int64 {
	if len(a) < len(b) {
		a = append(a, make([]int64, len(b)-len(a))...)
	}
	for i, n := range b {
		a[i] += n
	}
	return a
}
