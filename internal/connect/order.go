package connect

import (
	"strconv"
	"strings"

	"github.com/ciclo/ciclo/internal/core"
)

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
