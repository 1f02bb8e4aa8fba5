package demo

import (
	"math/rand/v2"
	"strconv"

	"github.com/ciclo/ciclo/internal/core"
)

// Visits is a large synthetic history of a shop for benchmarks of charts: about
// Events events with 20 names, in visits of Customers customers over Days days from
// Start on. A visit looks at pages; some look at products, put them in the cart and
// buy, each step made by six in ten; a few orders are given back. Visits come from
// campaigns, searches and links, or from nowhere. The same seed gives the same
// history.
type Visits struct {
	Events, Customers int64
	Days              int64
	Start             core.Micros
	Seed              uint64

	rnd    *rand.Rand
	made   int64
	orders int64
	buf    []byte
}

// VisitsFunnel are the four steps of a purchase.
func VisitsFunnel() []string {
	return []string{"Product Viewed", "Product Added", "Checkout Started", "Order Completed"}
}

// visitPages are the names and paths of pages; visitExtras what happens beside.
func visitPages() [][2]string {
	return [][2]string{{"Home", "/"}, {"Category", "/c/"}, {"Article", "/blog/"}, {"Help", "/help/"}}
}

func visitExtras() []string {
	return []string{"Products Searched", "Product List Viewed", "Promotion Clicked", "Cart Viewed", "Product Removed", "Product Shared", "Product Reviewed", "Survey Answered", "Signed Up", "Email Opened", "Email Link Clicked"}
}

// visitArrivals are the ways into the shop.
func visitArrivals() []core.Context {
	return []core.Context{{}, {}, {}, {UTMSource: "crm", UTMMedium: "email", UTMCampaign: "weekly"}, {UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "brand"}, {Referrer: "https://www.google.com/"},
		{Referrer: "https://www.instagram.com/"}, {UTMSource: "facebook", UTMMedium: "cpc", UTMCampaign: "spring"}, {Referrer: "https://blog.example/best-coffee"}}
}

// Next appends the events of the next visit to out; none once Events are made.
// Visits begin in rising order.
func (v *Visits) Next(out []core.Event) []core.Event {
	if v.rnd == nil {
		v.rnd = rand.New(rand.NewPCG(v.Seed, 3))
	}
	if v.made >= v.Events {
		return out
	}
	r, before := v.rnd, len(out)
	c := core.CustomerID(1 + r.Int64N(v.Customers))
	at := v.Start + int64(float64(v.made)/float64(v.Events)*float64(v.Days*core.Day))
	ways := visitArrivals()
	from := ways[r.IntN(len(ways))]
	add := func(kind core.Kind, name, path string, props func(b []byte) []byte) {
		e := core.Event{Customer: c, Actor: core.ActorID(c), Time: at, Received: at + r.Int64N(3*core.Second), Sent: at + 1000, ID: v.id(), Kind: kind, Name: name, Source: 1, Context: from}
		e.Context.PageURL, e.Context.PagePath = "https://shop.example"+path, path
		e.Context.Browser, e.Context.OS, e.Context.Device, e.Context.Locale, e.Context.Country, e.Context.Library = "Firefox", "Linux", "desktop", "it-IT", "IT", "ciclo.js"
		v.buf = append(v.buf[:0], '{')
		v.buf = append(props(v.buf), '}')
		e.Props = append([]byte(nil), v.buf...)
		out = append(out, e)
		at += core.Second + r.Int64N(3*core.Minute)
		from.Referrer = "https://shop.example/" // of the pages behind the first
	}
	for range 1 + r.IntN(4) {
		p := visitPages()[r.IntN(4)]
		path := p[1]
		if path != "/" {
			path += strconv.Itoa(r.IntN(40))
		}
		add(core.KindPage, p[0], path, func(b []byte) []byte {
			return append(append(append(b, `"path":"`...), path...), `","title":"`+p[0]+`"`...)
		})
	}
	if r.IntN(2) == 0 {
		add(core.KindTrack, visitExtras()[r.IntN(11)], "/c/"+strconv.Itoa(r.IntN(40)), v.product)
	}
	if r.IntN(3) == 0 {
		v.buy(add)
	}
	v.made += int64(len(out) - before)
	return out
}

// buy walks the funnel.
func (v *Visits) buy(add func(kind core.Kind, name, path string, props func(b []byte) []byte)) {
	for k, name := range VisitsFunnel() {
		if k > 0 && v.rnd.IntN(10) >= 6 {
			return
		}
		if k < 3 {
			add(core.KindTrack, name, "/p/"+strconv.Itoa(v.rnd.IntN(3000)), v.product)
			continue
		}
		v.orders++
		order := func(b []byte) []byte {
			b = append(strconv.AppendInt(append(b, `"order_id":"o`...), v.orders, 10), `","total":`...)
			return append(v.money(b), `,"currency":"EUR","quantity":1`...)
		}
		add(core.KindTrack, name, "/done", order)
		if v.rnd.IntN(20) == 0 {
			add(core.KindTrack, core.EventOrderRefunded, "/orders", func(b []byte) []byte {
				return append(strconv.AppendInt(append(b, `"order_id":"o`...), v.orders, 10), '"')
			})
		}
	}
}

func (v *Visits) money(b []byte) []byte {
	b = append(strconv.AppendInt(b, v.rnd.Int64N(200), 10), '.')
	cents := v.rnd.Int64N(100)
	return append(b, byte('0'+cents/10), byte('0'+cents%10))
}

func (v *Visits) product(b []byte) []byte {
	r := v.rnd
	b = append(strconv.AppendInt(append(b, `"product_id":"sku-`...), r.Int64N(3000), 10), `","price":`...)
	b = append(v.money(b), `,"quantity":`...)
	b = append(strconv.AppendInt(b, 1+r.Int64N(4), 10), `,"currency":"EUR","category":"c`...)
	b = append(strconv.AppendInt(b, r.Int64N(40), 10), `","plan":"gold","new":`...)
	return strconv.AppendBool(b, r.IntN(2) == 0)
}

func (v *Visits) id() string {
	b := strconv.AppendUint(make([]byte, 0, 33), v.rnd.Uint64(), 16)
	return string(strconv.AppendUint(append(b, '-'), v.rnd.Uint64(), 16))
}
