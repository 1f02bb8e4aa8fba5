package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// Kind is what a person is planned to become.
type Kind uint8

// Kinds of people and their planned share in percent.
const (
	Bouncer Kind = iota // one short visit                         30
	Browser             // comes back, never leaves an address     24
	Lead                // signs up, never buys                    12
	OneTime             // one order                               13
	Repeat              // two to four orders                      14
	Loyal               // orders every few weeks                   7
)

var kindNames = [...]string{"bouncer", "browser", "lead", "one_time", "repeat", "loyal"}

func (k Kind) String() string { return kindNames[k] }

// person is one human being: the truth behind some identifiers.
type person struct {
	n        int
	kind     Kind
	rnd      *rand.Rand
	userID   string // "" until the sign-up
	email    string
	first    string
	last     string
	country  string
	devices  []string // anonymous ids
	signedUp bool
	optIn    bool
	advocate bool
	lapsesAt time.Time // planted silence: nothing after it; zero = none
	gap      time.Duration
	orders   int
	maxOrder int
	lastID   string // of the last order
	lastNet  int64

	queue []event // of the session under way
	next  time.Time
	ended bool
	seq   int
}

// event is one tracked event about to be sent.
type event struct {
	at   time.Time
	body []byte
}

const day = 24 * time.Hour

func newPerson(cfg *Config, s *shop, n int) *person {
	rnd := rand.New(rand.NewPCG(cfg.Seed, uint64(n)+1))
	p := &person{n: n, rnd: rnd}
	p.first, p.last = personName(rnd)
	p.country = []string{"IT", "IT", "IT", "RO", "RO", "DE", "FR", "AT", "ES"}[rnd.IntN(9)]
	switch x := rnd.IntN(100); {
	case x < 30:
		p.kind = Bouncer
	case x < 54:
		p.kind = Browser
	case x < 66:
		p.kind = Lead
	case x < 79:
		p.kind = OneTime
	case x < 93:
		p.kind = Repeat
	default:
		p.kind = Loyal
	}
	for d := range 1 + min(rnd.IntN(4), rnd.IntN(3)) {
		p.devices = append(p.devices, fmt.Sprintf("anon-%d-%d-%d", cfg.Seed, n, d))
	}
	p.optIn, p.advocate = rnd.IntN(3) > 0, rnd.IntN(6) == 0
	if p.kind >= OneTime {
		p.maxOrder = 1
	}
	// Gaps between orders are the person's own: the lapse rules look at them.
	switch p.kind {
	case Repeat:
		p.maxOrder = 2 + rnd.IntN(3)
		p.gap = time.Duration(35+rnd.IntN(50)) * day
	case Loyal:
		p.maxOrder = 1000
		p.gap = time.Duration(14+rnd.IntN(22)) * day
	default:
		p.gap = time.Duration(4+rnd.IntN(24)) * day
	}
	// Growing: more people arrive later.
	span := cfg.End.Sub(cfg.start())
	p.next = cfg.start().Add(time.Duration(math.Pow(rnd.Float64(), 0.8) * float64(span))).Truncate(time.Millisecond)
	if p.kind >= Repeat && rnd.IntN(4) == 0 {
		p.lapsesAt = p.next.Add(time.Duration(60+rnd.IntN(200)) * day)
	}
	return p
}

// sign gives the person an account.
func (p *person) sign(seed uint64) {
	p.signedUp = true
	p.userID = fmt.Sprintf("user-%d-%d", seed, p.n)
	p.email = strings.ToLower(fmt.Sprintf("%s.%s.%d@example.com", p.first, p.last, p.n))
}

// at moves a time of day into the hours when people shop.
func (p *person) hour(t time.Time) time.Time {
	h := 7 + int(8+5*p.rnd.NormFloat64())
	h = max(6, min(23, h))
	return time.Date(t.Year(), t.Month(), t.Day(), h, p.rnd.IntN(60), p.rnd.IntN(60), p.rnd.IntN(1000)*1e6, time.UTC)
}

// plan sets when the next session begins, or ends the story.
func (p *person) plan(after time.Time) {
	wait := time.Duration((0.5 + p.rnd.ExpFloat64()) * float64(3*day))
	switch p.kind {
	case Bouncer:
		p.ended = true
		return
	case Browser, Lead:
		if p.rnd.IntN(7) == 0 {
			p.ended = true
			return
		}
		wait *= 3
	default:
		switch {
		case p.orders == 0:
		case p.orders >= p.maxOrder:
			if p.rnd.IntN(4) == 0 {
				p.ended = true
				return
			}
			wait *= 4
		default:
			wait = time.Duration((0.2 + 0.5*p.rnd.Float64()) * float64(p.gap))
		}
	}
	p.next = p.hour(after.Add(max(wait, 20*time.Hour)))
	if p.next.Before(after) {
		p.next = after.Add(20 * time.Hour)
	}
	if !p.lapsesAt.IsZero() && p.next.After(p.lapsesAt) {
		p.ended = true
	}
}
