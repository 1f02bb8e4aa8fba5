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

// orderGroup makes the events of one order or refund from its lines: one, or
// more when the products do not fit into one event.
type orderGroup struct {
	l     *layout
	sha   string
	lines []orderLine
	who   person
	at    core.Micros
	exp   int
	// sums in minor units
	goods, fees int64
	matched     []string // order that each line takes back
}

// linesName is the event that holds the products of an order for which its own
// event has no room.
const linesName = "Order Lines"

// maxProducts is how many bytes of products one event holds.
const maxProducts = 20_000

func (l *layout) orderEvents(lines []orderLine, sha string, ret *returns) ([]made, *RowError) {
	g := orderGroup{l: l, sha: sha, lines: lines, at: lines[0].at, exp: l.exponentFor(lines[0].cells)}
	priced := false
	for i := range lines {
		x := &lines[i]
		g.at = min(g.at, x.at)
		if g.who.nobody() {
			g.who = x.who
		}
		priced = priced || x.priced
		if x.fee {
			g.fees += x.value
		} else {
			g.goods += x.value
		}
	}
	first := &lines[0]
	if g.who.nobody() && !priced {
		return nil, l.bad(first.line, first.cells, "user_id", ReasonAdjustment, "neither a customer nor a price: a stock adjustment, not an order")
	}
	g.settle(ret)
	return g.events()
}

// settle notes what was bought, or finds what is taken back.
func (g *orderGroup) settle(ret *returns) {
	g.matched = make([]string, len(g.lines))
	for i := range g.lines {
		x := g.lines[i]
		if x.fee {
			continue
		}
		x.who = g.who
		product := g.l.cell(x.cells, "product_id")
		switch {
		case !x.refund:
			ret.buy(&x, product)
		case g.l.cancelled(x.order):
			g.matched[i] = ret.match(&x, product)
		default:
			g.matched[i] = x.order // taken back within its own order
		}
	}
}

func (l *layout) cancelled(order string) bool {
	return l.Options.CancelPrefix != "" && strings.HasPrefix(order, l.Options.CancelPrefix)
}

// refundOf gives the one order that all goods of a refund belong to, or "".
func (g *orderGroup) refundOf() string {
	one := ""
	for i := range g.lines {
		if g.lines[i].fee {
			continue
		}
		if g.matched[i] == "" || one != "" && one != g.matched[i] {
			return ""
		}
		one = g.matched[i]
	}
	return one
}

func (g *orderGroup) id() string {
	first := &g.lines[0]
	if id := g.l.cell(first.cells, "message_id"); id != "" && len([]rune(id)) <= maxID {
		return id
	}
	if g.l.group == GroupOrderID && len(first.order) <= 200 {
		if first.refund {
			return "import:refund:" + first.order
		}
		return "import:order:" + first.order
	}
	return lineID(g.sha, first.line)
}

func (g *orderGroup) events() ([]made, *RowError) {
	first := &g.lines[0]
	id := g.id()
	parts := g.products()
	o := g.begin(core.EventOrderCompleted, id)
	if first.refund {
		o = g.begin(core.EventOrderRefunded, id)
	}
	g.head(&o, first, len(parts))
	o.list("products", parts[0])
	g.feeList(&o)
	o.close('}')
	e, bad := g.l.finish(&o, first.line, first.cells, id)
	if bad != nil {
		return nil, bad
	}
	out := []made{e}
	for i, p := range parts[1:] {
		id := id + ":" + strconv.Itoa(i+2)
		o := g.begin(linesName, id)
		o.text("order_id", first.order)
		o.int("part", int64(i+2))
		o.int("parts", int64(len(parts)))
		o.list("products", p)
		o.close('}')
		if e, bad = g.l.finish(&o, first.line, first.cells, id); bad != nil {
			return nil, bad
		}
		out = append(out, e)
	}
	return out, nil
}

// begin writes what all events have, up to the opened properties.
func (g *orderGroup) begin(name, id string) object {
	o := object{buf: append(make([]byte, 0, 1024), '{')}
	o.text("type", "track")
	o.text("event", name)
	o.text("messageId", id)
	o.time("timestamp", g.at)
	who := g.who
	if who.nobody() {
		who.anonymous = "import:guest:" + g.lines[0].order
		if g.lines[0].order == "" {
			who.anonymous = "import:guest:" + strings.TrimPrefix(lineID(g.sha, g.lines[0].line), "import:")
		}
	}
	who.write(&o)
	contact(&o, who)
	o.open("properties", '{')
	return o
}

// head writes ids and money.
func (g *orderGroup) head(o *object, first *orderLine, parts int) {
	of := first.order
	if first.refund {
		of = g.refundOf()
		o.text("refund_id", first.order)
	}
	o.text("order_id", of)
	currency := strings.ToUpper(g.l.cell(first.cells, "currency"))
	if currency == "" {
		currency = g.l.Options.Currency
	}
	o.text("currency", currency)
	net := g.goods
	if v, ok := g.once("revenue"); ok {
		net = v
		if first.refund && net < 0 {
			net = -net
		}
	}
	o.money("revenue", net, g.exp)
	o.money("subtotal", net, g.exp)
	total := net
	if g.fees != 0 {
		o.money("fees_total", g.fees, g.exp)
		total += g.fees
	}
	for _, f := range []string{"tax", "shipping"} {
		if v, ok := g.once(f); ok {
			o.money(f, v, g.exp)
			total += v
		}
	}
	if total != net {
		o.money("total", total, g.exp)
	}
	o.int("lines", int64(len(g.lines)))
	if parts > 1 {
		o.int("parts", int64(parts))
	}
	if g.who.nobody() {
		o.raw("guest", "true")
	}
	g.text(o)
}

// text writes the coupon and the columns without a field, from the first line
// that has them.
func (g *orderGroup) text(o *object) {
	for i := range g.lines {
		if c := g.l.cell(g.lines[i].cells, "coupon"); c != "" {
			o.text("coupon", c)
			break
		}
	}
	for i, at := range g.l.rest {
		for j := range g.lines {
			if c := strings.TrimSpace(g.lines[j].cells[at]); c != "" {
				o.raw(g.l.restKeys[i], scalar(c, g.l.comma[at]))
				break
			}
		}
	}
}

// once reads money that stands once per order: from the first line that has it.
func (g *orderGroup) once(field string) (int64, bool) {
	if !g.l.has(field) {
		return 0, false
	}
	for i := range g.lines {
		if n, ok, bad := g.l.number(&g.lines[i], field); ok && bad == nil {
			if v, ok := core.ParseMoney(n, g.exp); ok {
				return v, true
			}
		}
	}
	return 0, false
}

// products writes the goods, split where an event would grow too large. There
// is always one part.
func (g *orderGroup) products() [][]byte {
	parts := [][]byte{nil}
	o := object{}
	for i := range g.lines {
		x := &g.lines[i]
		if x.fee {
			continue
		}
		from := len(o.buf)
		if from > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = append(o.buf, '{')
		g.product(&o, x, g.matched[i])
		if from > 0 && len(o.buf) > maxProducts {
			parts[len(parts)-1] = o.buf[:from:from]
			parts = append(parts, nil)
			o.buf = append(make([]byte, 0, maxProducts), o.buf[from+1:]...)
		}
	}
	parts[len(parts)-1] = o.buf
	return parts
}

func (g *orderGroup) product(o *object, x *orderLine, of string) {
	l := g.l
	o.text("product_id", clip(l.cell(x.cells, "product_id"), 300))
	o.text("sku", clip(l.cell(x.cells, "sku"), 300))
	o.text("name", clip(l.cell(x.cells, "product_name"), 300))
	o.text("category", clip(l.cell(x.cells, "category"), 300))
	if x.price != "" {
		o.raw("price", x.price)
	} else if n, err := strconv.ParseInt(x.qty, 10, 64); err == nil && n > 0 && x.value%n == 0 {
		o.money("price", x.value/n, g.exp)
	}
	o.raw("quantity", x.qty)
	if l.has("amount") || l.has("discount") {
		o.money("amount", x.value, g.exp)
	}
	if n, ok, bad := l.number(x, "cost"); ok && bad == nil {
		o.raw("cost", n)
	}
	if x.refund && of != "" && of != x.order {
		o.text("order_id", of)
	}
	o.int("line", x.line)
	o.close('}')
}

// feeList writes the lines that are no goods.
func (g *orderGroup) feeList(o *object) {
	began := false
	for i := range g.lines {
		x := &g.lines[i]
		if !x.fee || len(o.buf) > maxEvent-2000 {
			continue
		}
		if !began {
			o.open("fees", '[')
			began = true
		}
		o.item()
		o.text("code", clip(g.l.cell(x.cells, "product_id"), 100))
		o.text("name", clip(g.l.cell(x.cells, "product_name"), 300))
		o.money("amount", x.value, g.exp)
		o.int("line", x.line)
		o.close('}')
	}
	if began {
		o.close(']')
	}
}

// clip shortens text to n bytes at most, at a character's end.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
