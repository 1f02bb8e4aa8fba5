package demo

import (
	"strconv"
	"time"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/tidwall/gjson"
)

// Probabilities, in percent, of going on from one planted step of a shopping
// session to the next. They are the truth behind the funnel.
const (
	pAdd      = 45 // Product Viewed → Product Added
	pCheckout = 60 // Product Added → Checkout Started
	pOrder    = 70 // Checkout Started → Order Completed
	pRefund   = 4  // of orders, some days later
)

// Steps are the names of the planted funnel.
func Steps() []string {
	return []string{"Product Viewed", "Product Added", "Checkout Started", core.EventOrderCompleted}
}

// writer makes one session's events.
type writer struct {
	g      *Generator
	p      *person
	at     time.Time
	device string
	camp   campaign
	first  bool
}

func (w *writer) wait(least, spread int) {
	w.at = w.at.Add(time.Duration(least*1000+w.p.rnd.IntN(spread*1000+1)) * time.Millisecond)
}

func quote(b []byte, s string) []byte { return gjson.AppendJSONString(b, s) }

// put adds an event; props is the inside of a JSON object.
func (w *writer) put(typ, name, props string) {
	p := w.p
	p.seq++
	b := make([]byte, 0, 320+len(props))
	b = append(b, `{"type":"`...)
	b = append(b, typ...)
	b = append(b, `","messageId":"demo-`...)
	b = strconv.AppendUint(b, w.g.cfg.Seed, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(p.n), 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, int64(p.seq), 10)
	b = append(b, `","timestamp":"`...)
	b = w.at.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","anonymousId":"`...)
	b = append(b, w.device...)
	b = append(b, '"')
	if p.signedUp {
		b = append(b, `,"userId":"`...)
		b = append(b, p.userID...)
		b = append(b, '"')
	}
	if name != "" {
		key := `,"event":`
		if typ != "track" {
			key = `,"name":`
		}
		b = quote(append(b, key...), name)
	}
	if props != "" {
		key := `,"properties":{`
		if typ == "identify" {
			key = `,"traits":{`
		}
		b = append(append(append(b, key...), props...), '}')
	}
	b = w.context(b, typ)
	b = append(b, '}')
	p.queue = append(p.queue, event{w.at, b})
}

func (w *writer) context(b []byte, typ string) []byte {
	b = append(b, `,"context":{"locale":"`...)
	b = append(b, map[string]string{"IT": "it-IT", "RO": "ro-RO", "DE": "de-DE", "FR": "fr-FR", "AT": "de-AT", "ES": "es-ES"}[w.p.country]...)
	b = append(b, '"')
	if w.first && w.camp.source != "" {
		b = append(b, `,"campaign":{"source":"`+w.camp.source+`","medium":"`+w.camp.medium+`","name":"`+w.camp.name+`"}`...)
	}
	w.first = false
	if typ == "page" {
		b = append(b, `,"page":{"path":"/"}`...)
	}
	return append(b, '}')
}

func (w *writer) track(name, props string) { w.put("track", name, props) }

// session plays one visit.
func (g *Generator) session(p *person) {
	w := &writer{g: g, p: p, at: p.next, device: p.devices[p.rnd.IntN(len(p.devices))], camp: g.shop.campaign(p.rnd), first: true}
	if len(p.devices) > 1 && p.seq == 0 {
		w.device = p.devices[0]
	}
	if g.cfg.shared(p.n) && p.rnd.IntN(3) == 0 {
		// The tablet of the household: the next person uses it too.
		w.device = g.cfg.householdDevice(p.n)
		if p.signedUp {
			w.identify()
		}
	}
	if w.camp.medium == "paid_social" || w.camp.medium == "cpc" {
		w.track("Promotion Viewed", `"promotion_id":"`+w.camp.source+`-`+w.camp.name+`","creative":"banner"`)
		w.wait(1, 4)
		w.track("Promotion Clicked", `"promotion_id":"`+w.camp.source+`-`+w.camp.name+`","creative":"banner"`)
		w.wait(1, 3)
	}
	w.put("page", "Home", `"path":"/","title":"Home"`)
	w.wait(3, 40)
	if p.kind == Bouncer {
		w.bounce()
		p.plan(w.at)
		return
	}
	w.browse()
	wants := p.kind >= OneTime && p.orders < p.maxOrder
	if p.kind == Lead && !p.signedUp && p.rnd.IntN(2) == 0 {
		w.signUp()
	}
	w.shop(wants)
	if p.signedUp && p.optIn && p.rnd.IntN(3) == 0 {
		w.email()
	}
	p.plan(w.at)
}

func (w *writer) bounce() {
	if w.p.rnd.IntN(2) == 0 {
		pr := w.g.shop.pick(w.p.rnd)
		w.put("page", "Category", `"path":"/c/`+pr.category+`","title":"`+pr.category+`"`)
	}
}

func (w *writer) browse() {
	for range 1 + w.p.rnd.IntN(3) {
		pr := w.g.shop.pick(w.p.rnd)
		w.put("page", "Category", `"path":"/c/`+pr.category+`","title":"`+pr.category+`"`)
		w.wait(4, 50)
		if w.p.rnd.IntN(3) == 0 {
			w.track("Product List Viewed", `"category":"`+pr.category+`"`)
			w.wait(1, 10)
		}
	}
	if w.p.rnd.IntN(4) == 0 {
		w.track("Products Searched", `"query":"`+w.g.shop.pick(w.p.rnd).category+`"`)
		w.wait(3, 20)
	}
}

func (w *writer) signUp() {
	p := w.p
	p.sign(w.g.cfg.Seed)
	w.track("Signed Up", `"method":"email"`)
	w.wait(0, 1)
	w.identify()
	w.wait(1, 10)
}

func (w *writer) identify() {
	p := w.p
	w.put("identify", "", `"email":"`+p.email+`","first_name":"`+p.first+`","last_name":"`+p.last+`","country":"`+p.country+`","newsletter":`+strconv.FormatBool(p.optIn))
}

// line is the inside of a product in properties.
func line(pr *product, qty int64, cost bool) string {
	s := `"product_id":"` + pr.id + `","name":"` + pr.name + `","category":"` + pr.category + `","price":` + core.FormatMinor(pr.price, 2) + `,"quantity":` + strconv.FormatInt(qty, 10)
	if cost {
		s += `,"cost":` + core.FormatMinor(pr.cost, 2)
	}
	return s
}

// shop walks the planted funnel. Somebody who is not meant to buy never starts
// a checkout.
func (w *writer) shop(wants bool) {
	p := w.p
	var cart []*product
	for range 1 + p.rnd.IntN(3) {
		pr := w.g.shop.pick(p.rnd)
		w.track("Product Viewed", line(pr, 1, false))
		w.wait(5, 60)
		if p.rnd.IntN(100) < pAdd {
			w.track("Product Added", line(pr, 1, false))
			cart = append(cart, pr)
			w.wait(2, 20)
		}
	}
	if len(cart) == 0 || !wants || p.rnd.IntN(100) >= pCheckout {
		return
	}
	if !p.signedUp {
		w.signUp()
	} else if p.rnd.IntN(2) == 0 {
		w.identify()
		w.wait(0, 2)
	}
	w.track("Checkout Started", `"value":`+core.FormatMinor(total(cart), 2)+`,"currency":"EUR"`)
	w.wait(20, 90)
	if p.rnd.IntN(100) >= pOrder {
		return
	}
	w.order(cart)
}

func total(cart []*product) int64 {
	var sum int64
	for _, pr := range cart {
		sum += pr.price
	}
	return sum
}

func (w *writer) order(cart []*product) {
	p := w.p
	p.orders++
	id := "O" + strconv.Itoa(p.n) + "-" + strconv.Itoa(p.orders)
	net := total(cart)
	items := ""
	for i, pr := range cart {
		if i > 0 {
			items += ","
		}
		items += "{" + line(pr, 1, true) + "}"
	}
	ship := int64(490)
	if net > 4900 {
		ship = 0
	}
	tax := net * 22 / 100
	w.track(core.EventOrderCompleted, `"order_id":"`+id+`","revenue":`+core.FormatMinor(net, 2)+`,"shipping":`+core.FormatMinor(ship, 2)+`,"tax":`+core.FormatMinor(tax, 2)+
		`,"total":`+core.FormatMinor(net+ship+tax, 2)+`,"currency":"EUR","products":[`+items+`]`)
	p.lastID, p.lastNet = id, net
	w.g.truth.order(p, net)
	if p.rnd.IntN(100) < pRefund {
		w.at = w.at.Add(time.Duration(2+p.rnd.IntN(9)) * day)
		w.track(core.EventOrderRefunded, `"order_id":"`+id+`"`)
		return
	}
	if p.advocate && p.rnd.IntN(2) == 0 {
		w.at = w.at.Add(time.Duration(3+p.rnd.IntN(8)) * day)
		w.track([]string{"Product Reviewed", "Product Shared"}[p.rnd.IntN(2)], `"product_id":"`+cart[0].id+`"`)
	}
}

func (w *writer) email() {
	w.at = w.at.Add(time.Duration(1+w.p.rnd.IntN(3)) * day)
	w.track("Email Delivered", `"campaign":"weekly"`)
	if w.p.rnd.IntN(3) > 0 {
		w.wait(600, 30000)
		w.track("Email Opened", `"campaign":"weekly"`)
		if w.p.rnd.IntN(4) == 0 {
			w.wait(5, 60)
			w.track("Email Link Clicked", `"campaign":"weekly","link":"/c/Coffee"`)
		}
	}
}
