package insight

import (
	"math"
	"math/big"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/tidwall/gjson"
)

// Events of subscriptions. Started and updated ones tell what is charged from
// then on; the others end them.
const (
	eventSubscriptionStarted = "Subscription Started"
	eventSubscriptionUpdated = "Subscription Updated"
	eventTrialConverted      = "Trial Converted"
)

// ends says whether an event ends a subscription.
func ends(name string) bool {
	switch name {
	case "Subscription Cancelled", "Subscription Canceled", "Subscription Ended", "Subscription Expired":
		return true
	}
	return false
}

func subscriptionNames() []timeline.EventKey {
	var out []timeline.EventKey
	for _, name := range []string{eventSubscriptionStarted, eventSubscriptionUpdated, eventTrialConverted, "Subscription Cancelled", "Subscription Canceled", "Subscription Ended", "Subscription Expired"} {
		out = append(out, timeline.EventKey{Kind: core.KindTrack, Name: name})
	}
	return out
}

// subscriptionPaths are the properties that a charge is read from, beside those
// of orders.
func subscriptionPaths() []string {
	return []string{"subscription_id", "amount", "interval", "interval_count", "quantity", "trial"}
}

// level is what a customer is charged a month from an instant on.
type level struct {
	at  core.Micros
	mrr int64
}

// groupWithin is how close changes lie that are one movement.
const groupWithin = core.Hour

// readLevels folds a customer's subscriptions into the steps of their monthly
// charge. Changes within an hour of the first are one step, at its time. A
// subscription in a currency without a rate, or whose charge cannot be read,
// counts in foreign and never in the charge.
func readLevels(r *timeline.Rows, m money, skip core.Flags) (steps []level, foreign int64, left codes) {
	active, sum := map[string]term{}, int64(0)
	var props []byte
	for i := range r.Len() {
		name := r.NameOf(r.Name[i])
		if core.Flags(r.Flags[i])&skip != 0 || !isSubscription(name) {
			continue
		}
		props = appendProps(props[:0], r, i, orderPaths())
		id := strings.Clone(gjson.GetBytes(props, "subscription_id").String())
		old := active[id]
		if ends(name) {
			delete(active, id)
			sum -= old.charge
		} else {
			now, ok := m.term(props, old, r.Time[i])
			if !ok {
				if foreign++; now.currency != "" {
					left.add(now.currency)
				}
				continue
			}
			active[id] = now
			sum += now.charge - old.charge
		}
		if n := len(steps); n > 0 && r.Time[i]-steps[n-1].at < groupWithin {
			steps[n-1].mrr = sum
			continue
		}
		steps = append(steps, level{r.Time[i], sum})
	}
	return steps, foreign, left
}

// term is what a subscription is charged a month, in the workspace's currency.
// since is when it began to be charged in its own: the rate of that day stays,
// so that a rate which moves is no movement of the subscription.
type term struct {
	charge   int64
	currency string
	since    core.Micros
}

// term reads the terms that a subscription has from an instant on. When ok is
// false, a currency without a rate is in it.
func (m *money) term(props []byte, old term, at core.Micros) (t term, ok bool) {
	charge, currency, ok := monthly(props, m.currency)
	if !ok {
		return t, false
	}
	t = term{currency: strings.Clone(currency), since: at}
	if old.charge > 0 && old.currency == currency {
		t.since = old.since
	}
	t.charge, ok = m.worth(charge, currency, t.since)
	return t, ok && t.charge < maxCharge
}

// maxCharge bounds what one subscription is charged, in minor units.
const maxCharge = math.MaxInt64 / 1_000_000

func isSubscription(name string) bool {
	return name == eventSubscriptionStarted || name == eventSubscriptionUpdated || name == eventTrialConverted || ends(name)
}

// monthly reads the charge of a month in its own currency: amount (or revenue)
// times quantity over the months of the term. A trial is charged nothing; what
// names no currency is in that of the workspace.
func monthly(props []byte, workspace string) (charge int64, currency string, ok bool) {
	f := gjson.GetManyBytes(props, "trial", "currency", "amount", "revenue", "quantity", "interval", "interval_count")
	if currency = strings.ToUpper(strings.TrimSpace(f[1].String())); currency == "" {
		currency = workspace
	}
	if f[0].Bool() {
		return 0, workspace, true
	}
	if !f[2].Exists() {
		f[2] = f[3]
	}
	amount, ok := core.ParseMoney(plain(f[2]), core.Exponent(currency))
	if !ok || amount < 0 {
		return 0, "", false
	}
	quantity, every := int64(1), int64(1)
	if f[4].Exists() {
		quantity = f[4].Int()
	}
	if f[6].Exists() {
		every = f[6].Int()
	}
	months := termMonths(strings.ToLower(f[5].String()))
	if months == nil || quantity < 0 || every < 1 || quantity > 1_000_000_000 || every > 1000 {
		return 0, "", false
	}
	v := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(amount), big.NewInt(quantity)), big.NewInt(every))
	v.Quo(v, months)
	// Half a minor unit is rounded up.
	n := new(big.Int).Add(new(big.Int).Mul(v.Num(), big.NewInt(2)), v.Denom())
	n.Quo(n, new(big.Int).Mul(v.Denom(), big.NewInt(2)))
	return n.Int64(), currency, n.IsInt64() && n.Int64() < maxCharge
}

// termMonths is the length of a term in months; a month is 30.4375 days.
func termMonths(term string) *big.Rat {
	switch strings.TrimSuffix(term, "ly") {
	case "", "month":
		return big.NewRat(1, 1)
	case "year", "annual":
		return big.NewRat(12, 1)
	case "quarter":
		return big.NewRat(3, 1)
	case "week":
		return big.NewRat(7*10_000, 304_375)
	case "day", "dai":
		return big.NewRat(10_000, 304_375)
	}
	return nil
}

// addLevels counts a customer's movements. The first charge is new, one from
// nothing again a reactivation, to nothing churn, more an expansion, less a
// contraction (ChartMogul's movements).
func addLevels(t *tally, w *windows, steps []level, foreign int64, left codes) {
	t.subs++
	t.leftSubs.merge(left)
	if foreign > 0 {
		t.sums[current][cSubsForeign] += foreign
	}
	for i := range windowCount {
		from, to := w.span(i)
		s := &t.sums[i]
		before, opening, ever := int64(0), int64(0), false
		lost := false
		for _, l := range steps {
			if l.at >= to {
				break
			}
			if l.at < from {
				before, ever = l.mrr, ever || l.mrr > 0
				opening = before
				continue
			}
			s.move(before, l.mrr, ever, opening > 0)
			lost = lost || before > 0 && l.mrr == 0
			before, ever = l.mrr, ever || l.mrr > 0
		}
		s[cMrrOpening] += opening
		s[cMrr] += before
		if before > 0 {
			s[cSubscribers]++
		}
		if opening > 0 {
			s[cSubsAtStart]++
			if lost {
				s[cSubsLost]++
			}
		}
	}
}

// move counts one movement; old says whether the customer paid at the opening.
func (s *sums) move(before, after int64, ever, old bool) {
	add := func(all, own counter, n int64) {
		s[all] += n
		if old {
			s[own] += n
		}
	}
	switch d := after - before; {
	case d == 0:
	case before == 0 && !ever:
		s[cMrrNew] += d
	case before == 0:
		s[cMrrReactivation] += d
	case after == 0:
		add(cMrrChurn, cOldChurn, -d)
	case d > 0:
		add(cMrrExpansion, cOldExpansion, d)
	default:
		add(cMrrContraction, cOldContraction, -d)
	}
}

// ViralTotal is how many customers u0 become after n cycles in which each new
// one brings k more: u0 (1 - k^(n+1)) / (1 - k), since people invite once.
func ViralTotal(u0, k float64, n int) float64 {
	if k == 1 {
		return u0 * float64(n+1)
	}
	return u0 * (1 - math.Pow(k, float64(n+1))) / (1 - k)
}

// ViralEnd is how many u0 become in the end; ok is false when there is no end.
func ViralEnd(u0, k float64) (total float64, ok bool) {
	if k < 0 || k >= 1 {
		return 0, false
	}
	return u0 / (1 - k), true
}
