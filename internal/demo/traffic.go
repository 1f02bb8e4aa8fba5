package demo

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/ciclo/ciclo/internal/core"
)

// Traffic is a large synthetic history for benchmarks: Events events of
// Customers customers, evenly spread over Days days from Start on, with 20
// event names and seven properties each. The same seed gives the same history.
type Traffic struct {
	Events, Customers int64
	Days              int64
	Start             core.Micros
	Seed              uint64

	rnd *rand.Rand
}

// Event makes event i; i must rise from 0.
func (t *Traffic) Event(i int64, e *core.Event) {
	if t.rnd == nil {
		t.rnd = rand.New(rand.NewPCG(t.Seed, 2))
	}
	r := t.rnd
	at := t.Start + i*(t.Days*core.Day/t.Events) + r.Int64N(int64(core.Hour))
	c := 1 + r.Int64N(t.Customers)
	*e = core.Event{Customer: core.CustomerID(c), Actor: core.ActorID(c), Time: at, Received: at + r.Int64N(3*core.Second), Sent: at + 1000,
		ID: fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64()), Kind: core.KindTrack, Name: TrafficEvent(r.IntN(20)), Source: 1}
	e.Context = core.Context{PageURL: "https://shop.example/p/" + strconv.Itoa(r.IntN(5000)), PagePath: "/p/" + strconv.Itoa(r.IntN(5000)), IP: "10.0." + strconv.Itoa(r.IntN(250)) + ".1",
		Browser: "Firefox", OS: "Linux", Device: "desktop", Locale: "it-IT", Country: "IT", Library: "ciclo.js"}
	e.Props = fmt.Appendf(nil, `{"product_id":"sku-%d","price":%d.%02d,"quantity":%d,"currency":"EUR","category":"c%d","plan":"gold","new":%t}`,
		r.IntN(3000), r.IntN(200), r.IntN(100), 1+r.IntN(4), r.IntN(40), r.IntN(2) == 0)
}

// TrafficEvent gives the name of one of the 20 events.
func TrafficEvent(n int) string { return "Event " + strconv.Itoa(n) }
