package insight

import (
	"bytes"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/timeline"
	"github.com/tidwall/gjson"
)

// order is one order of a customer, with all that was told about it until the
// as-of instant. Money is in minor units of the workspace currency, at the rate
// of the order's day.
type order struct {
	at        core.Micros // first told
	day       int64       // number of its calendar day, of paid orders of customers
	net, cost int64
	fee       int64 // delivery fee charged
	feeCost   int64 // what the delivery cost
	back      int64 // refunded in all
	refunds   []refund
	hasValue  bool
	hasCost   bool
	hasFee    bool // fee and its cost are both known
	foreign   bool // a currency without a rate: counted, never summed
	free      bool // told to be worth nothing
	guest     bool // nobody known behind it: revenue, but no customer
	void      bool // cancelled
	referred  bool // another customer brought it
	// categories are those of the lines, each once, as hashes.
	categories []uint64
}

// refund is money given back at an instant.
type refund struct {
	at     core.Micros
	amount int64 // at the rate of its order
	paid   int64 // at the rate of its own day
}

// paid says whether it counts as an order: neither cancelled nor free. One
// whose value nobody told counts, but not in sums of money.
func (o *order) paid() bool { return !o.void && !o.free }

// valued says whether its money can be summed.
func (o *order) valued() bool { return o.hasValue && !o.foreign }

// backBefore gives what was refunded before an instant.
func (o *order) backBefore(t core.Micros) int64 {
	var sum int64
	for _, r := range o.refunds {
		if r.at < t {
			sum += r.amount
		}
	}
	return sum
}

// history is the orders of one customer, by time, and refunds that name none.
type history struct {
	orders  []order
	loose   []refund
	unrated []unrated // what is in currencies without a rate
}

// own gives the orders that make the customer a buyer.
func (h *history) own() []*order {
	var out []*order
	for i := range h.orders {
		if o := &h.orders[i]; o.paid() && !o.guest {
			out = append(out, o)
		}
	}
	return out
}

// orderNames are the events that tell about orders.
func orderNames() []timeline.EventKey {
	return []timeline.EventKey{{Kind: core.KindTrack, Name: core.EventOrderCompleted}, {Kind: core.KindTrack, Name: core.EventOrderRefunded},
		{Kind: core.KindTrack, Name: core.EventOrderCancelled}}
}

// orderPaths are the properties that an order is read from. Naming them spares
// the scan the columns of all other properties.
func orderPaths() []string {
	return append(subscriptionPaths(), "order_id", "currency", "subtotal", "revenue", "total", "tax", "shipping", "discount", "cost", "products", "guest", "test",
		"shipping_cost", "delivery_cost", "referral_code", "referred_by")
}

func orderColumns() []string {
	out := []string{timeline.ColFlags}
	for _, p := range orderPaths() {
		out = append(out, timeline.Prop(p))
	}
	return out
}

// appendProps writes the properties of row i that were read as a JSON object.
func appendProps(buf []byte, r *timeline.Rows, i int, paths []string) []byte {
	buf = append(buf, '{')
	for k, path := range paths {
		c := r.PropColumn(k)
		kind := c.Kind[i]
		if kind == core.ValueNone {
			continue
		}
		if len(buf) > 1 {
			buf = append(buf, ',')
		}
		buf = append(append(append(buf, '"'), path...), `":`...)
		switch {
		case kind == core.ValueText:
			buf = gjson.AppendJSONString(buf, c.Text[i])
		case kind == core.ValueBool:
			buf = strconv.AppendBool(buf, c.Num[i] != 0)
		case kind == core.ValueNumber && c.Text[i] == "":
			format := byte('f')
			if math.Abs(c.Num[i]) >= 1e21 {
				format = 'e'
			}
			buf = strconv.AppendFloat(buf, c.Num[i], format, -1, 64)
		default: // numbers, lists and objects as they were written
			buf = append(buf, c.Text[i]...)
		}
	}
	return append(buf, '}')
}

// change is a refund or cancellation on its way to its order.
type change struct {
	at       core.Micros
	amount   int64
	currency string
	full     bool
	cancel   bool
}

// reading gathers one customer's order events.
type reading struct {
	money
	h       history
	byID    map[string]int
	abroad  map[int]*abroad     // by the place of their order
	waiting map[string][]change // in the order of time, by order id
}

// readOrders folds the order events of one customer. The same order told again
// replaces its value and keeps its first time; a refund without an amount takes
// back all that is left.
func readOrders(r *timeline.Rows, m money, skip core.Flags) history {
	x := reading{money: m}
	paths := orderPaths()
	var props []byte
	for i := range r.Len() {
		name := r.NameOf(r.Name[i])
		if core.Flags(r.Flags[i])&skip != 0 || isSubscription(name) {
			continue
		}
		props = appendProps(props[:0], r, i, paths)
		if skip != 0 && bytes.Contains(props, []byte(`"test"`)) && gjson.GetBytes(props, "test").Bool() {
			continue
		}
		x.event(r.Time[i], name, props)
	}
	for i, a := range x.abroad {
		x.convert(&x.h.orders[i], a)
	}
	for id, list := range x.waiting {
		if i, ok := x.byID[id]; ok {
			x.settle(&x.h.orders[i], x.abroad[i], list)
		}
	}
	return x.h
}

func (x *reading) event(at core.Micros, name string, props []byte) {
	o := core.ReadOrder(props, x.currency)
	o.ID = strings.Clone(o.ID) // props is used again for the next event
	if name == core.EventOrderCompleted {
		x.order(at, &o, props)
		return
	}
	if a := x.ofID(o.ID); a != nil && o.Flags&core.FlagNoCurrency != 0 {
		o = core.ReadOrder(props, a.currency) // it need not name that of its order again
		o.ID = strings.Clone(o.ID)
	}
	t := change{at: at, amount: max(o.Net, -o.Net), currency: x.known(o.Currency), full: !o.HasValue, cancel: name == core.EventOrderCancelled}
	switch {
	case o.ID != "":
		if x.waiting == nil {
			x.waiting = map[string][]change{}
		}
		x.waiting[o.ID] = append(x.waiting[o.ID], t)
	case !t.full && !t.cancel:
		if v, ok := x.worth(t.amount, t.currency, at); ok {
			x.h.loose = append(x.h.loose, refund{at, v, v})
		} else {
			x.h.unrated = append(x.h.unrated, unrated{at, t.currency})
		}
	}
}

// ofID gives what an order in another currency told; nil: there is none.
func (x *reading) ofID(id string) *abroad {
	i, known := x.byID[id]
	if !known {
		return nil
	}
	return x.abroad[i]
}

// known gives a currency as a text that outlives the event.
func (x *reading) known(currency string) string {
	if currency == x.currency {
		return x.currency
	}
	return strings.Clone(currency)
}

func (x *reading) order(at core.Micros, o *core.Order, props []byte) {
	i, again := x.byID[o.ID]
	if o.ID == "" || !again {
		i = len(x.h.orders)
		x.h.orders = append(x.h.orders, order{at: at})
		if o.ID != "" {
			if x.byID == nil {
				x.byID = map[string]int{}
			}
			x.byID[o.ID] = i
		}
	}
	v := &x.h.orders[i]
	v.net, v.hasValue, v.cost, v.hasCost, v.free = o.Net, o.HasValue, o.Cost, o.HasCost, o.HasValue && o.Net <= 0
	v.guest = bytes.Contains(props, []byte(`"guest"`)) && gjson.GetBytes(props, "guest").Bool()
	v.referred = bytes.Contains(props, []byte(`"referr`)) && (filled(props, "referral_code") || filled(props, "referred_by"))
	v.categories = categories(v.categories[:0], props)
	v.fee, v.feeCost, v.hasFee = delivery(props, core.Exponent(o.Currency))
	delete(x.abroad, i)
	if o.Currency != x.currency {
		if x.abroad == nil {
			x.abroad = map[int]*abroad{}
		}
		x.abroad[i] = &abroad{currency: strings.Clone(o.Currency), net: o.Net, cost: o.Cost, fee: v.fee, feeCost: v.feeCost}
	}
}

// filled says whether a property holds something.
func filled(props []byte, name string) bool {
	switch v := gjson.GetBytes(props, name); v.Type {
	case gjson.Null, gjson.False:
		return false
	default:
		return v.String() != ""
	}
}

// categories adds those of the lines that are not there yet.
func categories(into []uint64, props []byte) []uint64 {
	if !bytes.Contains(props, []byte(`"category"`)) {
		return into
	}
	gjson.GetBytes(props, "products").ForEach(func(_, line gjson.Result) bool {
		if c := line.Get("category"); c.Type == gjson.String && c.Str != "" {
			h := fnv.New64a()
			_, _ = h.Write([]byte(c.Str))
			if n := h.Sum64(); !slices.Contains(into, n) {
				into = append(into, n)
			}
		}
		return true
	})
	return into
}

// delivery reads what delivery brought and cost.
func delivery(props []byte, exponent int) (fee, cost int64, ok bool) {
	if !bytes.Contains(props, []byte("_cost\"")) {
		return 0, 0, false
	}
	f := gjson.GetManyBytes(props, "shipping", "shipping_cost", "delivery_cost")
	if !f[1].Exists() {
		f[1] = f[2]
	}
	fee, ok = core.ParseMoney(plain(f[0]), exponent)
	if !ok {
		return 0, 0, false
	}
	cost, ok = core.ParseMoney(plain(f[1]), exponent)
	return fee, cost, ok
}

func plain(r gjson.Result) string {
	if r.Type == gjson.Number {
		return r.Raw
	}
	return r.Str
}
