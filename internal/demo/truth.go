package demo

import (
	"bytes"
	"time"

	"github.com/ciclo/ciclo/internal/core"
)

// Truth is what is really so behind the events that were generated.
type Truth struct {
	cfg     Config
	Kinds   map[Kind]int
	Events  int64
	Orders  int64
	Refunds int64
	Net     int64 // cents, refunds not taken off
	Back    int64 // cents refunded
	// Active is the people with at least one event; Buyers those with an order.
	Active, Buyers map[int]bool
	// UserOf gives the user id of each person who signed up.
	UserOf map[int]string
	// Silent gives, for people with planted silence, when it began.
	Silent map[int]time.Time
	// Step counts the events of each planted funnel step.
	Step map[string]int64
	// LastOrder is the time of a person's last order.
	LastOrder map[int]time.Time
	pending   map[string]orderFact
}

type orderFact struct {
	person int
	net    int64
}

func newTruth(cfg Config) *Truth {
	return &Truth{cfg: cfg, Kinds: map[Kind]int{}, Active: map[int]bool{}, Buyers: map[int]bool{}, UserOf: map[int]string{}, Silent: map[int]time.Time{},
		Step: map[string]int64{}, LastOrder: map[int]time.Time{}, pending: map[string]orderFact{}}
}

// Truth gives the truth about the events given so far by Next.
func (g *Generator) Truth() *Truth { return g.truth }

func (t *Truth) person(p *person) {
	t.Kinds[p.kind]++
	if !p.lapsesAt.IsZero() && p.lapsesAt.Before(t.cfg.End) {
		t.Silent[p.n] = p.lapsesAt
	}
}

func (t *Truth) order(p *person, net int64) { t.pending[p.lastID] = orderFact{p.n, net} }

// sent counts an event that left the generator: planned ones beyond the end of
// the story never do.
func (t *Truth) sent(p *person, e event) {
	t.Events++
	t.Active[p.n] = true
	if p.signedUp && bytes.Contains(e.body, []byte(`"userId"`)) {
		t.UserOf[p.n] = p.userID
	}
	name := field(e.body, `"event":"`)
	for _, s := range Steps() {
		if name == s {
			t.Step[s]++
		}
	}
	switch name {
	case core.EventOrderCompleted:
		f := t.pending[field(e.body, `"order_id":"`)]
		t.Orders++
		t.Net += f.net
		t.Buyers[p.n] = true
		t.LastOrder[p.n] = e.at
	case core.EventOrderRefunded:
		t.Refunds++
		t.Back += t.pending[field(e.body, `"order_id":"`)].net
	}
}

func field(body []byte, key string) string {
	i := bytes.Index(body, []byte(key))
	if i < 0 {
		return ""
	}
	rest := body[i+len(key):]
	return string(rest[:bytes.IndexByte(rest, '"')])
}
