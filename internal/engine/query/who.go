package query

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ciclo/ciclo/internal/core"
	"github.com/ciclo/ciclo/internal/engine/expr"
	"github.com/ciclo/ciclo/internal/engine/timeline"
)

// What a breakdown or a condition on the customer looks at, and as of when.
const (
	ByProperty = "property" // of the event (default)
	ByTrait    = "trait"    // of the customer, from its identify events
	ByStage    = "stage"    // of the stage model that is named
	BySegment  = "segment"  // in or out of the one that is named

	AtEvent = "event" // as it was at the event (default)
	AtNow   = "now"

	SegmentIn  = "in"
	SegmentOut = "out"
)

// Stay is a spell in a stage or a segment: [From, To). To is math.MaxInt64
// while it lasts.
type Stay struct {
	Key      string
	From, To core.Micros
}

// Stays tells where customers were. Many goroutines call it.
type Stays interface {
	Of(c core.CustomerID) []Stay
}

// CustomerMatch is a condition on the customer of an event: on a trait, on the
// key of its stage, or on "in" or "out" of a segment.
type CustomerMatch struct {
	By string `json:"by"`
	At string `json:"at,omitempty"`
	expr.Match
}

func (m *CustomerMatch) check(field string) error {
	if m.By == "" || m.By == ByProperty {
		return bad(field+".by", "must be trait, stage or segment")
	}
	if err := oneOf(field+".by", m.By, ByTrait, ByStage, BySegment); err != nil {
		return err
	}
	if err := oneOf(field+".at", m.At, AtEvent, AtNow); err != nil {
		return err
	}
	if err := checkProperty(field+".name", m.Name); err != nil {
		return err
	}
	if _, err := expr.Compile(m.Match); err != nil {
		return bad(field, "%v", err)
	}
	return nil
}

// dimension is what splits or narrows events: a property, or something of the
// customer.
type dimension struct {
	by    string
	name  string
	now   bool
	path  int // column of a property or a trait
	slot  int // of a trait: its place in the worker's notes
	stays Stays
}

// dimension makes one ready. Traits are read in the same scan.
func (q *query) dimension(ctx context.Context, field, by, name string, now bool) (*dimension, error) {
	d := &dimension{by: by, name: name, now: now, path: -1}
	switch by {
	case "", ByProperty:
		d.by, d.path = ByProperty, q.picker.path(name)
	case ByTrait:
		d.path = q.picker.path(name)
		d.slot = q.picker.trait(d.path)
		q.picker.ahead = q.picker.ahead || now
	default:
		if q.env.Stays == nil {
			if by == ByStage {
				return nil, bad(field, "stages are not known here")
			}
			return nil, bad(field, "segments are not known here")
		}
		var err error
		if d.stays, err = q.env.Stays(ctx, by, name); err != nil {
			return nil, fmt.Errorf("read %s %s: %w", by, name, err)
		}
	}
	return d, nil
}

// who makes the conditions on customers ready.
func (q *query) who(ctx context.Context) error {
	s := q.spec
	if s.Who != nil {
		if q.env.Members == nil {
			return bad("who", "conditions on customers are not known here")
		}
		in, err := q.env.Members(ctx, s.Who)
		if err != nil {
			return fmt.Errorf("find customers: %w", err)
		}
		if also := q.env.Customer; also != nil {
			q.env.Customer = func(c core.CustomerID) bool { return in(c) && also(c) }
		} else {
			q.env.Customer = in
		}
	}
	var list []condition
	for i := range s.WhereCustomer {
		m, field := &s.WhereCustomer[i], fmt.Sprintf("where_customer[%d].by", i)
		d, err := q.dimension(ctx, field, m.By, m.Name, m.At == AtNow)
		if err != nil {
			return err
		}
		c, err := expr.CompileIn(m.Match, q.picker.local)
		if err != nil {
			return bad(field, "%v", err)
		}
		list = append(list, condition{matcher: c, match: m.Match, dim: d})
	}
	q.picker.narrow(list)
	if b, now := s.breakdown(); b != nil {
		var err error
		if q.split, err = q.dimension(ctx, string(s.Kind)+".breakdown.by", b.By, b.Property, now); err != nil {
			return err
		}
	}
	return nil
}

// breakdown gives the breakdown of s, and whether it is as of now.
// Segments are the keys of the segments that s rests on.
func (s *Spec) Segments() []string {
	var out []string
	if s.Who != nil {
		out = append(out, expr.References(s.Who).Segments...)
	}
	for i := range s.WhereCustomer {
		if s.WhereCustomer[i].By == BySegment {
			out = append(out, s.WhereCustomer[i].Name)
		}
	}
	if b, ok := s.breakdown(); ok && b.By == BySegment {
		out = append(out, b.Property)
	}
	for _, e := range s.events() {
		if e.Kind == core.KindSignal.String() {
			out = append(out, keysIn(append(slices.Clone(s.Where), e.Where...), "segment")...)
		}
	}
	return out
}

func (s *Spec) breakdown() (*Breakdown, bool) {
	var b *Breakdown
	switch s.Kind {
	case KindTrend:
		b = s.Trend.Breakdown
	case KindRetention:
		b = s.Retention.Breakdown
	case KindTable:
		b = s.Table.Breakdown
	case KindComposition:
		if b = s.Composition.Breakdown; b == nil {
			n := s.Composition.Numbers
			b = &Breakdown{By: n.By, Property: n.Property, At: n.At}
		}
	case KindFunnel:
		if f := s.Funnel.Breakdown; f != nil {
			return &f.Breakdown, f.At == AtNow
		}
	}
	if b == nil {
		return nil, false
	}
	return b, b.At == AtNow
}

// trait gives the slot of a trait whose column is path.
func (p *picker) trait(path int) int {
	for slot, have := range p.traits {
		if have == path {
			return slot
		}
	}
	p.traits = append(p.traits, path)
	return len(p.traits) - 1
}

// narrow adds conditions on customers to all events, save the bare first event
// ever of a retention.
func (p *picker) narrow(list []condition) {
	if !p.ever {
		p.where = append(p.where, list...)
		return
	}
	for k := range p.choices[:2] {
		p.choices[k].where = append(p.choices[k].where, list...)
	}
}

// follow notes for each row which identify event gave the traits their values.
func (w *worker) follow(r *timeline.Rows) {
	for len(w.given) < len(w.p.traits) {
		w.given, w.latest = append(w.given, nil), append(w.latest, -1)
	}
	for slot, path := range w.p.traits {
		col, last, given := r.PropColumn(path), int32(-1), w.given[slot][:0]
		for i, kind := range r.Kind {
			// A null takes the trait away: the row is the newest word, without a value.
			said := col.Kind[i] != core.ValueNone || r.NullAt(i, path)
			if core.Kind(kind) == core.KindIdentify && said && r.Time[i] < w.now && (len(r.Received) == 0 || r.Received[i] <= w.known) {
				last = int32(i)
			}
			given = append(given, last)
		}
		w.given[slot], w.latest[slot] = given, last
	}
}

// of gives the row that holds the value of a trait for row i, -1 when it had
// none.
func (w *worker) of(d *dimension, i int) int {
	if d.now {
		return int(w.latest[d.slot])
	}
	return int(w.given[d.slot][i])
}

// stay gives the key of the stage or the segment's side at row i.
func (w *worker) stay(r *timeline.Rows, i int, d *dimension) (string, bool) {
	at := r.Time[i]
	if d.now {
		at = w.now
	}
	if w.stayed != w.customer || w.stayedIn != d {
		w.stayed, w.stayedIn, w.stays = w.customer, d, d.stays.Of(w.customer)
	}
	for _, s := range w.stays {
		if at >= s.From && at < s.To {
			if d.by == BySegment {
				return SegmentIn, true
			}
			return s.Key, true
		}
	}
	return SegmentOut, d.by == BySegment
}

// label gives the value of a breakdown for row i; a missing one is noValue.
func (w *worker) label(r *timeline.Rows, i int, d *dimension) string {
	switch d.by {
	case ByProperty:
		return w.text(r, i, d.path)
	case ByTrait:
		if i = w.of(d, i); i >= 0 {
			return w.text(r, i, d.path)
		}
		return noValue
	}
	if key, ok := w.stay(r, i, d); ok {
		return key
	}
	return noValue
}

// holds says whether row i meets a condition.
func (c *condition) holds(w *worker, r *timeline.Rows, i int) bool {
	at := r.Time[i]
	if c.dim == nil && c.path < 0 {
		return c.matcher.Test(core.Value{Kind: core.ValueTime, Time: at}, true, at)
	}
	if c.dim == nil {
		v, set := w.value(r, i, c.path)
		return c.matcher.Test(v, set, at)
	}
	if c.dim.now {
		at = w.now
	}
	if c.dim.by != ByTrait {
		key, ok := w.stay(r, i, c.dim)
		return c.matcher.Test(core.Value{Kind: core.ValueText, Text: key}, ok, at)
	}
	if i = w.of(c.dim, i); i < 0 {
		return c.matcher.Test(core.Value{}, false, at)
	}
	v, set := w.value(r, i, c.dim.path)
	return c.matcher.Test(v, set, at)
}

// everKnown is the as_known of a query without one.
const everKnown = core.Micros(math.MaxInt64)
