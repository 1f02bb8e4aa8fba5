package insight_test

import (
	"bytes"
	"math"
	"slices"
	"sort"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/stats"
	"github.com/ciclo/ciclo/internal/insight"
	"github.com/tidwall/gjson"
)

// reference computes KPIs from a list of events in the most obvious way: each
// KPI walks over everything again.
type reference struct {
	spec insight.Spec
	end  core.Micros // nothing from here on is known
	by   map[core.CustomerID][]core.Event
	cost []insight.Cost
	rate []insight.Rate

	// What is the same for every KPI, kept because orders take long.
	boughtBy map[core.CustomerID]known
	visited  map[core.CustomerID][]refSession
	mailed   map[core.CustomerID][]refMail
	charged  map[core.CustomerID]charges
}

type known struct {
	list  []*refOrder
	loose []refund
}

// once computes a value for a customer the first time.
func once[T any](m map[core.CustomerID]T, c core.CustomerID, f func(core.CustomerID) T) T {
	v, ok := m[c]
	if !ok {
		v = f(c)
		m[c] = v
	}
	return v
}

func newReference(all []core.Event, cost []insight.Cost, spec insight.Spec, end core.Micros) *reference {
	r := &reference{spec: spec, end: end, cost: cost, by: map[core.CustomerID][]core.Event{}, boughtBy: map[core.CustomerID]known{},
		visited: map[core.CustomerID][]refSession{}, mailed: map[core.CustomerID][]refMail{}, charged: map[core.CustomerID]charges{}}
	for i, e := range all {
		if e.Time < end {
			e.Seq = int64(i)
			r.by[e.Customer] = append(r.by[e.Customer], e)
		}
	}
	for c := range r.by {
		slices.SortFunc(r.by[c], func(a, b core.Event) int {
			if a.Before(&b) {
				return -1
			}
			return 1
		})
	}
	return r
}

func (r *reference) customers() []core.CustomerID {
	var out []core.CustomerID
	for c := range r.by {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

func (r *reference) skipped(e *core.Event) bool {
	return !r.spec.IncludeBots && e.Flags&(core.FlagBot|core.FlagTest) != 0
}

// refOrder is one order with what became of it.
type refOrder struct {
	at                     core.Micros
	own                    int64 // net in its own currency
	net, cost, fee, feeOut int64
	back                   []refund
	value, hasCost, hasFee bool
	id                     string
	foreign, guest, void   bool
}

func (o *refOrder) paid() bool { return !o.void && (!o.value || o.own > 0) }

func (o *refOrder) returned(before core.Micros) int64 {
	var sum int64
	for _, b := range o.back {
		if b.at < before {
			sum += b.amount
		}
	}
	return sum
}

// orders reads a customer's orders: for each completion event that is the first
// of its id, the last telling of its value, and the events that name it.
func (r *reference) orders(c core.CustomerID) ([]*refOrder, []refund) {
	k := once(r.boughtBy, c, func(c core.CustomerID) known {
		list, loose := r.readOrders(c)
		return known{list, loose}
	})
	return k.list, k.loose
}

func (r *reference) readOrders(c core.CustomerID) (list []*refOrder, loose []refund) {
	events := r.by[c]
	told := func(e *core.Event, name string) bool {
		return e.Kind == core.KindTrack && e.Name == name && !r.skipped(e) && (r.spec.IncludeBots || !gjson.GetBytes(e.Props, "test").Bool())
	}
	cur := r.spec.Settings.Currency
	for i := range events {
		e := &events[i]
		id := gjson.GetBytes(e.Props, "order_id").String()
		if told(e, core.EventOrderRefunded) && id == "" {
			v := core.ReadOrder(e.Props, cur)
			if n, ok := r.fx(max(v.Net, -v.Net), v.Currency, e.Time); v.HasValue && ok {
				loose = append(loose, refund{e.Time, n, n})
			}
		}
		if !told(e, core.EventOrderCompleted) {
			continue
		}
		first, last := true, e
		for j := range events {
			if o := &events[j]; id != "" && told(o, core.EventOrderCompleted) && gjson.GetBytes(o.Props, "order_id").String() == id {
				first = first && j >= i
				last = o
			}
		}
		if first {
			list = append(list, r.order(events, e.Time, last, id, told))
		}
	}
	return list, loose
}

type refund struct {
	at     core.Micros
	amount int64 // at the rate of its order
	paid   int64 // at that of its own day
}

func (r *reference) order(events []core.Event, at core.Micros, last *core.Event, id string, told func(*core.Event, string) bool) *refOrder {
	cur := r.spec.Settings.Currency
	v := core.ReadOrder(last.Props, cur)
	o := &refOrder{id: id, at: at, own: v.Net, value: v.HasValue, hasCost: v.HasCost, guest: gjson.GetBytes(last.Props, "guest").Bool()}
	rated := true
	if o.net, rated = r.fx(v.Net, v.Currency, at); !rated {
		o.foreign = true
	}
	o.cost, _ = r.fx(v.Cost, v.Currency, at)
	fee, cost := gjson.GetBytes(last.Props, "shipping"), gjson.GetBytes(last.Props, "shipping_cost")
	if unit := math.Pow10(core.Exponent(v.Currency)); fee.Exists() && cost.Exists() {
		o.hasFee = true
		o.fee, _ = r.fx(int64(math.Round(fee.Float()*unit)), v.Currency, at)
		o.feeOut, _ = r.fx(int64(math.Round(cost.Float()*unit)), v.Currency, at)
	}
	mixed, ownBack := false, int64(0)
	full := false
	for i := range events {
		e := &events[i]
		if id == "" || gjson.GetBytes(e.Props, "order_id").String() != id {
			continue
		}
		if told(e, core.EventOrderCancelled) {
			o.void = true
		}
		if !told(e, core.EventOrderRefunded) || full {
			continue
		}
		b := core.ReadOrder(e.Props, r.tellingBefore(events[:i], id, told))
		amount := max(b.Net, -b.Net)
		if full = !b.HasValue; o.foreign {
			continue
		}
		switch paid, ok := r.fx(amount, b.Currency, max(at, e.Time)); {
		case full:
			left := o.net - o.returned(math.MaxInt64)
			if paid = left; !mixed && v.Currency != cur {
				paid, _ = r.fx(v.Net-ownBack, v.Currency, max(at, e.Time))
			}
			o.back = append(o.back, refund{e.Time, left, paid})
		case b.Currency == v.Currency:
			was, _ := r.fx(ownBack, v.Currency, at)
			ownBack += amount
			is, _ := r.fx(ownBack, v.Currency, at)
			o.back = append(o.back, refund{e.Time, is - was, paid})
		default:
			mixed = true
			if of, rated := r.fx(amount, b.Currency, at); ok && rated {
				o.back = append(o.back, refund{e.Time, of, paid})
			}
		}
	}
	return o
}

// tellingBefore gives the currency in which an order was told last among events,
// that of the workspace when it was not.
func (r *reference) tellingBefore(events []core.Event, id string, told func(*core.Event, string) bool) string {
	out := r.spec.Settings.Currency
	for i := range events {
		if e := &events[i]; told(e, core.EventOrderCompleted) && gjson.GetBytes(e.Props, "order_id").String() == id {
			out = core.ReadOrder(e.Props, r.spec.Settings.Currency).Currency
		}
	}
	return out
}

// times gives when a customer bought, guests left out unless asked for.
func (r *reference) times(c core.CustomerID, guests bool, from, to core.Micros) (out []core.Micros) {
	list, _ := r.orders(c)
	for _, o := range list {
		if o.paid() && (guests || !o.guest) && o.at >= from && o.at < to {
			out = append(out, o.at)
		}
	}
	return out
}

// refSession is one visit.
type refSession struct {
	from, last  core.Micros
	views       int
	key, bought bool
}

func isLead(name string) bool { return name == "Signed Up" || name == "Trial Started" }

// acts says whether an event is something the customer did on the site.
func acts(e *core.Event) bool {
	if e.Kind == core.KindPage || e.Kind == core.KindScreen {
		return true
	}
	return e.Kind == core.KindTrack && !bytes.HasPrefix([]byte(e.Name), []byte("Email ")) && !bytes.HasPrefix([]byte(e.Name), []byte("Order ")) && !bytes.HasPrefix([]byte(e.Name), []byte("Subscription ")) && e.Name != "Unsubscribed"
}

func (r *reference) sessions(c core.CustomerID) []refSession {
	return once(r.visited, c, r.readSessions)
}

func (r *reference) readSessions(c core.CustomerID) (out []refSession) {
	bought := map[core.Micros]bool{}
	for _, at := range r.times(c, true, math.MinInt64, math.MaxInt64) {
		bought[at] = true
	}
	for _, e := range r.by[c] {
		order := e.Kind == core.KindTrack && e.Name == core.EventOrderCompleted
		if r.skipped(&e) || !acts(&e) && !order {
			continue
		}
		if len(out) == 0 || e.Time-out[len(out)-1].last >= 30*core.Minute {
			if order {
				continue
			}
			out = append(out, refSession{from: e.Time})
		}
		s := &out[len(out)-1]
		s.last = e.Time
		if e.Kind == core.KindPage || e.Kind == core.KindScreen {
			s.views++
		}
		s.key = s.key || order || e.Kind == core.KindTrack && isLead(e.Name)
		s.bought = s.bought || order && bought[e.Time]
	}
	return out
}

func (r *reference) visits(c core.CustomerID, from, to core.Micros) bool {
	return slices.ContainsFunc(r.by[c], func(e core.Event) bool { return !r.skipped(&e) && acts(&e) && e.Time >= from && e.Time < to })
}

// lead gives when a customer became one, unless an order came before.
func (r *reference) lead(c core.CustomerID) (at core.Micros, ok bool) {
	for _, e := range r.by[c] {
		if r.skipped(&e) {
			continue
		}
		if e.Kind == core.KindIdentify && e.Flags&core.FlagImported == 0 || e.Kind == core.KindTrack && isLead(e.Name) {
			return e.Time, len(r.times(c, false, math.MinInt64, e.Time)) == 0
		}
	}
	return 0, false
}

// refMail is one e-mail.
type refMail struct {
	at                                      core.Micros
	sent, bounced, opened, human, click, un bool
	arrived, spam                           bool
}

func (r *reference) mails(c core.CustomerID) []refMail { return once(r.mailed, c, r.readMails) }

func (r *reference) readMails(c core.CustomerID) (out []refMail) {
	for _, e := range r.by[c] {
		if e.Kind != core.KindTrack || !r.spec.IncludeBots && e.Flags&core.FlagTest != 0 {
			continue
		}
		bot := e.Flags&core.FlagBot != 0
		var m *refMail
		if len(out) > 0 {
			m = &out[len(out)-1]
		}
		switch {
		case e.Name == "Email Sent":
			out = append(out, refMail{at: e.Time, sent: true})
		case e.Name == "Email Delivered" && m != nil && m.sent && !m.arrived && !m.bounced:
			m.arrived = true
		case e.Name == "Email Delivered":
			out = append(out, refMail{at: e.Time, arrived: true})
		case m == nil:
		case e.Name == "Email Bounced":
			m.bounced = true
		case e.Name == "Email Opened":
			m.opened = true
			m.human = m.human || !bot
		case e.Name == "Email Link Clicked" && !bot:
			m.click, m.opened, m.human = true, true, true
		case e.Name == "Unsubscribed":
			m.un = true
		case e.Name == "Email Marked as Spam":
			m.spam = true
		}
	}
	return out
}

// sum adds f over all customers.
func (r *reference) sum(f func(c core.CustomerID) float64) float64 {
	var n float64
	for _, c := range r.customers() {
		n += f(c)
	}
	return n
}

func (r *reference) count(f func(c core.CustomerID) bool) float64 {
	return r.sum(func(c core.CustomerID) float64 {
		if f(c) {
			return 1
		}
		return 0
	})
}

// money adds f over the valued paid orders that began in a window.
func (r *reference) money(from, to core.Micros, f func(o *refOrder) int64) float64 {
	return r.sum(func(c core.CustomerID) float64 {
		var n int64
		list, _ := r.orders(c)
		for _, o := range list {
			if o.paid() && o.value && !o.foreign && o.at >= from && o.at < to {
				n += f(o)
			}
		}
		return float64(n)
	})
}

func (r *reference) refunds(from, to core.Micros, named bool) float64 {
	return r.sum(func(c core.CustomerID) float64 {
		var n int64
		list, loose := r.orders(c)
		for _, o := range list {
			if named && o.paid() && o.value && !o.foreign {
				for _, b := range o.back {
					if b.at >= from && b.at < to {
						n += b.paid
					}
				}
			}
		}
		for _, l := range loose {
			if l.at >= from && l.at < to {
				n += l.paid
			}
		}
		return float64(n)
	})
}

// gaps gives the days between purchase days before an instant, and those since
// the last one.
func (r *reference) gaps(to core.Micros) (spells []stats.Duration, closed []float64) {
	for _, c := range r.customers() {
		var days []int64
		day := func(t core.Micros) int64 {
			y, m, d := core.ToTime(t).In(r.spec.Settings.Zone).Date()
			return date(y, int(m), d)
		}
		for _, at := range r.times(c, false, math.MinInt64, to) {
			if d := day(at); len(days) == 0 || days[len(days)-1] != d {
				days = append(days, d)
			}
		}
		for i := 1; i < len(days); i++ {
			closed = append(closed, float64(days[i]-days[i-1]))
			spells = append(spells, stats.Duration{Length: days[i] - days[i-1], Ended: true})
		}
		if len(days) > 0 {
			spells = append(spells, stats.Duration{Length: day(to) - days[len(days)-1]})
		}
	}
	sort.Float64s(closed)
	return spells, closed
}
