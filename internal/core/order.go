package core

import (
	"math"
	"math/big"
	"math/bits"
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

// EventNames gives the names that CanonicalEvent maps to name, itself included.
func EventNames(name string) []string {
	switch name {
	case EventOrderCompleted:
		return []string{name, "Completed Order"}
	case "Product Viewed":
		return []string{name, "Viewed Product"}
	case "Product Added":
		return []string{name, "Added Product"}
	case "Product Removed":
		return []string{name, "Removed Product"}
	case "Product List Viewed":
		return []string{name, "Viewed Product Category"}
	}
	return []string{name}
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
	f := gjson.GetManyBytes(props, "order_id", "currency", "subtotal", "revenue", "total", "tax", "shipping", "discount", "cost")
	r := orderReader{Order: Order{ID: f[0].String(), Currency: strings.ToUpper(strings.TrimSpace(f[1].String()))}}
	if !IsCurrency(r.Currency) {
		r.Currency = fallback
		r.Flags |= FlagNoCurrency
	}
	r.exponent = Exponent(r.Currency)
	for _, v := range f[2:4] {
		if m, ok := r.money(v); ok {
			r.Net, r.HasValue = m, true
			break
		}
	}
	if !r.HasValue {
		if m, ok := r.money(f[4]); ok {
			r.Net, r.HasValue = r.less(r.less(m, f[5]), f[6]), true
		}
	}
	r.lines(gjson.GetBytes(props, "products"), f[7])
	if m, ok := r.money(f[8]); ok {
		r.Cost, r.HasCost = m, true
	}
	return r.Order
}

// IsCurrency says whether s has the form of an ISO 4217 code.
func IsCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for _, c := range []byte(s) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// orderReader fills an Order.
type orderReader struct {
	Order
	exponent int
}

// money reads a JSON number or a numeric text; what is there and is neither is
// flagged.
func (r *orderReader) money(v gjson.Result) (int64, bool) {
	text, ok := numeric(v)
	if !ok {
		return 0, false
	}
	m, ok := ParseMoney(text, r.exponent)
	if !ok {
		r.Flags |= FlagBadMoney
	}
	return m, ok
}

// numeric gives the text of a value that is there; other types than number and
// text give a text that is no number.
func numeric(v gjson.Result) (text string, ok bool) {
	if !v.Exists() || v.Type == gjson.Null {
		return "", false
	}
	if v.Type == gjson.Number {
		return v.Raw, true
	}
	return v.Str, true
}

// less takes an amount, if there is one, from m.
func (r *orderReader) less(m int64, v gjson.Result) int64 {
	off, ok := r.money(v)
	if !ok || off == math.MinInt64 {
		return m
	}
	return r.plus(m, -off)
}

// plus adds; a sum beyond int64 is no money.
func (r *orderReader) plus(a, b int64) int64 {
	if s := a + b; (s > a) == (b > 0) {
		return s
	}
	r.Flags |= FlagBadMoney
	return a
}

// times multiplies a price with a quantity, which may have decimals. ok is
// false when the quantity is no number or the value is beyond int64.
func (r *orderReader) times(price int64, quantity string) (int64, bool) {
	n, whole := ParseMoney(quantity, 0)
	fine, ok := ParseMoney(quantity, 6)
	if whole && ok && fine == n*1_000_000 {
		hi, lo := bits.Mul64(magnitude(price), magnitude(n))
		if hi == 0 && lo <= math.MaxInt64 {
			return price * n, true
		}
		ok = false
	}
	if ok {
		if v, fits := rounded(new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(price), big.NewInt(fine)), big.NewInt(1_000_000))); fits {
			return v, true
		}
	}
	r.Flags |= FlagBadMoney
	return 0, false
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// lines fills the value from product lines when no total was given, and the
// cost when every line tells its own. discount is the order's.
func (r *orderReader) lines(products, discount gjson.Result) {
	if !products.IsArray() {
		return
	}
	var sum, cost int64
	any, allCost := false, true
	products.ForEach(func(_, p gjson.Result) bool {
		quantity, ok := numeric(p.Get("quantity"))
		if !ok {
			quantity = "1"
		}
		if price, ok := r.money(p.Get("price")); ok {
			if value, ok := r.times(price, quantity); ok {
				any, sum = true, r.plus(sum, r.less(value, p.Get("discount")))
			}
		}
		each, ok := r.money(p.Get("cost"))
		if ok {
			each, ok = r.times(each, quantity)
		}
		cost, allCost = r.plus(cost, each), allCost && ok
		return true
	})
	if any && !r.HasValue {
		r.Net, r.HasValue = r.less(sum, discount), true
	}
	if any && allCost {
		r.Cost, r.HasCost = cost, true
	}
}
