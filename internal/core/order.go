package core

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Names of the commerce vocabulary that Ciclo reads money from.
const (
	EventOrderCompleted = "Order Completed"
	EventOrderRefunded  = "Order Refunded"
	EventOrderCancelled = "Order Cancelled"
)

// CanonicalEvent maps an alias of the first commerce vocabulary to today's
// name; other names come back unchanged.
func CanonicalEvent(name string) string {
	switch name {
	case "Completed Order":
		return EventOrderCompleted
	case "Viewed Product":
		return "Product Viewed"
	case "Added Product":
		return "Product Added"
	case "Removed Product":
		return "Product Removed"
	case "Viewed Product Category":
		return "Product List Viewed"
	}
	return name
}

// Order is what an order or refund event says about money, in minor units of
// Currency.
type Order struct {
	ID       string
	Net      int64 // after discounts, before tax and shipping
	Cost     int64 // cost of goods; valid when HasCost
	HasCost  bool
	HasValue bool // false on a refund that names only its order: a full refund
	Currency string
	Flags    Flags
}

// ReadOrder reads the commerce properties of an order or refund event. Net
// value comes from the first of: subtotal; revenue; total less tax and
// shipping; product lines less discount. fallback is the workspace currency.
func ReadOrder(props []byte, fallback string) Order {
	var o Order
	f := gjson.GetManyBytes(props, "order_id", "currency", "subtotal", "revenue", "total", "tax", "shipping", "discount", "cost")
	o.ID = f[0].String()
	o.Currency = strings.ToUpper(strings.TrimSpace(f[1].String()))
	if len(o.Currency) != 3 {
		o.Currency = fallback
		o.Flags |= FlagNoCurrency
	}
	exp := Exponent(o.Currency)
	money := func(r gjson.Result) (int64, bool) {
		if !r.Exists() || r.Type == gjson.Null {
			return 0, false
		}
		text := r.Str
		if r.Type == gjson.Number {
			text = r.Raw
		}
		m, ok := ParseMoney(text, exp)
		if !ok {
			o.Flags |= FlagBadMoney
		}
		return m, ok
	}
	for _, r := range f[2:4] {
		if m, ok := money(r); ok {
			o.Net, o.HasValue = m, true
			break
		}
	}
	if m, ok := money(f[4]); !o.HasValue && ok {
		tax, _ := money(f[5])
		ship, _ := money(f[6])
		o.Net, o.HasValue = m-tax-ship, true
	}
	lines(props, money, &o)
	if m, ok := money(f[8]); ok {
		o.Cost, o.HasCost = m, true
	}
	return o
}

// lines fills the value from product lines when no total was given, and the
// cost when every line tells its own.
func lines(props []byte, money func(gjson.Result) (int64, bool), o *Order) {
	products := gjson.GetBytes(props, "products")
	if !products.IsArray() {
		return
	}
	var sum, cost int64
	any, allCost := false, true
	products.ForEach(func(_, p gjson.Result) bool {
		qty := int64(1)
		if q := p.Get("quantity"); q.Exists() {
			qty = q.Int()
		}
		if price, ok := money(p.Get("price")); ok {
			any = true
			off, _ := money(p.Get("discount"))
			sum += price*qty - off
		}
		if c, ok := money(p.Get("cost")); ok {
			cost += c * qty
		} else {
			allCost = false
		}
		return true
	})
	if any && !o.HasValue {
		if off, ok := money(gjson.GetBytes(props, "discount")); ok {
			sum -= off
		}
		o.Net, o.HasValue = sum, true
	}
	if any && allCost {
		o.Cost, o.HasCost = cost, true
	}
}
