package demo

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

// Config chooses a shop. The same config gives the same events, byte for byte.
type Config struct {
	Seed   uint64    `json:"seed"`
	People int       `json:"people"`
	Months int       `json:"months"`
	End    time.Time `json:"end"`
}

func (c *Config) start() time.Time { return c.End.AddDate(0, -c.Months, 0) }

// shared says whether a person shares a household tablet with a neighbour: two
// in fifty do.
func (c *Config) shared(n int) bool { return n%50 < 2 }

func (c *Config) householdDevice(n int) string {
	return fmt.Sprintf("tablet-%d-%d", c.Seed, n/50)
}

// Generator gives the shop's events in order of time.
type Generator struct {
	cfg   Config
	shop  *shop
	heap  people
	truth *Truth
	last  int
}

// Person numbers the person whose event Next gave last.
func (g *Generator) Person() int { return g.last }

// New makes a generator.
func New(cfg Config) *Generator {
	g := &Generator{cfg: cfg, shop: newShop(cfg.Seed), truth: newTruth(cfg)}
	for n := range cfg.People {
		p := newPerson(&cfg, g.shop, n)
		g.heap = append(g.heap, p)
		g.truth.person(p)
	}
	heap.Init(&g.heap)
	return g
}

// people is a heap by the time of the next thing that happens.
type people []*person

func (h people) Len() int { return len(h) }
func (h people) Less(i, j int) bool {
	return h[i].due().Before(h[j].due()) || h[i].due().Equal(h[j].due()) && h[i].n < h[j].n
}
func (h people) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *people) Push(x any)   { *h = append(*h, x.(*person)) }
func (h *people) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (p *person) due() time.Time {
	if len(p.queue) > 0 {
		return p.queue[0].at
	}
	return p.next
}

// Next gives the next event before the end of the story; ok is false when there
// is none.
func (g *Generator) Next() (body []byte, at time.Time, ok bool) {
	for len(g.heap) > 0 {
		p := g.heap[0]
		if len(p.queue) > 0 {
			e := p.queue[0]
			p.queue = p.queue[1:]
			if len(p.queue) == 0 && p.ended {
				heap.Pop(&g.heap)
			} else {
				heap.Fix(&g.heap, 0)
			}
			if !e.at.Before(g.cfg.End) {
				continue
			}
			g.truth.sent(p, e)
			g.last = p.n
			return e.body, e.at, true
		}
		if p.ended || !p.next.Before(g.cfg.End) {
			heap.Pop(&g.heap)
			continue
		}
		p.queue = nil
		g.session(p)
		if len(p.queue) == 0 && p.ended {
			heap.Pop(&g.heap)
		} else {
			heap.Fix(&g.heap, 0)
		}
	}
	return nil, time.Time{}, false
}

// Live gives one visit that happens now, of somebody known or new: events with
// how long to wait before each. n numbers the visits of one run.
func Live(cfg Config, run int64, n int) (bodies [][]byte, waits []time.Duration) {
	rnd := rand.New(rand.NewPCG(uint64(run), uint64(n)))
	who := rnd.IntN(cfg.People + cfg.People/10)
	g := &Generator{cfg: cfg, shop: newShop(cfg.Seed), truth: newTruth(cfg)}
	p := newPerson(&cfg, g.shop, who)
	p.rnd = rnd
	p.kind = []Kind{Browser, Lead, OneTime, Repeat, Loyal}[rnd.IntN(5)]
	p.orders = int(run%1_000_000)*100 + n // order ids of their own
	p.maxOrder = p.orders + 1
	if p.kind >= OneTime {
		p.sign(cfg.Seed)
	}
	p.seq = int(run)*1000 + n*100
	p.next = time.Unix(run, 0).UTC()
	g.session(p)
	last := p.queue[0].at
	for _, e := range p.queue {
		wait := e.at.Sub(last)
		if wait > 5*time.Minute {
			break // what follows days later belongs to another time
		}
		last = e.at
		bodies, waits = append(bodies, e.body), append(waits, wait/6)
	}
	return bodies, waits
}
