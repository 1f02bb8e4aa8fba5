package query

import (
	"cmp"
	"context"
	"math"

	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// What a composition counts.
const (
	OfCustomers = "customers" // each once, with the value at its newest event (default)
	OfEvents    = "events"
)

// Composition tells what customers or events are made of: the shares of the
// values of a breakdown, or how the numbers of a property or trait are spread.
type Composition struct {
	Event
	Of        string     `json:"of,omitempty"`
	Breakdown *Breakdown `json:"breakdown,omitempty"`
	Numbers   *Numbers   `json:"numbers,omitempty"` // instead of a breakdown
}

// Numbers names numbers: those of a property of the event, or of a trait.
type Numbers struct {
	By          string    `json:"by,omitempty"` // property (default) or trait
	Property    string    `json:"property"`
	At          string    `json:"at,omitempty"`          // of a trait: event (default) or now
	Bins        int       `json:"bins,omitempty"`        // at most; default 20
	Percentiles []float64 `json:"percentiles,omitempty"` // default 5, 25, 50, 75, 95
}

const maxNumberBins = 200

func (c *Composition) check() error {
	if err := c.Event.check("composition"); err != nil {
		return err
	}
	if err := oneOf("composition.of", c.Of, OfCustomers, OfEvents); err != nil {
		return err
	}
	if (c.Breakdown == nil) == (c.Numbers == nil) {
		return bad("composition.breakdown", "or numbers must be set, and not both")
	}
	if c.Numbers != nil {
		return c.Numbers.check()
	}
	return c.Breakdown.check("composition.breakdown")
}

func (n *Numbers) check() error {
	if err := oneOf("composition.numbers.by", n.By, ByProperty, ByTrait); err != nil {
		return err
	}
	if err := (&Breakdown{By: n.By, Property: n.Property, At: n.At}).check("composition.numbers"); err != nil {
		return err
	}
	if n.Bins < 0 || n.Bins > maxNumberBins {
		return bad("composition.numbers.bins", "must lie between 1 and %d", maxNumberBins)
	}
	if len(n.Percentiles) > 20 {
		return bad("composition.numbers.percentiles", "are more than 20")
	}
	for _, p := range n.Percentiles {
		if !(p >= 0 && p <= 100) {
			return bad("composition.numbers.percentiles", "must lie between 0 and 100")
		}
	}
	return nil
}

// CompositionResult has parts, or numbers.
type CompositionResult struct {
	Total   int64        `json:"total"` // customers or events
	Parts   []Part       `json:"parts,omitempty"`
	Numbers *NumberShape `json:"numbers,omitempty"`
}

// Part is one value, the most common first, the rest last.
type Part struct {
	Value Value   `json:"value"`
	Count int64   `json:"count"`
	Share float64 `json:"share"` // of Total
}

// NumberShape tells how numbers are spread. Percentiles are by linear
// interpolation (type 7).
type NumberShape struct {
	N           int64         `json:"n"`
	Missing     int64         `json:"missing"` // of Total, without a number
	Mean        float64       `json:"mean"`
	Min         float64       `json:"min"`
	Max         float64       `json:"max"`
	Percentiles []NumberShare `json:"percentiles"`
	Bins        []NumberBin   `json:"bins"` // of equal width, [from, to)
}

// NumberShare is one percentile.
type NumberShare struct {
	Percent float64 `json:"percent"`
	Value   float64 `json:"value"`
}

// NumberBin counts numbers.
type NumberBin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int64   `json:"count"`
}

// compositionFold holds what all workers share.
type compositionFold struct {
	q       *query
	c       *Composition
	parts   []*compositionPart
	numbers bool
	low     int64 // of the bin asked for: [low, high); high below low is all
	high    int64
}

type compositionPart struct {
	total, missing int64
	groups         *groups[int64]
	values         []int64
	spare          int
}

func (q *query) composition(ctx context.Context) (*CompositionResult, error) {
	c := q.spec.Composition
	f := &compositionFold{q: q, c: c, numbers: c.Numbers != nil}
	limit := 1
	if !f.numbers {
		limit = c.Breakdown.top()
	}
	for range q.workers {
		f.parts = append(f.parts, &compositionPart{groups: newGroups(limit, &q.memory, 16, func() *int64 { return new(int64) })})
	}
	if err := f.locate(); err != nil {
		return nil, err
	}
	var sets []*groups[int64]
	for _, p := range f.parts {
		sets = append(sets, p.groups)
	}
	keys, all, err := folded(q, sets, q.roster.fixed(), func(a, b *int64) { *a += *b }, func() error {
		for _, p := range f.parts {
			p.total = 0
		}
		return q.scan(ctx, q.from, q.to, false, f.fold)
	})
	if err != nil {
		return nil, err
	}
	res := &CompositionResult{}
	for _, p := range f.parts {
		res.Total += p.total
	}
	if f.numbers {
		q.meta.Values = 0
		res.Numbers = f.shape()
		return res, nil
	}
	for _, k := range keys {
		if n := all[k]; n != nil {
			res.Parts = append(res.Parts, Part{newValue(k), *n, float64(*n) / float64(max(res.Total, 1))})
		}
	}
	return res, nil
}

// fold takes the rows of one customer.
func (f *compositionFold) fold(n int, w *worker, r *timeline.Rows) error {
	rows := w.rows
	if f.c.Of != OfEvents {
		rows = rows[len(rows)-1:]
	}
	p := f.parts[n]
	for _, i := range rows {
		p.total++
		in, err := true, error(nil)
		if f.numbers {
			in, err = f.number(p, w, r, int(i))
		} else {
			var g *int64
			if g, err = p.groups.get(w.label(r, int(i), f.q.split), 1); g != nil {
				*g++
			}
			in = f.q.roster != nil && (!f.q.roster.split || p.groups.is(f.q.roster.key, g))
		}
		if err != nil {
			return err
		}
		if f.q.roster != nil && in {
			f.q.trace.event(r, int(i))
			if err := f.q.roster.add(n, w.customer, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// number takes the number of row i and says whether it is in the bin asked for.
func (f *compositionFold) number(p *compositionPart, w *worker, r *timeline.Rows, i int) (bool, error) {
	d := f.q.split
	if d.by == ByTrait {
		i = w.of(d, i)
	}
	v, ok := int64(0), false
	if i >= 0 {
		v, ok = w.number(r, i, d.path)
	}
	if !ok {
		p.missing++
		return f.high < f.low, nil
	}
	if p.spare -= 8; p.spare < 0 {
		p.spare = 1 << 16
		if err := f.q.memory.take(p.spare); err != nil {
			return false, err
		}
	}
	p.values = append(p.values, v)
	return f.high < f.low || v >= f.low && v < f.high, nil
}

// locate finds the limits of the bin asked for; without one everybody counts.
func (f *compositionFold) locate() error {
	f.low, f.high = 1, 0
	t := f.q.roster
	if t == nil || !f.numbers || t.cell.Bucket == nil {
		return nil
	}
	if len(t.binned) == 0 {
		return bad("cell.bucket", "there are no numbers")
	}
	if err := t.bucket(len(t.binned)); err != nil {
		return err
	}
	b := t.binned[t.at]
	f.low, f.high = millionths(b.From), millionths(b.To)
	return nil
}

func millionths(v float64) int64 { return int64(math.Round(v * 1e6)) }

// shape describes the numbers of all workers.
func (f *compositionFold) shape() *NumberShape {
	s := &NumberShape{Percentiles: []NumberShare{}, Bins: []NumberBin{}}
	var all []int64
	for _, p := range f.parts {
		s.Missing += p.missing
		all = append(all, p.values...)
	}
	if s.N = int64(len(all)); s.N == 0 {
		return s
	}
	sortNumbers(all)
	var sum float64
	for _, v := range all {
		sum += float64(v)
	}
	s.Mean, s.Min, s.Max = sum/1e6/float64(s.N), float64(all[0])/1e6, float64(all[len(all)-1])/1e6
	want := f.c.Numbers.Percentiles
	if len(want) == 0 {
		want = []float64{5, 25, 50, 75, 95}
	}
	for _, p := range want {
		v, _ := quantile(all, p/100)
		s.Percentiles = append(s.Percentiles, NumberShare{p, v / 1e6})
	}
	s.Bins = numberBins(all, cmp.Or(f.c.Numbers.Bins, 20))
	return s
}

// numberBins counts sorted millionths in at most n bins, whose width is 1, 2 or
// 5 times a power of ten and whose limits are multiples of it.
func numberBins(all []int64, n int) []NumberBin {
	low, high := all[0], all[len(all)-1]
	width := int64(1)
	for step := 0; ; step++ {
		first, last := floorDiv(low, width), floorDiv(high, width)
		if last-first < int64(n) {
			break
		}
		if width > math.MaxInt64/10 {
			break
		}
		width = width / []int64{1, 2, 5}[step%3] * []int64{2, 5, 10}[step%3]
	}
	first := floorDiv(low, width)
	out := make([]NumberBin, floorDiv(high, width)-first+1)
	for i := range out {
		out[i].From, out[i].To = float64(first+int64(i))*float64(width)/1e6, float64(first+int64(i)+1)*float64(width)/1e6
	}
	for _, v := range all {
		out[floorDiv(v, width)-first].Count++
	}
	return out
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}
