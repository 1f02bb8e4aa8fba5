package connect

import (
	"strconv"
	"strings"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/zeebo/xxh3"
)

// orderLine is one row of an orders file, read.
type orderLine struct {
	line   int64
	at     core.Micros
	who    person
	order  string
	refund bool
	fee    bool
	priced bool   // its price is above zero
	qty    string // plain number, without sign in a refund
	price  string // plain number, "" when unknown
	value  int64  // minor units; in a refund what was given back
	cells  []string
}

// read reads a row of orders.
func (l *layout) orderLine(line int64, cells []string) (orderLine, *RowError) {
	x := orderLine{line: line, who: l.person(cells), order: l.id(cells, "order_id"), qty: "1", cells: cells}
	var bad *RowError
	if x.at, bad = l.when(line, cells, "time"); bad != nil {
		return x, bad
	}
	if l.group == GroupOrderID && x.order == "" {
		return x, l.bad(line, cells, "order_id", "no_order_id", "the row has no order id")
	}
	if c := l.cell(cells, "currency"); c != "" && !currencyCode(strings.ToUpper(c)) {
		return x, l.bad(line, cells, "currency", "bad_currency", "the currency is not a code of three letters")
	}
	x.fee = l.fees[strings.ToUpper(l.cell(cells, "product_id"))] && l.cell(cells, "product_id") != ""
	return x, l.value(&x)
}

// value finds out what a line is worth and whether it is a refund.
func (l *layout) value(x *orderLine) *RowError {
	exp := l.exponentFor(x.cells)
	qty, hasQty, bad := l.number(x, "quantity")
	if bad != nil {
		return bad
	}
	if hasQty {
		x.qty = qty
	}
	price, hasPrice, bad := l.number(x, "price")
	if bad != nil {
		return bad
	}
	x.price = price
	v, ok := int64(0), true
	worth, hasWorth, bad := l.number(x, "amount")
	switch {
	case bad != nil:
		return bad
	case hasWorth:
		v, ok = core.ParseMoney(worth, exp)
	case hasPrice:
		v, ok = amount(price, x.qty, exp)
	}
	if !ok {
		return l.bad(x.line, x.cells, "amount", ReasonBadNumber, "the value of the row is too large")
	}
	off, hasOff, bad := l.number(x, "discount")
	if bad != nil {
		return bad
	}
	if hasOff && !hasWorth {
		d, ok := core.ParseMoney(strings.TrimPrefix(off, "-"), exp)
		if !ok {
			return l.bad(x.line, x.cells, "discount", ReasonBadNumber, "the discount is too large")
		}
		v -= d
	}
	x.priced = hasPrice && positive(price) || !hasPrice && v != 0
	returned := strings.HasPrefix(x.qty, "-") || !hasPrice && v < 0
	cancelled := l.Options.CancelPrefix != "" && strings.HasPrefix(x.order, l.Options.CancelPrefix)
	x.refund = cancelled || !x.fee && !l.Options.NegativeIsOrder && returned
	if hasPrice && !x.priced && !x.fee {
		v = 0 // a price of zero or below earns nothing and takes nothing back
	}
	if x.refund {
		x.qty = strings.TrimPrefix(x.qty, "-")
		if v = -v; v < 0 && !x.fee {
			v = -v
		}
	}
	x.value = v
	return nil
}

// exponentFor gives the decimals of a row's currency.
func (l *layout) exponentFor(cells []string) int {
	if c := l.cell(cells, "currency"); c != "" {
		return core.Exponent(strings.ToUpper(c))
	}
	return l.exponent
}

func positive(n string) bool { return n[0] != '-' && strings.Trim(n, "0.") != "" }

// number reads a number cell; an empty one is no number.
func (l *layout) number(x *orderLine, field string) (string, bool, *RowError) {
	c := l.cell(x.cells, field)
	if c == "" {
		return "", false, nil
	}
	n, ok := decimal(c, l.comma[l.at[field]])
	if !ok {
		return "", false, l.bad(x.line, x.cells, field, ReasonBadNumber, "this is not a number")
	}
	return n, true, nil
}

// groupKey says which order a line belongs to; ok is false for a line that is
// an order by itself. Lines taken back form a refund of their own.
func (l *layout) groupKey(x *orderLine) (key xxh3.Uint128, ok bool) {
	var text string
	switch l.group {
	case GroupOrderID:
		text = "o" + x.order
	case GroupCustomerDay:
		if x.who.nobody() {
			return key, false
		}
		text = "d" + core.ToTime(x.at).In(l.zone.loc).Format(time.DateOnly) + x.who.key()
	default:
		return key, false
	}
	if x.refund {
		text = "r" + text
	}
	return xxh3.HashString128(text), true
}

// purchase is goods that could be taken back.
type purchase struct {
	order string
	left  float64 // pieces
}

// returns finds the order that a refund takes back. It remembers the purchases
// of those customers only who give something back.
type returns struct {
	who    map[uint64]bool
	bought map[uint64][]purchase
	n      int
}

// maxPurchases bounds what is remembered; refunds beyond name no order.
const maxPurchases = 2_000_000

func goods(p person, product string) uint64 { return xxh3.HashString(p.key() + "\x01" + product) }

func (r *returns) buy(x *orderLine, product string) {
	if x.order == "" || r.n >= maxPurchases || !r.who[xxh3.HashString(x.who.key())] {
		return
	}
	n, err := strconv.ParseFloat(x.qty, 64)
	if err != nil || n <= 0 {
		return
	}
	r.n++
	k := goods(x.who, product)
	r.bought[k] = append(r.bought[k], purchase{x.order, n})
}

// match takes pieces out of the newest order that holds enough of them.
func (r *returns) match(x *orderLine, product string) string {
	n, err := strconv.ParseFloat(x.qty, 64)
	if err != nil || x.who.nobody() {
		return ""
	}
	list := r.bought[goods(x.who, product)]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].left >= n {
			list[i].left -= n
			return list[i].order
		}
	}
	return ""
}
