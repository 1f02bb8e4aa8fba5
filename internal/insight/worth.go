package insight

import "github.com/ciclo/ciclo/internal/core"

// money is what amounts are converted into, and by what.
type money struct {
	currency string
	rates    *core.Rates
}

// worth converts an amount at the rate of an instant.
func (m *money) worth(minor int64, currency string, at core.Micros) (int64, bool) {
	return m.rates.Convert(minor, currency, m.currency, at)
}

// abroad is what an order in another currency than the workspace's told.
type abroad struct {
	currency     string
	net, cost    int64
	fee, feeCost int64
	back         int64 // of net, given back in this currency
	taken        int64 // back at the rate of the order
	mixed        bool  // some came back in yet another currency
}

// unrated is an order or a refund that is left out.
type unrated struct {
	at       core.Micros
	currency string
}

// convert fills the money of an order from what was told. One in a currency
// without a rate has none.
func (x *reading) convert(o *order, a *abroad) {
	for _, m := range []struct {
		from int64
		into *int64
	}{{a.net, &o.net}, {a.cost, &o.cost}, {a.fee, &o.fee}, {a.feeCost, &o.feeCost}} {
		v, ok := x.worth(m.from, a.currency, o.at)
		if *m.into = v; !ok {
			o.foreign = true
		}
	}
	if o.foreign {
		x.h.unrated = append(x.h.unrated, unrated{o.at, a.currency})
	}
}

// settle takes off what was refunded, in the order of time; a is nil for an order
// in the workspace's currency. At the rate of the order, what comes back in full
// leaves nothing: parts are the differences of converted sums.
func (x *reading) settle(o *order, a *abroad, list []change) {
	full := false
	for _, t := range list {
		if t.cancel {
			o.void = true
			continue
		}
		if full {
			continue
		}
		full = t.full
		if o.foreign {
			continue
		}
		back, ok := x.back(o, a, &t)
		if !ok {
			x.h.unrated = append(x.h.unrated, unrated{t.at, t.currency})
			continue
		}
		o.back += back.amount
		o.refunds = append(o.refunds, back)
	}
}

// back converts a refund at the rate of its order and at that of its own day. ok
// is false when its currency has none.
func (x *reading) back(o *order, a *abroad, t *change) (r refund, ok bool) {
	later := max(o.at, t.at) // one that was told too early has the rate of its order
	r = refund{at: t.at, amount: o.net - o.back, paid: o.net - o.back}
	switch {
	case t.full && (a == nil || a.mixed):
		return r, true
	case t.full:
		if v, ok := x.worth(a.net-a.back, a.currency, later); ok {
			r.paid = v
		}
		return r, true
	case a != nil && t.currency == a.currency:
		a.back += t.amount
		if r.amount, ok = x.worth(a.back, a.currency, o.at); !ok {
			return r, false
		}
		r.amount -= a.taken
		a.taken += r.amount
	default:
		if a != nil {
			a.mixed = true
		}
		if r.amount, ok = x.worth(t.amount, t.currency, o.at); !ok {
			return r, false
		}
	}
	r.paid, ok = x.worth(t.amount, t.currency, later)
	return r, ok
}
